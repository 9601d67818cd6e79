"""Deviations in what a row, a group or an envelope looks like. Each docstring says where it was met."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faults.compose import Behaviour, is_list, is_single, rows, told
from tests.faults.directory import error
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import ENTERPRISE, Resource, World


def setting(
    path: str, change: Callable[[Any], object], *, every: int = 1, listed: bool = True, single: bool = True
) -> Behaviour:
    """Change one attribute of accounts; ``...`` removes it."""

    def edit(row: Resource) -> Resource:
        value = change(row.pop(path, None))
        return row if value is ... else row | {path: value}

    return rows(edit, every=every, listed=listed, single=single)


def renamed(**names: str) -> Behaviour:
    """Spell attributes of accounts otherwise."""
    return rows(lambda row: {names.get(name, name): value for name, value in row.items()})


def no_active_if_disabled(row: Resource) -> Resource:
    """``active`` is left out because the account is disabled (snipe-it#13855)."""
    if not row["active"]:
        del row["active"]
    return row


def flat_name(row: Resource) -> Resource:
    """``name.formatted`` as one flat key (GitLab)."""
    name = row.pop("name")
    return row | {"name.formatted": f"{name['givenName']} {name['familyName']}"}


def mails_mixed(row: Resource) -> Resource:
    """Addresses as objects, strings, one object and one string, all on one page (wso2/product-is#6313, Figma)."""
    value = row["emails"][0]["value"]
    shape = int(row["id"][-2:]) % 4
    row["emails"] = [row["emails"], [value], {"value": value, "primary": "true"}, value][shape]
    return row


def nulled(row: Resource) -> Resource:
    """Every optional attribute is there and null."""
    return row | dict.fromkeys(("nickName", "title", "roles", "entitlements", "phoneNumbers", "addresses", "userType"))


def empty_values(row: Resource) -> Resource:
    """Empty strings for what is not there (django-scim2)."""
    return row | {"emails": [{"value": ""}], "externalId": None, "displayName": ""}


def version_1(row: Resource) -> Resource:
    """A SCIM 1.1 resource."""
    extension = row.pop(ENTERPRISE)
    old = "urn:scim:schemas:extension:enterprise:1.0"
    return row | {"schemas": ["urn:scim:schemas:core:1.0", old], old: extension}


def sparse(row: Resource) -> Resource:
    """No addresses, no externalId, no extension (Airtable, and servers that drop what they do not know)."""
    return {name: value for name, value in row.items() if name not in ("emails", "externalId", ENTERPRISE)}


def richer_detail(row: Resource) -> Resource:
    """What only a GET by id shows (Zoom)."""
    return row | {"entitlements": [{"value": "licence-pro", "display": "Pro"}], "roles": [{"value": "admin"}]}


def at_place(place: int, change: Callable[[Resource], object]) -> Behaviour:
    """Change the row at a place (from 0) of each page of accounts."""

    def edit(_request: Request, body: Resource) -> Resource:
        found = body["Resources"]
        if len(found) > place:
            found[place] = change(found[place])
        return body

    return told(edit)


def extra_row(make: Callable[[list[Resource]], Resource], *, on_start: int = 1) -> Behaviour:
    """Put one more row on the end of the page that holds the account at ``on_start``; ``make`` is given the page."""

    def edit(_request: Request, body: Resource) -> Resource:
        found = body["Resources"]
        start = body.get("startIndex", 1)
        if found and start <= on_start < start + len(found):
            found.append(make(found))
        return body

    return told(edit)


def text(change: Callable[[bytes], bytes], *, resource: str | None = "Users") -> Behaviour:
    """Change the bytes of list answers."""

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            given = inner(request)
            return replace(given, body=change(given.body)) if is_list(request, resource) else given

        return handle

    return wrap


# Groups


def members(change: Callable[[list[Resource]], object], *, listed: bool = True, single: bool = True) -> Behaviour:
    """Show other members of groups; ``...`` leaves the attribute out."""

    def edit(row: Resource) -> Resource:
        if "members" not in row:
            return row
        value = change(row.pop("members"))
        return row if value is ... else row | {"members": value}

    return rows(edit, "Groups", listed=listed, single=single)


def absent_when_empty(found: list[Resource]) -> object:
    """A group without members has no ``members`` (scim2-server)."""
    return found or ...


def members_by_user_name(inner: Handler, world: World) -> Handler:
    """``members[].value`` is the userName instead of the id."""
    names = {user["id"]: user["userName"] for user in world.users}
    return members(lambda found: [member | {"value": names[member["value"]]} for member in found])(inner, world)


def keep_members(inner: Handler, world: World) -> Handler:
    """``excludedAttributes`` and ``attributes`` are ignored."""
    return lambda request: inner(
        request.asking(attributes=None, excludedAttributes=None) if is_list(request) else request
    )


def too_many_members(inner: Handler, world: World) -> Handler:
    """Groups cannot be listed with their members (FusionAuth#3307, oci-cis-landingzone#179)."""

    def handle(request: Request) -> Answer:
        asks = "members" not in request.query.get("excludedAttributes", "") and "attributes" not in request.query
        return error(500, "too many members") if is_list(request, "Groups") and asks else inner(request)

    return handle


# Filters and reading by id


def is_filtered(request: Request) -> bool:
    """Whether a list request carries a filter."""
    return is_list(request) and "filter" in request.query


def filter_answers(change: Callable[[Request, Resource], object]) -> Behaviour:
    """Answer filtered lists otherwise."""
    return told(lambda request, body: change(request, body) if is_filtered(request) else body, None)


def nothing_found(_request: Request, body: Resource) -> Resource:
    """A failing filter is answered by an empty list (PostHog)."""
    return body | {"Resources": [], "totalResults": 0, "itemsPerPage": 0}


def found_nothing_is_404(inner: Handler, world: World) -> Handler:
    """404 for an empty list (accepted by Okta)."""

    def handle(request: Request) -> Answer:
        given = inner(request)
        if is_list(request) and given.status == 200 and not json.loads(given.body)["Resources"]:
            return error(404, "nothing found")
        return given

    return handle


def filters_exactly(inner: Handler, world: World) -> Handler:
    """``userName eq`` is compared case-exactly, against RFC 7643 section 4.1.1."""

    def handle(request: Request) -> Answer:
        given = inner(request)
        if not is_list(request, "Users") or given.status != 200 or "userName eq" not in request.query.get("filter", ""):
            return given
        body = json.loads(given.body)
        kept = [row for row in body["Resources"] if f'"{row.get("userName")}"' in request.query["filter"]]
        return replace(given, body=json.dumps(body | {"Resources": kept, "totalResults": len(kept)}).encode())

    return handle


def unknown_id(status: int) -> Behaviour:
    """An id that does not exist is answered by this status (Entra: 400)."""

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            given = inner(request)
            missing = given.status == 404 and (is_single(request, "Users") or is_single(request, "Groups"))
            return error(status, "not a valid id") if missing else given

        return handle

    return wrap


def without(*prefixes: str, status: int = 404) -> Behaviour:
    """Paths that are not served."""

    def wrap(inner: Handler, world: World) -> Handler:
        return lambda request: error(status, "not here") if request.path.startswith(prefixes) else inner(request)

    return wrap


def when_filtered(change: Callable[[Request], Request]) -> Behaviour:
    """Take filtered list requests for others."""
    return lambda inner, world: lambda request: inner(change(request) if is_filtered(request) else request)
