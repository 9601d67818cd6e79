"""What may not be left: identifiers of people and accounts, and where a text holds one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

LEAST: Final = 4
"""Letters from which an identifier is looked for in what was written; a shorter one is a word like any other."""
_WORD: Final = re.compile(r"[^\W_]+")
_ENDS: Final = re.compile(r"^[\W_]+|[\W_]+$")


def fold(text: str) -> str:
    """A text in the form in which identifiers are looked for."""
    return unicodedata.normalize("NFC", text).casefold()


def words(text: str) -> Iterator[str]:
    """The runs of letters and digits of a text, folded."""
    return (found[0] for found in _WORD.finditer(fold(text)))


class Originals:
    """Identifiers, looked for as whole words: ``ana`` is found in ``ana@corp.example`` and not in ``banana``.

    :param texts: the identifiers; ``least``: shorter ones are not looked for.
    :param without: of these, as they were given to :meth:`found`, none is looked for.
    """

    def __init__(self, texts: Iterable[str], *, least: int = 1, without: frozenset[str] = frozenset()) -> None:
        self._by_word: dict[str, list[str]] = {}
        for text in sorted({_ENDS.sub("", fold(each)) for each in texts} - without):
            # A short number is a number.
            if len(text) >= max(least, LEAST if text.isdigit() else 1) and (first := _WORD.match(text)):
                self._by_word.setdefault(first[0], []).append(text)

    def __len__(self) -> int:
        return sum(map(len, self._by_word.values()))

    def found(self, text: str, *, numbers: bool = True) -> Iterator[str]:
        """Those that a text holds.

        :param numbers: also those that are digits alone.
        """
        folded = fold(text)
        for word in _WORD.finditer(folded):
            for mine in self._by_word.get(word[0], ()):
                end = word.start() + len(mine)
                whole = folded.startswith(mine, word.start()) and not folded[end : end + 1].isalnum()
                if whole and (numbers or not mine.isdigit()):
                    yield mine

    def holds(self, text: str) -> bool:
        """Whether a text holds any."""
        return next(self.found(text), None) is not None
