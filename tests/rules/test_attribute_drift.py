from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.policy import Policy
from scimaudit.policy.nhi import NonHuman

RULE = rules.load("attribute-drift").check


def compared(make, due, found, *, attribute="department", active=True, **facts):
    return make.view(
        people=[make.person("p1", **{attribute: due})],
        accounts=[make.account("a1", owner="p1", active=active, **{attribute: found})],
        **{"drift": {attribute: "medium"}, **facts},
    )


def test_a_different_value_fails_with_both_sides_and_the_weight(make):
    failed = RULE(compared(make, "Sales", "Finance")).failed
    assert failed[["attribute", "expected", "actual", "severity"]].to_numpy().tolist() == [
        ["department", "Sales", "Finance", "medium"]
    ]


def test_each_attribute_has_its_row(make):
    view = make.view(
        people=[make.person("p1", department="Sales", title="Lead")],
        accounts=[make.account("a1", owner="p1", department="Finance", title="Clerk")],
        drift={"department": "medium", "title": "low"},
    )
    judgement = RULE(view)
    assert judgement.failed["attribute"].tolist() == ["department", "title"]
    assert make.judged(judgement)["population"] == 2
    assert len(judgement.ledger) == 1


@pytest.mark.parametrize(
    ("how", "app", "fails"),
    [
        ("exact", "sales", 1),
        ("text", " SALES ", 0),
        ("text", "Salés", 1),
        ("text-accents", "Salés", 0),
        ("text-accents", "Sailes", 1),
    ],
)
def test_the_normaliser_decides_what_counts(make, how, app, fails):
    assert make.judged(RULE(compared(make, "Sales", app, normalise={"department": how})))["failed"] == fails


def test_apps_have_their_own_normalisers_and_weights(make):
    apps = [
        make.app("slack", drift={"title": "low"}, normalise={"title": "exact"}),
        make.app("erp", drift={"title": "high"}),
    ]
    view = make.view(
        people=[make.person("p1", title="Lead")],
        accounts=[
            make.account("a1", owner="p1", title="lead"),
            make.account("a1", app="erp", owner="p1", title="lead"),
            make.account("a2", app="erp", owner="p1", title="Clerk"),
        ],
        apps=apps,
    )
    failed = RULE(view).failed
    assert failed[["app", "account_id", "severity"]].astype("str").to_numpy().tolist() == [
        ["slack", "a1", "low"],
        ["erp", "a2", "high"],
    ]


@pytest.mark.parametrize(("roster", "app"), [(None, "Sales"), ("Sales", None), (None, None)])
def test_an_empty_side_is_not_evaluable(make, roster, app):
    ledger = make.judged(RULE(compared(make, roster, app)))
    assert ledger == {"population": 1, "failed": 0, "not_evaluable": 1, "reason": "attribute-absent 1"}


def test_an_attribute_that_one_side_has_no_column_for_is_not_evaluable(make):
    view = make.view(
        people=[make.person("p1")], accounts=[make.account("a1", owner="p1", manager="m")], drift={"manager": "low"}
    )
    assert make.judged(RULE(view))["reason"] == "attribute-absent 1"


def test_unknown_activity_is_not_evaluable_and_inactive_is_outside(make):
    assert make.judged(RULE(compared(make, "Sales", "HR", active=None)))["reason"] == "semantics-unknown 1"
    assert make.judged(RULE(compared(make, "Sales", "HR", active=False)))["population"] == 0


def test_ambiguous_registered_and_unfed_accounts_are_outside(make):
    people = [make.person("p1", department="Sales"), make.person("p2", department="HR")]
    accounts = [
        make.account("a1", owner="p1|p2", department="X"),
        make.account("svc", owner="p1", department="X"),
    ]
    policy = Policy(nhi=(NonHuman("slack", "svc", "bot"),))
    view = make.view(people=people, accounts=accounts, policy=policy, drift={"department": "low"})
    assert make.judged(RULE(view))["population"] == 0
    assert make.judged(RULE(compared(make, "Sales", "HR", roster_feeds=False)))["population"] == 0


def test_a_stale_roster_lets_nothing_pass(make):
    assert make.judged(RULE(compared(make, "Sales", "Sales", roster={"as_of": None})))["reason"] == "roster-unproven 1"


def mail(make, primary, emails=("ana@corp.example",), aliases=()):
    people = [
        make.person("p0", emails=["other@corp.example"], email_keys=["other@corp.example"]),
        make.person("p1", emails=list(emails), email_keys=list(emails), alias_keys=list(aliases)),
    ]
    mails = [primary, "ana@corp.example"] if primary else []
    accounts = [
        make.account("a0", owner="p0", emails=["other@corp.example"], email_keys=["other@corp.example"]),
        make.account("a1", owner="p1", emails=mails, email_keys=mails),
    ]
    return RULE(make.view(people=people, accounts=accounts, drift={"emails": "medium"}))


def test_the_primary_address_may_be_any_address_of_the_person(make):
    assert make.judged(mail(make, "ana@corp.example"))["failed"] == 0
    assert make.judged(mail(make, "old@corp.example", aliases=["old@corp.example"]))["failed"] == 0


@pytest.mark.parametrize("primary", ["ana@private.example", "other@corp.example"])
def test_an_address_of_nobody_or_of_somebody_else_fails(make, primary):
    failed = mail(make, primary).failed
    assert failed[["account_id", "expected", "actual"]].to_numpy().tolist() == [["a1", "ana@corp.example", primary]]


def test_no_address_on_either_side_is_not_evaluable(make):
    assert make.judged(mail(make, None))["reason"] == "attribute-absent 1"
    assert make.judged(mail(make, "ana@corp.example", emails=()))["reason"] == "attribute-absent 1"
