"""The parser of list responses against JSON that is not quite JSON: refused in words, or every row kept or rejected."""

from __future__ import annotations

import os
from collections import Counter
from random import Random
from typing import Final

import pytest

from scimaudit.errors import Malformed
from scimaudit.sources.scim import parse
from scimaudit.sources.scim import profile as profiles
from scimaudit.sources.scim.columns import Kind
from tests import figures
from tests.faults.json_grammar import body, rows_of, said_once

SEED: Final = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
BODIES: Final = figures.size(4_000, 400_000)
CHUNKS: Final = figures.size(1, 4)


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_odd_json_loses_no_row_and_raises_nothing_else(chunk: int) -> None:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    profile = profiles.load("unknown")
    for number in range(chunk, BODIES, CHUNKS):
        data = body(Random(f"{SEED}:{number}"))
        kind: Kind = "Groups" if number % 8 == 0 else "Users"
        counts["bodies"] += 1
        said = _outcome(data, kind, profile, counts)
        if said:
            wrong.append(f"seed {SEED}, body {number}: {said}: {data[:300]!r}")
    figures.record(
        "JSON grammar against the SCIM parser",
        counts={
            name: counts[name] for name in ("bodies", "refused", "rows kept", "rows rejected", "uncaught exceptions")
        }
        | {"silent losses": len(wrong) - counts["uncaught exceptions"]},
        told={"seed": str(SEED)},
    )
    assert not wrong, "\n".join(wrong[:10])
    assert counts["refused"] > BODIES // CHUNKS // 50
    assert counts["rows kept"] > BODIES // CHUNKS // 2


def _outcome(data: bytes, kind: Kind, profile: profiles.Profile, counts: Counter[str]) -> str:
    there = rows_of(data)
    try:
        page = parse.page(data, profile, kind)
        parse.accounts_table("app", [(page, 0)], "f")
        parse.grants_table("app", page.grants)
    except Malformed as error:
        counts["refused"] += 1
        return "" if error.message else "refused without a word"
    except Exception as error:  # noqa: BLE001 - counted as what must not be
        counts["uncaught exceptions"] += 1
        return f"{type(error).__name__}: {error}"
    if there is None:
        # No rows at all, which proves nothing, or the list under another spelling of its key.
        fair = not page.ids or b"resources" in data.lower()
        return "" if fair and _is_json(data) else "read out of what is no list"
    if not said_once(data):
        return ""
    kept = len(page.users) if kind == "Users" else len(page.groups)
    counts["rows kept"] += kept
    counts["rows rejected"] += len(page.rejected)
    if kept + len(page.rejected) != len(there) or len(page.ids) != len(there):
        return f"{len(there)} rows, {kept} kept, {len(page.rejected)} rejected"
    return ""


def _is_json(data: bytes) -> bool:
    try:
        said_once(data)
    except (ValueError, RecursionError):
        return False
    return True
