"""The witnesses that do not depend on the walk (W4 to W9): each passed, failed or not available, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson

from scimaudit import identifiers
from scimaudit.errors import SourceError
from scimaudit.plural import count
from scimaudit.sources import Outcome
from scimaudit.sources.scim import parse
from scimaudit.sources.scim.endpoint import Endpoint
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.verdict import Proof

_NAMED: Final = 2
_ALWAYS: Final = frozenset({"schemas", "id"})

Exists = Callable[[str], bool | None]


@dataclass
class Budget:
    """Requests that may still be spent on probes."""

    left: int

    def take(self) -> bool:
        """Whether one more may be sent."""
        if self.left <= 0:
            return False
        self.left -= 1
        return True


@dataclass(frozen=True)
class Asked:
    """What fetching a set of ids one by one showed."""

    found: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unclear: int = 0
    unasked: int = 0


@dataclass
class Canary:
    """An account that must be listed."""

    name: str
    listed: bool
    made: Literal["scim", "hand"]


@dataclass(frozen=True)
class Parity:
    """What W9 saw: whether GET by id works at all, and what it shows beyond the list."""

    proof: Proof
    get_works: bool = False
    lacking: frozenset[str] = field(default_factory=frozenset)


def ask(wanted: Iterable[str], exists: Exists, budget: Budget, known: Collection[str] = ()) -> Asked:
    """Fetch ids one by one, as far as the budget goes.

    :param known: ids that another probe has found; they are not fetched again.
    """
    found: list[str] = []
    gone: list[str] = []
    unclear = unasked = 0
    for identifier in wanted:
        if identifier in known:
            found.append(identifier)
            continue
        if not budget.take():
            unasked += 1
            continue
        answer = exists(identifier)
        if answer is None:
            unclear += 1
        else:
            (found if answer else gone).append(identifier)
    return Asked(tuple(found), tuple(gone), unclear, unasked)


def closure(
    members: int,
    unresolved: Sequence[str],
    exists: Exists,
    budget: Budget,
    *,
    get_works: bool,
    known: Collection[str] = (),
) -> Proof:
    """W4: every account that a group or a manager attribute names is listed; what is not listed is fetched.

    :param members: how many references to accounts there are.
    :param unresolved: references to ids that were not listed.
    :param known: ids that another probe has found.
    """
    if not members:
        return Proof("W4", "not-available", "no group member or manager is named")
    if not unresolved:
        return Proof("W4", "passed", f"all accounts that groups and managers name ({members} references) are listed")
    if not get_works:
        return Proof("W4", "not-available", f"{len(unresolved)} references are not listed, and GET by id does not work")
    asked = ask(unresolved, exists, budget, known)
    if asked.found:
        return Proof("W4", "failed", f"{_some(asked.found)} can be fetched and are not listed")
    if asked.unasked or asked.unclear:
        detail = (
            f"of {len(unresolved)} references not listed {len(asked.gone)} do not exist, {asked.unclear} are unclear"
        )
        return Proof("W4", "not-available", f"{detail}, {asked.unasked} were not asked for")
    return Proof("W4", "passed", f"{members} references; the {len(asked.gone)} not listed do not exist")


def memory(
    last: Sequence[str],
    ids: Mapping[str, None],
    exists: Exists,
    budget: Budget,
    *,
    get_works: bool,
    known: Collection[str] = (),
    whole: bool = True,
) -> Proof:
    """W6: ids of the last listing that are absent now are fetched; one that exists is a hole.

    :param ids: what was listed.
    :param known: ids that another probe has found.
    :param whole: the last listing was complete; otherwise it can show a hole, and that there is none it cannot.
    """
    if not last:
        return Proof("W6", "not-available", "there is no earlier listing")
    before = "the last complete listing" if whole else "the last listing, which was not complete,"
    passed: Outcome = "passed" if whole else "not-available"
    absent = [identifier for identifier in last if identifier not in ids]
    if not absent:
        return Proof("W6", passed, f"all {len(last)} ids of {before} are here")
    if len(absent) == len(last):
        passed = "not-available"  # it may be another tenant, which knows nothing of them
    if not get_works:
        return Proof("W6", "not-available", f"{len(absent)} earlier ids are absent, and GET by id does not work")
    asked = ask(absent, exists, budget, known)
    if asked.found:
        return Proof("W6", "failed", f"{_some(asked.found)} of {before} exist and are not listed")
    if asked.unasked or asked.unclear:
        detail = f"of {len(absent)} earlier ids absent now {len(asked.gone)} are gone, {asked.unclear} are unclear"
        return Proof("W6", "not-available", f"{detail}, {asked.unasked} were not asked for")
    return Proof("W6", passed, f"the {len(absent)} ids of {before} absent now are gone")


def canaries(named: Sequence[Canary]) -> tuple[Proof, Literal["seen", "missing"] | None]:
    """W7: accounts named by the operator are listed; the ones made by hand speak for the scope only."""
    hand = [canary for canary in named if canary.made == "hand"]
    state: Literal["seen", "missing"] | None = None
    if hand:
        state = "seen" if all(canary.listed for canary in hand) else "missing"
    if not named:
        return Proof("W7", "not-available", "no canaries are configured"), state
    missing = [canary for canary in named if not canary.listed]
    if missing:
        by_scim = any(canary.made == "scim" for canary in missing)
        detail = f"{_some([canary.name for canary in missing])} must be listed and are not"
        return Proof("W7", "failed", detail, voids_walk=by_scim), state
    return Proof("W7", "passed", count(len(named), "canary is listed", "canaries are listed")), state


def seats(expected: int | None, listed: int) -> Proof:
    """W8: the number of accounts the app's console shows, told by the operator; no tolerance."""
    if expected is None:
        return Proof("W8", "not-available", "no seat count is configured")
    if expected != listed:
        return Proof("W8", "failed", f"the console shows {expected} accounts and {listed} were listed")
    return Proof("W8", "passed", f"the console shows {expected} accounts, as many as were listed")


