"""What the organisation decided: who may hold what, which pairs conflict, which accounts are not human."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from scimaudit import tables
from scimaudit.policy import (
    approvals,
    catalogue,
    dispositions,
    entitlements,
    exceptions,
    links,
    matching,
    nhi,
    prices,
    sod,
)

ACCOUNT_COLUMNS: Final = tuple(
    f"{matching.ACCOUNT}{name}"
    for name in ("user_name", "display_name", "user_type", "account_kind", "external_id", "department", "title")
)
"""The columns of accounts that a rule's ``who`` may name, as it names them."""


@dataclass(frozen=True)
class Policy:
    """The policy files, read and checked.

    :param rules: who may, must or must not hold what.
    :param conflicts: pairs that one person must not hold together.
    :param nhi: the register of non-humans.
    :param exceptions: findings that somebody accepts for a while.
    :param approvals: rights that somebody approved.
    :param dispositions: findings that somebody called false or put off.
    :param catalogue: what each entitlement is.
    :param prices: what seats and licences cost.
    :param links: what people decided about whose an account is; :func:`load` does not read them, correlation does.
    """

    rules: tuple[entitlements.EntitlementRule, ...] = ()
    conflicts: tuple[sod.Conflict, ...] = ()
    nhi: tuple[nhi.NonHuman, ...] = ()
    exceptions: tuple[exceptions.Waiver, ...] = ()
    approvals: tuple[approvals.Approval, ...] = ()
    dispositions: tuple[dispositions.Disposition, ...] = ()
    catalogue: tuple[catalogue.Described, ...] = ()
    prices: tuple[prices.Price, ...] = ()
    links: tuple[links.Link, ...] = ()


def load(folder: Path, *, extra_columns: Sequence[str] = ()) -> Policy:
    """Read the policy files of a folder; files that are not there are empty.

    :param extra_columns: columns that the rosters declare beyond those of the people table.
    :raises PolicyError: a file is wrong.
    """
    return Policy(
        rules=entitlements.load(folder / "entitlements.toml", who_columns(extra_columns)),
        conflicts=sod.load(folder / "sod.toml"),
        nhi=nhi.load(folder / "nhi.csv"),
        exceptions=exceptions.load(folder / "exceptions.toml"),
        approvals=approvals.load(folder / "approvals.csv"),
        dispositions=dispositions.load(folder / "dispositions.csv"),
        catalogue=catalogue.load(folder / "catalogue.csv"),
        prices=prices.load(folder / "prices.csv"),
    )


def who_columns(extra_columns: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns that ``who`` may name: those of people, and :data:`ACCOUNT_COLUMNS`."""
    return (*people_columns(extra_columns), *ACCOUNT_COLUMNS)


def people_columns(extra_columns: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns of people that ``who`` may name: those that hold one text or one day, and the extras."""
    plain = [field.name for field in tables.PEOPLE if not pa.types.is_list(field.type) and field.name != "raw_row"]
    return (*(name for name in plain if not name.endswith("_key")), *extra_columns)
