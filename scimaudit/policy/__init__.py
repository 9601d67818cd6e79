"""What the organisation decided: who may hold what, which pairs conflict, which accounts are not human."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scimaudit.policy import nhi


@dataclass(frozen=True)
class Policy:
    """The policy files, read and checked.

    :param nhi: the register of non-humans.
    """

    nhi: tuple[nhi.NonHuman, ...] = ()


def load(folder: Path, *, extra_columns: Sequence[str] = ()) -> Policy:
    """Read the policy files of a folder; files that are not there are empty.

    :param extra_columns: columns that the rosters declare beyond those of the people table.
    :raises PolicyError: a file is wrong.
    """
    return Policy(nhi=nhi.load(folder / "nhi.csv"))
