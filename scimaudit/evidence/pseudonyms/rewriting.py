"""Cells, tables and lines with tokens in place of whatever is of a person, by :mod:`.columns`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.errors import IntegrityError
from scimaudit.evidence.pack import cells
from scimaudit.evidence.pseudonyms import columns
from scimaudit.evidence.pseudonyms.originals import Originals, words
from scimaudit.evidence.pseudonyms.tokens import Tokens

Line = TypeVar("Line")
_STAYS: Final = frozenset({cells.NA, cells.NOT_APPLICABLE})
_NOBODY: Final = re.compile(
    r"nobody: (?:matched|unmatched|ambiguous)|nobody: the register names no owner|nobody is known|nobody decided"
    r"|nobody says that it is done|none|rule|not applicable: it speaks of no (?:account|single app)"
    rf"|scores {cells.NA}"
)
_NOBODYS: Final = re.compile(
    r"(nobody: (?:matched|unmatched|ambiguous) account |no person: account of a machine "
    r"|nobody: no listing shows the account )(.*)",
    re.DOTALL,
)
_COMPARED: Final = re.compile(r"(T\d \w+ )(.*)( = )(.*)", re.DOTALL)
_ABOUT: Final = re.compile(r"(.*\bsubject = )(.*)", re.DOTALL)
_LED: Final = re.compile(r"([a-z-]+, led by )(\w+)(.*)", re.DOTALL)
_CLAUSES: Final = re.compile(r"((?<=[:;,.])\s+)")
_TIME: Final = re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?(?:-[0-9a-f]{8})?\b")
_SMALL: Final = re.compile(r"\d{1,4}")
"""A number in a sentence is a count; a longer one may be somebody's."""


@dataclass(frozen=True)
class Known:
    """What is known once everything was looked through.

    :param originals: what may not stay. ``vocabulary``: the program's own words; ``rights``: names of rights that stay.
    """

    originals: Originals
    vocabulary: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()


@dataclass
class Seen:
    """What was met on the way: texts that became tokens, texts of the program, names of rights."""

    originals: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    rights: set[str] = field(default_factory=set)


