"""Microsoft Entra ID through Graph v1.0, as a roster or as an app: users, groups, directory and app roles, licences.

``$count`` is the second witness of each listing. What consent or licence does not allow is left out by name, and what
needs it is then not evaluable; it never becomes an empty column.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import Field, field_validator

from scimaudit.errors import ConfigError, SourceError
from scimaudit.plural import count
from scimaudit.sources import NO_ENTITLEMENTS, Listing, Scope, Sink, Walk, Witness, _mapping, _words
from scimaudit.sources._headings import COMMON
from scimaudit.sources._memberships import Alike, grants, in_tables
from scimaudit.sources._tabular import Tabular
from scimaudit.sources.entra import rows, token
from scimaudit.sources.entra.graph import Graph, Row, refusal
from scimaudit.transport import Budgets, Client, Denied, tls_context
from scimaudit.transport.proxy import Address, with_password
from scimaudit.transport.secret import Secret

_CLOUDS: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    Path(__file__).with_name("clouds.toml").read_text("utf-8")
)
_STATUS = {"active": ("enabled", *_words.STATUS["active"]), "terminated": ("disabled", *_words.STATUS["terminated"])}
_OPTIONAL: Final = {
    "signInActivity": "AuditLog.Read.All and an Entra ID P1 licence",
    "employeeLeaveDateTime": "User-LifeCycleInfo.Read.All",
}
"""Properties that need more than User.Read.All, and what they need (learn.microsoft.com/graph/api/resources/user)."""
_PAGE: Final = 999
_PAGE_WITH_SIGN_INS: Final = 500


@dataclass(frozen=True)
class _Users:
    """What the listing of users brought.

    :param lacking: property to what it would need.
    """

    rows: list[Row]
    counted: int | None
    lacking: Mapping[str, str]


class Source(token.Credentials, Tabular):
    """``source = "entra"``: the users of a tenant. A heading is a property of a Graph user, with dots inside others."""

    cloud: str = Field("global", description="global, us-government, us-government-dod or china")
    authority: str | None = Field(None, description="address that gives tokens; default: the cloud's")
    graph: str | None = Field(None, description="address of Graph; default: the cloud's")
    only: str = Field("", description="OData $filter of users, such as userType eq 'Guest'; the scope is then partial")
    groups: bool = Field(
        True, description="list groups, directory and app roles, and licences as entitlements (apps only)"
    )
    seats: int | None = Field(None, ge=0, description="accounts the admin centre shows; default: the app's")
    max_requests: int = Field(200_000, ge=1, description="requests one listing may send")
    max_seconds: float = Field(6 * 3600, gt=0, description="seconds one listing may take")
    ca: Path | None = Field(None, description="PEM file of a private certificate authority; default: network.ca")
    proxy: Address | None = Field(None, description="URL of a proxy, without a password; default: network.proxy")
    proxy_password: Secret | None = Field(
        None, description="password of the user in proxy; default: network.proxy_password"
    )

    @field_validator("cloud")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in _CLOUDS:
            raise ConfigError(f"there is no cloud {name!r}", hint="known clouds: " + ", ".join(_CLOUDS))
        return name

    def collect(self, sink: Sink) -> Listing:
        """List users and, for an app, what they hold into ``sink``.

        :raises AuthenticationFailed: no token, or not even users may be read.
        :raises SourceError: Graph cannot be had, or its list does not end.
        """
        self.wanted(sink)
        graph = self.graph or _CLOUDS[self.cloud]["graph"]
        with closing(self._asker(sink, graph)) as asker:
            return self._collected(asker, sink, graph)

    def _asker(self, sink: Sink, graph: str) -> Graph:
        ca = sink.base / self.ca if self.ca else None
        authority = self.authority or _CLOUDS[self.cloud]["authority"]
        proxy = with_password(self.proxy, self.proxy_password, sink.base)
        bearer = token.Bearer(
            partial(token.way_in, self, sink.base, authority=authority, ca=ca, proxy=proxy, tell=sink.tell),
            graph,
            sink.name,
        )
        client = Client(
            f"{graph}/v1.0",
            exchange=sink.exchange,
            now=sink.now,
            headers=lambda: {**bearer.headers(), "ConsistencyLevel": "eventual"},
            verify=tls_context(ca),
            proxy=proxy,
            budgets=Budgets(requests=self.max_requests, seconds=self.max_seconds),
            source=sink.name,
        )
        return Graph(client, bearer.renew, sink.name)

    def _collected(self, asker: Graph, sink: Sink, graph: str) -> Listing:
        common = COMMON[sink.fills]
        columns = {name: path for name, path in rows.COLUMNS.items() if name in common} | dict(self.columns)
        columns |= self.extras
        users = self._users(asker, sink, columns)
        kept = {name: path for name, path in columns.items() if path.partition(".")[0] not in users.lacking}
        distinct = list({str(row.data.get("id")): row for row in users.rows}.values())
        grid = rows.grid(distinct, kept, sink.fills)
        places = {name: index for index, name in enumerate(grid.header)}
        walk, witness = _walk(users, len(distinct))
        entitlements, notes = NO_ENTITLEMENTS, list[str]()
        if sink.fills == "people":
            meaning = self.model_copy(update={"status": self.status or _STATUS}).meaning()
            mapped = _mapping.people(grid, places, meaning, roster=sink.name.removeprefix("rosters."))
        else:
            mapped = _mapping.accounts(
                grid, places, self.meaning(), app=sink.app or "", listing=sink.name,
                stands=[(row.body, row.row) for row in distinct],
            )  # fmt: skip
            if self.groups:
                entitlements, notes = _entitlements(asker, sink, distinct, walk)
        for table in mapped.tables:
            sink.rows(table)
        lacking = [f"{name} is not evaluable here: it needs {needs}" for name, needs in sorted(users.lacking.items())]
        return Listing(
            received=mapped.parsed + len(mapped.rejected),
            parsed=mapped.parsed,
            walk=walk,
            scope=self._scope(len(distinct)),
            entitlements=entitlements,
            rejected=mapped.rejected,
            as_of=sink.now(),
            attributes=mapped.attributes,
            witnesses=(witness,),
            notes=(*lacking, *notes, *mapped.notes),
            cost=asker.cost,
            facts={
                "address": graph,
                "tenant": self.tenant,
                "paging": "@odata.nextLink",
                **asker.facts,
                "columns": ", ".join(f"{name} = {path}" for name, path in sorted(kept.items()) if path),
            },
            unmapped_status=mapped.unmapped,
        )

    def _users(self, asker: Graph, sink: Sink, columns: Mapping[str, str]) -> _Users:
        """Every user with all that may be read: a refused property is left out, by name.

        :raises Denied: not even the plain properties may be read.
        """
        roots = {path.partition(".")[0] for path in columns.values() if path}
        wanted = {"id", "accountEnabled", "userType", "userPrincipalName", "assignedLicenses", *roots}
        asked = [name for name in _OPTIONAL if name in wanted]
        refused: Denied | None = None
        for left_out in ((), *((name,) for name in asked), tuple(asked)):
            select = sorted(wanted - set(left_out))
            try:
                found = list(self._listed(asker, sink, select))
            except Denied as error:
                refused = error
                continue
            counted = asker.count("/users", self.only)
            return _Users(found, counted, {name: _OPTIONAL[name] for name in left_out})
        if refused is None:
            raise SourceError("no property was asked for", source=sink.name)
        code, message = refusal(refused.body)
        raise Denied(
            f"Graph answered {refused.status} {code}: {message}",
            status=refused.status,
            body=refused.body,
            source=sink.name,
            hint="grant the application permission User.Read.All, with admin consent",
        )

    def _listed(self, asker: Graph, sink: Sink, select: Sequence[str]) -> Iterator[Row]:
        params = {
            "$select": ",".join(select),
            "$expand": "manager($select=id)",
            "$top": str(_PAGE_WITH_SIGN_INS if "signInActivity" in select else _PAGE),
            "$count": "true",
        }
        if self.only:
            params["$filter"] = self.only
        for number, row in enumerate(asker.rows("/users", params), 1):
            if number % _PAGE == 0:
                sink.progress(number, None)
            yield row

    def _scope(self, listed: int) -> Scope:
        if self.only:
            return Scope("partial", f"only users were asked for of which {self.only}")
        if self.seats is not None and self.seats != listed:
            return Scope("partial", f"the admin centre shows {count(self.seats, 'account')}, and {listed} came")
        if self.seats is not None:
            return Scope("all", f"{count(listed, 'user')}, as the admin centre shows")
        return Scope("all", "/users lists every user of the tenant that is not deleted, guests included")


def _walk(users: _Users, distinct: int) -> tuple[Walk, Witness]:
    if users.counted is None:
        why = "$count gave no number"
        state = Walk("unprovable", f"{count(distinct, 'user')} came to the last page; {why}")
        return state, Witness("$count", "not-available", why)
    detail = f"{users.counted} counted, {distinct} received"
    if users.counted != distinct:
        return Walk("incomplete", f"$count says {users.counted}, {count(distinct, 'user')} came"), Witness(
            "$count", "failed", detail
        )
    if not distinct:
        return Walk("unprovable", "no user is listed"), Witness("$count", "passed", detail)
    return Walk("complete", f"{count(distinct, 'user')} to the last page, as $count says"), Witness(
        "$count", "passed", detail
    )


@dataclass(frozen=True)
class _Held:
    """The members of one kind of container.

    :param strangers: users that are named and were not listed.
    """

    display: dict[str, str | None]
    direct: dict[str, list[str]]
    nested: dict[str, list[str]]
    strangers: set[str]


def _entitlements(asker: Graph, sink: Sink, users: Sequence[Row], walk: Walk) -> tuple[Walk, list[str]]:
    """Hand over licences, groups, directory roles and app roles; whether the absence of one means anything."""
    app = sink.app or ""
    ids = {str(row.data["id"]) for row in users}
    for table in in_tables(app, "licenses", _licences(asker, users)):
        sink.rows(table)
    reading = "groups", "GroupMember.Read.All"
    try:
        groups = _members(asker, "/groups", ids)
        counted = asker.count("/groups")
        if counted not in (None, len(groups.display)):
            return Walk("incomplete", f"groups: $count says {counted}, {len(groups.display)} came"), []
        reading = "directory roles", "RoleManagement.Read.Directory"
        roles = _members(asker, "/directoryRoles", ids)
        reading = "app roles", "Application.Read.All"
        assigned, strangers = _app_roles(asker, ids, groups)
    except Denied:
        return Walk("failed", f"{reading[0]} may not be read: {reading[1]} is missing"), []
    except SourceError as error:
        return Walk("incomplete", f"{reading[0]}: {error.message}"), []
    for attribute, held in (("groups", groups), ("roles", roles)):
        for table in in_tables(app, attribute, grants(held.display, held.direct, held.nested)):
            sink.rows(table)
    for table in in_tables(app, "entitlements", assigned):
        sink.rows(table)
    unknown = groups.strangers | roles.strangers | strangers
    if unknown:
        return Walk("incomplete", f"groups and roles name {len(unknown)} users or groups that were not listed"), []
    if walk.state != "complete" or counted is None:
        return Walk("unprovable", "groups: users or groups were not counted"), []
    return Walk("complete", "groups, directory roles and app roles with all their members"), []


def _members(asker: Graph, path: str, ids: set[str]) -> _Held:
    """The members of every group or role."""
    held = _Held({}, {}, {}, set())
    for group in asker.rows(path, {"$select": "id,displayName"}):
        own = str(group.data["id"])
        held.display[own] = group.data.get("displayName")
        found = list(asker.rows(f"{path}/{own}/members", {"$select": "id"}))
        kinds = [(str(row.data["id"]), str(row.data.get("@odata.type", ""))) for row in found]
        held.direct[own] = [name for name, kind in kinds if name in ids]
        held.nested[own] = [name for name, kind in kinds if kind == "#microsoft.graph.group"]
        held.strangers.update(name for name, kind in kinds if kind == "#microsoft.graph.user" and name not in ids)
    return held


def _app_roles(asker: Graph, ids: set[str], groups: _Held) -> tuple[list[Alike], set[str]]:
    """What users hold in enterprise applications, and the users and groups that nobody listed.

    A role that a group holds reaches its direct members only
    (learn.microsoft.com/entra/identity/enterprise-apps/assign-user-or-group-access-portal).
    """
    found: list[Alike] = []
    strangers = set[str]()
    for principal in asker.rows("/servicePrincipals", {"$select": "id,displayName,appRoles"}):
        own, title = str(principal.data["id"]), principal.data.get("displayName") or principal.data["id"]
        names = {str(role.get("id")): role.get("displayName") for role in principal.data.get("appRoles") or ()}
        for line in asker.rows(f"/servicePrincipals/{own}/appRoleAssignedTo"):
            role, holder, kind = (str(line.data.get(key)) for key in ("appRoleId", "principalId", "principalType"))
            value, shown = f"{own}/{role}", f"{title}: {names.get(role) or 'Default Access'}"
            if kind == "User" and holder in ids:
                found.append(Alike([holder], value, shown, "direct", None))
            elif kind == "Group" and holder in groups.direct:
                via = groups.display[holder] or holder
                found.append(Alike(groups.direct[holder], value, shown, "indirect", via))
            elif kind in ("User", "Group"):
                strangers.add(holder)
    return found, strangers


def _licences(asker: Graph, users: Sequence[Row]) -> Iterator[Alike]:
    try:
        names = {str(row.data.get("skuId")): row.data.get("skuPartNumber") for row in asker.rows("/subscribedSkus")}
    except SourceError:
        names = {}
    held: dict[str, list[str]] = {}
    for row in users:
        for licence in row.data.get("assignedLicenses") or ():
            held.setdefault(str(licence.get("skuId")), []).append(str(row.data["id"]))
    for sku, accounts in held.items():
        shown: Any = names.get(sku)
        yield Alike(accounts, sku, shown if isinstance(shown, str) else None, "direct", None)
