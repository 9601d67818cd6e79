"""``policy/sod.toml``: pairs of entitlements that one person must not hold together, within or across apps."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    place: str = field(default="", compare=False, kw_only=True)


KEYS: Final = {"name": str, "left": dict, "right": dict, "risk": str, "compensating_control": str, "owner": str}


def load(path: Path) -> tuple[Conflict, ...]:
    """Read the pairs; a file that is not there has none.

    :raises PolicyError: the file is wrong; names the pair.
    """
    entries = reading.tables_in(path, "pairs", "pair")
    found = tuple(_conflict(entry) for entry in entries)
    reading.unique(entries, "name")
    return found


def _conflict(entry: reading.Entry) -> Conflict:
    reading.check(entry.data, KEYS, ("name", "left", "right", "risk"), entry.where)
    left, right = (
        entitlements.what(entry.data[side], f"{entry.where}: {side}", whole_app=False) for side in ("left", "right")
    )
    return Conflict(**{**entry.data, "left": left, "right": right}, place=entry.place)
