"""Grants out of group memberships: direct ones, and those through groups inside groups, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from scimaudit import tables

BATCH: Final = 100_000
"""Grants in one table."""


class Alike(NamedTuple):
    """Accounts whose grants differ in nothing but the account."""

    accounts: list[str]
    value: str
    display: str | None
    type: str
    via: str | None


def grants(
    display: Mapping[str, str | None], direct: Mapping[str, Collection[str]], nested: Mapping[str, Sequence[str]]
) -> Iterator[Alike]:
    """The grants of every group.

    :param display: group id to the name to show.
    :param direct: group id to the accounts in it.
    :param nested: group id to the groups in it.
    """
    for group, accounts in direct.items():
        yield Alike(list(accounts), group, display.get(group), "direct", None)
        if nested.get(group):
            through: dict[str, list[str]] = {}
            for account, inner in indirect(group, direct, nested).items():
                through.setdefault(inner, []).append(account)
            for inner, names in through.items():
                yield Alike(names, group, display.get(group), "indirect", display.get(inner) or inner)


def indirect(group: str, direct: Mapping[str, Collection[str]], nested: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Accounts that are in ``group`` only through groups inside it, each with the nearest such group."""
    own = direct.get(group, ())
    found: dict[str, str] = {}
    for inner in reach(group, nested):
        for account in direct.get(inner, ()):
            if account not in own:
                found.setdefault(account, inner)
    return found


def reach(group: str, nested: Mapping[str, Sequence[str]]) -> list[str]:
    """Groups inside ``group`` at any depth, nearest first; a cycle ends where it closes."""
    seen = {group: None}
    queue = list(nested.get(group, ()))
    while queue:
        inner = queue.pop(0)
        if inner not in seen:
            seen[inner] = None
            queue += nested.get(inner, ())
    return list(seen)[1:]


def in_tables(app: str, attribute: str, parts: Iterable[Alike]) -> Iterator[pa.Table]:
    """Grants tables of at most :data:`BATCH` rows."""
    batch: list[Alike] = []
    size = 0
    for alike in parts:
        names = alike.accounts
        while size + len(names) >= BATCH:
            fits = BATCH - size
            yield _table(app, attribute, [*batch, alike._replace(accounts=names[:fits])])
            batch, size, names = [], 0, names[fits:]
        batch.append(alike._replace(accounts=names))
        size += len(names)
    if size:
        yield _table(app, attribute, batch)


def _table(app: str, attribute: str, parts: Sequence[Alike]) -> pa.Table:
    spread = pa.array(np.repeat(np.arange(len(parts)), [len(part.accounts) for part in parts]))

    def said(values: Sequence[str | None]) -> pa.Array:
        return pa.array(values, pa.string()).dictionary_encode().take(spread)

    return tables.build(
        tables.GRANTS,
        {
            "app": said([app] * len(parts)),
            "account_id": pa.array([name for part in parts for name in part.accounts], pa.string()),
            "attribute": said([attribute] * len(parts)),
            "value": said([part.value for part in parts]),
            "display": said([part.display for part in parts]),
            "type": said([part.type for part in parts]),
            "via": said([part.via for part in parts]),
        },
    )