def parity(
    endpoint: Endpoint, profile: Profile, body: bytes, sample: Sequence[tuple[int, str]], budget: Budget
) -> Parity:
    """W9: GET of a few rows carries no attribute that the list lacks. A difference voids attributes, not rows.

    :param body: a page as received.
    :param sample: row numbers on that page and the ids they hold.
    """
    rows = _rows(body)
    sample = [(row, identifier) for row, identifier in sample if row < len(rows)]
    lacking: set[str] = set()
    compared = 0
    for row, identifier in sample:
        if not budget.take():
            break
        try:
            reply = endpoint.single(identifier)
            if reply.status != 200:
                continue
            again, shown = parse.resource(reply.body, profile)
            _, listed = parse.resource(rows[row], profile)
        except SourceError:
            continue
        if again == identifier:
            compared += 1
            lacking |= {name for name in shown - listed if name not in _ALWAYS and not name.startswith("meta.")}
    if not compared:
        return Parity(Proof("W9", "not-available", "no row could be compared with its GET by id"))
    if lacking:
        detail = f"GET by id shows {_some(sorted(lacking))}, which the list lacks"
        return Parity(Proof("W9", "failed", detail, voids_walk=False), True, frozenset(lacking))
    return Parity(Proof("W9", "passed", f"GET of {compared} rows shows nothing that the list lacks"), True)


def _rows(body: bytes) -> list[bytes]:
    """The rows of a page, each as bytes; none where only the tolerant reader can read it."""
    try:
        found = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return []
    rows: list[object] = next((value for name, value in found.items() if name.casefold() == "resources"), [])
    return [orjson.dumps(row) for row in rows]


def _some(things: Sequence[str]) -> str:
    shown = ", ".join(things[:_NAMED])
    return shown + (f" and {len(things) - _NAMED} more" if len(things) > _NAMED else "")


def same_name(one: str | None, other: str) -> bool:
    """Whether two user names are the same identifier."""
    return identifiers.key(one) == identifiers.key(other)
