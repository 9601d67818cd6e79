"""Scenarios: servers that deserve complete, so that a lister that always doubts does not pass."""

from __future__ import annotations

from dataclasses import replace

from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, asked, fields, told, when
from tests.faults.directory import error
from tests.faults.scenario import COMPLETE, UNPROVABLE, Scenario
from tests.faults.world import World, make, world_of

CAP = paging.cap(7)
NO_SORT = (asked(lambda request: request.asking(sortBy=None, sortOrder=None)), paging.config(sort={"supported": False}))
EITHER = COMPLETE | UNPROVABLE
DISCOVERY_ARRAYS = when(
    lambda request: request.path in ("/ResourceTypes", "/Schemas"),
    lambda inner, _world: lambda request: replace(inner(request), body=b"[]"),
)


def strange_ids() -> World:
    """Ids that must be percent-encoded in a path; the groups follow."""
    world = make()
    names = {one["id"]: f"a/b %25 ü{one['id']}" for one in world.users}
    for one in world.users:
        one["id"] = names[one["id"]]
    for group in world.groups:
        for member in group["members"]:
            member["value"] = names[member["value"]]
    return world


def well(name: str, story: str, *behaviours: Behaviour, catalogue: str = "", **more: object) -> Scenario:
    """A server that deserves ``complete``."""
    chosen = {"walk": COMPLETE, "entitlements": COMPLETE, "exact": frozenset({"active", "emails"})} | more
    return Scenario(name, catalogue, "well-behaved", story, behaviours, **chosen)


WELL_BEHAVED = (
    well("one-page", "everyone fits on one page"),
    well("pages", "pages of seven, full discovery, filter and sort", CAP, catalogue="M18 L5"),
    well("pages-of-one", "one row a page", paging.cap(1), world=world_of(5), requests=400),
    well("exact-multiple", "the last page is exactly full", CAP, world=world_of(21)),
    well("one-account", "a single account", CAP, world=world_of(1)),
    well("no-sort", "stable order, but sortBy is ignored and not promised", CAP, *NO_SORT),
    well(
        "no-filter",
        "every filter is refused as invalidFilter",
        CAP,
        paging.refuse(shapes.is_filtered, error(400, "no filters here", "invalidFilter")),
    ),
    well(
        "no-discovery",
        "no ServiceProviderConfig, ResourceTypes or Schemas",
        CAP,
        shapes.without("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"),
        catalogue="L17",
    ),
    well("discovery-as-array", "ResourceTypes and Schemas are bare arrays", CAP, DISCOVERY_ARRAYS, catalogue="L17"),
    well("default-page", "three rows unless count is sent", paging.default_page(3), catalogue="M17 L7"),
    well(
        "needs-both",
        "nothing unless startIndex and count are both sent",
        CAP,
        told(paging.both_or_nothing, None),
        catalogue="M16 L25",
    ),
    well(
        "start-zero-refused",
        "startIndex=0 is refused with 400",
        CAP,
        paging.refuse(lambda r: r.number_of("startIndex", 1) < 1, error(400, "startIndex", "invalidValue")),
        catalogue="M19",
    ),
    well(
        "count-zero-refused",
        "count=0 is refused with 400",
        CAP,
        paging.refuse(lambda r: r.number_of("count", 1) < 1, error(400, "count", "invalidCount")),
        catalogue="M19",
    ),
    well("count-over-refused", "a count above 10 is refused with 400", paging.count_over(10), catalogue="M19"),
    well("items-per-page-requested", "itemsPerPage is always 1000", CAP, paging.ROWS_REQUESTED, catalogue="M12 L5"),
    well("items-per-page-zero", "itemsPerPage is 0", CAP, fields(None, itemsPerPage=0), catalogue="M13"),
    well(
        "items-per-page-absent",
        "neither itemsPerPage nor startIndex is sent",
        CAP,
        fields(None, itemsPerPage=..., startIndex=...),
        catalogue="L17",
    ),
    well(
        "max-results-unrelated",
        "filter.maxResults 200 is advertised, the cap is 7",
        CAP,
        paging.config(filter={"supported": True, "maxResults": 200}),
        catalogue="L6",
    ),
    well(
        "wide-characters",
        "ids and names with blanks, slashes, percent signs and letters beyond ASCII",
        CAP,
        world=strange_ids,
    ),
    well(
        "strict-towards-writers",
        "400 for whatever is no plain GET: another method, a body, a Content-Type",
        CAP,
        paging.refuse(
            lambda r: r.method != "GET" or bool({"content-type", "content-length"} & r.headers.keys()),
            error(400, "strict", "invalidSyntax"),
        ),
        catalogue="L26",
    ),
    well("sortable-only", "no order unless sortBy is sent", paging.unordered(sortable=True), CAP, catalogue="M14"),
    well(
        "sortable-one-page",
        "one page, and no order unless sortBy is sent",
        paging.unordered(sortable=True),
        catalogue="M14",
    ),
)
