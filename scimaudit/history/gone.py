"""Accounts that earlier snapshots show and the present one does not."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.snapshot.store import Snapshot


def accounts_gone(earlier: Sequence[Snapshot], present: Snapshot) -> pa.Table:
    """Rows of :data:`scimaudit.tables.ACCOUNTS`, each as it was last shown; not shown does not mean proven gone.

    :param earlier: oldest first.
    :raises IntegrityError: a snapshot cannot be read.
    """
    found = []
    for line in present.manifest.apps:
        known = present.accounts(line.app, ["account_id"])["account_id"]
        for snapshot in reversed(earlier):
            if all(each.app != line.app for each in snapshot.manifest.apps):
                continue
            ids = snapshot.accounts(line.app, ["account_id"])["account_id"]
            strange = pc.invert(pc.is_in(ids, value_set=known))
            if pc.any(strange).as_py():
                rows = snapshot.accounts(line.app).filter(strange)
                found.append(rows)
                known = pa.chunked_array([*known.chunks, *rows["account_id"].chunks], pa.string())
    return tables.concat(tables.ACCOUNTS, found)
