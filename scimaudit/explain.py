"""Why a finding is one, why an account has the owner it has, and who decided what about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from scimaudit.result import ApprovalLine
from scimaudit.rules import Rule
from scimaudit.summaries.approvals import ordered, right_lines
from scimaudit.targets import Target


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
    alone = _view(case, config, {app: (account_id,)})
    nobody = _view(case, config, {app: ()})
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


def decisions(case: Case, config: Config, target: Target, *, everything: bool = False) -> tuple[ApprovalLine, ...]:
    """Who decided what about a target, as the audit saw it; where nobody did, that.

    :param everything: of an app, or of all, also the rights of which nobody must say yes. Those of a person or of an
        account are always there; what the policy says of them is what it says now.
    """
    lines = [line for line in case.audit.approvals if _touches(line, target)]
    if target.accounts or everything:
        apps = [target.app] if target.app else case.apps()
        whole: dict[str, Sequence[str] | None] = {app: None for app in apps if app in case.apps()}
        wanted = target.accounts or whole
        stored = {_right(line) for line in lines if line.what == "right"}
        held = right_lines(_view(case, config, wanted), everything=True)
        lines += [line for line in held if _right(line) not in stored]
    if target.finding is None:
        return ordered(lines)
    row = target.finding
    of_value = [line for line in lines if line.what != "right" or line.value == row["value"]]
    if any(line.what == "right" for line in of_value):
        lines = of_value
    return ordered([*_unaccepted(row), *lines])


def _right(line: ApprovalLine) -> tuple[str, str, str, str]:
    return line.app, line.account_id, line.attribute, line.value


def _touches(line: ApprovalLine, target: Target) -> bool:
    """Whether a decision is about the target."""
    if not target.name:
        return True
    if target.finding is not None and line.what in ("exception", "disposition"):
        row = target.finding
        if line.id in (row["finding_id"], row["exception_id"]):
            return True
        if line.kind != row["kind"] or line.what == "disposition":
            return False
    if line.what in ("scope", "power"):
        return line.app == target.app or line.app in target.accounts
    if line.account_id in target.accounts.get(line.app, ()):
        return True
    if not target.person_id:
        return not target.accounts and line.app == target.app
    # Of an account that is named, the person's other accounts are another matter.
    return line.person_id == target.person_id and (
        not target.app or (not line.account_id and line.app in ("", target.app))
    )


def _unaccepted(row: pd.Series) -> list[ApprovalLine]:
    """The finding itself, where nobody decided anything about it."""
    if row["disposition"] != "open":
        return []
    text = {name: row[name] if isinstance(row[name], str) else "" for name in row.index}
    return [
        ApprovalLine(
            "finding",
            text["app"],
            text["kind"],
            "nobody",
            "nobody accepted it",
            account_id=text["account_id"],
            account=text["user_name"] or text["account_id"],
            person_id=text["person_id"],
            person=text["person_name"],
            attribute=text["attribute"],
            value=text["value"],
            needed=True,
            kind=text["kind"],
            id=text["finding_id"],
        )
    ]


def _view(case: Case, config: Config, wanted: Mapping[str, Sequence[str] | None]) -> view.View:
    """What the audit saw of some accounts alone.

    :param wanted: app to the ids of its accounts; ``None`` is all of them.
    """
    links = [case.links.filter(pc.equal(case.links["app"].cast(pa.string()), app)) for app in wanted]
    people = case.snapshot.people()
    extras = [name for name in people.column_names if name not in tables.PEOPLE.names]
    as_of = case.audit.meta.as_of
    return view.build(
        people=people,
        accounts=tables.concat(
            tables.ACCOUNTS, [_only(case.snapshot.accounts(app), ids) for app, ids in wanted.items()]
        ),
        grants=tables.concat(tables.GRANTS, [_only(case.snapshot.grants(app), ids) for app, ids in wanted.items()]),
        links=tables.concat(tables.LINKS, [_only(rows, ids) for rows, ids in zip(links, wanted.values(), strict=True)]),
        apps=app_facts(config, case.snapshot),
        sources=source_facts(config, case.snapshot),
        policy=policy.load(config.policy, extra_columns=extras),
        as_of=as_of,
        today=as_of.astimezone(config.zone).date(),
        zone=config.zone,
        previous=previously(case.earlier, case.snapshot),
    )


def _only(table: pa.Table, ids: Sequence[str] | None) -> pa.Table:
    if ids is None:
        return table
    known = pa.array(ids, pa.string())
    return table.filter(pc.is_in(table["account_id"].cast(pa.string()), value_set=known))


def finding(case: Case, finding_id: str) -> pd.Series | None:
    """The finding of that id (or that its id begins with, when it is the only one), or nothing."""
    rows = case.audit.findings
    found = rows[rows["finding_id"].str.startswith(finding_id)]
    return found.iloc[0] if len(found) == 1 else None
