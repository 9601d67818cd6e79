"""Scenarios: servers that a provider's profile describes, rightly or wrongly."""

from __future__ import annotations

from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, asked, fields
from tests.faults.directory import error
from tests.faults.scenario import BROKEN_OFF, COMPLETE, INCOMPLETE, NOT_COMPLETE, UNPROVABLE, Scenario
from tests.faults.well_behaved import CAP, well
from tests.faults.world import world_of


def bad(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """A server whose cursors deviate."""
    return Scenario(name, catalogue, "cursor", story, behaviours, **({"walk": INCOMPLETE} | more))


DESCRIBED = (
    well(
        "aws",
        "an opt-in cursor, no startIndex, characters that need encoding, pages of seven",
        paging.cursor(7, opt_in=True, with_total=False, alphabet="A+/=:"),
        paging.ignore("startIndex", "attributes"),
        profile={"mode": "cursor_optin", "total": {"kind": "absent"}},
        catalogue="M21",
    ),
    bad(
        "aws-without-profile",
        "M21",
        "the same server, and nothing known of it",
        paging.cursor(7, opt_in=True, with_total=False, alphabet="A+/=:"),
        paging.ignore("startIndex", "attributes"),
        walk=NOT_COMPLETE,
    ),
    well(
        "sap-start-id",
        "startId=initial, then nextId until the word end",
        paging.cursor(7, param="startId", field="nextId", opening="initial", marker="end"),
        catalogue="M21",
        profile={
            "mode": "cursor",
            "cursor": {"param": "startId", "next_field": "nextId", "first": "initial", "end_marker": "end"},
        },
    ),
    well(
        "entra",
        "cursors only, no totals, lower-case resources, 400 for an unknown id and for count=0",
        paging.cursor(7, with_total=False),
        fields(None, resources=lambda b: b["Resources"], Resources=...),
        paging.refuse(lambda r: r.number_of("count", 1) < 1, error(400, "count", "invalidCount")),
        shapes.unknown_id(400),
        profile={"mode": "cursor", "total": {"kind": "absent"}, "population": "all"},
        scope=frozenset({"all"}),
        catalogue="M24 M40",
    ),
    well(
        "authentik",
        "pages of 20 whatever is asked, floored",
        paging.page_floor(20),
        world=world_of(45),
        profile={"mode": "aligned", "page": {"align": 20}, "population": "per_source", "hidden": "others are hidden"},
        scope=frozenset({"partial"}),
        catalogue="M8",
    ),
    well(
        "ory-polis",
        "totalResults is at most 50",
        paging.cap(50),
        paging.total(lambda _r, _n, t: min(50, t)),
        world=world_of(120),
        profile={"mode": "index", "total": {"kind": "capped", "cap": 50}},
        catalogue="M3",
    ),
    bad(
        "honest-total-said-capped",
        "M3",
        "the profile knows of a cap at 50, yet the total grows past it",
        CAP,
        world=world_of(60),
        profile={"mode": "index", "total": {"kind": "capped", "cap": 50}},
        walk=COMPLETE | NOT_COMPLETE,
    ),
    well(
        "salesforce",
        "startIndex past 20 is refused, filters by id go on",
        CAP,
        paging.start_over(20),
        catalogue="M20",
        profile={
            "mode": "keyset",
            "page": {"start_ceiling": 20},
            "filters": {"id": ["gt"]},
            "order": {"sort_attributes": ["id"]},
        },
    ),
    bad(
        "keyset-filter-ignored",
        "M20 L8",
        "keyset shards, and the filter is ignored",
        CAP,
        paging.start_over(20),
        shapes.when_filtered(lambda r: r.asking(filter=None)),
        walk=BROKEN_OFF,
        profile={
            "mode": "keyset",
            "page": {"start_ceiling": 20},
            "filters": {"id": ["gt"]},
            "order": {"sort_attributes": ["id"]},
        },
    ),
    bad(
        "keyset-filter-always-empty",
        "M20 M26",
        "keyset shards, and every filter finds nothing",
        CAP,
        paging.start_over(20),
        shapes.filter_answers(shapes.nothing_found),
        walk=NOT_COMPLETE,
        profile={
            "mode": "keyset",
            "page": {"start_ceiling": 20},
            "filters": {"id": ["gt"]},
            "order": {"sort_attributes": ["id"]},
        },
    ),
    bad(
        "keyset-unsorted",
        "M20 M14",
        "keyset shards, and sortBy is ignored",
        CAP,
        paging.start_over(20),
        asked(lambda r: r.asking(sortBy=None)),
        walk=NOT_COMPLETE,
        profile={
            "mode": "keyset",
            "page": {"start_ceiling": 20},
            "filters": {"id": ["gt"]},
            "order": {"sort_attributes": ["id"]},
        },
    ),
    bad(
        "profile-wrong-cursor",
        "M21",
        "the profile says cursor, the server pages by index and stops at seven",
        CAP,
        paging.ignore("cursor"),
        profile={"mode": "cursor"},
        walk=NOT_COMPLETE,
    ),
    bad(
        "profile-wrong-order",
        "M14",
        "the profile promises an order, the server keeps none",
        paging.unordered(),
        CAP,
        profile={"mode": "index", "order": {"promised": True}},
    ),
    bad(
        "profile-wrong-total",
        "M1",
        "the profile says totals are true, they are not",
        CAP,
        paging.total(lambda _r, _n, t: t - 2),
        profile={"mode": "index", "total": {"kind": "true"}},
    ),
    bad(
        "profile-aligned-drops",
        "M11",
        "an aligned server drops a counted row",
        paging.page_floor(20),
        paging.holes({11}),
        world=world_of(45),
        profile={"mode": "aligned", "page": {"align": 20}},
    ),
    bad(
        "profile-aligned-unordered",
        "M14",
        "an aligned server keeps no order",
        paging.unordered(),
        paging.page_floor(20),
        world=world_of(45),
        profile={"mode": "aligned", "page": {"align": 20}},
    ),
    bad(
        "profile-clamps",
        "M9",
        "past the end come the last rows, and the profile says so",
        paging.past_end(paging.clamp),
        CAP,
        profile={"mode": "index", "past_end": "clamp"},
        walk=COMPLETE,
    ),
    bad(
        "profile-not-found-past-end",
        "M39",
        "past the end comes 404, and the profile says so",
        paging.past_end(lambda _r, _f: error(404, "no such page")),
        CAP,
        profile={"mode": "index", "past_end": "404"},
        walk=COMPLETE,
    ),
    bad(
        "profile-dump",
        "M4 M48",
        "everyone in one answer, no paging, no witness from outside",
        paging.ignore("startIndex", "count"),
        profile={"mode": "dump"},
        walk=COMPLETE | UNPROVABLE,
    ),
    bad(
        "profile-row-cap",
        "M48",
        "a hundred rows at most, and the profile says so",
        paging.ceiling(100),
        world=world_of(120),
        profile={"mode": "dump", "page": {"row_cap": 100}},
        walk=NOT_COMPLETE,
    ),
)
