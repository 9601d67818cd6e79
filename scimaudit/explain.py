"""Why a finding is one, and why an account has the owner it has: every tier and every rule tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import correlate, policy, tables, view
from scimaudit.audit import app_rules, decided, enabled, holders_before
from scimaudit.config import Config
from scimaudit.facts import app_facts, source_facts
from scimaudit.history import previously
from scimaudit.inquiry import Case
from scimaudit.rules import Rule


@dataclass(frozen=True)
class RuleTrial:
    """One rule tried on one account.

    :param outcome: ``fail``, ``pass``, ``not-evaluable`` or ``does not apply``.
    """

    kind: str
    outcome: str
    text: str


def rule_trials(case: Case, config: Config, app: str, account_id: str) -> list[RuleTrial]:
    """Every rule over accounts, tried on one account alone, as the audit saw it.

    Rules that compare accounts with each other, or speak of people and sources, cannot be tried on one account; what
    they found is among the account's findings.
    """
    alone = _view(case, config, app, account_id)
    nobody = _view(case, config, app, "")
    trials = []
    for rule in enabled(config):
        if rule.spans_apps or rule.family == "data":
            continue
        own = {name: value for name, value in config.rules.get(rule.kind, {}).items() if name in rule.settings}
        trials.append(_trial(rule, alone, nobody, own))
    return trials


def tier_trials(case: Case, config: Config, app: str, account_id: str) -> list[correlate.TierTrial]:
    """Every correlation tier, tried on one account."""
    accounts = case.snapshot.accounts(app)
    return correlate.explain(
        account_id,
        app,
        tables.frame(accounts.filter(pc.equal(accounts["account_id"], account_id))),
        tables.frame(case.snapshot.people()),
        apps={each.name: app_rules(each) for each in config.apps},
        decisions=decided(config),
        history=holders_before(case.earlier),
        today=case.audit.meta.as_of.astimezone(config.zone).date(),
    )


def _trial(rule: Rule, alone: view.View, nobody: view.View, settings: Mapping[str, object]) -> RuleTrial:
    judged = rule.check(alone, **settings)
    around = rule.check(nobody, **settings).ledger
    concerned = judged.ledger["population"].sum() - around["population"].sum()
    if "account_id" in judged.failed and len(judged.failed):
        said = judged.failed["actual"].astype("str") + "; expected " + judged.failed["expected"].astype("str")
        return RuleTrial(rule.kind, "fail", "; ".join(said))
    if concerned <= 0:
        return RuleTrial(rule.kind, "does not apply", "")
    if judged.ledger["not_evaluable"].sum() > around["not_evaluable"].sum():
        return RuleTrial(rule.kind, "not-evaluable", ", ".join(judged.ledger["reason"].dropna()))
    return RuleTrial(rule.kind, "pass", "")


def _view(case: Case, config: Config, app: str, account_id: str) -> view.View:
    people = case.snapshot.people()
    extras = [name for name in people.column_names if name not in tables.PEOPLE.names]
    as_of = case.audit.meta.as_of
    return view.build(
        people=people,
        accounts=_only(case.snapshot.accounts(app), account_id),
        grants=_only(case.snapshot.grants(app), account_id),
        links=_only(case.links.filter(pc.equal(case.links["app"].cast(pa.string()), app)), account_id),
        apps=app_facts(config, case.snapshot),
        sources=source_facts(config, case.snapshot),
        policy=policy.load(config.policy, extra_columns=extras),
        as_of=as_of,
        today=as_of.astimezone(config.zone).date(),
        zone=config.zone,
        previous=previously(case.earlier, case.snapshot),
    )


def _only(table: pa.Table, account_id: str) -> pa.Table:
    return table.filter(pc.equal(table["account_id"], account_id))


def finding(case: Case, finding_id: str) -> pd.Series | None:
    """The finding of that id (or that its id begins with, when it is the only one), or nothing."""
    rows = case.audit.findings
    found = rows[rows["finding_id"].str.startswith(finding_id)]
    return found.iloc[0] if len(found) == 1 else None
