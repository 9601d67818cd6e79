"""Deviations in paging: index, total, order, cursor. Each docstring says where it was met."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

from tests.faults.compose import Behaviour, asked, everything, fields, is_list, told
from tests.faults.directory import answer, envelope, error, page, project
from tests.faults.server import Answer, Handler, Request
from tests.faults.world import Resource, World


def cap(most: int) -> Behaviour:
    """Clamp ``count`` (Slack, HCP Terraform, Ory Polis)."""
    return asked(lambda request: request.asking(count=str(min(most, request.number_of("count", most)))))


def default_page(rows: int) -> Behaviour:
    """A small page unless ``count`` is sent (Slack 10, Bitwarden 50)."""
    return asked(lambda request: request.asking(count=request.query.get("count", str(rows))))


def ignore(*names: str) -> Behaviour:
    """Ignore query parameters (better-auth#10398, scimmy#21, PostHog before #51441)."""
    return asked(lambda request: request.asking(**dict.fromkeys(names)))


def zero_based(request: Request) -> Request:
    """``startIndex`` counts from 0 (osiam/server#7)."""
    return request.asking(startIndex=str(request.number_of("startIndex", 0) + 1))


def page_number(rows: int) -> Behaviour:
    """``startIndex`` is a page number (Talentech)."""

    def change(request: Request) -> Request:
        count = min(rows, max(1, request.number_of("count", rows)))
        start = (max(1, request.number_of("startIndex", 1)) - 1) * count + 1
        return request.asking(startIndex=str(start), count=str(count))

    return asked(change)


def page_floor(rows: int) -> Behaviour:
    """Fixed pages, ``startIndex`` floored to one: of size 20, 21 gives page 1 again and 40 page 2 (authentik)."""

    def change(request: Request) -> Request:
        number = max(1, request.number_of("startIndex", 1) // rows)
        return request.asking(startIndex=str((number - 1) * rows + 1), count=str(rows))

    return asked(change)


def shifted(by: int) -> Behaviour:
    """Pages after the first begin ``by`` rows off (wso2/product-is#9957)."""

    def change(request: Request) -> Request:
        start = request.number_of("startIndex", 1)
        return request.asking(startIndex=str(start + by)) if start > 1 else request

    return asked(change)


def total(claim: Callable[[Request, int, int], object]) -> Behaviour:
    """Claim another ``totalResults`` for accounts, made of the request, the rows on this page and the true total."""

    def change(request: Request, body: Resource) -> Resource:
        return body | {"totalResults": claim(request, len(body["Resources"]), body["totalResults"])}

    return told(change)


def past_end(then: Callable[[Request, list[Resource]], Answer]) -> Behaviour:
    """Answer otherwise where ``startIndex`` lies past the last account; ``then`` is given all rows."""

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            if not is_list(request, "Users") or request.number_of("startIndex", 1) <= len(world.users):
                return inner(request)
            found = everything(inner, request)
            return inner(request) if not found else then(request, found)

        return handle

    return wrap


def clamp(request: Request, found: list[Resource]) -> Answer:
    """The last rows again (wso2/product-is#13752)."""
    last = max(1, len(found) - 2)
    return answer(envelope(found[last - 1 :], len(found), last))


def wrap_around(request: Request, found: list[Resource]) -> Answer:
    """The first page again."""
    return page(request.asking(startIndex="1"), found)


def holes(positions: set[int], *, counted: bool = True, least: int = 0) -> Behaviour:
    """Leave accounts at these places (from 1, by the order served) out of every page that has at least ``least`` rows.

    :param counted: ``totalResults`` still counts them (wso2/product-is#27973).
    """

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            given = inner(request)
            if not is_list(request, "Users") or given.status != 200 or "filter" in request.query:
                return given
            body = json.loads(given.body)
            whole = body["Resources"]
            if len(whole) >= least:
                start = body.get("startIndex", 1)
                body["Resources"] = [row for place, row in enumerate(whole, start) if place not in positions]
                body["itemsPerPage"] = len(body["Resources"])
            if "totalResults" in body and not counted:
                body["totalResults"] -= len(positions)
            return replace(given, body=json.dumps(body).encode())

        return handle

    return wrap


def blank(low: int, high: int) -> Behaviour:
    """An empty page for ``startIndex`` within bounds, though rows remain (SCIM-SDK#131)."""

    def change(request: Request, body: Resource) -> Resource:
        if low <= request.number_of("startIndex", 1) <= high:
            body |= {"Resources": [], "itemsPerPage": 0}
        return body

    return told(change)


def unordered(*, sortable: bool = False, each_request: bool = True) -> Behaviour:
    """No order is kept between requests (scim-for-keycloak#157, snipe-it#18014).

    :param sortable: ``sortBy`` brings order.
    :param each_request: shuffle for each request; else the order depends on ``count`` and ``startIndex`` alone.
    """

    def wrap(inner: Handler, world: World) -> Handler:
        chance = random.Random(7)

        def handle(request: Request) -> Answer:
            if not is_list(request) or (sortable and "sortBy" in request.query):
                return inner(request)
            found = everything(inner, request.asking(sortBy=None))
            if found is None:
                return inner(request)
            seed = request.query.get("startIndex", "") + "/" + request.query.get("count", "")
            (chance if each_request else random.Random(seed)).shuffle(found)
            return page(request, found)

        return handle

    return wrap


def stores(first_size: int) -> Behaviour:
    """Two user stores; the second one's first row falls between pages (wso2/product-is#4944)."""

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            given = inner(request)
            if not is_list(request, "Users") or given.status != 200 or "filter" in request.query:
                return given
            found = everything(inner, request) or []
            start, count = max(1, request.number_of("startIndex", 1)), max(0, request.number_of("count", 100))
            here = found[:first_size][start - 1 : start - 1 + count]
            there = found[first_size:][max(1, start - first_size) :][: count - len(here)]
            return answer(envelope(here + there, len(found), start))

        return handle

    return wrap


def both_or_nothing(request: Request, body: Resource) -> Resource:
    """Nothing unless both parameters are sent (bitwarden/server#4034)."""
    if {"startIndex", "count"} <= set(request.query):
        return body
    return body | {"Resources": [], "totalResults": 0, "itemsPerPage": 0}


def refuse(condition: Callable[[Request], bool], given: Answer) -> Behaviour:
    """Answer list requests that meet a condition otherwise."""

    def wrap(inner: Handler, world: World) -> Handler:
        return lambda request: given if is_list(request) and condition(request) else inner(request)

    return wrap


def count_over(most: int, status: int = 400) -> Behaviour:
    """Refuse a ``count`` above a bound instead of clamping it."""
    return refuse(
        lambda r: r.number_of("count", 0) > most, error(status, f"count must be at most {most}", "invalidValue")
    )


def start_over(most: int) -> Behaviour:
    """Refuse ``startIndex`` past a ceiling, in SCIM 1.1's words (Salesforce)."""
    body = answer({"Errors": [{"description": "startIndex is too large", "code": 400}]}, 400)
    return refuse(lambda request: request.number_of("startIndex", 1) > most, body)


def ceiling(most: int) -> Behaviour:
    """At most so many accounts for any query, the total included, and no paging (PingOne)."""

    def change(request: Request, body: Resource) -> Resource:
        found = body["Resources"][:most]
        return envelope(found, min(most, body["totalResults"]), 1)

    def wrap(inner: Handler, world: World) -> Handler:
        unpaged = asked(lambda request: request.asking(startIndex=None, count="100000"), "Users")
        return told(change)(unpaged(inner, world), world)

    return wrap


def moving(changes: dict[int, Callable[[World], None]], *, every: Callable[[World], None] | None = None) -> Behaviour:
    """Change the world just before the n-th list request for accounts, or before every one after the first."""

    def wrap(inner: Handler, world: World) -> Handler:
        taken = 0

        def handle(request: Request) -> Answer:
            nonlocal taken
            if is_list(request, "Users"):
                taken += 1
                if taken in changes:
                    changes[taken](world)
                elif every and taken > 1:
                    every(world)
            return inner(request)

        return handle

    return wrap


def cursor(
    rows: int,
    *,
    param: str = "cursor",
    field: str = "nextCursor",
    opt_in: bool = False,
    opening: str | None = None,
    marker: str | None = None,
    with_total: bool = True,
    alphabet: str = "c",
    expire: Callable[[int], bool] = lambda _turn: False,
) -> Behaviour:
    """Cursor paging (RFC 9865 section 2, and dialects of it) of both lists.

    :param opt_in: without the parameter, one page of ``rows`` with the true total and no cursor (AWS Identity Center).
    :param opening: value of the parameter that opens a walk; without it index paging is used (SAP's ``startId``).
    :param marker: value that the field has on the last page, instead of being left out.
    :param alphabet: characters to put into cursors, such as those that need percent-encoding.
    :param expire: whether the cursor of a turn (counted over answers to a non-empty cursor) has expired.
    """

    def wrap(inner: Handler, world: World) -> Handler:
        turn = 0

        def handle(request: Request) -> Answer:
            nonlocal turn
            given = request.query.get(param)
            if not is_list(request) or (opening is not None and given is None):
                return inner(request)
            if opt_in and given is None:
                return inner(request.asking(startIndex=None, count=str(rows)))
            found = everything(inner, request)
            if found is None:
                return inner(request)
            at = 0
            if given not in (None, "", opening):
                turn += 1
                if expire(turn):
                    return error(400, "this cursor has expired", "expiredCursor")
                prefix, _, place = given.rpartition("-")
                if prefix != alphabet or not place.isdigit():
                    return error(400, "this cursor is not one of ours", "invalidCursor")
                at = int(place)
            size = min(rows, request.number_of("count", rows))
            if size < 1:
                return error(400, "count must be positive", "invalidCount")
            shown = [project(row, request) for row in found[at : at + size]]
            body = envelope(shown, len(found), 1)
            del body["startIndex"]
            if not with_total:
                del body["totalResults"]
            if at + size < len(found):
                body[field] = f"{alphabet}-{at + size}"
            elif marker is not None:
                body[field] = marker
            return answer(body)

        return handle

    return wrap


def next_cursor(change: Callable[[str | None, Request, Resource], object]) -> Behaviour:
    """Say another ``nextCursor`` for accounts; ``...`` leaves it out."""

    def edit(request: Request, body: Resource) -> Resource:
        said = change(body.pop("nextCursor", None), request, body)
        return body if said is ... else body | {"nextCursor": said}

    return told(edit)


def advertise(**pagination: object) -> Behaviour:
    """Put RFC 9865's ``pagination`` into the service provider configuration."""
    return config(pagination=pagination)


def config(**changes: object) -> Behaviour:
    """Say otherwise in the service provider configuration."""

    def wrap(inner: Handler, world: World) -> Handler:
        def handle(request: Request) -> Answer:
            given = inner(request)
            if request.path != "/ServiceProviderConfig" or given.status != 200:
                return given
            return replace(given, body=json.dumps(json.loads(given.body) | changes).encode())

        return handle

    return wrap


ROWS_REQUESTED = fields(None, itemsPerPage=1000)
