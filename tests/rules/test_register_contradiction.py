from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.view import SourceFacts

RULE = rules.load("register-contradiction").check
WHOLE = {"sign_in": "saml", "create": "scim", "disable": "scim", "entitlement_removal": "scim"}


def judged(make, *, external_id="x", active=True, ended=False, attributes=None, status=None, roster=None, **register):
    people = [make.person("p1", status=status or ("terminated" if ended else "active"))]
    accounts = [make.account("a1", owner="p1", active=active, external_id=external_id)]
    listing = {"attributes": frozenset(attributes)} if attributes is not None else None
    return RULE(make.view(people=people, accounts=accounts, listing=listing, roster=roster, **{**WHOLE, **register}))


def told(judgement) -> dict[str, str]:
    return dict(zip(judgement.failed["value"], judgement.failed["actual"], strict=True))


def test_a_register_that_the_data_bear_out_passes(make):
    counts = make.judged(judged(make))
    assert (counts["population"], counts["failed"], counts["not_evaluable"]) == (4, 0, 0)


@pytest.mark.parametrize(
    ("claim", "name", "said"),
    [
        ({"external_id": None}, "create", "1 of 1 have no externalId"),
        ({"ended": True}, "disable", "1 accounts of leavers are active"),
        ({"disable": "none"}, "lifecycle", "sign-in is by saml, and nothing disables accounts"),
        ({"disable": None, "create": "jit"}, "lifecycle", "accounts arise at sign-in, and nothing disables accounts"),
        (
            {"disable": None, "sign_in": None, "create": "jit"},
            "lifecycle",
            "accounts arise at sign-in, and nothing disables accounts",
        ),
        ({"entitlement_removal": "none"}, "removal", "no control removes entitlements"),
    ],
)
def test_a_claim_that_the_accounts_refute_fails(make, claim, name, said):
    assert told(judged(make, **claim)) == {name: said}


@pytest.mark.parametrize(
    "near", [{"ended": True, "active": False}, {"ended": True, "disable": "manual"}, {"external_id": None, "attributes": []},
             {"external_id": None, "create": "manual"}],
)  # fmt: skip
def test_near_misses(make, near):
    assert told(judged(make, **near)) == {}


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        ({"attributes": []}, "attribute-absent 1"),
        ({"active": None, "ended": True}, "semantics-unknown 1"),
        ({"status": "unknown"}, "semantics-unknown 1"),
        ({"roster": {"walk": "incomplete"}}, "roster-unproven 1"),
        ({"walk": "incomplete"}, "walk-unproven 2"),
    ],
)
def test_what_the_accounts_cannot_tell_does_not_bear_a_claim_out(make, unknown, reason):
    counts = make.judged(judged(make, **unknown))
    assert (counts["population"], counts["failed"], counts["reason"]) == (4, 0, reason)


@pytest.mark.parametrize(("untold", "unknown"), [(1, 0), (2, 1)])
def test_links_that_no_listing_tells_may_tip_the_scales(make, untold, unknown):
    sources = [
        SourceFacts("apps.slack.listings[0]", "accounts", "slack", attributes=make.everything, **make.proven),
        SourceFacts("apps.slack.listings[1]", "accounts", "slack", **make.proven),
    ]
    linked = [make.account("a1", owner="p1", external_id="x")]
    others = [make.account(f"b{n}", owner="p1", listings=["apps.slack.listings[1]"]) for n in range(untold)]
    view = make.view(
        people=[make.person("p1")], accounts=linked + others, sources=sources, apps=[make.app("slack", create="scim")]
    )
    assert make.judged(RULE(view))["not_evaluable"] == unknown


def test_an_account_of_several_possible_owners_may_be_a_leavers(make):
    people = [make.person("p1"), make.person("p2", status="terminated")]
    view = make.view(people=people, accounts=[make.account("a1", owner="p1|p2")], disable="scim")
    assert make.judged(RULE(view))["reason"] == "semantics-unknown 1"


def test_an_app_without_a_register_is_not_evaluable(make):
    counts = make.judged(judged(make, **dict.fromkeys(WHOLE)))
    assert (counts["population"], counts["reason"]) == (1, "policy-silent 1")


def test_an_app_without_a_source_has_nothing_to_refute(make):
    assert make.judged(RULE(make.view(apps=[make.app("fax", listed=False, disable="none")])))["population"] == 0
