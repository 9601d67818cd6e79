"""``links.csv``: what people decided about who owns an account."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.correlate.index import Rows, strings
from scimaudit.correlate.pool import Pool
from scimaudit.errors import PolicyError

NOBODY: Final = "nobody"
RELATIONS: Final = ("is", "is-not")
COLUMNS: Final = ("app", "account_id", "person_id", "relation", "decided_by", "decided_on", "until", "reason")
OPTIONAL: Final = ("until",)
DAYS: Final = ("decided_on", "until")
UNDECIDED, NOBODYS = -1, -2


@dataclass(frozen=True)
class _Decision:
    app: str
    account_id: str
    person_id: str
    relation: str
    decided_by: str
    decided_on: date
    until: date | None
    reason: str
    line: int

    def contradicts(self, other: _Decision) -> bool:
        """Whether both hold on some day and cannot both be true (or say the same thing twice)."""
        if self.decided_on > (other.until or date.max) or other.decided_on > (self.until or date.max):
            return False
        return self.person_id == other.person_id or (self.relation == other.relation == "is")


@dataclass(frozen=True)
class Applied:
    """Decisions as they bear on some accounts.

    :param person: by account, the position of the person decided on; :data:`UNDECIDED` or :data:`NOBODYS` else.
    :param line: by account, the row of its decision in ``decisions``, or -1.
    :param decisions: the decisions in force.
    :param barred: pairs of an account and a person who is decided not to own it.
    """

    person: Rows
    line: Rows
    decisions: pd.DataFrame
    barred: tuple[Rows, Rows]

    def texts(self, accounts: Rows) -> pa.Array:
        """The decision on each of these accounts, in words."""
        lines = self.decisions.iloc[self.line[accounts]]
        days = lines["decided_on"].dt.strftime("%Y-%m-%d")
        told = "T0 links.csv line " + lines["line"].astype("str") + ": " + lines["person_id"]
        return strings(told + ", decided by " + lines["decided_by"] + " on " + days)


def read(path: Path) -> pd.DataFrame:
    """The decisions of a file, one row each: the columns of the file and ``line``, its line number.

    :raises PolicyError: the file cannot be read, or a line is wrong or contradicts an earlier one; names the line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path} cannot be read: {error}", hint="save it as CSV in UTF-8") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> pd.DataFrame:
    """The decisions in ``text``, as :func:`read` gives them.

    :raises PolicyError: as :func:`read`.
    """
    found = list(_decisions(text, where))
    _refuse_contradictions(found, where)
    return _frame(found)


