"""The audit as one HTML file that needs nothing else: no network, no server, and for its first findings no script.

Templates stand in ``reports/templates``. Every text is made visible before and escaped on its way into the page, and a
strict Content Security Policy lets the page run its own two hashed blocks and nothing a stranger wrote (CWE-79).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

import scimaudit
from scimaudit.errors import RenderError
from scimaudit.plural import count
from scimaudit.renderers import _page
from scimaudit.result import Audit

SUFFIX: Final = ".html"

_PACKAGE: Final = Path(scimaudit.__file__).parent
FOLDERS: Final = (_PACKAGE / "templates", _PACKAGE.parent / "reports" / "templates")
"""Where templates are looked for: in the installed package, then in the checkout."""


def render(audit: Audit, stream: BinaryIO) -> None:
    """Write the page.

    :raises RenderError: a template is missing or wrong.
    """
    page("report", _page.context(audit), stream)


def page(name: str, context: Mapping[str, Any], stream: BinaryIO) -> None:
    """Write the page of the template ``<name>.html``, whose script and style are ``<name>.js`` and ``<name>.css``.

    :param context: what the template shows; its ``policy`` is the page's Content Security Policy.
    :raises RenderError: a template is missing or wrong.
    """
    environment = _environment(FOLDERS)
    try:
        script, style = (_digest(environment.get_template(f"{name}{end}").render()) for end in (".js", ".css"))
        policy = (
            f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        )
        template = environment.get_template(f"{name}.html")
        stream.writelines(chunk.encode() for chunk in template.generate(policy=policy, **context))
    except TemplateError as error:
        raise RenderError(
            f"the page {name} could not be made: {type(error).__name__}: {error}",
            hint="templates are read from " + " or ".join(str(folder) for folder in FOLDERS),
        ) from error


@cache  # its templates are compiled once for all pages of a run: a campaign has one for every reviewer
def _environment(folders: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["count"] = count
    return made


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
