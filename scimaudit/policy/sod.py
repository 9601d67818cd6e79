"""``policy/sod.toml``: pairs of entitlements that one person must not hold together, within or across apps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scimaudit.policy import entitlements, reading


@dataclass(frozen=True)
class Conflict:
    """One ``[[pairs]]`` table.

    :param risk: what could happen, in words.
    :param compensating_control: what makes up for it where the pair cannot be split.
    """

    name: str
    left: entitlements.What
    right: entitlements.What
    risk: str
    compensating_control: str = ""
    owner: str = ""


KEYS: Final = {"name": str, "left": dict, "right": dict, "risk": str, "compensating_control": str, "owner": str}


def load(path: Path) -> tuple[Conflict, ...]:
    """Read the pairs; a file that is not there has none.

    :raises PolicyError: the file is wrong; names the pair.
    """
    found = []
    for place, data in enumerate(reading.tables_in(path, "pairs"), 1):
        where = f"{path}, pair {place}"
        reading.check(data, KEYS, ("name", "left", "right", "risk"), where)
        sides = {
            side: entitlements.what(data[side], f"{where} ({data['name']}): {side}", whole_app=False)
            for side in ("left", "right")
        }
        found.append(Conflict(**{**data, **sides}))
    reading.unique([conflict.name for conflict in found], str(path))
    return tuple(found)