def stale(decisions: pd.DataFrame, accounts: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The decisions whose account or person is not there any more, with ``why``; they are not applied.

    :param accounts: the accounts of all apps: an account outside of them counts as gone.
    """
    account = np.asarray(pc.is_in(_pairs(decisions), value_set=_pairs(accounts)), dtype=np.bool_)
    person = _whom(decisions, Pool.of(people)) != UNDECIDED
    why = np.select(
        [~account & ~person, ~account, ~person],
        ["neither the account nor the person exists", "there is no such account", "there is no such person"],
        "",
    )
    told = decisions.assign(why=pd.Series(why, decisions.index, dtype="str"))
    gone: pd.DataFrame = told[~account | ~person]
    return gone.reset_index(drop=True)


def applied(decisions: pd.DataFrame | None, accounts: pd.DataFrame, pool: Pool, today: date) -> Applied:
    """What the decisions that hold on ``today`` say of these accounts.

    A decision holds until its last day, inclusive. Of several on one account the earliest that has not run out counts;
    :func:`read` has made sure that no two hold on the same day.
    """
    person = np.full(len(accounts), UNDECIDED, np.int64)
    line = np.full(len(accounts), -1, np.int64)
    live = _in_force(_frame([]) if decisions is None else decisions, today)
    rows, places = _meet(accounts, live)
    whom = _whom(live, pool)[places]
    positive = (live["relation"] == "is").to_numpy(dtype=bool)[places]
    decided = positive & (whom != UNDECIDED)
    person[rows[decided]] = whom[decided]
    line[rows[decided]] = places[decided]
    barring = ~positive & (whom >= 0)
    return Applied(person, line, live, (rows[barring], whom[barring]))


def _in_force(decisions: pd.DataFrame, today: date) -> pd.DataFrame:
    ends = decisions["until"]
    on = pd.Timestamp(today)
    live = decisions[(decisions["decided_on"] <= on) & (ends.isna() | (ends >= on))]
    live = live.sort_values(["decided_on", "line"])
    live = live.drop_duplicates(["app", "account_id", "person_id"])
    positive = live[live["relation"] == "is"].drop_duplicates(["app", "account_id"])
    return pd.concat([positive, live[live["relation"] == "is-not"]], ignore_index=True)


def _meet(accounts: pd.DataFrame, live: pd.DataFrame) -> tuple[Rows, Rows]:
    """Pairs of an account and a decision on it."""
    spoken, named = _pairs(accounts), _pairs(live)
    rows = np.flatnonzero(np.asarray(pc.is_in(spoken, value_set=named), dtype=np.bool_))
    left = pd.DataFrame({"account": rows, "pair": spoken.take(pa.array(rows)).to_pandas()})
    right = pd.DataFrame({"place": np.arange(len(live)), "pair": named.to_pandas()})
    both = left.merge(right, on="pair", how="inner", validate="m:m")
    return both["account"].to_numpy(np.int64), both["place"].to_numpy(np.int64)


def _pairs(frame: pd.DataFrame) -> pa.Array:
    """App and account as one text; neither is ever null."""
    return pc.binary_join_element_wise(strings(frame["app"]), strings(frame["account_id"]), "\x1f")


def _whom(decisions: pd.DataFrame, pool: Pool) -> Rows:
    whom = pool.positions(strings(decisions["person_id"]))
    whom[(decisions["person_id"] == NOBODY).to_numpy(dtype=bool)] = NOBODYS
    return whom


def _decisions(text: str, where: str) -> Iterator[_Decision]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for raw in reader:
            cells = [cell.strip() for cell in raw]
            if not any(cells):
                continue
            if header is None:
                header = _header(cells, f"{where}, line {reader.line_num}")
            elif len(cells) != len(header):
                raise PolicyError(
                    f"{where}, line {reader.line_num}: {len(cells)} cells where the header has {len(header)}",
                    hint="put cells that hold a comma in double quotes",
                )
            else:
                yield _decision(dict(zip(header, cells, strict=True)), where, reader.line_num)
    except csv.Error as error:
        raise PolicyError(f"{where}, line {reader.line_num}: {error}") from error


def _header(cells: list[str], where: str) -> list[str]:
    trouble = [f"unknown column {cell!r}" for cell in cells if cell not in COLUMNS]
    trouble += [f"no column {name!r}" for name in COLUMNS if name not in cells and name not in OPTIONAL]
    trouble += [f"column {cell!r} stands twice" for cell in cells if cells.count(cell) > 1]
    if trouble:
        raise PolicyError(f"{where}: {trouble[0]}", hint="columns: " + ", ".join(COLUMNS))
    return cells


def _decision(cells: Mapping[str, str], where: str, line: int) -> _Decision:
    place = f"{where}, line {line}"
    for name in COLUMNS:
        if not cells.get(name) and name not in OPTIONAL:
            raise PolicyError(f"{place}: {name} is missing", hint="only until may be left empty")
    if cells["relation"] not in RELATIONS:
        raise PolicyError(f"{place}: relation is {cells['relation']!r}", hint="write is or is-not")
    if cells["relation"] == "is-not" and cells["person_id"] == NOBODY:
        raise PolicyError(
            f"{place}: 'is-not nobody' decides nothing", hint="name the person that the account is, or is not"
        )
    decided_on = _day(cells["decided_on"], "decided_on", place)
    until = _day(cells["until"], "until", place) if cells.get("until") else None
    if until is not None and until < decided_on:
        raise PolicyError(f"{place}: until {until} is before decided_on {decided_on}")
    return _Decision(
        cells["app"], cells["account_id"], cells["person_id"], cells["relation"], cells["decided_by"],
        decided_on, until, cells["reason"], line,
    )  # fmt: skip


def _day(text: str, name: str, place: str) -> date:
    trouble = PolicyError(f"{place}: {name} is {text!r}", hint="write dates as 2026-11-20")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise trouble from error
    if day.isoformat() != text:
        raise trouble
    return day


def _refuse_contradictions(found: Sequence[_Decision], where: str) -> None:
    """
    :raises PolicyError: two lines on one account cannot both hold.
    """
    by_account: dict[tuple[str, str], list[_Decision]] = {}
    for decision in found:
        earlier = by_account.setdefault((decision.app, decision.account_id), [])
        for other in earlier:
            if decision.contradicts(other):
                raise PolicyError(
                    f"{where}, line {decision.line}: {decision.relation} {decision.person_id} for account "
                    f"{decision.account_id!r} of {decision.app!r} cannot stand beside {other.relation} "
                    f"{other.person_id} on line {other.line}",
                    hint="delete one of the two, or end the older with an until before the younger's decided_on",
                )
        earlier.append(decision)


def _frame(found: Sequence[_Decision]) -> pd.DataFrame:
    texts = {
        name: pd.Series([getattr(one, name) for one in found], dtype="str") for name in COLUMNS if name not in DAYS
    }
    days = {name: pd.Series([getattr(one, name) for one in found], dtype="datetime64[s]") for name in DAYS}
    lines = {"line": pd.Series([one.line for one in found], dtype="int64")}
    return pd.DataFrame(texts | days | lines)[[*COLUMNS, "line"]]
