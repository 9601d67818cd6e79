from __future__ import annotations

import pytest

from scimaudit import rules
from scimaudit.view import SourceFacts

RULE = rules.load("register-contradiction").check
WHOLE = {"sign_in": "saml", "create": "scim", "update": "scim", "disable": "scim", "entitlement_removal": "scim"}


def judged(make, *, external_id="x", active=True, ended=False, attributes=None, status=None, roster=None, **register):
    people = [make.person("p1", status=status or ("terminated" if ended else "active"))]
    accounts = [make.account("a1", owner="p1", active=active, external_id=external_id)]
    listing = {"attributes": frozenset(attributes)} if attributes is not None else None
    facts = {name: register.pop(name) for name in ("walk", "control_owners") if name in register}
    said = {name: (how,) if isinstance(how, str) else how for name, how in {**WHOLE, **register}.items() if how}
    return RULE(make.view(people=people, accounts=accounts, listing=listing, roster=roster, register=said, **facts))


def told(judgement) -> dict[str, str]:
    return dict(zip(judgement.failed["value"], judgement.failed["actual"], strict=True))


def test_a_register_that_the_data_bear_out_passes(make):
    counts = make.judged(judged(make))
    assert (counts["population"], counts["failed"], counts["not_evaluable"]) == (8, 0, 0)


@pytest.mark.parametrize(
    ("claim", "name", "said"),
    [
        ({"external_id": None}, "create", "1 of 1 have no externalId"),
        ({"disable": "none"}, "lifecycle", "sign-in is by saml, and nothing disables accounts"),
        ({"disable": None, "create": "jit"}, "lifecycle", "accounts arise at sign-in, and nothing disables accounts"),
        (
            {"disable": None, "sign_in": None, "create": "jit"},
            "lifecycle",
            "accounts arise at sign-in, and nothing disables accounts",
        ),
        ({"entitlement_removal": "none"}, "removal", "no control removes entitlements"),
        ({"update": ("scim", "manual")}, "writers of update", "scim and manual both update accounts"),
        ({"control_owners": {"disable": "ghost"}}, "owner of disable", "ghost is in no roster"),
    ],
)
def test_a_claim_that_the_accounts_refute_fails(make, claim, name, said):
    assert told(judged(make, **claim)) == {name: said}


def test_a_leaver_who_lives_on_refutes_what_disables_and_what_governs_sign_in(make):
    assert told(judged(make, ended=True)) == {
        "disable": "1 account of a leaver is active",
        "sign_in": "sign-in is governed, and 1 account of a leaver is active",
    }


def test_an_owner_of_a_control_who_left_answers_for_nothing(make):
    assert told(judged(make, ended=True, active=False, control_owners={"create": "p1"})) == {
        "owner of create": "p1 has left"
    }


def test_a_control_of_which_nobody_has_said_anything_is_not_evaluable(make):
    counts = make.judged(judged(make, entitlement_removal=None))
    assert (counts["failed"], counts["reason"]) == (0, "policy-silent 1")


@pytest.mark.parametrize(
    "near", [{"ended": True, "active": False}, {"ended": True, "disable": "manual", "sign_in": "password"}, {"external_id": None, "attributes": []},
             {"external_id": None, "create": "manual"}],
)  # fmt: skip
def test_near_misses(make, near):
    assert told(judged(make, **near)) == {}


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        ({"attributes": []}, "attribute-absent 1"),
        ({"active": None, "ended": True}, "semantics-unknown 2"),
        ({"status": "unknown"}, "semantics-unknown 2"),
        ({"roster": {"walk": "incomplete"}}, "roster-unproven 2"),
        ({"walk": "incomplete"}, "walk-unproven 3"),
        ({"status": "unknown", "control_owners": {"disable": "p1"}}, "semantics-unknown 3"),
    ],
)
def test_what_the_accounts_cannot_tell_does_not_bear_a_claim_out(make, unknown, reason):
    counts = make.judged(judged(make, **unknown))
    assert (counts["failed"], counts["reason"]) == (0, reason)


@pytest.mark.parametrize(("untold", "unknown"), [(1, 0), (2, 1)])
def test_links_that_no_listing_tells_may_tip_the_scales(make, untold, unknown):
    sources = [
        SourceFacts("apps.slack.listings[0]", "accounts", "slack", attributes=make.everything, **make.proven),
        SourceFacts("apps.slack.listings[1]", "accounts", "slack", **make.proven),
    ]
    linked = [make.account("a1", owner="p1", external_id="x")]
    others = [make.account(f"b{n}", owner="p1", listings=["apps.slack.listings[1]"]) for n in range(untold)]
    view = make.view(
        people=[make.person("p1")],
        accounts=linked + others,
        sources=sources,
        apps=[make.app("slack", register={"create": ("scim",)})],
    )
    assert ("attribute-absent 1" in make.judged(RULE(view))["reason"]) == bool(unknown)


def test_an_account_of_several_possible_owners_may_be_a_leavers(make):
    people = [make.person("p1"), make.person("p2", status="terminated")]
    view = make.view(people=people, accounts=[make.account("a1", owner="p1|p2")], register={"disable": ("scim",)})
    assert "semantics-unknown 1" in make.judged(RULE(view))["reason"]


def test_an_app_without_a_register_is_not_evaluable(make):
    counts = make.judged(judged(make, **dict.fromkeys(WHOLE)))
    assert (counts["population"], counts["reason"]) == (5, "policy-silent 5")


def test_an_app_without_a_source_has_nothing_to_refute(make):
    assert (
        make.judged(RULE(make.view(apps=[make.app("fax", listed=False, register={"disable": ("none",)})])))[
            "population"
        ]
        == 0
    )
