"""Who decided what: an approval counts only when somebody known, and somebody else, gave it and while it lasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from scimaudit import policy
from scimaudit.correlate import decisions
from scimaudit.policy import Policy, dispositions, expression
from scimaudit.policy.approvals import Approval
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.result import ApprovalLine
from scimaudit.summaries.approvals import Accepted, approval_lines, right_lines
from scimaudit.view import View
from tests.rules.conftest import Make

make = Make()
OTHER = Approval("slack", "other", "Admins", "boss@x", date(2026, 1, 1), None, "")


def signed(**changes: Any) -> Approval:
    return replace(Approval("slack", "ana", "Admins", "boss@x", date(2026, 1, 1), None, "runs it"), **changes)


def rule(name: str, who: str = "everyone", **more: Any) -> EntitlementRule:
    return EntitlementRule(
        name, expression.parse(who, ("department",)), who, What("slack", exact=("Admins",)), "why", **more
    )


def view(
    *lines: Approval,
    rules: tuple[EntitlementRule, ...] = (),
    owner: str | None = "p1",
    facts: dict[str, Any] | None = None,
    **grant: Any,
) -> View:
    people = [
        make.person("p1", display_name="Ana Ames", email_keys=["ana@x"], user_name_key="ana", department="IT"),
        make.person("p2", email_keys=["boss@x"]),
        make.person("p3", email_keys=["gone@x"], status="terminated"),
        make.person("p6", email_keys=["late@x"], status="terminated", end_date=date(2026, 10, 31)),
        make.person("p4", email_keys=["twin@x"]),
        make.person("p5", email_keys=["twin@x"], status="terminated"),
    ]
    return make.view(
        people=people, accounts=[make.account("a1", user_name="ana", owner=owner)],
        grants=[make.grant("a1", "g-1", display="Admins", **{"privileged": True, **grant})],
        policy=Policy(approvals=lines, rules=rules), **{"owner": "boss@x", "delegates": ("gone@x", "late@x"), **(facts or {})},
    )  # fmt: skip


def line(seen: View, **options: Any) -> ApprovalLine:
    [found] = right_lines(seen, **options)
    return found


@pytest.mark.parametrize(
    ("lines", "state", "trouble"),
    [
        ((), "nobody", "nobody approved it, and the policy folder has no approvals at all"),
        ((OTHER,), "nobody", "nobody approved it"),
        ((signed(),), "counts", ""),
        ((signed(until=date(2026, 11, 20)),), "counts", ""),
        ((signed(until=date(2026, 11, 19)),), "does not count", "it ran out on 2026-11-19"),
        ((signed(approved_by="ana@x"),), "does not count", "ana@x approved it and holds it; ana@x answers neither for it nor for the app"),
        ((signed(approved_by="ghost@x"),), "does not count", "ghost@x is nobody in the roster"),
        ((signed(approved_on=date(2026, 11, 21)),), "does not count", "it was approved on 2026-11-21, which is still to come"),
        ((signed(approved_by="gone@x"),), "unclear", "whether gone@x worked here that day is unclear"),
        ((signed(approved_by="late@x"),), "counts", ""),
        ((signed(approved_by="twin@x"),), "unclear", "whether twin@x approved it for themselves cannot be told: the holder or the approver is unclear; whether twin@x worked here that day is unclear"),
    ],
)  # fmt: skip
def test_whether_an_approval_counts(lines: tuple[Approval, ...], state: str, trouble: str) -> None:
    found = line(view(*lines))
    assert (found.state, found.trouble) == (state, trouble)


@pytest.mark.parametrize(
    ("facts", "state", "trouble"),
    [
        ({"owner": "gone@x"}, "does not count", "boss@x answers neither for it nor for the app"),
        ({"owner": "team@x", "delegates": ()}, "does not count", "boss@x answers neither for it nor for the app"),
        ({"owner": "twin@x"}, "unclear", "whether boss@x may approve it is unclear: nobody is registered for certain who could"),
        ({"owner": "", "delegates": ()}, "unclear", "whether boss@x may approve it is unclear: nobody is registered for certain who could"),
    ],
)  # fmt: skip
def test_only_who_answers_for_the_right_may_approve_it(facts: dict[str, Any], state: str, trouble: str) -> None:
    found = line(view(signed(), facts=facts))
    assert (found.state, found.trouble) == (state, trouble)


def test_nobody_can_tell_whether_an_account_of_nobody_was_approved_by_its_holder() -> None:
    assert line(view(signed(), owner=None)).state == "unclear"


def test_a_right_says_whose_it_is_and_where_its_approval_stands() -> None:
    found = line(view(signed(until=date(2027, 1, 1))))
    assert (found.app, found.account, found.person, found.subject) == ("slack", "ana", "Ana Ames", "Admins")
    assert (found.by, found.on, found.until, found.reason) == ("boss@x", "2026-01-01", "2027-01-01", "runs it")
    assert found.where == "policy/approvals.csv"


def test_a_right_held_in_two_ways_is_one_right() -> None:
    seen = view(OTHER)
    twice = replace(seen, grants=pd.concat([seen.grants, seen.grants.assign(type="indirect")], ignore_index=True))
    assert len(right_lines(twice)) == 1


def test_only_power_and_what_a_rule_wants_approved_is_asked_for() -> None:
    assert right_lines(view(OTHER, privileged=False)) == []
    assert line(view(OTHER, rules=(rule("r", requires_approval=True),), privileged=False)).needed
    left = line(view(OTHER, privileged=False), everything=True)
    assert (left.needed, left.trouble) == (False, "nobody approved it; no rule asks for an approval")
    unknown = line(view(OTHER, privileged=None), everything=True)
    assert unknown.trouble == "nobody approved it; nobody has said whether it gives power"


@pytest.mark.parametrize(
    ("who", "deny", "says"),
    [
        ("everyone", False, ["allows"]), ('department = "IT"', True, ["denies"]), ('department = "Sales"', False, []),
    ],
)  # fmt: skip
def test_the_policy_says_of_a_right_what_it_says(who: str, deny: bool, says: list[str]) -> None:
    found = line(view(OTHER, rules=(rule("r", who, deny=deny, owner="o@x"),)))
    assert [word.says for word in found.rules] == says
    assert all((word.rule, word.why, word.owner) == ("r", "why", "o@x") for word in found.rules)


def test_what_depends_on_the_unknown_may_allow_and_an_account_of_nobody_has_no_rule() -> None:
    seen = view(OTHER, rules=(rule("r", 'department = "IT"'),))
    unknown = replace(seen, people=seen.people.assign(department=pd.Series(None, seen.people.index, dtype="str")))
    assert [word.says for word in line(unknown).rules] == ["may allow"]
    assert line(view(OTHER, rules=(rule("r"),), owner=None)).rules == ()


FINDINGS = pd.DataFrame(
    {"finding_id": ["f1"], "app": ["slack"], "account_id": ["a1"], "user_name": ["ana"], "person_id": ["p1"], "kind": ["dormant"]},
    dtype="str",
)  # fmt: skip
LINKS = """app,account_id,person_id,relation,decided_by,decided_on,until,reason
slack,a1,p1,is,boss@x,2026-01-01,,asked
slack,a9,nobody,is,ghost@x,2026-01-01,,old
slack,a1,p2,is-not,boss@x,2026-01-01,2026-02-01,no
"""


def test_every_other_decision_says_by_whom_and_whether_it_counts() -> None:
    said = dispositions.parse(
        "finding_id,disposition,by,on,until,reason\nf1,snoozed,boss@x,2026-01-01,2026-12-01,later\n"
        "f2,false-positive,ghost@x,2026-01-01,,wrong\n",
        "d",
    )
    seen = replace(view(OTHER), policy=policy.Policy(approvals=(OTHER,), dispositions=said))
    accepted = [Accepted("slack", "boss@x", date(2026, 11, 19), "few")]
    lines = approval_lines(seen, FINDINGS, decisions.parse(LINKS, "links"), accepted)
    told = [(each.what, each.subject, each.state, each.trouble) for each in lines if each.what != "right"]
    assert told == [
        ("disposition", "f2 is false-positive", "does not count", "there is no such finding; ghost@x is nobody in the roster"),
        ("disposition", "dormant f1 is snoozed", "counts", ""),
        ("link", "the account is nobody's", "does not count", "there is no such account; ghost@x is nobody in the roster"),
        ("link", "the account is not that of p2", "does not count", "it ran out on 2026-02-01"),
        ("link", "the account is that of p1", "counts", ""),
        ("scope", "the listing need not show every account (scope all)", "does not count", "it ran out on 2026-11-19"),
    ]  # fmt: skip


def test_what_nobody_said_of_power_is_a_line_of_its_own() -> None:
    untold = approval_lines(view(OTHER, privileged=None), FINDINGS, None, [])
    assert [(each.what, each.app, each.trouble) for each in untold] == [
        ("power", "slack", "nobody has said which of 1 right gives power")
    ]
    assert [each.what for each in approval_lines(view(OTHER), FINDINGS, None, [])] == ["right"]
