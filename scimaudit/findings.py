"""Turning the rows that rules marked into findings: identity, severity that explains itself, one lead per account."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.rules import REMOVE, Judgement, Rule
from scimaudit.tables import CONTROLLED, COUNTED, SEVERITIES
from scimaudit.view import View
from scimaudit.view.columns import arrow, taken

# An account that should not be active at all is one problem: what else is wrong with it ends when it ends.
_LEADING = ("leaver-active", "external-expired", "nhi-owner-left", "nhi-unowned", "unmatched", "ambiguous")
# Of several kinds that say the same of one right or attribute, the one that says most.
_SAYING_MORE = (
    "revoke-regressed", "revoke-not-done", "mover-residual", "rehire-residual", "excess", "sync-late",
    "attribute-drift",
)  # fmt: skip
_ONE_OF = {"roles": "role", "entitlements": "entitlement", "licenses": "licence"}
_IDENTITY = ("kind", "app", "account_id", "person_id", "attribute", "value")
_TEXTS = (
    "app",
    "account_id",
    "person_id",
    "attribute",
    "value",
    "expected",
    "actual",
    "why",
    "owner",
    "action",
    "severity",
    "risk",
)


def slim(judgement: Judgement) -> Judgement:
    """The judgement with only those columns of its failed rows that findings are made of, and of no others."""
    read = [name for name in (*_TEXTS, "bump", "privileged") if name in judgement.failed]
    return replace(judgement, failed=judgement.failed[read], undecided=())


def assemble(
    judged: Sequence[tuple[Rule, Judgement]],
    view: View,
    *,
    severities: Mapping[str, str],
    first_seen: Mapping[str, datetime],
    now: datetime,
    gated_apps: frozenset[str],
    all_gated: bool,
) -> pd.DataFrame:
    """All findings of an audit.

    :param severities: base severity per kind where the configuration overrides the rule's.
    :param first_seen: finding id to the time an earlier audit first showed it; ``now``: when new ones are seen.
    :param gated_apps: apps whose safety gate tripped; ``all_gated``: a roster's gate did.
    :returns: the columns of :data:`scimaudit.tables.FINDINGS` but those that :func:`led` and the settling add.
    """
    rows = _marked(judged, severities)
    rows = _with_account(rows, view)
    rows = _with_person(rows, view)
    rows = _with_right(rows, view)
    rows = _with_app(rows, view)
    rows = _with_action(rows, view)
    rows = _with_severity(rows, view)
    rows["finding_id"] = _identities(rows)
    rows = _distinct(rows)
    seen = rows["finding_id"].map(dict(first_seen))
    rows["first_seen"] = pd.to_datetime(seen, utc=True).dt.as_unit("us").fillna(pd.Timestamp(now))
    rows["gated"] = all_gated | rows["app"].isin(gated_apps)
    return rows


def severity_at_least(severities: pd.Series, floor: str) -> pd.Series:
    """Mask of severities that are ``floor`` or worse."""
    return severities.astype("str").isin(SEVERITIES[SEVERITIES.index(floor) :])


def reaching(rows: pd.DataFrame, floor: str) -> pd.Series:
    """Mask of findings that count as ``floor`` or worse: one of an account, be it covered by a lead that is milder."""
    severe = severity_at_least(rows["severity"], floor) & rows["disposition"].isin(COUNTED)
    covered_by_severe = rows["covered_by"].isin(rows.loc[severe, "finding_id"])
    return severe & (rows["lead"].astype(bool) | ~covered_by_severe)


def milder(severe: pd.DataFrame) -> str:
    """How many of these findings stand under a lead that is milder, and so among its severity in the tables."""
    under = int((~severe["lead"].astype(bool)).sum())
    return f" ({under:,} of them under a milder finding)" if under else ""


def _marked(judged: Sequence[tuple[Rule, Judgement]], severities: Mapping[str, str]) -> pd.DataFrame:
    """The failed rows of every rule with what the rule says of all of its rows."""
    told = [(rule, judgement.failed) for rule, judgement in judged if len(judgement.failed)]
    if not told:
        return _marked_none()
    of_rule = np.repeat(np.arange(len(told)), [len(failed) for _, failed in told])

    def said(values: Iterable[str | None]) -> pd.Series:
        return pd.Series(pd.array(list(values), dtype="str").take(of_rule))

    texts = [failed[[name for name in _TEXTS if name in failed]].astype("str") for _, failed in told]
    rows = pd.concat(texts, ignore_index=True).reindex(columns=list(_TEXTS)).astype("str")
    rows["kind"] = said(rule.kind for rule, _ in told)
    rows["family"] = said(rule.family for rule, _ in told)
    rows["base"] = rows["severity"].fillna(said(severities.get(rule.kind, rule.severity) for rule, _ in told))
    rows["bump"] = np.concatenate([_own(failed, "bump", 0) for _, failed in told])
    rows["privileged_grant"] = np.concatenate([_own(failed, "privileged", False) for _, failed in told])
    rows["action"] = rows["action"].fillna(said(rule.action for rule, _ in told))
    rows["control"] = said(rule.stopped_by[-1] if rule.stopped_by else None for rule, _ in told)
    controls = pa.array([list(rule.controls) for rule, _ in told], tables.TEXTS).take(pa.array(of_rule))
    rows["controls"] = pd.Series(pd.arrays.ArrowExtensionArray(controls), index=rows.index)
    return rows


def _own(failed: pd.DataFrame, name: str, missing: int | bool) -> np.ndarray:
    """A column that a rule may give its rows, without nulls."""
    kind = np.dtype(type(missing))
    if name not in failed:
        return np.full(len(failed), missing, dtype=kind)
    own: np.ndarray = failed[name].fillna(missing).astype(kind).to_numpy()
    return own


def _marked_none() -> pd.DataFrame:
    columns = {name: pd.Series(dtype="str") for name in (*_TEXTS, "kind", "family", "base", "control")}
    return pd.DataFrame(columns).assign(
        bump=pd.Series(dtype="int64"),
        privileged_grant=pd.Series(dtype=bool),
        controls=pd.Series(dtype=pd.ArrowDtype(tables.TEXTS)),
    )


def _with_account(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    """Rows with the account's user name, owner and place in the raw record."""
    known = view.accounts[["app", "account_id", "user_name", "person_id", "raw_file", "raw_body", "raw_row"]]
    known = known.assign(app=known["app"].astype("str"), person_id=known["person_id"].astype("str")).rename(
        columns={"person_id": "account_person"}
    )
    needed = pc.is_in(arrow(known["account_id"]), value_set=arrow(rows["account_id"].dropna())).to_numpy(False)
    joined = rows.merge(known[needed], on=["app", "account_id"], how="left", validate="m:1")
    joined["person_id"] = joined["person_id"].fillna(joined["account_person"])
    place = (
        joined["raw_file"].astype("str")
        + " body "
        + joined["raw_body"].astype("str")
        + " row "
        + joined["raw_row"].astype("str")
    )
    joined["evidence"] = place.where(joined["raw_file"].notna())
    return joined.drop(columns=["account_person", "raw_file", "raw_body", "raw_row"])


