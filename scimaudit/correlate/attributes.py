"""Second attributes: names, departments and managers, folded so that they can support or contradict a key."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.correlate import folding
from scimaudit.correlate.index import Mask, Rows, as_mask, elements, leading, strings
from scimaudit.correlate.pool import Pool


@dataclass(frozen=True)
class Attributes:
    """The second attributes of some accounts or of the people, row by row.

    :param full_name: given and family name, by :func:`~scimaudit.correlate.folding.name_key`.
    :param shown_name: display name, by :func:`~scimaudit.correlate.folding.name_key`.
    :param family_name: folded by :func:`scimaudit.identifiers.near`.
    :param department: folded the same way.
    :param managers: ways to name the manager; an account has one, a person several.
    """

    full_name: pa.Array
    shown_name: pa.Array
    family_name: pa.Array
    department: pa.Array
    managers: tuple[pa.Array, ...]

    @property
    def names(self) -> tuple[pa.Array, pa.Array]:
        """Both names."""
        return self.full_name, self.shown_name


def of_accounts(accounts: pd.DataFrame) -> Attributes:
    """The attributes of accounts."""
    return _attributes(accounts, (identifiers.keys(strings(accounts["manager"])),))


def of_people(pool: Pool) -> Attributes:
    """The attributes of the people; their managers' ids, numbers, user names and first addresses count alike."""
    frame = pool.frame
    mails, holders = elements(frame["email_keys"])
    begins = leading(holders)
    first = np.full(len(pool), -1, dtype=np.int64)
    first[holders[begins]] = np.flatnonzero(begins)
    bosses = pool.positions(strings(frame["manager_id"]))
    taken = pa.array(np.where(bosses < 0, 0, bosses), mask=bosses < 0)
    ways = (
        strings(frame["employee_number_key"]),
        strings(frame["user_name_key"]),
        mails.take(pa.array(first, mask=first < 0)),
    )
    managers = (identifiers.keys(strings(frame["manager_id"])), *(way.take(taken) for way in ways))
    return _attributes(frame, managers if len(pool) else ways)


def agree(left: pa.Array, right: pa.Array, rows: Rows, people: Rows) -> Mask:
    """Where an account's value equals a person's; an absent value agrees with nothing."""
    return as_mask(pc.equal(left.take(pa.array(rows)), right.take(pa.array(people))))


def names_agree(accounts: Attributes, people: Attributes, rows: Rows, persons: Rows) -> Mask:
    """Where any name of the account is any name of the person."""
    same = np.zeros(len(rows), np.bool_)
    for left in accounts.names:
        for right in people.names:
            same |= agree(left, right, rows, persons)
    return same


def second(accounts: Attributes, people: Attributes, rows: Rows, persons: Rows) -> dict[str, Mask]:
    """Which second attribute agrees for each pair: family name, department, manager."""
    managed = np.zeros(len(rows), np.bool_)
    for way in people.managers:
        managed |= agree(accounts.managers[0], way, rows, persons)
    family = agree(accounts.family_name, people.family_name, rows, persons)
    return {
        "family_name": family | names_agree(accounts, people, rows, persons),
        "department": agree(accounts.department, people.department, rows, persons),
        "manager": managed,
    }


def _attributes(frame: pd.DataFrame, managers: tuple[pa.Array, ...]) -> Attributes:
    given, family = strings(frame["given_name"]), strings(frame["family_name"])
    return Attributes(
        full_name=folding.name_keys(pc.binary_join_element_wise(given, family, " ")),
        shown_name=folding.name_keys(strings(frame["display_name"])),
        family_name=folding.nears(family),
        department=folding.nears(strings(frame["department"])),
        managers=managers,
    )
