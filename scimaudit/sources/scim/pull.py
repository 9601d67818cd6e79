"""One pull of one app: discovery, the walks, the witnesses, the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from scimaudit import identifiers
from scimaudit.sources import Listing, Sink, Walk
from scimaudit.sources.scim import witnesses
from scimaudit.sources.scim.discovery import Discovery, discover
from scimaudit.sources.scim.endpoint import FRESH, OLD, Endpoint
from scimaudit.sources.scim.evidence import Evidence
from scimaudit.sources.scim.gather import Gather
from scimaudit.sources.scim.groups import Groups, Memberships, grant_tables, list_groups, resolve, verdict
from scimaudit.sources.scim.plan import plan
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.roster_probe import RosterProbe
from scimaudit.sources.scim.verdict import Proof, judge, judge_scope, walk_proofs
from scimaudit.sources.scim.walk import walk
from scimaudit.transport import Client

LEAST_PROBES: Final = 50
PROBE_SHARE: Final = 0.05

_HELD: Final = ("groups", "roles", "entitlements")
"""Attributes of an account that say what it holds (RFC 7643 section 4.1.2)."""

NamedCanary = tuple[str | None, str | None, Literal["scim", "hand"]]
"""id or user name, and how the account was made."""


def pull(
    client: Client,
    profile: Profile,
    sink: Sink,
    *,
    page_size: int | None,
    probe_budget: int | None,
    canaries: Sequence[NamedCanary],
    seats: int | None,
) -> Listing:
    """List accounts and grants, collect the proofs, judge.

    :raises SourceError: not even the first page of accounts could be had.
    """
    gather = Gather(sink, sink.app or sink.name)
    discovery = discover(client, profile.versions)
    users = Endpoint(client, profile, "Users", gather.took, source=sink.name, knows=gather.knows)
    how = plan("Users", profile, discovery, page_size=page_size, quick=sink.quick)
    found = walk(users.page, how)
    if users.deviations["totalResults-unreadable"]:
        found.faults.append("totalResults is not a number")
    if users.rejected and not found.faults:
        # Without an id nobody can ask what became of them.
        found.faults.append(f"{users.rejected} rows without a usable id came before the pass that counts")
    gather.flush()
    # Counted in pages walked, not in requests sent: a resumed pull must ask what the interrupted one asked.
    share = max(LEAST_PROBES, int(found.pages * PROBE_SHARE))
    budget = witnesses.Budget(0 if sink.quick else share if probe_budget is None else probe_budget)
    parity = witnesses.parity(users, profile, gather.first_body, gather.sample, budget)
    _settle(users, gather, found, budget, get_works=parity.get_works)
    by_user_name = gather.by_user_name()
    groups_how = plan("Groups", profile, discovery, page_size=page_size, quick=sink.quick)
    if groups_how.mode is None and found.mode in {"cursor", "aligned"}:
        # A single page of groups does not show how the server pages; the accounts have shown it.
        by = replace(groups_how.cursor, field="next_link") if found.linked else groups_how.cursor
        groups_how = replace(groups_how, mode=found.mode, align=found.align, cursor=by)
    groups = list_groups(client, profile, groups_how)
    listed = dict(gather.ids)
    named = resolve(groups, listed, by_user_name)
    rejected = len(gather.rejected)
    window = {} if found.mode == "cursor" else {"startIndex": "1", "count": "2"}
    roster = RosterProbe(users, profile, gather, listed, sink.people, budget, window)
    roster.ask_leavers()
    memory = witnesses.memory(
        sink.last_ids, listed, users.exists, budget, get_works=parity.get_works, known=gather.ids, whole=sink.last_whole
    )
    closure = _closure(users, gather, named, listed, by_user_name, budget, get_works=parity.get_works)
    roster.ask_others()
    gather.flush()
    held = _holding(groups, gather, named, listed, by_user_name)
    unread = len(gather.rejected) - rejected
    if unread:
        found.faults.append(f"{unread} rows that probes brought cannot be read")
    if users.deviations[OLD]:
        found.faults.append(f"answers had lain in a cache for more than {FRESH} seconds")
    surplus = sum(identifier not in found.ids for identifier in gather.ids)
    if surplus:
        found.faults.append(f"{surplus} accounts came to light that the walk had not brought")
    canary, hand = witnesses.canaries(_named(canaries, found, by_user_name))
    counted = witnesses.seats(seats, len(found.ids))
    proofs = (*walk_proofs(found, how), closure, roster.proof(), memory, canary, counted, parity.proof)
    entitlements = verdict(groups, held, groups_how, gather.group_grants, dangling_known=closure.outcome == "passed")
    lacking = [name for name in _HELD if name in parity.lacking]
    if entitlements.state == "complete" and lacking:
        entitlements = Walk("unprovable", f"GET by id shows {', '.join(lacking)} that the list lacks")
    unreadable = [name for name in _HELD if users.deviations[f"{name}-unreadable"]]
    if entitlements.state == "complete" and unreadable:
        entitlements = Walk("unprovable", f"{', '.join(unreadable)} of some accounts cannot be read")
    walked = judge(found, proofs, how)
    if entitlements.state == "complete" and walked.state == "incomplete":
        entitlements = Walk("unprovable", "groups: the accounts did not hold still or not all came")
    gather.hand_over()
    for table in grant_tables(gather.app, groups, held, gather.group_grants):
        sink.rows(table)
    scope, lifted = judge_scope(profile.scope, hand, counted.outcome)
    return Listing(
        received=len(gather.ids) + len(gather.rejected),
        parsed=len(gather.ids),
        walk=walked,
        scope=scope,
        scope_lifted_by=lifted,
        entitlements=entitlements,
        rejected=gather.rejected,
        attributes=gather.attributes,
        witnesses=tuple(proof.witness for proof in proofs),
        notes=_notes(found, users, groups, discovery, profile),
        cost=client.cost,
        facts={"provider": profile.name, "paging": found.mode, **discovery.facts, **client.facts},
    )


def _settle(users: Endpoint, gather: Gather, found: Evidence, budget: witnesses.Budget, *, get_works: bool) -> None:
    """Ask for accounts that one pass brought and the pass that counts did not: they are holes, or were deleted."""
    if not found.gone:
        return
    asked = witnesses.ask(found.gone, users.exists, budget)
    if asked.found:
        found.faults.append(f"{len(asked.found)} rows exist that the pass that counts did not bring")
    if asked.unasked or asked.unclear or not get_works:
        found.faults.append(f"moving: {len(found.gone)} rows came in one pass and not in another")
    elif asked.gone:
        gather.drop(asked.gone)
        found.notes.append(f"{len(asked.gone)} accounts were deleted while they were listed")


def _closure(
    users: Endpoint,
    gather: Gather,
    named: Memberships,
    listed: Mapping[str, None],
    by_user_name: Mapping[str, str],
    budget: witnesses.Budget,
    *,
    get_works: bool,
) -> Proof:
    gather.flush()  # what the probes before brought has managers too
    managers = {name for name in gather.column("manager") if name is not None}
    no_ids = [name for name in sorted(managers) if name not in listed]
    unlisted = [name for name in no_ids if identifiers.key(name) not in by_user_name]
    ids = set(named.unresolved if named.by_id else ())
    if len(no_ids) < len(managers) and len(unlisted) == len(no_ids):
        ids.update(unlisted)
    references = named.references + len(managers)
    wanted = list(dict.fromkeys([*named.unresolved, *unlisted]))

    def exists(name: str) -> bool | None:
        # What is not known to be an id may be a user name, and that no id is called so says nothing.
        return users.exists(name) if name in ids else users.exists(name) or None

    return witnesses.closure(references, wanted, exists, budget, get_works=get_works, known=gather.ids)


def _holding(
    groups: Groups, gather: Gather, named: Memberships, listed: Mapping[str, None], by_user_name: Mapping[str, str]
) -> Memberships:
    """The memberships of every account taken in: of those that probes brought as of those that were listed."""
    if len(gather.ids) == len(listed):
        return named
    # A name that an account brought by a probe shares with a listed one goes on meaning the listed one.
    return resolve(groups, gather.ids, {**gather.by_user_name(), **by_user_name})


def _named(canaries: Sequence[NamedCanary], found: Evidence, by_user_name: Mapping[str, str]) -> list[witnesses.Canary]:
    named = []
    for account_id, user_name, made in canaries:
        known = account_id if account_id is not None else by_user_name.get(identifiers.key(user_name) or "")
        named.append(witnesses.Canary(account_id or user_name or "a canary without a name", known in found.ids, made))
    return named


def _notes(found: Evidence, users: Endpoint, groups: Groups, discovery: Discovery, profile: Profile) -> tuple[str, ...]:
    odd = users.deviations + groups.deviations
    strange = {
        name: count
        for name, count in users.media_types.items()
        if name not in {"application/scim+json", "application/json", *profile.content_types}
    }
    return (
        *found.notes,
        *(f"groups: {note}" for note in (groups.found.notes if groups.found else ())),
        *(f"{name}: {count} times" for name, count in sorted(odd.items())),
        *(f"labelled as {name or 'nothing'}: {count} answers" for name, count in sorted(strange.items())),
        *(f"the server also has {name}, which is not listed" for name in discovery.other_types),
        *profile.notes,
    )
