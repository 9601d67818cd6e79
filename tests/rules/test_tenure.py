"""Approved, for how long, and until when: three rules on what is known of a right's end."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from scimaudit import rules
from scimaudit.errors import PolicyError
from scimaudit.policy import Policy, approvals, expression
from scimaudit.policy.approvals import Approval
from scimaudit.policy.catalogue import Described
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.policy.nhi import NonHuman
from scimaudit.view.tenure import _midnight_after, tenure

UNAPPROVED, EXPIRED, STANDING = (
    rules.load(kind).check for kind in ("privileged-unapproved", "grant-expired", "standing-privilege")
)
SIGNED = Approval("slack", "a1", "Admins", "boss@x", date(2026, 1, 1), None, "runs it")
EVERYONE = expression.parse("everyone", ())


def rule(**more):
    return EntitlementRule("r", EVERYONE, "everyone", What("slack", exact=("Admins",)), "why", **more)


def view(make, *signed, policy=(), active=True, owner="p1", listing=None, catalogue=(), facts=None, **grant):
    people = [
        make.person("p1", emails=["ana@x"], email_keys=["ana@x"], user_name_key="ana"),
        make.person("p2", emails=["boss@x"], email_keys=["boss@x"]),
        make.person("p3", emails=["signer@x"], email_keys=["signer@x"]),
    ]
    return make.view(
        people=people, accounts=[make.account("a1", user_name="ana", owner=owner, active=active)], listing=listing,
        grants=[make.grant("a1", "g-1", **{"display": "Admins", "privileged": True, **grant})],
        policy=Policy(approvals=signed, rules=policy, catalogue=catalogue), **{"owner": "boss@x", **(facts or {})},
    )  # fmt: skip


VOID = "holds groups Admins; its approval does not count: "
OTHER = Approval("slack", "a2", "Admins", "boss@x", date(2026, 1, 1), None, "")


@pytest.mark.parametrize(
    ("signed", "said"),
    [
        ((OTHER,), "holds groups Admins, approved by nobody"),
        (
            (Approval("slack", "ANA", "g-1", "ana@x", date(2026, 1, 1), None, ""),),
            VOID + "ana@x approved it and holds it; ana@x answers neither for it nor for the app",
        ),
        (
            (Approval("slack", "ana", "Admins", "p1", date(2026, 1, 1), None, ""),),
            VOID + "p1 approved it and holds it; p1 answers neither for it nor for the app",
        ),
        (
            (Approval("slack", "ana", "Admins", "ghost@x", date(2026, 1, 1), None, ""),),
            VOID + "ghost@x is nobody in the roster",
        ),
    ],
)
def test_power_that_nobody_else_signed_for_fails(make, signed, said):
    assert UNAPPROVED(view(make, *signed)).failed["actual"].tolist() == [said]


@pytest.mark.parametrize("near", [{"privileged": False}, {"active": False}])
def test_what_needs_no_approval(make, near):
    assert make.judged(UNAPPROVED(view(make, OTHER, **near)))["population"] == 0


def test_an_app_of_which_nobody_says_what_gives_power_is_not_evaluable(make):
    counts = make.judged(UNAPPROVED(view(make, OTHER, privileged=None)))
    assert (counts["population"], counts["failed"], counts["reason"]) == (1, 0, "policy-silent 1")


@pytest.mark.parametrize(
    "said",
    [
        {"catalogue": (Described("slack", "groups", "Admins", privileged=True),)},
        {"catalogue": (Described("slack", "", "g-?", privileged=True),)},
        {"facts": {"privileged": ("Adm*",)}},
        {"facts": {"privileged": ("Adm*",)}, "catalogue": (Described("slack", "", "Admins", privileged=False),)},
    ],
)
def test_catalogue_and_patterns_say_what_gives_power_and_a_yes_beats_a_no(make, said):
    assert len(UNAPPROVED(view(make, OTHER, privileged=None, **said)).failed) == 1


def test_the_catalogue_says_what_gives_none(make):
    ordinary = (Described("slack", "groups", "Admins", privileged=False),)
    assert make.judged(UNAPPROVED(view(make, OTHER, privileged=None, catalogue=ordinary)))["population"] == 0


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ({"facts": {"owner": "boss@x", "delegates": ("signer@x",)}}, 0),
        ({"catalogue": (Described("slack", "", "Admins", owner="signer@x"),)}, 0),
        ({"policy": (EntitlementRule("r", EVERYONE, "", What("slack", exact=("g-1",)), "why", owner="signer@x"),)}, 0),
        ({"policy": (EntitlementRule("r", EVERYONE, "", What("slack", exact=("g-2",)), "why", owner="signer@x"),)}, 1),
        ({"catalogue": (Described("slack", "", "Admins", owner="p2"),)}, 1),
        ({}, 1),
    ],
)
def test_who_answers_for_the_right_may_sign_and_nobody_else(make, who, said):
    by = Approval("slack", "ana", "Admins", "signer@x", date(2026, 1, 1), None, "")
    failed = UNAPPROVED(view(make, by, **who)).failed
    assert failed["actual"].tolist() == [VOID + "signer@x answers neither for it nor for the app"] * said


def test_an_approval_of_a_day_that_is_still_to_come_is_none_yet(make):
    failed = UNAPPROVED(view(make, replace(SIGNED, approved_on=date(2026, 11, 21)))).failed
    assert failed["actual"].tolist() == [VOID + "it was approved on 2026-11-21, which is still to come"]
    assert UNAPPROVED(view(make, replace(SIGNED, approved_on=date(2026, 11, 20)))).failed.empty


def test_where_nobody_is_registered_who_could_sign_it_is_not_evaluable(make):
    assert make.judged(UNAPPROVED(view(make, SIGNED, facts={"owner": ""})))["reason"] == "policy-silent 1"


def test_a_rule_can_want_an_approval_for_what_is_not_privileged(make):
    assert len(UNAPPROVED(view(make, OTHER, policy=(rule(requires_approval=True),), privileged=False)).failed) == 1


def test_an_approval_by_somebody_else_passes(make):
    counts = make.judged(UNAPPROVED(view(make, SIGNED)))
    assert (counts["population"], counts["failed"], counts["not_evaluable"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("signed", "more", "reason"),
    [
        ((), {}, "policy-silent 1"),
        ((OTHER,), {"active": None}, "semantics-unknown 1"),
        ((SIGNED,), {"facts": {"owner": ""}}, "policy-silent 1"),
        ((SIGNED,), {"owner": None}, "semantics-unknown 1"),
    ],
)
def test_approval_not_evaluable(make, signed, more, reason):
    assert make.judged(UNAPPROVED(view(make, *signed, **more)))["reason"] == reason


LAST = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "by"),
    [
        ({"expires_at": LAST}, "2026-11-01, as the app says"),
        (
            {"signed": Approval("slack", "a1", "Admins", "boss@x", date(2026, 1, 1), date(2026, 11, 19), "")},
            "2026-11-20, as its approval says",
        ),
        ({"granted_at": LAST, "policy": (rule(days=5),)}, "2026-11-06, as the policy says"),
        ({"granted_at": LAST, "expires_at": LAST, "policy": (rule(days=5),)}, "2026-11-01, as the app says"),
    ],
)
def test_a_right_past_its_end_fails(make, given, by):
    signed = [given.pop("signed")] if "signed" in given else []
    assert EXPIRED(view(make, *signed, **given)).failed["expected"].tolist() == ["removed by " + by]


@pytest.mark.parametrize(
    "given",
    [
        {"expires_at": datetime(2026, 11, 21, tzinfo=UTC)},
        {"signed": Approval("slack", "a1", "Admins", "boss@x", date(2026, 1, 1), date(2026, 11, 20), "")},
        {"granted_at": LAST, "policy": (rule(days=30),)},
        {"expires_at": LAST, "active": False},
        {},
    ],
)
def test_a_right_within_its_time(make, given):
    signed = [given.pop("signed")] if "signed" in given else []
    assert EXPIRED(view(make, *signed, **given)).failed.empty


def test_an_end_on_an_account_of_unknown_activity_is_not_evaluable(make):
    assert make.judged(EXPIRED(view(make, expires_at=LAST, active=None)))["reason"] == "semantics-unknown 1"


@pytest.mark.parametrize(
    "more", [{}, {"signed": [Approval("slack", "a1", "Admins", "boss@x", date(2026, 1, 1), date(2026, 12, 31), "")]}]
)
def test_days_of_the_policy_count_from_a_day_that_nobody_knows(make, more):
    known = view(make, *more.get("signed", []), policy=(rule(days=5),))
    assert make.judged(EXPIRED(known)) == {
        "population": 1, "failed": 0, "not_evaluable": 1, "reason": "attribute-absent 1",
    }  # fmt: skip


def test_power_for_a_while_that_is_held_for_ever_fails(make):
    failed = STANDING(view(make, policy=(rule(days=30),))).failed
    assert failed[["expected", "actual"]].to_numpy().tolist() == [
        ["30 days at most", "holds groups Admins without an end"]
    ]


@pytest.mark.parametrize("near", [{"privileged": False}, {"granted_at": LAST}, {"expires_at": LAST}, {"active": False}])
def test_power_with_an_end_passes(make, near):
    assert STANDING(view(make, policy=(rule(days=30),), **near)).failed.empty


def test_only_where_the_policy_wants_an_end_unless_all_are_meant(make):
    assert make.judged(STANDING(view(make)))["population"] == 0
    assert STANDING(view(make), every_app=True).failed["expected"].tolist() == ["held for a while only"]


HEAD = ",".join(name for name in approvals.COLUMNS if name not in approvals.OPTIONAL)


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("slack,a1,Admins,,2026-01-01,,", "approved_by is empty"),
        ("slack,a1,Admins,b,1.1.2026,,", "approved_on is"),
        ("slack,a1,Admins,b,2026-01-02,2026-01-01,", "ends before"),
        ("slack,a1,Admins", "has 7"),
        ("slack,a1,Admins,b,2026-01-01,,\nslack,a1,Admins,c,2026-01-01,,", "already stands in approvals.csv, line 2"),
    ],
)
def test_a_wrong_approval_names_its_line(line, trouble):
    with pytest.raises(PolicyError, match=trouble):
        approvals.parse(f"{HEAD}\n{line}\n", "approvals.csv")


def test_of_several_approvals_the_latest_counts_in_any_order(make):
    lines = [
        Approval("slack", "a1", "Admins", "boss@x", date(2026, 1, 1), date(2026, 11, 19), ""),
        Approval("slack", "ANA", "Admins", "boss@x", date(2026, 6, 1), None, ""),
        Approval("slack", "ana", "Admins", "ana@x", date(2026, 2, 1), None, ""),
    ]
    for order in itertools.permutations(lines):
        seen = view(make, *order)
        assert [order[place] for place in tenure(seen)["approval"] if place >= 0] == [lines[1]]


def test_an_approval_for_an_unknown_app_is_an_error(make):
    with pytest.raises(PolicyError, match="names the app 'crm'"):
        view(make, Approval("crm", "a", "b", "c", date(2026, 1, 1), None, ""))


@pytest.mark.parametrize(
    ("name", "over"), [("Admins until 2026-11-19", 1), ("Admins until 20261120", 0), ("Admins", 0)]
)
def test_a_name_tells_its_last_day(make, name, over):
    judged = EXPIRED(view(make, facts={"ends_in_name": ("* until {date}",)}, display=name))
    assert judged.failed.get("expected", []).tolist() == ["removed by 2026-11-20, as its name says"] * over


def test_a_name_that_tells_no_day_of_the_calendar_tells_no_end(make):
    held = view(make, facts={"ends_in_name": ("* until {date}",)}, display="Admins until 2026-02-30")
    assert len(STANDING(held, every_app=True).failed) == 1


def test_what_is_activated_on_request_is_not_standing(make):
    eligible = (Described("slack", "groups", "Admins", eligible=True),)
    assert make.judged(STANDING(view(make, catalogue=eligible), every_app=True))["population"] == 0


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Havana"])
def test_a_day_ends_where_clocks_jump_at_midnight(zone):
    days = pd.Series([date(2026, 4, 23), date(2026, 3, 7), date(2026, 11, 20)], dtype="datetime64[us]")
    ends = _midnight_after(days, ZoneInfo(zone)).dt.tz_convert(zone)
    assert ends.dt.date.tolist() == [date(2026, 4, 24), date(2026, 3, 8), date(2026, 11, 21)]
    assert (ends.dt.hour <= 1).all()


def test_days_of_the_policy_do_not_end_what_is_activated_on_request(make):
    eligible = (Described("slack", "groups", "Admins", eligible=True),)
    assert make.judged(EXPIRED(view(make, policy=(rule(days=1),), catalogue=eligible)))["population"] == 0


def employed(make, **boss):
    """The holder, and an approver with a past."""
    return [make.person("p1", user_name_key="ana"), make.person("p2", email_keys=["boss@x"], **boss)]


@pytest.mark.parametrize(
    ("boss", "roster", "said"),
    [
        ({"status": "terminated", "end_date": date(2025, 12, 31)}, {}, VOID + "boss@x left on 2025-12-31"),
        ({"status": "terminated", "end_date": date(2026, 1, 31)}, {}, ""),
        ({"start_date": date(2026, 2, 1)}, {"attributes": frozenset({"previous_end_date"})}, VOID + "boss@x starts on 2026-02-01"),
        ({"start_date": date(2026, 2, 1)}, {}, "semantics-unknown 1"),
        ({"start_date": date(2026, 1, 1)}, {}, ""),
        ({"status": "terminated"}, {}, "semantics-unknown 1"),
    ],
)  # fmt: skip
def test_only_who_worked_here_that_day_can_have_signed(make, boss, roster, said):
    held = make.view(
        people=employed(make, **boss), accounts=[make.account("a1", owner="p1")], owner="boss@x", roster=roster,
        grants=[make.grant("a1", "g-1", display="Admins", privileged=True)], policy=Policy(approvals=(SIGNED,)),
    )  # fmt: skip
    judged = UNAPPROVED(held)
    assert [*judged.failed.get("actual", []), *judged.ledger["reason"].dropna()] == ([said] if said else [])


def test_the_owner_of_a_machine_does_not_approve_its_power(make):
    held = make.view(
        people=employed(make), accounts=[make.account("a1", user_name="bot")], owner="boss@x",
        grants=[make.grant("a1", "g-1", display="Admins", privileged=True)],
        policy=Policy(approvals=(SIGNED,), nhi=(NonHuman("slack", "bot", "bot", "boss@x"),)),
    )  # fmt: skip
    assert UNAPPROVED(held).failed["actual"].tolist() == [VOID + "boss@x approved it and holds it"]


def test_an_approval_for_longer_than_the_policy_gives_does_not_count_and_gives_no_end(make):
    signed = replace(SIGNED, until=date(2026, 12, 31))
    held = view(make, signed, policy=(rule(days=30),))
    assert UNAPPROVED(held).failed["actual"].tolist() == [VOID + "it lasts 364 days, more than the 30 of the policy"]
    assert len(STANDING(held).failed) == 1


def test_a_void_approval_that_is_over_ends_the_right_all_the_same(make):
    signed = Approval("slack", "ana", "Admins", "ana@x", date(2026, 1, 1), date(2026, 11, 19), "")
    assert len(EXPIRED(view(make, signed)).failed) == 1


def test_what_nobody_may_tell_of_an_approval_leaves_a_standing_right_open(make):
    signed = replace(SIGNED, until=date(2026, 12, 31))
    assert make.judged(STANDING(view(make, signed, owner=None), every_app=True))["reason"] == "semantics-unknown 1"


def test_rights_that_are_not_proven_listed_are_not_evaluable_without_any(make):
    counts = make.judged(UNAPPROVED(make.view(accounts=[make.account("a1")], entitlements="unprovable")))
    assert (counts["population"], counts["reason"]) == (1, "walk-unproven 1")


def test_one_right_that_is_told_does_not_speak_for_the_others(make):
    held = make.view(
        accounts=[make.account("a1")], grants=[make.grant("a1", "g-1", privileged=False), make.grant("a1", "g-2")]
    )
    assert make.judged(UNAPPROVED(held))["reason"] == "policy-silent 1"


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_days_in_a_name_the_earlier_counts(make, turned):
    conventions = ("* until {date}*", "*, at most {date}")
    named = view(
        make, display="Admins until 2026-12-31, at most 2026-11-01",
        facts={"ends_in_name": conventions[::-1] if turned else conventions},
    )  # fmt: skip
    assert EXPIRED(named).failed["expected"].tolist() == ["removed by 2026-11-02, as its name says"]


def test_a_line_that_names_an_id_names_nothing_by_that_text(make):
    grants = [
        make.grant("a1", "Admins", attribute="roles", privileged=True),
        make.grant("a1", "g-1", display="Admins", privileged=True),
    ]
    held = make.view(
        people=employed(make), accounts=[make.account("a1", owner="p1")], grants=grants, owner="boss@x",
        policy=Policy(approvals=(SIGNED,)),
    )  # fmt: skip
    assert UNAPPROVED(held).failed["value"].tolist() == ["g-1"]


@pytest.mark.parametrize(("attribute", "failed"), [("", []), ("roles", ["g-1"]), ("groups", ["r-1"])])
def test_a_line_may_say_which_of_two_rights_of_one_name_it_means(make, attribute, failed):
    grants = [
        make.grant("a1", value, display="Admins", attribute=kind, privileged=True)
        for value, kind in (("g-1", "groups"), ("r-1", "roles"))
    ]
    held = make.view(
        people=employed(make), accounts=[make.account("a1", owner="p1")], grants=grants, owner="boss@x",
        policy=Policy(approvals=(replace(SIGNED, attribute=attribute),)),
    )  # fmt: skip
    assert UNAPPROVED(held).failed["value"].tolist() == failed


def test_a_right_that_one_account_shows_without_its_name_is_the_same_right(make):
    rows = [make.grant("a1", "g-1", display="Admins"), make.grant("a2", "g-1", display=None)]
    held = make.view(
        people=employed(make), accounts=[make.account("a1", owner="p1"), make.account("a2", owner="p2")], grants=rows,
        policy=Policy(approvals=(OTHER,), catalogue=(Described("slack", "", "Admins", privileged=True),)),
    )  # fmt: skip
    assert sorted(UNAPPROVED(held).failed["account_id"].astype("str")) == ["a1", "a2"]
    assert len(held.entitlements) == 1
