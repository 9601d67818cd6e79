"""Text in an OSCAL document, which has two sinks.

A property is one line without white space at its ends (``StringDatatype``). Titles, descriptions and remarks are markup
(``MarkupLineDatatype``, ``MarkupMultilineDatatype``): a program that shows them reads Markdown, and HTML within it. So
text that a stranger may have written stands in a code span there, where nothing is markup. :func:`unprop` and
:func:`uncode` give the exact text back.
"""

from __future__ import annotations

import re
from typing import Final

from scimaudit.renderers.encode import hide, mark, show

_ENDS: Final = re.compile(r"\A\s+|\s+\Z")
_TICKS: Final = re.compile("`+")
NOTHING: Final = "(empty)"
"""What stands for a text without characters."""


def prop(text: str) -> str:
    """The value of a property; empty for none, which a property cannot have."""
    return _ENDS.sub(lambda found: "".join(f"⟦U+{ord(each):04X}⟧" for each in found[0]), show(text))


def unprop(value: str) -> str:
    """The text that :func:`prop` was given."""
    return hide(value)


def code(text: str) -> str:
    """The text as a Markdown code span, on one line."""
    shown = show(text)
    if not shown:
        return NOTHING
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    # A reader takes one space off each end where both have one (CommonMark 6.1).
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    if shown.strip(" ") == "":
        return fence + "".join(mark(each) for each in re.finditer(".", shown)) + fence
    return f"{fence}{pad}{shown}{pad}{fence}"


def uncode(span: str) -> str:
    """The text that :func:`code` was given."""
    if span == NOTHING:
        return ""
    fence = len(span) - len(span.lstrip("`"))
    inner = span[fence:-fence]
    if inner[:1] == inner[-1:] == " " and len(inner) > 1:
        inner = inner[1:-1]
    return hide(inner)
