"""The language in which a policy rule says *who*: small, total, and nothing in it can run code.

::

    who        = either
    either     = both { "or" both }
    both       = inverse { "and" inverse }
    inverse    = "not" inverse | "(" either ")" | "everyone" | comparison
    comparison = column ( "=" | "!=" | "~" | "!~" ) text
               | column [ "not" ] "in" "[" text { "," text } "]"
               | column "is" [ "not" ] "null"

``~`` compares with a pattern (``*`` and ``?``). Letter case of ASCII and outer white space never count. A comparison
with a null is neither true nor false, and neither is what depends on it (Kleene's logic); only ``is null`` sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from scimaudit import identifiers
from scimaudit.errors import PolicyError
from scimaudit.policy import patterns

_TOKEN: Final = re.compile(r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<word>\w[\w.:-]*)|(?P<sign>!=|!~|[=~()\[\],]))""")
_DEPTH: Final = 50
_WORDS: Final = frozenset({"and", "or", "not", "in", "is", "null", "everyone"})


@dataclass(frozen=True)
class Everyone:
    """True of anybody."""


@dataclass(frozen=True)
class Compare:
    """A column against texts: ``in`` any of them, or ``~`` any of the patterns."""

    column: str
    operator: str
    texts: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class IsNull:
    """A column that has no value."""

    column: str


@dataclass(frozen=True)
class Not:
    """The opposite."""

    part: Node


@dataclass(frozen=True)
class Both:
    """All of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """Any of the parts."""

    parts: tuple[Node, ...]


Atom = Compare | IsNull
Node = Everyone | Atom | Not | Both | Either


def parse(text: str, columns: Collection[str], where: str = "who") -> Node:
    """Read an expression.

    :param columns: the columns of people that it may name.
    :param where: what errors call it.
    :raises PolicyError: it is not an expression, or names an unknown column.
    """
    return _Parser(text, columns, where).whole()


def columns_of(node: Node) -> frozenset[str]:
    """The columns that an expression looks at."""
    return frozenset(atom.column for atom in atoms(node))


def atoms(node: Node) -> Iterator[Atom]:
    """The comparisons that an expression is made of."""
    match node:
        case Compare() | IsNull():
            yield node
        case Not(part=part):
            yield from atoms(part)
        case Both(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from atoms(part)


def holds(node: Node, person: Mapping[str, str | None]) -> bool:
    """Whether an expression is true of a person for certain; see :func:`truth`."""
    return truth(node, person) is True


def truth(node: Node, person: Mapping[str, str | None]) -> bool | None:
    """Whether an expression is true of a person; None where that depends on what is not known.

    :param person: column to text, ``None`` for null; has every column of :func:`columns_of`.
    """
    return decided(node, lambda atom: compared(atom, identifiers.key(person[atom.column])))


def decided(node: Node, told: Callable[[Atom], bool | None]) -> bool | None:
    """Whether an expression is true, given what its comparisons are; None where that depends on what is not known."""
    match node:
        case Everyone():
            return True
        case Compare() | IsNull():
            return told(node)
        case Not(part=part):
            inner = decided(part, told)
            return None if inner is None else not inner
        case Both(parts=parts):
            return _all([decided(part, told) for part in parts])
        case Either(parts=parts):
            none = _all([None if (found := decided(part, told)) is None else not found for part in parts])
            return None if none is None else not none


def _all(truths: Sequence[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True


def compared(node: Atom, value: str | None) -> bool | None:
    """One comparison with a value that is normalised, or null."""
    if isinstance(node, IsNull):
        return value is None
    if value is None:
        return None
    wanted = [identifiers.key(text) or "" for text in node.texts]
    if node.operator == "in":
        return (value in wanted) != node.negated
    expression = patterns.compiled(wanted)
    return (expression is not None and expression.fullmatch(value) is not None) != node.negated


class _Parser:
    def __init__(self, text: str, columns: Collection[str], where: str) -> None:
        self._text, self._columns, self._where = text, columns, where
        self._tokens = list(self._split())
        self._at = 0

    def whole(self) -> Node:
        node = self._either(0)
        if self._at < len(self._tokens):
            self._fail(f"{self._tokens[self._at]} does not belong here")
        return node

    def _split(self) -> Sequence[str]:
        found, end, text = [], 0, self._text.rstrip()
        while end < len(text):
            token = _TOKEN.match(text, end)
            if token is None:
                self._fail(f"cannot be read from {text[end:].strip()[:20]!r} on")
            found.append(token.group().strip())
            end = token.end()
        return found

    def _either(self, depth: int) -> Node:
        parts = [self._both(depth)]
        while self._next("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Node:
        parts = [self._inverse(depth)]
        while self._next("and"):
            parts.append(self._inverse(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _inverse(self, depth: int) -> Node:
        if depth > _DEPTH:
            self._fail(f"is nested more than {_DEPTH} deep")
        if self._next("not"):
            return Not(self._inverse(depth + 1))
        if self._next("("):
            node = self._either(depth + 1)
            self._expect(")")
            return node
        if self._next("everyone"):
            return Everyone()
        return self._comparison()

    def _comparison(self) -> Node:
        column = self._column()
        if self._next("is"):
            negated = self._next("not")
            self._expect("null")
            return Not(IsNull(column)) if negated else IsNull(column)
        if self._next("="):
            return Compare(column, "in", (self._literal(),))
        if self._next("!="):
            return Compare(column, "in", (self._literal(),), negated=True)
        if self._next("~"):
            return Compare(column, "~", (self._literal(),))
        if self._next("!~"):
            return Compare(column, "~", (self._literal(),), negated=True)
        negated = self._next("not")
        self._expect("in", "one of = != ~ !~ in is")
        return Compare(column, "in", self._list(), negated=negated)

    def _list(self) -> tuple[str, ...]:
        self._expect("[")
        texts = [self._literal()]
        while self._next(","):
            texts.append(self._literal())
        self._expect("]")
        return tuple(texts)

    def _column(self) -> str:
        token = self._peek()
        if token is None or not (token[0].isalnum() or token[0] == "_") or token in _WORDS:
            self._fail(f"a column should stand at {token or 'the end'}")
        if token not in self._columns:
            raise PolicyError(
                f"{self._where}: people have no column {token!r}",
                hint="known columns: " + ", ".join(sorted(self._columns)),
            )
        self._at += 1
        return token

    def _literal(self) -> str:
        token = self._peek()
        if token is None or token[0] not in "\"'":
            self._fail(f"a text in quotes should stand at {token or 'the end'}")
        self._at += 1
        return token[1:-1]

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self, token: str) -> bool:
        found = self._peek() == token
        self._at += found
        return found

    def _expect(self, token: str, said: str = "") -> None:
        if not self._next(token):
            self._fail(f"{said or token} should stand at {self._peek() or 'the end'}")

    def _fail(self, trouble: str) -> NoReturn:
        raise PolicyError(
            f"{self._where}: {trouble} in {self._text!r}",
            hint='write it like: department = "Engineering" and not worker_type in ["contractor"]',
        )
