"""How what was before reaches standard output."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from scimaudit.cli import show
from scimaudit.cli.options import Format
from scimaudit.history.changes import CHANGES, Diff
from scimaudit.plural import count
from scimaudit.renderers import _words, terminal

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

_FINDING: Final = (
    "change", "finding_id", "severity", "kind", "app", "user_name", "person_name", "actual", "first_seen", "last_seen",
    "reason",
)  # fmt: skip


def diff(out: Console, found: Diff, what: str, app: str | None, form: Format, zone: str) -> None:
    """What came, went and changed: how much, then each; what stayed is only counted, but for findings in data."""
    every = pd.concat([_counted(found.findings), _counted(found.rows)], ignore_index=True)
    rows = found.findings[list(_FINDING)] if what == "findings" else found.rows[found.rows["what"] == what]
    if app is not None:
        rows, every = (each[(each["app"] == app).to_numpy(dtype=bool)] for each in (rows, every))
    rows = rows.assign(order=pd.Categorical(rows["change"], categories=list(CHANGES)))
    rows = rows.sort_values(["order", "app"], kind="stable").drop(columns="order")
    if form is not Format.table:
        _data(rows, form)
        return
    counts = Counter(zip(every["what"], every["change"], strict=True))
    names = [name for name in ("findings", "accounts", "grants", "people") if any(key[0] == name for key in counts)]
    shown = [name for name in CHANGES if name != "stayed"]
    body = [(name, *(counts[name, change] or "" for change in shown)) for name in names]
    terminal.rows(out, f"From {found.before} to {found.after}", ("what", *shown), body, right=shown)
    rows = rows[(rows["change"] != "stayed").to_numpy()]
    out.print()
    if what == "findings":
        _findings(out, rows, zone)
        return
    head = ("change", "app", "id", "name", "attribute", "before", "after", "why not proven")
    plain = rows[["change", "app", "id", "name", "attribute", "before", "after", "reason"]].astype("str").fillna("")
    terminal.rows(out, what, head, plain.itertuples(index=False, name=None))


def timeline(out: Console, name: str, events: pd.DataFrame, form: Format, zone: str) -> None:
    """Everything that happened, oldest first."""
    if form is not Format.table:
        _data(events, form)
        return
    names = ["after", "by", "what", "app", "account", "event", "told_by"]
    told = events[names].itertuples(index=False, name=None)
    body = [(_between(after, by, zone), *rest) for after, by, *rest in told]
    terminal.rows(out, name, ("when", "what", "app", "account", "event", "told by"), body)
    if not body:
        out.print("nothing in the store speaks of it")


def holders(out: Console, identifier: str, found: pd.DataFrame, on: date | None, form: Format, zone: str) -> None:
    """Who bore an identifier, and when; on a certain day where one is given."""
    first, last = (found[name].dt.tz_convert(ZoneInfo(zone)).dt.date for name in ("first_seen", "last_seen"))
    rows = found if on is None else found[((first <= on) & (last >= on)).to_numpy(dtype=bool)]
    if form is not Format.table:
        _data(rows, form)
        return
    body = [
        (person, borne_as, _when(seen, zone), _when(until, zone))
        for person, borne_as, seen, until in rows[["person_id", "borne_as", "first_seen", "last_seen"]].itertuples(
            index=False, name=None
        )
    ]
    terminal.rows(out, identifier, ("person", "borne as", "first seen", "last seen"), body)
    if not body:
        said = f" on {on:%Y-%m-%d}; a day between two snapshots is told by neither" if on else ""
        out.print(f"no snapshot shows who bore it{said}")


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Each thing once: an account with two changed attributes is one that changed."""
    name = "finding_id" if "finding_id" in rows else "id"
    grants = rows["what"] == "grants"
    once = ~rows.duplicated(["what", "app", name]) | grants
    return rows.loc[once, ["what", "change", "app"]].astype("str")


def _findings(out: Console, rows: pd.DataFrame, zone: str) -> None:
    texts = rows.astype({name: "str" for name in _FINDING if name not in ("first_seen", "last_seen")}).fillna("")
    body = [
        (
            row["change"], row["finding_id"], row["severity"], row["kind"], row["app"],
            row["user_name"] or row["person_name"], row["actual"], _words.when(row["first_seen"], zone), row["reason"],
        )
        for row in texts.to_dict("records")
    ]  # fmt: skip
    head = ("change", "id", "severity", "kind", "app", "account", "actual", "first seen", "proof, or why there is none")
    terminal.rows(out, count(len(rows), "finding"), head, body)


def _between(after: pd.Timestamp, by: pd.Timestamp, zone: str) -> str:
    until = _when(by, zone) or "undated"
    return until if pd.isna(after) else f"{_when(after, zone)} … {until}"


def _when(instant: pd.Timestamp, zone: str) -> str:
    """An instant; empty for one that nobody tells, as of an export without its day."""
    return "" if pd.isna(instant) else _words.when(instant, zone)


def _data(rows: pd.DataFrame, form: Format) -> None:
    times = [name for name in rows if pd.api.types.is_datetime64_any_dtype(rows[name])]
    plain = rows.assign(**{str(name): rows[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ") for name in times}).astype("str")
    if form is Format.json:
        show.records(plain)
        return
    show.csv(pa.table({str(name): pa.array(plain[name], pa.string(), from_pandas=True) for name in plain}))
