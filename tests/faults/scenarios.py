"""Every named misbehaviour that the lister is measured by, and what of the catalogue no loopback server can play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.faults import (
    on_cursor,
    on_envelopes,
    on_groups,
    on_paging,
    on_profiles,
    on_rows,
    on_transport,
    on_witnesses,
    well_behaved,
)
from tests.faults.scenario import Scenario

ALL: Final[tuple[Scenario, ...]] = (
    *well_behaved.WELL_BEHAVED,
    *on_cursor.WELL_BEHAVED,
    *on_paging.PAGING,
    *on_cursor.CURSORS,
    *on_profiles.DESCRIBED,
    *on_envelopes.ENVELOPES,
    *on_rows.ROWS,
    *on_groups.GROUPS,
    *on_witnesses.WITNESSES,
    *on_witnesses.SCOPES,
    *on_transport.TRANSPORT,
)

BY_NAME: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in ALL}

NOT_PLAYED: Final[Mapping[str, str]] = {
    "M44": "a fault of client libraries that stop after one page, not of a server; the text-book clients show it",
}
"""Entries of the catalogue without a scenario, and why."""
