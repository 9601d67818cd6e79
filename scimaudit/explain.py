"""Why a finding is one, why an account has the owner it has, and who decided what about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import correlate, policy, tables, view
from scimaudit.audit import app_rules, decided, enabled
from scimaudit.config import Config
from scimaudit.facts import app_facts, source_facts
from scimaudit.history import holders, previously
from scimaudit.inquiry import Case
from scimaudit.result import ApprovalLine
from scimaudit.rules import Rule
from scimaudit.summaries.approvals import ordered, right_lines
from scimaudit.tables import COUNTED
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
        history=holders.before(case.earlier),
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
    if target.finding is not None and _of_a_line(target.finding):
        return ordered([*_unaccepted(target.finding, ()), *_written(case, config, target.finding)])
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
    return ordered([*_unaccepted(row, lines), *lines])


def _of_a_line(row: pd.Series) -> bool:
    """Whether a finding is about a line of a policy file, so that only what that line decided matters."""
    return str(row["kind"]).startswith("exception-") or row["kind"] == "policy-defect"


def _written(case: Case, config: Config, row: pd.Series) -> list[ApprovalLine]:
    """What the line of a policy file decided that a finding names; nothing for a file that decides nothing."""
    name, app = str(row["value"]), row["app"] if isinstance(row["app"], str) else ""
    stored = case.audit.approvals
    if row["kind"] != "policy-defect":
        return [line for line in stored if line.what == "exception" and line.id == name]
    file = str(row["attribute"]).partition(" ")[0]
    if file == "dispositions.csv":
        return [line for line in stored if line.what == "disposition" and line.id == name]
    if file == "links.csv":
        return [line for line in stored if line.what == "link" and line.app == app and _is_link(line, name)]
    if file == "approvals.csv" and app in case.apps():
        held = right_lines(_view(case, config, {app: None}), everything=True)
        return [line for line in held if line.by and _is_approval(line, name)]
    return []


def _is_link(line: ApprovalLine, name: str) -> bool:
    """Whether a decision is the line that :func:`scimaudit.policy.lines.of_link` names so."""
    return name.startswith(f"{line.account_id} ") and name.endswith(f" {line.person_id or 'nobody'} from {line.on}")


def _is_approval(line: ApprovalLine, name: str) -> bool:
    """Whether a right is one that the approval speaks of which :func:`scimaudit.policy.lines.of_approval` names so."""
    accounts, rights = (line.account, line.account_id), (line.value, line.subject)
    return name.casefold() in {f"{account} / {right}".casefold() for account in accounts for right in rights}


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
    if target.finding is not None and not target.accounts and not target.person_id:
        # Of a finding on the app itself, who holds what in the app is another matter.
        return line.app == target.app and (
            line.what == "exception" or (line.what == "scope" and target.finding["kind"] == "scope-partial")
        )
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


def _void(row: pd.Series, lines: Sequence[ApprovalLine]) -> list[str]:
    """The exceptions that would accept a finding if they counted."""
    about = {str(row["kind"]), f"{row['kind']} {row['value']}", f"{row['kind']} {row['attribute']} {row['value']}"}
    tried = (line for line in lines if line.what == "exception" and line.state == "does not count")
    return [f"{line.id} does not count" for line in tried if line.subject.removeprefix(f"{line.id}: ") in about]


def _unaccepted(row: pd.Series, lines: Sequence[ApprovalLine]) -> list[ApprovalLine]:
    """The finding itself, where nobody decided anything about it, or not so that it counts.

    :param lines: what was decided about its target.
    """
    if row["disposition"] not in COUNTED:
        return []
    text = {name: row[name] if isinstance(row[name], str) else "" for name in row.index}
    void = _void(row, lines)
    return [
        ApprovalLine(
            "finding",
            text["app"],
            text["kind"],
            "nobody",
            "nobody accepted it" + (f" ({'; '.join(void)})" if void else ""),
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
