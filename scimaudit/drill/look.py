"""What snapshots show of a plan's expectations. Whether something is shown or gone is told by `history.sightings`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd

from scimaudit import tables
from scimaudit.drill.ownership import Account, Owned
from scimaudit.drill.plan import Expected, Plan, Rights
from scimaudit.drill.verdict import Seen, Sighting
from scimaudit.history.sightings import Showing, accounts_seen, rights_seen, showings
from scimaudit.snapshot.store import Snapshot
from scimaudit.tables import ENTITLEMENTS as RIGHTS

_NEVER_SEEN: Final = "no account of theirs was ever seen there"
_COLUMNS: Final = ["snapshot", "account_id", "seen", "since", "until", "doubt"]


@dataclass(frozen=True)
class _Row:
    """One account, or one right of it, as one snapshot shows it."""

    account: str
    value: str
    seen: str
    since: datetime | None
    until: datetime | None
    doubt: str


@dataclass(frozen=True)
class _App:
    """One app of one snapshot, with what it shows of the subject's accounts.

    :param own: those of the accounts that are the subject's by this very snapshot.
    :param names: account id to what a person would call it.
    :param possible: accounts that may be the subject's too.
    :param doubt: why nothing follows where the subject has no account here.
    """

    showing: Showing
    accounts: tuple[_Row, ...]
    own: frozenset[str]
    names: Mapping[str, str]
    possible: tuple[str, ...]
    doubt: str

    def told(self, seen: Seen, rows: Sequence[_Row] = (), doubt: str = "", part: str = "", name: str = "") -> _Told:
        """A sighting of these rows; without any, of the whole app."""
        since = [row.since for row in rows] or [self.showing.since]
        until = [row.until for row in rows] or [self.showing.until]
        whole = None not in since and None not in until
        first = min((each for each in since if each), default=None) if whole else None
        last = max((each for each in until if each), default=None) if whole else None
        if seen != "unknown" and not whole:
            return _Told(part, name, "unknown", None, None, "nobody tells when the listing was true")
        return _Told(part, name, seen, first, last, doubt)

    @property
    def others(self) -> str:
        """Why nothing follows from what the subject's own accounts do not show."""
        names = ", ".join(self.names.get(each, each) for each in self.possible)
        return f"{names} may be theirs too" if names else ""

    def alien(self, rows: Sequence[_Row]) -> str:
        """Why nothing follows from rows that show what is wanted, where none of them is the subject's own."""
        names = ", ".join(self.names.get(row.account, row.account) for row in rows if row.account not in self.own)
        return f"{names} was not known to be theirs then" if names else ""


@dataclass(frozen=True)
class _Told:
    part: str
    name: str
    seen: Seen
    since: datetime | None
    until: datetime | None
    doubt: str


def sightings(
    plan: Plan,
    snapshots: Sequence[Snapshot],
    owned: Mapping[str, Owned],
    known: Sequence[Account],
    *,
    percent: float,
) -> dict[str, list[Sighting]]:
    """What each snapshot shows of each expectation.

    :param snapshots: oldest first.
    :param owned: snapshot id to the subject's accounts in it; the others are not told of.
    :param known: every account that was the subject's at any time.
    :param percent: see :func:`scimaudit.history.sightings.showings`.
    :raises IntegrityError: a snapshot cannot be read.
    """
    found: dict[str, list[Sighting]] = {each: [] for each in owned}
    for app, expected in plan.apps.items():
        mine = [account for name, account in known if name == app]
        shown = {each.snapshot.id: each for each in showings(snapshots, app, percent=percent)}
        accounts = _by_snapshot(accounts_seen(snapshots, _wanted(app, mine), percent=percent))
        rights = _rights(app, expected, snapshots, mine, percent)
        for name in owned:
            if name not in shown:
                continue
            possible = tuple(account for each, account in owned[name].possible if each == app)
            showing = shown[name]
            rows = tuple(accounts.get(name, ()))
            names = _names(showing.snapshot, app, (*mine, *possible))
            own = frozenset(account for each, account in owned[name].accounts if each == app)
            one = _App(showing, rows, own, names, possible, owned[name].doubt)
            found[name] += [
                Sighting(app, what, told.part, told.name, told.seen, told.since, told.until, told.doubt)
                for what, told in _looked(one, expected, rights, name)
            ]
    return found


