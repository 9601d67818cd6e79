"""Values of accounts beside those of their owners, after the normaliser that each app declares."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.view.columns import arrow
from scimaudit.view.inputs import AppFacts

if TYPE_CHECKING:
    from scimaudit.view import View


def fed(view: View, attribute: str) -> list[AppFacts]:
    """The apps in which the roster feeds this column of accounts."""
    return [facts for facts in view.facts.values() if facts.roster_feeds and attribute in facts.drift]


def normalised(apps: Sequence[AppFacts], attribute: str) -> dict[str, list[str]]:
    """Each normaliser that is used, with the names of the apps that use it for the attribute."""
    found: dict[str, list[str]] = {}
    for facts in apps:
        found.setdefault(facts.normalise.get(attribute, "text"), []).append(facts.app)
    return found


def alike(view: View, attribute: str) -> tuple[np.ndarray, np.ndarray]:
    """For each account, whether it agrees with its owner in a column, and whether both have a value.

    A primary mail address agrees with any address or alias of the person; a column that either side lacks is not known.
    """
    if attribute == "emails":
        return _same_mail(view)
    if attribute in view.accounts and attribute in view.people:
        return _same_text(view, attribute)
    nothing = np.zeros(len(view.accounts), dtype=bool)
    return nothing, nothing


def _same_text(view: View, attribute: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether account and owner agree, and whether both have a value; decided on distinct values."""
    accounts, owner = view.accounts, view.accounts["owner_row"].to_numpy()
    same = np.zeros(len(accounts), dtype=bool)
    for how, apps in normalised(fed(view, attribute), attribute).items():
        meaning: dict[str, int] = {}
        left = codes(accounts[attribute], how, meaning)
        right = np.append(codes(view.people[attribute], how, meaning), -1)[owner]
        same |= accounts["app"].isin(apps).to_numpy() & (left == right)
    known = accounts[attribute].notna().to_numpy() & np.append(view.people[attribute].notna().to_numpy(), False)[owner]
    return same, known


def _same_mail(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Whether the account's primary address is one of its owner's, and whether both have any."""
    owner = view.accounts["owner_row"].to_numpy().astype(np.int64)
    primary = first(view.accounts["email_keys"])
    rows, addresses = _exploded(view.people[["email_keys", "alias_keys"]])
    known_addresses = pd.Index(addresses.unique())
    wide = len(known_addresses) + 1
    held = rows * wide + known_addresses.get_indexer(addresses)
    asked = known_addresses.get_indexer(primary)
    same = np.isin(owner * wide + asked, held) & (asked >= 0) & (owner >= 0) & primary.notna().to_numpy()
    has_any = np.zeros(len(view.people) + 1, dtype=bool)
    has_any[rows] = True
    return same, primary.notna().to_numpy() & has_any[owner]


def _exploded(lists: pd.DataFrame) -> tuple[np.ndarray, pd.Series]:
    """Row positions and texts of all lists of all columns."""
    rows, texts = [], []
    for name in lists.columns:
        column = arrow(lists[name])
        rows.append(pc.list_parent_indices(column).to_numpy().astype(np.int64))
        texts.append(pc.list_flatten(column).to_pandas())
    return np.concatenate(rows), pd.concat(texts, ignore_index=True).astype("str")


def first(lists: pd.Series) -> pd.Series:
    """The first text of each list; null where there is none."""
    column = arrow(lists)
    size = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    start = pa.array(np.cumsum(size) - size, mask=size == 0)
    first: pd.Series = pc.list_flatten(column).take(start).to_pandas().set_axis(lists.index)
    return first.astype("str")


def codes(column: pd.Series, how: str, meaning: dict[str, int]) -> np.ndarray:
    """A number per value, equal for values that count as the same; -1 for null.

    :param how: ``exact``, ``text`` (white space and case do not count) or ``text-accents`` (accents neither).
    :param meaning: the numbers given so far, shared by the columns that are compared; filled here.
    """
    places, texts = pd.factorize(column)
    numbers = [meaning.setdefault(text, len(meaning)) for text in _all_folded(arrow(texts.to_series()), how)]
    found: np.ndarray = np.array([*numbers, -1], dtype=np.int64)[places]
    return found


def _all_folded(texts: pa.Array, how: str) -> list[str]:
    """The texts folded: in Arrow where they are printable ASCII, which accents cannot change, else one by one."""
    texts = texts.cast(pa.string())
    if how == "exact":
        return list(texts.to_pylist())
    plain = identifiers.plain(texts)
    rest = [_folded(text, how) for text in texts.filter(pc.invert(plain)).to_pylist()]
    return list(
        pc.replace_with_mask(identifiers.plain_nears(texts), pc.invert(plain), pa.array(rest, pa.string())).to_pylist()
    )


def _folded(text: str, how: str) -> str:
    if how == "text-accents":
        return identifiers.near(text) or ""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
