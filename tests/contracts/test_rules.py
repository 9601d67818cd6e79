"""What every rule promises, for every rule that is found."""

from __future__ import annotations

import copy
import inspect
import tomllib
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

import scimaudit
from scimaudit import rules, tables
from scimaudit.policy import Policy, expression
from scimaudit.policy.approvals import Approval
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.policy.nhi import NonHuman
from scimaudit.policy.sod import Conflict
from scimaudit.tables import NOT_EVALUABLE, SEVERITIES
from scimaudit.view import AppFacts, Previous, SourceFacts, View, build
from scimaudit.view.inputs import Reviewed, exception_frame, no_spans

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FRAMES = ("people", "accounts", "grants", "entitlements", "apps", "overlaps", "sources", "exceptions", "spans")
CONTROLS = {
    control
    for path in (Path(scimaudit.__file__).parent / "frameworks").glob("*.toml")
    for data in [tomllib.loads(path.read_text("utf-8"))]
    for control in (f"{data['id']}/{name}" for name in data["controls"])
}


def made(people, accounts, grants, links, apps, sources, policy, previous, overlaps=None) -> View:
    return build(
        people=people, accounts=accounts, grants=grants, links=links, apps=apps, sources=sources, policy=policy,
        as_of=NOW, today=NOW.date(), previous=previous, overlaps=overlaps,
    )  # fmt: skip


def empty_view() -> View:
    none = [tables.empty(schema) for schema in (tables.PEOPLE, tables.ACCOUNTS, tables.GRANTS, tables.LINKS)]
    return made(*none, [], [], Policy(), None)


def full_view() -> View:
    """Two apps, of which one has two listings; people and accounts of every shape, many columns null."""
    states = ["active", "leave", "prehire", "terminated", "unknown"]
    size = 30
    people = tables.build(
        tables.PEOPLE,
        {
            "person_id": [f"p{n}" for n in range(size)],
            "status": [states[n % 5] for n in range(size)],
            "department": [None if n % 3 else "Sales" for n in range(size)],
            "worker_type": [None if n % 4 else "contractor" for n in range(size)],
            "start_date": [date(2026, 12, 1) if n % 6 == 0 else None for n in range(size)],
            "end_date": [date(2026, 11, 1) if n % 7 == 0 else None for n in range(size)],
            "emails": [[f"p{n}@corp.example"] if n % 2 else None for n in range(size)],
            "email_keys": [[f"p{n}@corp.example"] if n % 2 else None for n in range(size)],
            "roster": ["hr"] * size,
            "raw_row": list(range(size)),
        },
    )
    rows = 3 * size
    app = ["slack" if n % 3 else "erp" for n in range(rows)]
    owner = [f"p{n % size}" if n % 4 < 2 else None for n in range(rows)]
    accounts = tables.build(
        tables.ACCOUNTS,
        {
            "app": app,
            "account_id": [f"a{n}" for n in range(rows)],
            "external_id": [None if n % 2 else f"x{n}" for n in range(rows)],
            "user_name": [f"u{n}" if n % 5 else None for n in range(rows)],
            "user_name_key": [f"u{n}" if n % 5 else None for n in range(rows)],
            "active": [(True, False, None, True)[n % 4] for n in range(rows)],
            "department": ["Sales" if n % 2 else None for n in range(rows)],
            "emails": [[f"p{n}@corp.example"] if n % 3 else [] for n in range(rows)],
            "email_keys": [[f"p{n}@corp.example"] if n % 3 else [] for n in range(rows)],
            "created": [datetime(2026, 1 + n % 11, 1, tzinfo=UTC) if n % 5 else None for n in range(rows)],
            "last_login": [datetime(2026, 1 + n % 11, 9, tzinfo=UTC) if n % 2 else None for n in range(rows)],
            "account_kind": [tables.ACCOUNT_KINDS[n % 6] for n in range(rows)],
            "listings": [[f"apps.{app[n]}.listings[0]"] for n in range(rows)],
            "raw_file": ["raw"] * rows,
            "raw_body": [0] * rows,
            "raw_row": list(range(rows)),
        },
    )
    grants = tables.build(
        tables.GRANTS,
        {
            "app": [*app, "slack"],
            "account_id": [*(f"a{n}" for n in range(rows)), "not listed"],
            "attribute": ["groups"] * (rows + 1),
            "value": [f"g{n % 4}" for n in range(rows + 1)],
            "display": [None if n % 2 else f"Group {n % 4}" for n in range(rows + 1)],
            "type": ["direct"] * (rows + 1),
            "privileged": [(None, True, False)[n % 3] for n in range(rows + 1)],
            "expires_at": [datetime(2026, 11 + n % 2, 1, tzinfo=UTC) if n % 4 == 0 else None for n in range(rows + 1)],
        },
    )
    situation = [
        "matched" if person else ("ambiguous" if n % 8 == 2 else "unmatched") for n, person in enumerate(owner)
    ]
    links = tables.build(
        tables.LINKS,
        {
            "app": app,
            "account_id": [f"a{n}" for n in range(rows)],
            "person_id": owner,
            "situation": situation,
            "keys": [[]] * rows,
            "runners_up": [["p1", "p2"] if word == "ambiguous" else [] for word in situation],
        },
    )
    everyone = expression.parse("everyone", ())
    policy = Policy(
        rules=(
            EntitlementRule(
                "all", everyone, "everyone", What("slack", "groups", exact=("g1",)), "work", birthright=True
            ),
            EntitlementRule("short", everyone, "everyone", What("slack", exact=("g2",)), "work", days=30),
            EntitlementRule("none", everyone, "everyone", What("erp", patterns=("g2",)), "risk", deny=True),
        ),
        conflicts=(Conflict("pair", What("slack", exact=("g1",)), What("erp", exact=("g0",)), "fraud"),),
        approvals=(Approval("slack", "u4", "g0", "own", date(2026, 11, 1), None, ""),),
        nhi=(NonHuman("slack", "u1*", "bot", "p1@corp.example"), NonHuman("erp", "a3", "service")),
    )
    drift = {"emails": "medium", "department": "low", "manager": "low"}
    apps = [
        AppFacts("slack", external_id_is="employee_number", drift=drift, walk="complete", entitlements="complete"),
        AppFacts("erp", scope="partial", closed=True, drift=drift),
        AppFacts("fax", listed=False, reason="no export"),
    ]
    known = frozenset({"external_id", "last_login", "created"})
    sources = [
        SourceFacts("rosters.hr", "people", walk="complete", as_of=NOW, unmapped_status={"Z": 3}),
        SourceFacts("apps.slack.listings[0]", "accounts", "slack", walk="complete", as_of=NOW, attributes=known),
        SourceFacts(
            "apps.slack.listings[1]", "accounts", "slack", walk="complete", received=2, rejected=2, unacknowledged=1
        ),
        SourceFacts("apps.erp.listings[0]", "accounts", "erp", walk="incomplete", error="gone"),
    ]
    differ = [None, "status", "end_date", "name"]
    overlaps = tables.build(
        tables.OVERLAPS,
        {
            "person_id": [f"p{n}" for n in range(4)],
            "roster": ["vendor"] * 4,
            "over": ["hr"] * 4,
            "attribute": differ,
            "value": [name and "this" for name in differ],
            "over_value": [name and "that" for name in differ],
        },
    )
    previous = Previous({"rosters.hr": 99}, {"slack": 99, "erp": 1})
    states = [("valid", None, 0), ("expired", None, 2), ("invalid", "approved what they asked for", 1)]
    decided = [(f"EX-{word}", "slack", word, why, used, "own", NOW.date()) for word, why, used in states]
    seen = made(people, accounts, grants, links, apps, sources, policy, previous, overlaps)
    return replace(seen, exceptions=exception_frame(decided), reviewed=reviewed(), spans=spans())