class Rewriter:
    """One run over everything. Without ``known`` no sentence and no right stays: such a run looks through it first."""

    def __init__(self, tokens: Tokens, known: Known | None = None) -> None:
        self._tokens, self._known = tokens, known
        self._cache: dict[tuple[str, str], str] = {}
        self.seen = Seen()
        self._by_kind: Mapping[str, Callable[[str], str]] = {
            columns.CODE: self._code,
            columns.RIGHT: self._right,
            columns.ID: self._exact,
            columns.NAME: self._name,
            columns.TEXT: tokens.words,
            columns.SENTENCE: self._sentence,
            columns.WHO: self._who,
            columns.WHOS: _several(self._who),
            columns.NAMES: _several(self._name),
            columns.RIGHTS: _several(self._right),
            columns.KEYS: _several(self._compared),
            columns.ABOUT: self._about,
            columns.LED: self._led,
        }

    def cell(self, kind: str, text: str) -> str:
        """One text by the class of its column."""
        if not text.strip() or text in _STAYS:
            return text
        made = self._cache.get((kind, text))
        if made is None:
            made = self._cache[kind, text] = self._by_kind[kind](text)
        return made

    def table(self, name: str, table: pa.Table) -> pa.Table:
        """A table of :mod:`scimaudit.tables`; columns that a configuration added, and those to drop, are left out.

        :raises IntegrityError: nobody said what a column holds.
        """
        made = {}
        for column in table.column_names:
            if column not in columns.TABLES[name] and column not in tables.ALL[name].names:
                continue
            kind = _class(columns.TABLES, name, column)
            if kind != columns.DROP:
                made[column] = self._column(kind, table.column(column))
        return _shuffled(pa.table(made), columns.TABLES[name])

    def sheet(self, name: str, fields: Sequence[str], rows: Sequence[Sequence[str]]) -> pa.Table:
        """A sheet of the pack from its cells.

        :raises IntegrityError: nobody said what a column holds.
        """
        kinds = {column: _class(columns.SHEETS, name, column) for column in fields}
        made = {
            column: pa.array([self.cell(kind, row[place]) for row in rows], pa.string())
            for place, (column, kind) in enumerate(kinds.items())
            if kind != columns.DROP
        }
        return _shuffled(pa.table(made), kinds)

    def line(self, line: Line) -> Line:
        """A line of an audit, with every line in it; see :mod:`scimaudit.result`.

        :raises IntegrityError: nobody said what a field holds.
        """
        told: Any = line
        name = type(told).__name__
        made = {
            each.name: self._value(_class(columns.LINES, name, each.name), getattr(told, each.name))
            for each in dataclasses.fields(told)
        }
        changed: Line = dataclasses.replace(told, **made)
        return changed

    def _value(self, kind: str, value: Any) -> Any:
        if kind == columns.DROP:
            return value
        if kind == columns.INNER:
            if not isinstance(value, tuple):
                return self.line(value)
            lines = [self.line(each) for each in value]
            told = columns.LINES[type(lines[0]).__name__] if lines else {}
            return tuple(sorted(lines, key=repr) if columns.PERSONAL & {*told.values()} else lines)
        if isinstance(value, str):
            return self.cell(kind, value)
        if isinstance(value, Mapping):
            return {self.cell(columns.CODE, key): self._value(kind, each) for key, each in value.items()}
        if isinstance(value, (tuple, list)):
            return type(value)(self._value(kind, each) for each in value)
        if value is None or isinstance(value, (bool, int, float, date, datetime)):
            self.seen.codes.add(str(value))
            return value
        raise IntegrityError(f"nobody said how a {type(value).__name__} is to be pseudonymised")

    def _column(self, kind: str, column: Any) -> pa.Array:
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        array = pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
        if pa.types.is_list(array.type):
            parts = self._column(kind, array.flatten())
            offsets = pc.subtract(array.offsets, array.offsets[0])
            return pa.ListArray.from_arrays(offsets, parts, mask=pc.is_null(array) if array.null_count else None)
        if pa.types.is_dictionary(array.type):
            array = array.cast(array.type.value_type)
        if not pa.types.is_string(array.type):
            self.seen.codes.update(map(str, pc.unique(array).to_pylist()))
            return array
        distinct = array.dictionary_encode()
        made = pa.array([self.cell(kind, text) for text in distinct.dictionary.to_pylist()], pa.string())
        return made.take(distinct.indices)

    def _code(self, text: str) -> str:
        self.seen.codes.add(text)
        return text

    def _right(self, text: str) -> str:
        self.seen.rights.add(text)
        if self._known is None or self._known.originals.holds(text):
            return self._tokens.words(text)
        return text

    def _exact(self, text: str) -> str:
        self.seen.originals.add(text)
        return self._tokens.exact(text)

    def _name(self, text: str) -> str:
        self.seen.originals.add(text)
        return self._tokens.name(text)

    def _sentence(self, text: str) -> str:
        known = self._known
        if known is None:
            return self._tokens.words(text)
        if text in known.rights:
            return text
        made = [each if place % 2 else self._clause(each, known) for place, each in enumerate(_CLAUSES.split(text))]
        told = "".join(made)
        # A name that is spread over clauses stands in none of them.
        return self._tokens.words(text) if known.originals.holds(told) else told

    def _clause(self, clause: str, known: Known) -> str:
        bare = clause.rstrip(":;,.")
        rest = words(_TIME.sub(" ", bare))
        own = all(each in known.vocabulary or _SMALL.fullmatch(each) for each in rest)
        if bare in known.rights or (own and not known.originals.holds(bare)):
            return clause
        return self._tokens.words(bare) + clause[len(bare) :]

    def _who(self, text: str) -> str:
        if _NOBODY.fullmatch(text):
            return text
        nobodys = _NOBODYS.fullmatch(text)
        return nobodys[1] + self._exact(nobodys[2]) if nobodys else self._exact(text)

    def _compared(self, text: str) -> str:
        told = _COMPARED.fullmatch(text)
        return told[1] + self._name(told[2]) + told[3] + self._name(told[4]) if told else self._sentence(text)

    def _about(self, text: str) -> str:
        told = _ABOUT.fullmatch(text)
        return self._sentence(told[1]) + self._name(told[2]) if told else self._sentence(text)

    def _led(self, text: str) -> str:
        told = _LED.fullmatch(text)
        return told[1] + self._exact(told[2]) + self._sentence(told[3]) if told else self._sentence(text)


def _several(one: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "; ".join(map(one, text.split("; ")))


def _class(told: Mapping[str, Mapping[str, str]], name: str, column: str) -> str:
    kind = told.get(name, {}).get(column)
    if kind is None:
        raise IntegrityError(f"nobody said what of a person {column} of {name} holds, so nothing is written")
    return kind


def _shuffled(table: pa.Table, kinds: Mapping[str, str]) -> pa.Table:
    """Rows in the order of their tokens, where the order that they came in tells of people."""
    if not columns.PERSONAL & {*kinds.values()} or not table.num_rows:
        return table
    plain = [name for name in table.column_names if not pa.types.is_list(table.schema.field(name).type)]
    personal = [name for name in plain if kinds.get(name) in columns.PERSONAL]
    order = [(name, "ascending") for name in dict.fromkeys([*personal, *plain])]
    return table.take(pc.sort_indices(table, sort_keys=order))
