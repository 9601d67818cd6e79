"""Accounts as they come: each once, turned into tables in batches, held until the walk has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.sources import Rejected, Sink
from scimaudit.sources.scim import parse
from scimaudit.sources.scim.columns import Grant, Page
from scimaudit.sources.scim.endpoint import Target

_LONGEST_NAME: Final = 1_000
BATCH: Final = 10_000
"""Rows of pages held before they become one table."""


class Gather:
    """Collects accounts from pages that overlap, repeat and come again in second passes.

    :param app: the app the accounts are in.
    """

    def __init__(self, sink: Sink, app: str) -> None:
        self._sink = sink
        self.app = app
        self._waiting: list[tuple[Page, int]] = []
        self._masks: list[list[bool]] = []
        self._grants: list[Grant] = []
        self._rejected: dict[tuple[object, str], Rejected] = {}
        self._accounts: list[pa.Table] = []
        self._grant_tables: list[pa.Table] = []
        self._held = 0
        self._total: int | None = None
        self.ids: dict[str, None] = {}
        self.group_grants: list[Grant] = []
        self.attributes: dict[str, int] = {}
        self.first_body = b""
        self.sample: tuple[tuple[int, str], ...] = ()

    def took(self, page: Page, number: int, target: Target, body: bytes) -> None:
        """Take a page in; rows whose id is known already are left out."""
        if not self.first_body and page.ids:
            self.first_body, self.sample = body, _sample(page.ids)
        for row, reason, digest in page.rejected:
            # The overlap row and second passes bring a row again, at the same place.
            place = target if isinstance(target, str) else _position(target, row)
            self._rejected.setdefault((place, digest), Rejected(row + 1, reason, digest))
        mask = [self._new(identifier) for identifier in page.ids if identifier is not None]
        new = sum(mask)
        if not new:
            return
        self._total = page.total if page.total is not None else self._total
        self._waiting.append((page, number))
        self._masks.append(mask)
        fresh = page.grants
        if new < len(mask):
            kept = {name for name, wanted in zip(page.users.account_id, mask, strict=True) if wanted}
            fresh = [grant for grant in page.grants if grant.account_id in kept]
        for grant in fresh:
            (self.group_grants if grant.attribute == "groups" else self._grants).append(grant)
        self._held += new
        if self._held >= BATCH:
            self.flush()
        self._sink.progress(len(self.ids), self._total)

    def flush(self) -> None:
        """Turn what is waiting into tables."""
        if self._waiting:
            table = parse.accounts_table(self.app, self._waiting, self._sink.name)
            mask = [wanted for page in self._masks for wanted in page]
            if not all(mask):
                table = table.filter(pa.array(mask))
            self._accounts.append(table)
        if self._grants:
            self._grant_tables.append(parse.grants_table(self.app, self._grants))
        self._waiting, self._masks, self._grants, self._held = [], [], [], 0

    def drop(self, deleted: Iterable[str]) -> None:
        """Forget accounts that were deleted while they were listed; call :meth:`flush` first."""
        names = set(deleted)
        if not names:
            return
        for name in names:
            self.ids.pop(name, None)
        value_set = pa.array(sorted(names), pa.string())
        for tables in (self._accounts, self._grant_tables):
            tables[:] = [
                table.filter(pc.invert(pc.is_in(table["account_id"], value_set=value_set))) for table in tables
            ]
        self.group_grants = [grant for grant in self.group_grants if grant.account_id not in names]

    def hand_over(self) -> None:
        """Give everything to the sink."""
        self.flush()
        for table in self._accounts:
            self._count(table)
            self._sink.rows(table)
        for table in self._grant_tables:
            self._sink.rows(table)

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Rows without a usable id."""
        return tuple(self._rejected.values())

    def keys(self) -> Iterable[str | None]:
        """Every user name and address of the accounts, normalised."""
        for table in self._accounts:
            yield from table["user_name_key"].to_pylist()
            for chunk in table["email_keys"].chunks:
                yield from chunk.flatten().to_pylist()

    def named_by_mail(self) -> bool:
        """Whether most user names are addresses."""
        names = pa.chunked_array(
            [chunk for table in self._accounts for chunk in table["user_name"].chunks], pa.string()
        )
        mails = pc.sum(pc.match_substring(names, "@")).as_py() or 0
        return bool(mails * 2 > len(names) - names.null_count)

    def a_named_account(self) -> tuple[str, str] | None:
        """User name and id of the first account that has a user name fit to be asked for."""
        for table in self._accounts:
            length = pc.utf8_length(table["user_name"])
            fit = pc.and_(pc.greater(length, 0), pc.less_equal(length, _LONGEST_NAME))
            named = table.filter(fit).slice(0, 1)
            if named.num_rows:
                return named["user_name"][0].as_py(), named["account_id"][0].as_py()
        return None

    def knows(self, identifiers: Iterable[str]) -> bool:
        """Whether every one of these accounts was taken in."""
        return self.ids.keys() >= set(identifiers)

    def column(self, name: str) -> Iterable[str | None]:
        """One of the key columns."""
        return (value for table in self._accounts for value in table[name].to_pylist())

    def by_user_name(self) -> dict[str, str]:
        """``userName`` key to id; a name that two accounts share is left out."""
        keys = list(self.column("user_name_key"))
        found = {key: name for key, name in zip(keys, self.column("account_id"), strict=True) if key and name}
        if len(found) == len(keys):
            return found
        times = Counter(keys)
        return {key: name for key, name in found.items() if times[key] == 1}

    def _new(self, identifier: str) -> bool:
        if identifier in self.ids:
            return False
        self.ids[identifier] = None
        return True

    def _count(self, table: pa.Table) -> None:
        for name in table.column_names:
            column = table[name]
            if pa.types.is_list(column.type):
                held = pc.sum(pc.greater(pc.list_value_length(column), 0)).as_py() or 0
            else:
                held = len(column) - column.null_count
            if held:
                self.attributes[name] = self.attributes.get(name, 0) + held


def _sample(ids: list[str | None]) -> tuple[tuple[int, str], ...]:
    """The first, the middle and the last row that has an id."""
    rows = [(row, identifier) for row, identifier in enumerate(ids) if identifier is not None]
    return tuple(dict.fromkeys(rows[place] for place in (0, len(rows) // 2, -1))) if rows else ()


def _position(target: Target, row: int) -> object:
    if isinstance(target, str) or "startIndex" not in target:
        return (target if isinstance(target, str) else tuple(sorted(target.items())), row)
    return int(target["startIndex"]) + row
