"""Every named misbehaviour that the lister is measured by, and those of the catalogue that no loopback server can play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.faults import on_cursor, on_groups, on_paging, on_shapes, on_transport
from tests.faults.scenario import Scenario

ALL: Final[tuple[Scenario, ...]] = (
    *on_paging.WELL_BEHAVED,
    *on_cursor.WELL_BEHAVED,
    *on_paging.PAGING,
    *on_cursor.CURSORS,
    *on_cursor.DESCRIBED,
    *on_shapes.ENVELOPES,
    *on_shapes.ROWS,
    *on_groups.GROUPS,
    *on_groups.WITNESSES,
    *on_groups.SCOPES,
    *on_transport.TRANSPORT,
)

BY_NAME: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in ALL}

NOT_PLAYED: Final[Mapping[str, str]] = {
    "M44": "a fault of client libraries that stop after one page, not of a server; the text-book clients show it",
    "L26": "strictness towards clients that write; the lister never writes",
}
"""Entries of the catalogue without a scenario, and why."""