def _looked(one: _App, expected: Expected, rights: Mapping[str, _Held], snapshot: str) -> Iterator[tuple[str, _Told]]:
    if expected.account is not None:
        yield from (("account", told) for told in _account(one, expected.account.state))
    for kind, held in rights.items():
        yield from ((kind, told) for told in _held(one, held, snapshot))
    for column, value in expected.attributes.items():
        yield column, _attribute(one, column, value.value)


def _account(one: _App, state: str) -> Iterator[_Told]:
    if state in ("exists", "active"):
        yield _any(
            one, ("active",) if state == "active" else ("active", "inactive", "unknown"), unknown=state == "active"
        )
        return
    good = ("absent",) if state == "absent" else ("absent", "inactive")
    if not one.accounts:
        yield one.told("unknown", doubt=one.others or one.doubt or _NEVER_SEEN)
    for row in one.accounts:
        seen: Seen = "new" if row.seen in good else "unknown" if row.seen in ("unproven", "unknown") else "old"
        if state == "absent" and row.seen == "unknown":
            seen = "old"
        yield one.told(seen, [row], _doubt(row) if seen == "unknown" else "", row.account, one.names[row.account])
    if one.possible:
        yield one.told("unknown", doubt=one.others, part="?", name="")


def _any(one: _App, good: Sequence[str], *, unknown: bool) -> _Told:
    """Whether one account at least is as it should be."""
    shown = [row for row in one.accounts if row.seen in good]
    fine = [row for row in shown if row.account in one.own]
    if fine:
        return one.told("new", [next((row for row in fine if row.until), fine[0])])
    open_ = [row for row in one.accounts if row.seen == "unproven" or (unknown and row.seen == "unknown")]
    if open_:
        return one.told("unknown", open_, _doubt(open_[0]))
    doubt = one.alien(shown) or one.others or one.showing.doubt or ("" if one.accounts else one.doubt)
    if doubt:
        return one.told("unknown", doubt=doubt)
    return one.told("old", one.accounts)


def _attribute(one: _App, column: str, wanted: str) -> _Told:
    """Whether every account of theirs shows it; one that is inactive counts where there is no other."""
    theirs = [row for row in one.accounts if row.seen in ("active", "inactive", "unknown") and row.account in one.own]
    shown = [row for row in theirs if row.seen != "inactive"] or theirs
    if not shown:
        return _any(one, (), unknown=True)
    table = one.showing.snapshot.accounts(one.showing.app, ["account_id", column])
    frame = tables.frame(table).set_index("account_id")[column].astype("str")
    values = [frame.get(row.account) for row in shown]
    # Which of several listings told the attribute is not known; the whole of them was true in the app's window.
    if any(not pd.isna(value) and _folded(str(value)) != _folded(wanted) for value in values):
        return one.told("old")
    doubt = f"the listing does not supply {column}" if any(pd.isna(value) for value in values) else one.others
    return one.told("unknown", doubt=doubt) if doubt else one.told("new")


@dataclass(frozen=True)
class _Held:
    """One kind of rights of one app, as all snapshots show it.

    :param rights: part to its name, whether it should be held, and the ids it has had.
    :param rows: snapshot to the sightings of the subject's accounts with each id.
    """

    rights: Mapping[str, tuple[str, bool, frozenset[str]]]
    rows: Mapping[str, Sequence[_Row]]


