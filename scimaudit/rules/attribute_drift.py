"""Finding kind ``attribute-drift``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import arrow, known_false, known_true
from scimaudit.view.compared import codes, fed, normalised


@rule(
    title="Attribute differs from the system of record",
    family="drift",
    severity="low",
    action="Correct the attribute in the app, or its mapping in the feed.",
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.4", "nist-800-53-r5/AC-2(1)", "cis-8.1/5.6",
    ),
)  # fmt: skip
def attribute_drift(view: View) -> Judgement:
    """Account attributes that the roster feeds and that say something else.

    Detects: in apps that the roster feeds, an active account whose attribute differs from its owner's after the
    app's normaliser (``exact``, ``text``: white space and case do not count, ``text-accents``: accents neither).
    Severity stands in the app's ``drift`` settings, per attribute. The primary mail address may be any address or
    alias of the person. One row per attribute; where either side is empty, that attribute is not evaluable.

    Why: department and title decide what people may hold; a stale one keeps the rights of the former post alive.

    Remediation: correct the value, and repair the mapping that should have carried it.
    """
    attributes = sorted({name for facts in view.facts.values() if facts.roster_feeds for name in facts.drift})
    return merged([_judged(view, name) for name in attributes])


def _judged(view: View, attribute: str) -> Judgement:
    accounts = view.accounts
    severities = {facts.app: facts.drift[attribute] for facts in fed(view, attribute)}
    if attribute in accounts and attribute in view.people:
        same, known = _same_mail(view) if attribute == "emails" else _same_text(view, attribute)
    else:
        same = known = np.zeros(len(accounts), dtype=bool)
    differs = pd.Series(known & ~same, index=accounts.index)
    found = judge(
        accounts,
        within=(accounts["situation"] == "matched")
        & ~accounts["nhi"]
        & ~known_false(accounts["active"])
        & accounts["app"].isin(severities),
        fails=differs & known_true(accounts["active"]),
        unknown=because(
            accounts.index,
            (~known, "attribute-absent"),
            (accounts["active"].isna(), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    rows = found.failed
    if rows.empty:
        return found.saying(attribute=attribute, expected="", actual="", severity="")
    owned = view.people[attribute].take(rows["owner_row"].to_numpy()).set_axis(rows.index)
    return found.saying(
        attribute=attribute,
        expected=_shown(owned),
        actual=_shown(rows[attribute]),
        severity=rows["app"].astype("str").map(severities),
    )


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
    primary = _first(view.accounts["email_keys"])
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


def _first(lists: pd.Series) -> pd.Series:
    """The first text of each list; null where there is none."""
    column = arrow(lists)
    size = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    start = pa.array(np.cumsum(size) - size, mask=size == 0)
    first: pd.Series = pc.list_flatten(column).take(start).to_pandas().set_axis(lists.index)
    return first.astype("str")


def _shown(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.ArrowDtype):
        return _first(column)
    return column.astype("str")