def spans() -> pd.DataFrame:
    """Leavers and joiners with every verdict, with and without times."""
    none = no_spans()
    verdicts = ["in time", "late", "unclear", "open", "not evaluable"]
    told = [
        {"event": "joiner" if n % 7 == 6 else "leaver", "app": "slack" if n % 3 else "erp", "account_id": f"a{n}", "account": "u", "person_id": "p2",
         "person": "P", "verdict": verdicts[n % 5], "reason": "", "sla_hours": 24.0}
        for n in range(20)
    ]  # fmt: skip
    timed = [
        {"due": NOW, "after": NOW, "by": NOW, "hours_from": 30.0, "hours_to": 40.0} if n % 4 else {} for n in range(20)
    ]
    frame = pd.DataFrame([one | two for one, two in zip(told, timed, strict=True)]).reindex(columns=none.columns)
    late = frame["verdict"].isin(["late", "in time"])
    frame.loc[late, ["due", "after", "by"]] = pd.Timestamp(NOW)
    return frame.astype(dict(none.dtypes))


def reviewed() -> Reviewed:
    """One campaign that is open and late, decisions on accounts of every shape, revocations in every state."""
    none = Reviewed()
    states = ["verified-closed", "open", "not-done", "regressed", "unproven"]
    apps = ["slack" if n % 3 else "erp" for n in range(10)]
    told = {"campaign": "q3", "item_id": [f"i{n}" for n in range(10)], "app": apps, "reviewer": "p1", "decided_at": NOW}
    about = {"account_id": [f"a{n}" for n in range(10)], "attribute": "groups", "value": "g1", "display": "Group 1"}
    campaigns = pd.DataFrame(
        {"campaign": "q3", "title": "Q3", "app": ["slack", "erp"], "opened_at": NOW, "due": pd.Timestamp("2026-11-01"),
         "closed_at": pd.Series(pd.NaT, range(2), dtype="datetime64[us, UTC]"), "items": 5, "undecided": 1}
    )  # fmt: skip
    decisions = pd.DataFrame({**told, **about, "decision": "certify"})
    revocations = pd.DataFrame(
        {**told, **about, "decision": "revoke", "account": "u", "person_id": "p2", "person": "P", "state": states * 2,
         "reason": "because", "doubt": "", "proven_by": "", "proven_at": pd.Series(pd.NaT, range(10), dtype="datetime64[us, UTC]"), "still_there": NOW}
    )  # fmt: skip
    return Reviewed(
        *(
            made.astype(dict(kinds.dtypes))[list(kinds.columns)]
            for made, kinds in (
                (campaigns, none.campaigns), (decisions, none.decisions), (revocations, none.revocations)
            )
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def full() -> View:
    return full_view()


@pytest.fixture(params=rules.names())
def rule(request) -> rules.Rule:
    return rules.load(request.param)


def test_the_docstring_has_its_sections_in_order_and_a_text_in_each(rule):
    heads = [head for line in rule.doc.splitlines() for head, colon, _ in [line.partition(":")] if colon]
    assert [head for head in heads if head in rules.SECTIONS] == list(rules.SECTIONS)
    assert tuple(rule.sections) == rules.SECTIONS
    assert all(text.endswith(".") for text in rule.sections.values())


def test_the_ledger_says_of_no_row_what_the_docstring_says_never_happens(rule, full):
    never = rule.sections["Not evaluable"].startswith("never:")
    assert not (never and rule.check(full).ledger["not_evaluable"].any())


def test_every_setting_is_explained(rule):
    assert [name for name in rule.settings if f"`{name}`" not in rule.sections["Detects"]] == []


def test_the_declaration_is_complete(rule):
    assert rule.title
    assert rule.action.endswith(".")
    assert rule.controls
    assert set(rule.controls) <= CONTROLS


def test_settings_have_defaults_of_a_type_that_toml_has(rule):
    for parameter in rule.settings.values():
        assert parameter.default is not inspect.Parameter.empty
        assert type(parameter.default) in (bool, int, float, str)


def test_an_empty_view_is_accepted(rule):
    judgement = rule.check(empty_view())
    assert judgement.failed.empty
    assert judgement.ledger[["population", "failed", "not_evaluable"]].to_numpy().sum() == 0


def test_the_ledger_balances(rule, full):
    ledger = rule.check(full).ledger
    assert list(ledger.columns) == ["app", "population", "failed", "not_evaluable", "reason"]
    assert (ledger["population"] > 0).all()
    assert (ledger["population"] - ledger["failed"] - ledger["not_evaluable"] >= 0).all()
    assert (ledger["not_evaluable"] > 0).eq(ledger["reason"].notna()).all()
    assert not ledger["app"].duplicated().any()


def test_the_reasons_add_up_to_what_is_not_evaluable(rule, full):
    ledger = rule.check(full).ledger
    for text, total in zip(ledger["reason"], ledger["not_evaluable"], strict=True):
        parts = [] if pd.isna(text) else [part.rpartition(" ") for part in text.split(", ")]
        assert {reason for reason, _, _ in parts} <= set(NOT_EVALUABLE)
        assert sum(int(count) for _, _, count in parts) == total


def test_findings_say_what_is_due_and_what_is(rule, full):
    failed = rule.check(full).failed
    for name in ("expected", "actual"):
        assert failed[name].notna().all()
        assert (failed[name].astype("str").str.strip() != "").all()
    for name, allowed in (("severity", {*SEVERITIES}), ("bump", {0, 1})):
        if name in failed:
            assert set(failed[name].dropna()) <= allowed


def test_findings_have_an_identity_of_their_own(rule, full):
    failed = rule.check(full).failed
    identity = failed.reindex(columns=["app", "account_id", "person_id", "attribute", "value"]).astype("str")
    assert not identity.duplicated().any()


def test_every_rule_has_something_to_judge_here(rule, full):
    assert len(rule.check(full).ledger)


def test_it_says_which_control_should_have_stopped_it(rule):
    assert set(rule.stopped_by) <= set(tables.CONTROLLED)
    # What is said of data, and of what people decided, no control of an app stops.
    assert bool(rule.stopped_by) == (rule.family not in ("data", "control"))


def test_the_view_is_not_changed(rule, full):
    before = {name: copy.deepcopy(getattr(full, name)) for name in FRAMES}
    rule.check(full)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(full, name), frame)


def test_the_frames_compared_above_are_all_there_are():
    assert {field.name for field in fields(View) if field.type == "pd.DataFrame"} == set(FRAMES)
