"""Words for a person's status and an account's activity. Only words with one meaning are known undeclared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

STATUS: Final[Mapping[str, tuple[str, ...]]] = {
    "active": ("active", "a", "aktiv", "actif", "active employee", "employed"),
    "leave": ("leave", "on leave", "leave of absence", "loa", "parental leave", "beurlaubt", "elternzeit"),
    "prehire": ("prehire", "pre-hire", "pre hire", "future hire"),
    "terminated": ("terminated", "left", "leaver", "resigned", "retired", "dismissed", "former", "ausgeschieden"),
}
ACTIVE: Final[Mapping[str, tuple[str, ...]]] = {
    "true": ("true", "active", "enabled", "yes", "1", "aktiv"),
    "false": ("false", "inactive", "disabled", "deactivated", "suspended", "no", "0", "inaktiv", "deaktiviert"),
}
NO_DATE: Final = ("-", "--", "n/a", "none", "null", "never", "never logged in")


def plain(word: str) -> str:
    """The form in which words are compared: without regard to case and white space.

    >>> plain(" On  Leave ")
    'on leave'
    """
    return " ".join(word.split()).casefold()


def meanings(words: Mapping[Any, Sequence[str]]) -> dict[str, str]:
    """Word, in its plain form, to what it means.

    :raises ValueError: a word is given two meanings.
    """
    found: dict[str, str] = {}
    for meaning, spellings in words.items():
        for word in spellings:
            if found.setdefault(plain(word), meaning) != meaning:
                msg = f"the word {word!r} stands under both {found[plain(word)]} and {meaning}"
                raise ValueError(msg)
    return found
