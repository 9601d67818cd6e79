"""The people an account may belong to: everybody in the rosters, leavers included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.correlate.folding import local_parts
from scimaudit.correlate.index import Index, Rows, elements, integers, leading, strings
from scimaudit.errors import ConfigError, TableError

PRIMARY, LOGIN, OTHER = 1, 2, 4
"""Roles of an identifier: a person's primary mail address; their user name; any other address they have or had."""


@dataclass(frozen=True)
class Pool:
    """People in the order of their ids, so that the order of the roster's rows cannot matter.

    :param frame: rows of the people table, sorted by ``person_id``, indexed from 0.
    :param ids: their ``person_id``.
    """

    frame: pd.DataFrame
    ids: pa.Array

    @classmethod
    def of(cls, people: pd.DataFrame) -> Pool:
        """The pool of these people.

        :raises TableError: a ``person_id`` occurs twice.
        """
        ids = strings(people["person_id"])
        order = integers(pc.sort_indices(ids))
        ids = ids.take(pa.array(order))
        twice = pc.value_counts(ids).filter(pc.greater(pc.value_counts(ids).field("counts"), 1))
        if len(twice):
            raise TableError(
                f"people.person_id {twice[0]['values'].as_py()!r} occurs {twice[0]['counts'].as_py()} times",
                hint="the union of the rosters must hold a person once",
            )
        return cls(people.iloc[order].reset_index(drop=True), ids)

    def __len__(self) -> int:
        return len(self.ids)

    def positions(self, ids: pa.Array) -> Rows:
        """Where these ids stand in the pool; -1 for a null or an id that nobody has."""
        return integers(pc.fill_null(pc.index_in(ids, value_set=self.ids), -1))

    def external_ids(self, column: str, digits: int | None) -> Index:
        """Who holds which value of the column that an app's externalId is declared to hold.

        :raises ConfigError: no roster has that column.
        """
        if column not in self.frame.columns:
            raise ConfigError(
                f"external_id_is names {column!r}, and no roster has that column",
                hint="people columns: " + ", ".join(self.frame.columns),
            )
        if column == "employee_number":
            return self.employee_numbers(digits)
        if column in ("emails", "aliases"):
            return Index(*elements(self.frame["email_keys" if column == "emails" else "alias_keys"]))
        return Index(identifiers.keys(strings(self.frame[column])), np.arange(len(self)))

    def employee_numbers(self, digits: int | None) -> Index:
        """Who holds which employee number, zero-padded to ``digits``."""
        return Index(pad(strings(self.frame["employee_number_key"]), digits), np.arange(len(self)))

    def addresses(self, history: pd.DataFrame | None) -> Index:
        """Who holds which address or user name, in which role.

        An identifier from an earlier snapshot counts as a previous one of its holder while nobody else holds it now.
        One that somebody holds now is the time guard's business.
        """
        mails, holders = elements(self.frame["email_keys"])
        first = leading(holders)
        aliases, owners = elements(self.frame["alias_keys"])
        keys = [mails, strings(self.frame["user_name_key"]), aliases]
        people = [holders, np.arange(len(self)), owners]
        roles = [np.where(first, PRIMARY, OTHER), np.full(len(self), LOGIN), np.full(len(owners), OTHER)]
        if history is not None:
            earlier = strings(history["identifier_key"])
            held_by = self.positions(strings(history["person_id"]))
            gone = (held_by >= 0) & ~Index(pa.concat_arrays(keys), np.concatenate(people)).holds(earlier)
            keys.append(earlier.filter(pa.array(gone)))
            people.append(held_by[gone])
            roles.append(np.full(int(gone.sum()), OTHER))
        return Index(pa.concat_arrays(keys), np.concatenate(people), np.concatenate(roles).astype(np.int64))

    def local_parts(self) -> Index:
        """Who has which user name, or primary address, before the at sign."""
        mails, holders = elements(self.frame["email_keys"])
        first = leading(holders)
        keys = pa.concat_arrays([strings(self.frame["user_name_key"]), mails.filter(pa.array(first))])
        return Index(local_parts(keys), np.concatenate([np.arange(len(self)), holders[first]]))


def pad(keys: pa.Array, digits: int | None) -> pa.Array:
    """Numbers padded with zeros on the left; what is not all digits stays as it is."""
    if digits is None:
        return keys
    return pc.if_else(pc.match_substring_regex(keys, "^[0-9]+$"), pc.utf8_lpad(keys, digits, "0"), keys)
