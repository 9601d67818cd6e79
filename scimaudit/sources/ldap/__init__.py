"""A directory as a roster or as an app: entries and groups by paged search (RFC 2696), proven by a second pass.

What differs from vendor to vendor stands in ``vendors/NAME.toml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from scimaudit.errors import SourceError
from scimaudit.plural import count
from scimaudit.sources import NO_ENTITLEMENTS, Cost, Listing, Scope, Sink, Walk, Witness, _mapping, _words
from scimaudit.sources._grid import Grid
from scimaudit.sources._headings import COMMON
from scimaudit.sources._memberships import grants, in_tables
from scimaudit.sources._tabular import Tabular
from scimaudit.sources.ldap import rows
from scimaudit.sources.ldap import vendor as vendors
from scimaudit.sources.ldap.connection import Directory, connected
from scimaudit.sources.ldap.membership import Members, members
from scimaudit.sources.ldap.search import SIZES, Entry, Found, one, search
from scimaudit.transport import tls_context
from scimaudit.transport.secret import Secret

if TYPE_CHECKING:
    from ldap3 import Connection

_STRANGERS_ASKED = 20
_STATUS = {"active": ("enabled", *_words.STATUS["active"]), "terminated": ("disabled", *_words.STATUS["terminated"])}


@dataclass(frozen=True)
class _Seen:
    """One search, twice: what the second pass said of the first."""

    found: Found
    walk: Walk
    witness: Witness


class Source(Tabular):
    """``source = "ldap"``: the entries below a base. A heading is an attribute; those of the vendor need no mapping."""

    url: str = Field(description="ldaps://host, or ldap://host, where StartTLS comes before the bind")
    vendor: str = Field("generic", description="kind of directory: active-directory, openldap, 389ds or generic")
    bind: str = Field(description="DN (for Active Directory also user@domain) of an account that may read the base")
    password: Secret = Field(description="its password")
    base: str = Field(description="DN below which the entries stand")
    filter: str = Field("", description="RFC 4515 filter of the entries; default: the vendor's")
    group_base: str = Field("", description="DN below which the groups stand; default: base")
    groups: bool = Field(True, description="list groups as entitlements (apps only)")
    hides: str = Field("", description="what the bind account may not see, in words: the scope is then partial")
    seats: int | None = Field(None, ge=0, description="accounts that somebody counted by hand; default: the app's")
    timeout: float = Field(60, gt=0, description="seconds to wait for one answer")
    ca: Path | None = Field(None, description="PEM file of a private certificate authority; default: network.ca")

    @field_validator("vendor")
    @classmethod
    def _known(cls, name: str) -> str:
        vendors.load(name)
        return name

    def collect(self, sink: Sink) -> Listing:
        """List entries and, for an app, memberships into ``sink``.

        :raises SourceError: the directory cannot be had, refuses, or stops before the end whatever the page size.
        """
        self.wanted(sink)
        kind = vendors.load(self.vendor)
        common = COMMON[sink.fills]
        renamed = {"manager": "manager_id"} if sink.fills == "people" else {}
        given = {renamed.get(name, name): attribute for name, attribute in kind.columns.items()}
        columns = {name: attribute for name, attribute in given.items() if name in common} | dict(self.columns)
        columns |= self.extras
        with Directory(lambda: self._connected(sink)) as directory:
            return self._collected(directory, sink, kind, columns)

    def _connected(self, sink: Sink) -> AbstractContextManager[Connection]:
        context = tls_context(sink.base / self.ca if self.ca else None)
        password = self.password.resolve(sink.base).get_secret_value()
        return connected(self.url, self.bind, password, context=context, timeout=self.timeout, source=sink.name)

    def _collected(self, directory: Directory, sink: Sink, kind: vendors.Vendor, columns: dict[str, str]) -> Listing:
        seen = _twice(directory, sink, self.base, self.filter or kind.people, rows.wanted(kind, columns))
        entries = _distinct(seen.found.entries)
        asked_at = seen.found.asked_at or sink.now()
        grid = rows.grid(entries, kind, columns, sink.fills, asked_at)
        places = {name: index for index, name in enumerate(grid.header)}
        notes = list(kind.notes)
        if sink.fills == "people":
            meaning = self.model_copy(update={"status": self.status or _STATUS}).meaning()
            mapped = _mapping.people(grid, places, meaning, roster=sink.name.removeprefix("rosters."))
            scope, entitlements = Scope("unknown", "the directory shows what the bind account may read"), None
        else:
            mapped = _mapping.accounts(
                grid, places, self.meaning(), app=sink.app or "", listing=sink.name,
                stands=[(entry.body, entry.row) for entry in entries],
            )  # fmt: skip
            scope, entitlements, more = self._grants(directory, sink, kind, entries, grid, seen)
            notes += more
        for table in mapped.tables:
            sink.rows(table)
        if self.hides:
            scope = Scope("partial", f"the bind account does not see: {self.hides}")
        received = mapped.parsed + len(mapped.rejected)
        sink.progress(received, received)
        return Listing(
            received=received,
            parsed=mapped.parsed,
            walk=seen.walk
            if mapped.parsed or seen.walk.state != "complete"
            else Walk("unprovable", "no entry is listed"),
            scope=scope,
            entitlements=entitlements or NO_ENTITLEMENTS,
            rejected=mapped.rejected,
            as_of=asked_at,
            attributes=mapped.attributes,
            witnesses=(seen.witness,),
            notes=(*notes, *mapped.notes),
            cost=Cost(requests=seen.found.pages),
            facts={
                "vendor": kind.title,
                "address": self.url,
                **(
                    {"TLS": ("" if self.url.startswith("ldaps:") else "StartTLS, ") + directory.tls}
                    if directory.tls
                    else {}
                ),
                "paging": f"pages of {seen.found.size}" if seen.found.paged else "the server does not page",
                "columns": ", ".join(
                    f"{name} = {attribute}" for name, attribute in sorted(columns.items()) if attribute
                ),
            },
            unmapped_status=mapped.unmapped,
        )

    def _grants(
        self,
        directory: Directory,
        sink: Sink,
        kind: vendors.Vendor,
        entries: Sequence[Entry],
        grid: Grid,
        seen: _Seen,
    ) -> tuple[Scope, Walk, list[str]]:
        """Hand over the memberships; the scope that they and the seat count prove, and what they prove themselves."""
        scope = _counted(self.seats, len(entries))
        if not self.groups:
            return scope, Walk("unprovable", "groups are switched off"), []
        wanted = [name for name in ("cn", *kind.members, kind.member_names, *kind.sids) if name]
        try:
            groups = _twice(
                directory, sink, self.group_base or self.base, kind.groups, [name for name in wanted if name]
            )
        except SourceError as error:
            return scope, Walk("failed", f"groups: {error.message}"), []
        ids = grid.columns[grid.header.index("account_id")]
        accounts = {rows.dn_key(e.dn): own for e, own in zip(entries, ids, strict=True) if isinstance(own, str)}
        held = members(_distinct(groups.found.entries), accounts, entries, kind)
        for table in in_tables(sink.app or "", "groups", grants(held.display, held.direct, held.nested)):
            sink.rows(table)
        outside, dangling = _strangers(directory, sink, held)
        if outside and scope.state != "partial":
            stand = count(len(outside), "member of groups stands", "members of groups stand")
            scope = Scope("partial", f"{stand} outside base, such as {outside[0]}")
        lost = count(len(dangling), "member of groups does", "members of groups do")
        notes = [f"{lost} not exist, such as {dangling[0]}"] if dangling else []
        return scope, _entitlements(groups, held, seen, outside, asked=len(outside) + len(dangling)), notes


def _twice(directory: Directory, sink: Sink, base: str, what: str, attributes: Sequence[str]) -> _Seen:
    """Search, then search again without attributes and with smaller pages: both must give the same entries."""
    found = search(directory, sink, base, what, attributes)
    names = {rows.dn_key(entry.dn) for entry in found.entries}
    sink.progress(len(names), None)
    if sink.quick:
        return _Seen(found, Walk("unprovable", "the second pass was left out"), Witness("second pass", "not-available"))
    smaller = [size for size in SIZES if size < found.size] or [found.size // 2 or 1]
    again = search(directory, sink, base, what, ["1.1"], smaller)
    other = {rows.dn_key(entry.dn) for entry in again.entries}
    detail = f"{count(len(names), 'entry', 'entries')}, then {len(other)} in pages of {again.size}"
    witness = Witness("second pass", "passed" if names == other else "failed", detail)
    return _Seen(found, _walk(found, again, names, other), witness)


def _walk(found: Found, again: Found, names: set[str], other: set[str]) -> Walk:
    referred = dict.fromkeys([*found.referrals, *again.referrals])
    if names != other:
        return Walk(
            "incomplete",
            f"two passes differ: {count(len(names - other), 'entry', 'entries')} went, {len(other - names)} came",
        )
    if found.cut:
        return Walk("incomplete", f"{found.cut[0].attribute} of {found.cut[0].dn} came in part")
    if referred:
        other_places = count(len(referred), "other place, which is", "other places, which are")
        return Walk("unprovable", f"the directory refers to {other_places} not followed")
    paged = f"pages of {found.size} and {again.size}" if found.paged else "a server that does not page"
    return Walk(
        "complete",
        f"{count(len(names), 'entry', 'entries')}, the same in two passes ({paged}), each ended with success",
    )


def _distinct(entries: Sequence[Entry]) -> list[Entry]:
    return list({rows.dn_key(entry.dn): entry for entry in reversed(entries)}.values())[::-1]


def _counted(seats: int | None, listed: int) -> Scope:
    if seats is None:
        return Scope("unknown", "the directory shows what the bind account may read")
    if seats == listed:
        return Scope("all", f"{count(listed, 'entry', 'entries')}, as somebody counted by hand")
    return Scope("partial", f"somebody counted {count(seats, 'account')} by hand, and {listed} came")


def _strangers(directory: Directory, sink: Sink, held: Members) -> tuple[list[str], list[str]]:
    """Of the members nobody knows: those that exist outside the listing, and those that do not exist."""
    outside, dangling = [], []
    for dn in held.strangers[:_STRANGERS_ASKED]:
        entry = one(directory, sink, dn, ["objectClass"]) if "=" in dn else None
        kinds = {name.casefold() for name in entry.texts("objectClass")} if entry else set()
        if entry is None:
            dangling.append(dn)
        elif "computer" not in kinds:
            outside.append(dn)
    return outside, dangling


def _entitlements(groups: _Seen, held: Members, seen: _Seen, outside: Sequence[str], *, asked: int) -> Walk:
    if groups.walk.state != "complete":
        return Walk(groups.walk.state, f"groups: {groups.walk.reason}")
    if seen.walk.state != "complete":
        return Walk("unprovable", f"groups: the entries themselves are not proven: {seen.walk.reason}")
    if not held.named:
        return Walk("unprovable", "no group shows a member: the bind account may not see them")
    if outside or len(held.strangers) > asked:
        return Walk(
            "unprovable", f"groups: {count(len(held.strangers), 'member is', 'members are')} no entry that was listed"
        )
    return Walk("complete", f"groups: {groups.walk.reason}")
