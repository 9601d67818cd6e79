"""``/Groups``: who is a member of what, directly and through nested groups, and whether that is the whole truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

import pyarrow as pa

from scimaudit import identifiers
from scimaudit.errors import Incomplete, SourceError
from scimaudit.sources import Walk
from scimaudit.sources._memberships import Alike, grants, in_tables, indirect, reach
from scimaudit.sources.scim.columns import Grant, Group, Member, Page
from scimaudit.sources.scim.endpoint import FRESH, OLD, Endpoint, Target
from scimaudit.sources.scim.evidence import Evidence, Plan, Refused
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.verdict import Proof, judge, walk_proofs
from scimaudit.sources.scim.walk import walk
from scimaudit.transport import Client, ServerError

_SAMPLE: Final = 3
_CAPS: Final = frozenset({100, 200, 500, 1000, 2000, 5000, 10_000})
_WITHOUT: Final = {"excludedAttributes": "members"}


@dataclass
class Groups:
    """Every group received, and what speaks against its being all.

    :param members: group id to what the server lists; None where it does not say.
    """

    found: Evidence | None = None
    display: dict[str, str | None] = field(default_factory=dict)
    members: dict[str, list[Member] | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    deviations: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    absent: Walk | None = None

    def took(self, page: Page, _number: int, _target: Target, _body: bytes) -> None:
        """Take a page in; the first row of an id counts, unless a later one brings its members."""
        for group in page.groups:
            self._add(group)

    def knows(self, identifiers: Iterable[str]) -> bool:
        """Whether the members of every one of these groups are known."""
        return all(self.members.get(name) is not None for name in identifiers)

    def _add(self, group: Group) -> None:
        self.display.setdefault(group.id, group.display)
        if self.members.get(group.id) is None:
            self.members[group.id] = group.members


@dataclass(frozen=True)
class Memberships:
    """Groups with their members resolved.

    :param direct: group id to the accounts in it.
    :param nested: group id to the groups in it.
    :param unresolved: what members are called that are neither a listed account nor a listed group.
    :param references: how many members name an account.
    :param by_id: accounts were found by their ids, and none by its user name: so what is unresolved is an id too.
    """

    direct: Mapping[str, dict[str, None]]
    nested: Mapping[str, tuple[str, ...]]
    unresolved: tuple[str, ...]
    references: int
    by_id: bool = False


class _Apart(NamedTuple):
    """Accounts and groups in a group, and every name of the members that are neither."""

    accounts: dict[str, None]
    inner: dict[str, None]
    unknown: list[tuple[str, ...]]
    by_user_name: bool = False


def list_groups(client: Client, profile: Profile, plan: Plan) -> Groups:
    """Walk ``/Groups`` as ``/Users`` is walked; groups too large for a page are listed without members and read alone.

    A refusal is a verdict here, not an error: the accounts are worth having without their groups.
    """
    if profile.groups.endpoint is False:
        return Groups(absent=Walk("unprovable", "the profile says that there is no /Groups"))
    lean = profile.groups.members == "get_only" and profile.groups.exclude_members
    groups, error = _list(client, profile, plan, lean=lean)
    if error is not None and not lean and _too_large(error):
        first, lean = groups, True
        groups, error = _list(client, profile, plan, lean=True)
        groups.problems += _forgotten(first, groups)
        groups.deviations["groups-read-one-by-one"] += 1
    if error is not None and groups.found is None:
        missing = isinstance(error, Refused) and error.status in {404, 501}
        groups.absent = Walk("unprovable" if missing else "failed", f"groups: {error.message}")
        return groups
    _complete_members(client, profile, groups, lean=lean)
    return groups


def resolve(groups: Groups, ids: Mapping[str, None], by_user_name: Mapping[str, str]) -> Memberships:
    """Find out whom each member is: by id, then by the end of ``$ref``, then by user name.

    Servers are seen to put the user name where RFC 7643 section 4.2 wants the id.
    """
    direct: dict[str, dict[str, None]] = {}
    nested: dict[str, tuple[str, ...]] = {}
    unresolved: dict[str, None] = {}
    references = 0
    by_name = False
    for group, members in groups.members.items():
        accounts = _plain(members or (), ids)
        apart = _told_apart(groups, group, ids, by_user_name) if accounts is None else _Apart(accounts, {}, [])
        direct[group] = apart.accounts
        nested[group] = tuple(apart.inner)
        unresolved.update(dict.fromkeys(chain.from_iterable(apart.unknown)))
        references += len(apart.accounts) + len(apart.unknown)
        by_name |= apart.by_user_name
    return Memberships(direct, nested, tuple(unresolved), references, any(direct.values()) and not by_name)


def _plain(members: Sequence[Member], ids: Mapping[str, None]) -> dict[str, None] | None:
    """The accounts of a group whose every member is a listed account by its id, as most are; None for any other."""
    named = dict.fromkeys([member.value for member in members])
    if not named.keys() <= ids.keys() or not {member.type for member in members} <= {None, "User", "user"}:
        return None
    if "/groups/" in "\n".join([member.ref for member in members if member.ref]).casefold():
        return None
    return named  # type: ignore[return-value]  # no id is null


def _told_apart(groups: Groups, group: str, ids: Mapping[str, None], by_user_name: Mapping[str, str]) -> _Apart:
    accounts: dict[str, None] = {}
    inner: dict[str, None] = {}
    unknown: list[tuple[str, ...]] = []
    by_name = False
    for member in groups.members[group] or ():
        names = tuple(dict.fromkeys(name for name in (member.value, _tail(member.ref)) if name))
        listed = next((name for name in names if name in groups.display), None)
        if (member.type or "").casefold() == "group" or "/groups/" in (member.ref or "").casefold():
            if listed is None:
                # A nested group that is not listed has members nobody can see.
                groups.problems.append(f"the group nested in {_shown(groups, group)} is not listed")
            else:
                inner[listed] = None
            continue
        account = next((name for name in names if name in ids), None)
        if account is None:
            account = next(
                (by_user_name[key] for name in names if (key := identifiers.key(name) or "") in by_user_name), None
            )
            by_name |= account is not None
        if account is not None:
            accounts[account] = None
        elif listed is not None:
            inner[listed] = None
        elif names:
            unknown.append(names)
    return _Apart(accounts, inner, unknown, by_name)


def grant_tables(app: str, groups: Groups, held: Memberships, of_users: Sequence[Grant]) -> Iterator[pa.Table]:
    """Grants of ``/Groups``, direct and indirect, and those only the user rows know, each once."""
    own = grants(groups.display, held.direct, held.nested)
    return in_tables(app, "groups", chain(own, _of_users_alone(held, of_users)))


def verdict(groups: Groups, held: Memberships, plan: Plan, of_users: Sequence[Grant], *, dangling_known: bool) -> Walk:
    """Whether the absence of a group grant means anything.

    :param of_users: what the user rows say of their groups; it must not contradict.
    :param dangling_known: every unresolved member was shown not to exist.
    """
    if groups.absent is not None or groups.found is None:
        return groups.absent or Walk("unprovable", "groups were not listed")
    contradictions = _contradictions(groups, held, of_users)
    against = groups.problems + contradictions
    # What W4 is to accounts, the user rows' own groups are to groups.
    agreed = [Proof("W4", "passed")] if of_users and not contradictions else []
    walked = judge(groups.found, [*walk_proofs(groups.found, plan), *agreed], plan)
    if walked.state == "incomplete":
        return Walk("incomplete", f"groups: {walked.reason}")
    if against:
        return Walk("incomplete", "groups: " + "; ".join(dict.fromkeys(against)))
    if walked.state != "complete":
        return Walk(walked.state, f"groups: {walked.reason}")
    if not any(members for members in groups.members.values()):
        return Walk("unprovable", "no group shows a member: memberships may not be observable here")
    if groups.deviations["members-unreadable"]:
        return Walk("unprovable", "groups: some members cannot be read")
    if held.unresolved and not dangling_known:
        return Walk("unprovable", f"{len(held.unresolved)} members of groups are no account that was listed")
    if groups.doubts and not agreed:
        return Walk("unprovable", "groups: " + "; ".join(dict.fromkeys(groups.doubts)))
    return Walk("complete", f"groups: {walked.reason}")


def _list(client: Client, profile: Profile, plan: Plan, *, lean: bool) -> tuple[Groups, SourceError | None]:
    groups = Groups()
    endpoint = Endpoint(client, profile, "Groups", groups.took, _WITHOUT if lean else None, knows=groups.knows)
    try:
        groups.found = walk(endpoint.page, plan)
    except SourceError as error:
        return groups, error
    too_large = next((error for error in endpoint.failures if _too_large(error)), None) if groups.found.faults else None
    groups.deviations, groups.rejected = endpoint.deviations, endpoint.rejected
    if endpoint.deviations["totalResults-unreadable"]:
        groups.found.faults.append("totalResults is not a number")
    if endpoint.deviations[OLD]:
        groups.found.faults.append(f"answers had lain in a cache for more than {FRESH} seconds")
    # What a page showed counts, also one of a pass that was begun again, or of a probe.
    lost = sum(name not in groups.found.ids for name in groups.display)
    if lost:
        groups.found.faults.append(f"{lost} groups came, and not in the pass that counts: deleted meanwhile, or lost")
    if endpoint.rejected and not groups.found.faults:
        groups.found.faults.append(f"{endpoint.rejected} rows without a usable id came before the pass that counts")
    return groups, too_large


def _forgotten(first: Groups, second: Groups) -> list[str]:
    """What a listing had that is not in the one made after it."""
    lost = len(first.display.keys() - second.display.keys())
    said = [f"{lost} groups were listed with their members, and not without"] if lost else []
    return said + ([f"{first.rejected} rows without a usable id came"] if first.rejected else [])


def _too_large(error: SourceError) -> bool:
    return isinstance(error, (ServerError, Incomplete)) or (isinstance(error, Refused) and error.status in {400, 413})


def _complete_members(client: Client, profile: Profile, groups: Groups, *, lean: bool) -> None:
    silent = [group for group, members in groups.members.items() if members is None]
    kind = profile.groups.members
    if kind == "none":
        groups.problems.append("the profile says that members are not shown")
        return
    if kind == "capped" and profile.groups.max_inline is not None:
        full = [group for group, members in groups.members.items() if len(members or ()) >= profile.groups.max_inline]
        groups.problems += [f"{_shown(groups, group)} lists as many members as the server ever shows" for group in full]
    else:
        largest = max((len(members or ()) for members in groups.members.values()), default=0)
        if largest in _CAPS:
            groups.doubts.append(f"the largest group lists {largest} members, which may be a limit of the server")
    every = lean or kind == "get_only" or len(silent) == len(groups.members)
    endpoint = Endpoint(client, profile, "Groups", groups.took)
    for place, group in enumerate(silent):
        if not every and place >= _SAMPLE:
            break
        try:
            page = endpoint.alone(group)
        except SourceError as error:
            groups.problems.append(f"members of {_shown(groups, group)}: {error.message}")
            if isinstance(error, Incomplete):
                break
            continue
        groups.deviations.update(page.deviations)
        if endpoint.deviations[OLD]:
            groups.problems.append(f"members of {_shown(groups, group)} come from a cache")
            break
        alone = next((row for row in page.groups if row.id == group), None)
        if alone is None:
            groups.problems.append(f"members of {_shown(groups, group)}: another resource came")
        elif alone.members:
            groups.members[group] = alone.members
            every = True


def _contradictions(groups: Groups, held: Memberships, of_users: Sequence[Grant]) -> list[str]:
    inside = {group: reach(group, held.nested) for group in held.nested if held.nested[group]}
    missing = Counter[str]()
    unknown = Counter[str]()
    for grant in of_users:
        if grant.value not in held.direct:
            unknown[grant.display or grant.value] += 1
        elif grant.account_id not in held.direct[grant.value] and not any(
            grant.account_id in held.direct.get(inner, ()) for inner in inside.get(grant.value, ())
        ):
            missing[_shown(groups, grant.value)] += 1
    found = [
        f"{count} users name {name} as their group, whose members do not include them"
        for name, count in missing.items()
    ]
    return found + [f"{count} users name the group {name}, which is not listed" for name, count in unknown.items()]


def _of_users_alone(held: Memberships, of_users: Sequence[Grant]) -> Iterator[Alike]:
    """What only the user rows know."""
    reached = {group: indirect(group, held.direct, held.nested) for group in held.nested if held.nested[group]}
    only: dict[tuple[str, str | None, str], list[str]] = {}
    for grant in of_users:
        known = grant.account_id in held.direct.get(grant.value, ()) or grant.account_id in reached.get(grant.value, ())
        if not known:
            only.setdefault((grant.value, grant.display, grant.type), []).append(grant.account_id)
    for (value, display, kind), names in only.items():
        yield Alike(names, value, display, kind, None)


def _shown(groups: Groups, group: str) -> str:
    return groups.display.get(group) or group


def _tail(ref: str | None) -> str | None:
    return ref.rstrip("/").rpartition("/")[2] if ref else None