def _held(one: _App, held: _Held, snapshot: str) -> Iterator[_Told]:
    for part, (name, wanted, values) in held.rights.items():
        rows = [row for row in held.rows.get(snapshot, ()) if row.value in values]
        has = [row for row in rows if row.seen == "held"]
        good: Seen = "new" if wanted else "old"
        bad: Seen = "old" if wanted else "new"
        mine = [row for row in has if row.account in one.own or not wanted]
        if mine:
            yield one.told(good, mine[:1], part=part, name=name)
            continue
        doubts = [one.alien(has), *(row.doubt for row in rows if row.seen != "absent")]
        if not values:
            doubts.append(f"nobody is shown to hold a right called {name}")
        if not rows and not wanted:
            doubts.append(_NEVER_SEEN)
        if not rows and wanted:
            doubts += [one.showing.doubt, one.doubt]
        doubt = next(filter(None, [*doubts, one.others]), "")
        if doubt:
            yield one.told("unknown", rows, doubt, part, name)
        else:
            yield one.told(bad, rows, part=part, name=name)


def _rights(
    app: str, expected: Expected, snapshots: Sequence[Snapshot], mine: Sequence[str], percent: float
) -> dict[str, _Held]:
    """Each kind of rights that the plan speaks of."""
    asked: dict[str, Rights] = {kind: rights for kind in RIGHTS if (rights := getattr(expected, kind)) is not None}
    if not asked:
        return {}
    held = pd.concat(
        [
            tables.frame(each.grants(app, ["account_id", "attribute", "value", "display"])).astype("str")
            for each in snapshots
            if any(line.app == app for line in each.manifest.apps)
        ]
        or [pd.DataFrame(columns=["account_id", "attribute", "value", "display"], dtype="str")]
    ).drop_duplicates()
    return {
        kind: _kind(app, kind, rights, held[held["attribute"] == kind], snapshots, mine, percent)
        for kind, rights in asked.items()
    }


def _kind(
    app: str,
    kind: str,
    rights: Rights,
    held: pd.DataFrame,
    snapshots: Sequence[Snapshot],
    mine: Sequence[str],
    percent: float,
) -> _Held:
    parts: dict[str, tuple[str, bool, frozenset[str]]] = {}
    for wanted, names in ((True, rights.has), (False, rights.lacks)):
        for name in names:
            meant = held.loc[(held["display"] == name) | (held["value"] == name), "value"]
            parts[name] = (name, wanted, frozenset(meant))
    if rights.none:
        own = held[held["account_id"].isin(mine)].drop_duplicates("value")
        labels = own["display"].fillna(own["value"])
        parts = {value: (label, False, frozenset({value})) for value, label in zip(own["value"], labels, strict=True)}
        # No id is empty: an account that is proven not to hold it is proven to have its rights of this kind listed.
        parts = parts or {"": ("", False, frozenset({""}))}
    values = sorted(set().union(*(values for _, _, values in parts.values())))
    wanted_rows = pd.DataFrame(
        [(app, account, kind, value) for account in mine for value in values],
        columns=["app", "account_id", "attribute", "value"],
        dtype="str",
    )
    return _Held(parts, _by_snapshot(rights_seen(snapshots, wanted_rows, percent=percent)))


def _wanted(app: str, accounts: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame([(app, account) for account in accounts], columns=["app", "account_id"], dtype="str")


def _by_snapshot(seen: pd.DataFrame) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    values = seen["value"].astype("str") if "value" in seen else pd.Series("", seen.index)
    rows = seen[_COLUMNS].itertuples(index=False, name=None)
    for value, (snapshot, account, state, since, until, doubt) in zip(values, rows, strict=True):
        row = _Row(str(account), str(value), str(state), _moment(since), _moment(until), str(doubt))
        found.setdefault(str(snapshot), []).append(row)
    return found


def _names(snapshot: Snapshot, app: str, accounts: Sequence[str]) -> dict[str, str]:
    frame = tables.frame(snapshot.accounts(app, ["account_id", "user_name"]))
    mine = frame[frame["account_id"].isin(accounts)].dropna()
    return (
        dict.fromkeys(accounts, "")
        | {each: each for each in accounts}
        | dict(zip(mine["account_id"].astype("str"), mine["user_name"].astype("str"), strict=True))
    )


def _doubt(row: _Row) -> str:
    return row.doubt or "nobody tells whether the account is active"


def _moment(value: object) -> datetime | None:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else None


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