def _with_person(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    names = view.people.set_index("person_id")["display_name"]
    return rows.assign(person_name=rows["person_id"].map(names).astype("str"))


def _with_right(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    """Rows about a right with who answers for it and what could happen, where the catalogue tells."""
    names = ["app", "attribute", "value"]
    told = view.entitlements.loc[view.entitlements[["owner", "risk"]].notna().any(axis=1), [*names, "owner", "risk"]]
    told = told.astype("str").drop_duplicates(names)
    place = pd.MultiIndex.from_frame(told[names]).get_indexer(pd.MultiIndex.from_frame(rows[names].astype("str")))
    return rows.assign(
        owner=rows["owner"].fillna(taken(told["owner"], place, rows.index)),
        risk=rows["risk"].fillna(taken(told["risk"], place, rows.index)),
    )


def _with_app(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    apps = view.apps.set_index(view.apps["app"].astype("str"))
    owner = rows["app"].map(apps["owner"]).astype("str")
    owner = owner.mask(owner == "")
    regulated = rows["app"].map(apps["regulated"]).astype("boolean").fillna(value=False).astype(bool)
    return rows.assign(owner=rows["owner"].fillna(owner), regulated=regulated)


def _with_action(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    """Rows with what to do said of the right concerned, and where in the app, as its configuration has it.

    The account is not named: it stands beside, and the texts stay few.
    """
    action = rows["action"]
    mine = action.str.startswith(REMOVE)
    removing = _removal(rows[mine], view) + action[mine].str.removeprefix(REMOVE)
    action = action.mask(mine, removing.reindex(rows.index))
    for control in CONTROLLED:
        places = {
            facts.app: f" In {facts.title or facts.app}: {facts.how[control]}."
            for facts in view.facts.values()
            if control in facts.how
        }
        where = rows["app"].where(rows["control"] == control).map(places).astype("str")
        action = action + where.fillna("")
    return rows.drop(columns="control").assign(action=action)


def _removal(rows: pd.DataFrame, view: View) -> pd.Series:
    """Taking the right of each row away, in words."""
    names = ["app", "attribute", "value"]
    rights = view.entitlements[[*names, "display"]].astype("str").drop_duplicates(names)
    place = pd.MultiIndex.from_frame(rights[names]).get_indexer(pd.MultiIndex.from_frame(rows[names]))
    name = taken(rights["display"], place, rows.index).fillna(rows["value"]).fillna("it")
    kind = rows["attribute"].map(_ONE_OF).astype("str").fillna("right")
    said: pd.Series = ("Take the " + kind + " " + name + " from the account").where(
        rows["attribute"] != "groups", "Remove the account from the group " + name
    )
    return said


def _with_severity(rows: pd.DataFrame, view: View) -> pd.DataFrame:
    """Base, plus one where the account holds power or the app is regulated, plus the rule's own steps."""
    grants = view.grants
    powerful = grants.loc[
        grants["privileged"].fillna(value=False).astype(bool), ["app", "account_id"]
    ].drop_duplicates()
    held = pd.MultiIndex.from_frame(powerful.astype("str"))
    on_account = (
        pd.MultiIndex.from_frame(rows[["app", "account_id"]]).isin(held) & rows["account_id"].notna().to_numpy()
    )
    privileged = pd.Series(on_account, index=rows.index) | rows["privileged_grant"]
    steps = rows["bump"] + (privileged | rows["regulated"]).astype("int64")
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    rank = rows["base"].map(ranks).astype("int64")
    # Advice and statements about data do not grow with the power of an account.
    fixed = (rows["base"] == "info") | (rows["family"] == "data")
    final = rank.where(fixed, (rank + steps).clip(0, len(SEVERITIES) - 1))
    why = "base " + rows["base"]
    why = why.where(~(privileged & ~fixed), why + ", one step up: privileged")
    why = why.where(~(rows["regulated"] & ~privileged & ~fixed), why + ", one step up: regulated app")
    own = ", " + rows["bump"].map(_steps).astype("str") + rows["why"].fillna("by the rule")
    why = why.where(~((rows["bump"] != 0) & ~fixed), why + own)
    return rows.assign(severity=final.map(dict(enumerate(SEVERITIES))).astype("str"), severity_why=why)


def _steps(bump: int) -> str:
    """A rule's own steps in words: a plus sign would make a spreadsheet take the text for a formula."""
    number = {1: "one step", 2: "two steps"}.get(abs(bump), f"{abs(bump)} steps")
    return f"{number} {'up' if bump > 0 else 'down'}: "


def _identities(rows: pd.DataFrame) -> pd.Series:
    """A hash of what the problem *is*: an account's problems do not change identity when its owner becomes known."""
    person = rows["person_id"].mask(rows["account_id"].notna())
    parts = [pa.array(person if name == "person_id" else rows[name], pa.string()).fill_null("") for name in _IDENTITY]
    # A name that holds the separator must not pass for two parts, and so take another problem's identity.
    for mark, spelled in (("\x1e", "\x1e\x1e"), ("\x1f", "\x1e-")):
        parts = [pc.replace_substring(part, mark, spelled) for part in parts]
    joined = pc.binary_join_element_wise(*parts, "\x1f").to_pylist()
    return pd.Series([hashlib.sha256(text.encode()).hexdigest()[:16] for text in joined], index=rows.index, dtype="str")


def _sorted(rows: pd.DataFrame) -> pd.DataFrame:
    rank = rows["severity"].map({severity: -rank for rank, severity in enumerate(SEVERITIES)})
    keyed = rows.assign(rank=rank)
    by = ["rank", "kind", "app", "account_id", "person_id", "attribute", "value", "finding_id"]
    return keyed.sort_values(by, ignore_index=True).drop(columns="rank")


def _distinct(rows: pd.DataFrame) -> pd.DataFrame:
    """Each problem once, worst first; of two rows that say the same problem the worse one stays."""
    return _sorted(rows).drop_duplicates("finding_id", ignore_index=True)


def led(rows: pd.DataFrame) -> pd.DataFrame:
    """Settled rows with ``lead`` and ``covered_by``, worst first, then by kind, app and account.

    A whole-account finding covers what else is wrong with the account; of several that speak of one right or one
    attribute, the one that says most covers the others. One that is set aside covers nothing: what an exception
    accepts is that finding, not the others behind it.
    """
    rows = _sorted(rows)
    still_open = rows["disposition"].isin(COUNTED)
    order = rows["kind"].map({kind: place for place, kind in enumerate(_LEADING)}).where(still_open)
    leaders = rows.assign(order=order).dropna(subset=["order", "account_id"]).sort_values("order", kind="stable")
    leaders = leaders.drop_duplicates(["app", "account_id"])[["app", "account_id", "finding_id"]]
    leaders = leaders.rename(columns={"finding_id": "leader"})
    joined = rows.merge(leaders, on=["app", "account_id"], how="left", validate="m:1")
    said = _said_by(rows.assign(open=still_open))
    leader = joined["leader"].fillna(said)
    covered = leader.notna() & (leader != joined["finding_id"]) & still_open.to_numpy()
    return joined.assign(lead=~covered, covered_by=leader.where(covered)).drop(columns="leader")


def _said_by(rows: pd.DataFrame) -> pd.Series:
    """For each row the finding that says the most of the same right or attribute of the same account, or null."""
    order = rows["kind"].map({kind: place for place, kind in enumerate(_SAYING_MORE)})
    mine = rows.assign(order=order)[order.notna() & rows["open"] & rows["account_id"].notna()]
    what = [mine[name].fillna("") for name in ("app", "account_id", "attribute", "value")]
    best = mine.sort_values("order", kind="stable").groupby(what, sort=False)["finding_id"].transform("first")
    return best.reindex(rows.index).astype("str")
