from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimaudit import rules
from scimaudit.policy import Policy, expression
from scimaudit.policy.approvals import Approval
from scimaudit.policy.catalogue import Described
from scimaudit.policy.dispositions import Disposition
from scimaudit.policy.entitlements import EntitlementRule, What
from scimaudit.policy.links import Link
from scimaudit.policy.nhi import NonHuman
from scimaudit.policy.sod import Conflict

RULE = rules.load("policy-defect").check
COLUMNS = ("department", "title", "start_date")
TODAY = date(2026, 11, 20)


def allow(name="r", who="everyone", *, place="entitlements.toml, line 7", **more):
    what = {name: more.pop(name) for name in ("exact", "patterns", "attribute") if name in more} or {"exact": ("core",)}
    app = more.pop("app", "slack")
    return EntitlementRule(name, expression.parse(who, COLUMNS), who, What(app, **what), "why", place=place, **more)


def deny(name="no", who="everyone", **more):
    return allow(name, who, deny=True, **more)


def pair(left, right, **more):
    return Conflict("pair", left, right, "fraud", **more)


def signed(by="ana", on=date(2026, 3, 1), until=None, *, account="a1", value="core", app="slack"):
    return Approval(app, account, value, by, on, until, "x", place="approvals.csv, line 2")


def link(account="a1", person="ana", by="ana", on=date(2026, 3, 1), until=None):
    return Link("slack", account, person, "is", by, on, until, place="links.csv, line 2")


def seen(make, people=(), **policy):
    """A company of Ana, who works here, Bo, who left in June, Cy, whose state nobody knows, and Di, who comes."""
    facts = policy.pop("facts", {})
    staff = [
        make.person("ana", user_name_key="ana"),
        make.person("bo", user_name_key="bo", status="terminated", end_date=date(2026, 6, 30)),
        make.person("cy", user_name_key="cy", status="unknown"),
        make.person("di", user_name_key="di", status="prehire", start_date=date(2026, 12, 1)),
        make.person("ed", user_name_key="ed", status="terminated"),
    ]
    accounts = [make.account("a1", owner="ana", user_name="ana.a"), make.account("svc")]
    grants = [make.grant("a1", "core"), make.grant("a1", "eng-x")]
    given = {name: tuple(lines) for name, lines in policy.items()}
    return make.view(
        people=[*staff, *people], accounts=accounts, grants=grants, policy=Policy(**given), **{"owner": "", **facts}
    )


def found(view) -> list[str]:
    """What is wrong, each without its file."""
    return wrong(RULE(view).failed)


def wrong(failed) -> list[str]:
    return sorted(failed["attribute"].str.split(" ", n=1).str[1].astype("str") + ": " + failed["value"].astype("str"))


def counts(make, view) -> tuple[int, int, str]:
    told = make.judged(RULE(view))
    return told["population"], told["failed"], told["reason"]


def test_a_finding_names_the_file_the_line_and_the_app(make):
    failed = RULE(seen(make, rules=[allow(who="not everyone")])).failed
    assert failed[["app", "attribute", "value", "expected", "actual"]].astype("str").to_numpy().tolist() == [
        [
            "slack", "entitlements.toml unreachable", "r", "people whom it can speak of",
            "entitlements.toml, line 7: nobody can ever meet not everyone",
        ]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ('department = "A" and department = "B"', (1, 1, "")),
        ('department = "A" or department = "B"', (1, 0, "")),
        ("department is null", (1, 0, "")),
        ('start_date ~ "2026-*"', (1, 0, "semantics-unknown 1")),
    ],
)
def test_a_rule_that_nobody_can_meet(make, who, told):
    assert counts(make, seen(make, rules=[allow(who=who)])) == told


@pytest.mark.parametrize(
    ("allowing", "denying", "hit"),
    [
        (allow(), deny(), True),
        (allow(birthright=True), deny(), True),
        (allow(who='department = "A"'), deny(who='department in ["a", "B"]'), True),
        (allow(exact=("core",)), deny(patterns=("c*",)), True),
        (allow(patterns=("eng-?",)), deny(patterns=("ENG-*",)), True),
        (allow(attribute="groups", exact=("core",)), deny(exact=("core", "more")), True),
        (allow(exact=("core", "more")), deny(), False),
        (allow(patterns=("eng-*",)), deny(patterns=("eng-?",)), False),
        (allow(exact=("core",)), deny(attribute="roles", exact=("core",)), False),
        (allow(), deny(who='department = "A"'), False),
        (allow(), deny(app="erp"), False),
        (allow(who='department = "A"'), deny(who='department = "B"'), False),
        (replace(allow(birthright=True), what=What("slack")), deny(patterns=("*",)), False),
    ],
)
def test_a_rule_that_one_deny_takes_back(make, allowing, denying, hit):
    apps = {"apps": [make.app("slack"), make.app("erp")]}
    view = make.view(policy=Policy(rules=(denying, allowing)), **apps)
    assert [text for text in found(view) if text.startswith("contradicted")] == ["contradicted: r"] * hit


def test_what_cannot_be_compared_is_not_evaluable(make):
    denying = deny(who='start_date ~ "1*" or start_date ~ "2*"')
    assert counts(make, seen(make, rules=[allow(who="start_date is not null"), denying])) == (
        2,
        0,
        "semantics-unknown 1",
    )
    assert counts(make, seen(make, rules=[allow(), denying])) == (2, 0, "")


@pytest.mark.parametrize(
    ("other", "hit"),
    [(allow("s"), True), (allow("s", days=3), False), (allow("s", exact=("more",)), False), (deny("s"), False)],
)
def test_two_rules_that_say_the_same_in_either_order(make, other, hit):
    for order in ((allow(), other), (other, allow())):
        assert ("repeated: s" in found(seen(make, rules=order))) is hit


@pytest.mark.parametrize(("pattern", "hit"), [("*", True), ("?*", True), ("**", True), ("a*", False), ("?", False)])
def test_patterns_that_fit_everything(make, pattern, hit):
    assert found(seen(make, rules=[allow(patterns=(pattern,))])) == ["everything: r"] * hit
    assert found(seen(make, rules=[deny(patterns=(pattern,))])) == []
    wide = RULE(seen(make, nhi=[NonHuman("slack", pattern, "bot")])).failed
    assert wide.loc[wide["attribute"] == "nhi.csv everything", "severity"].tolist() == ["high"] * hit
    for name in ("privileged", "admin_accounts", "non_human"):
        assert found(seen(make, facts={name: ("x", pattern)})) == [f"everything {name}: slack"] * hit


@pytest.mark.parametrize(
    ("left", "right", "hit"),
    [
        (What("slack", exact=("a",)), What("slack", exact=("b", "a")), True),
        (What("slack", exact=("abc",)), What("slack", patterns=("A*",)), True),
        (What("slack", "groups", patterns=("e*",)), What("slack", patterns=("*x",)), True),
        (What("slack", patterns=("e*",)), What("slack", patterns=("*z",)), False),
        (What("slack", "roles", exact=("a",)), What("slack", "groups", exact=("a",)), False),
        (What("slack", exact=("a",)), What("slack", exact=("b",)), False),
    ],
)
def test_a_right_on_both_sides_of_a_pair(make, left, right, hit):
    told = found(seen(make, conflicts=[pair(left, right)]))
    assert [text for text in told if text.startswith("both")] == ["both-sides: pair"] * hit


HELD, ALSO, NONE = (
    What("slack", exact=("core",)),
    What("slack", "groups", patterns=("ENG-*",)),
    What("slack", "roles", ("none",)),
)


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        ((HELD, ALSO), []),
        ((HELD, NONE), ["its right side names no right that anybody holds in slack"]),
        (
            (What("slack", patterns=("x*",)), NONE),
            [
                "its left side names no right that anybody holds in slack and "
                "its right side names no right that anybody holds in slack"
            ],
        ),
    ],
)
def test_a_side_of_a_pair_that_names_no_right(make, sides, said):
    failed = RULE(seen(make, conflicts=[pair(*sides)])).failed
    assert failed["actual"].str.removeprefix("sod.toml: ").tolist() == said


@pytest.mark.parametrize(("name", "state"), [("walk", "incomplete"), ("entitlements", "unprovable")])
def test_a_right_that_may_only_be_hidden_may_be_meant(make, name, state):
    lines = {
        "conflicts": [pair(HELD, NONE)],
        "catalogue": [Described("slack", "", "none"), Described("slack", "", "c*")],
    }
    assert counts(make, seen(make, **lines)) == (3, 2, "")
    assert counts(make, seen(make, **lines, facts={name: state})) == (3, 0, "walk-unproven 2")


def test_a_side_that_is_proven_to_name_nothing_fails_whatever_the_other_hides(make):
    apps = [make.app("erp", walk="incomplete", owner=""), make.app("slack", owner="")]
    across = pair(NONE, What("erp", exact=("pay",)))
    assert counts(make, make.view(apps=apps, policy=Policy(conflicts=(across,)))) == (1, 1, "")
    hidden = pair(HELD, What("erp", exact=("pay",)))
    view = make.view(
        apps=apps,
        accounts=[make.account("a1")],
        grants=[make.grant("a1", "core")],
        policy=Policy(conflicts=(hidden,)),
    )
    assert counts(make, view) == (1, 0, "walk-unproven 1")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (Described("slack", "", "core"), []), (Described("slack", "groups", "ENG-*"), []),
        (Described("slack", "", "CORE"), ["unused: any / CORE"]),
        (Described("slack", "roles", "core"), ["unused: roles / core"]),
        (Described("slack", "groups", "*", privileged=False), ["everything privileged: groups / *"]),
        (Described("slack", "", "?*", eligible=True), ["everything eligible: any / ?*"]),
        (Described("slack", "", "*", privileged=True), []), (Described("slack", "", "*", "A name"), []),
        (Described("slack", "", "c*", privileged=False, eligible=True), []),
    ],
)  # fmt: skip
def test_lines_of_the_catalogue(make, line, said):
    view = seen(make, catalogue=[line])
    assert found(view) == said
    wide = RULE(view).failed["severity"].dropna().tolist()
    assert wide == ["high"] * sum(text.startswith("everything") for text in said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (signed(on=TODAY), []),
        (signed(on=date(2026, 11, 21)), ["day"]),
        (signed(until=date(2026, 11, 19)), []),  # grant-expired tells it
        (signed(until=date(2026, 11, 19), value="none"), ["over"]),
        (signed(until=TODAY), []),
        (signed(value="none"), ["unused"]),
        (signed(account="ANA.A"), []),
    ],
)
def test_the_days_and_the_right_of_an_approval(make, line, said):
    assert [text.partition(":")[0] for text in found(seen(make, approvals=[line]))] == said


@pytest.mark.parametrize(("name", "state"), [("walk", "incomplete"), ("entitlements", "unprovable")])
def test_a_right_that_may_only_be_hidden_is_not_called_unused(make, name, state):
    view = seen(make, approvals=[signed(value="none")], facts={name: state})
    assert counts(make, view) == (1, 0, "walk-unproven 1")


@pytest.mark.parametrize(
    ("on", "until", "hit"),
    [
        (TODAY, TODAY, []), (date(2026, 11, 21), None, ["day: f1"]), (TODAY, None, []),
        (date(2026, 11, 1), date(2026, 11, 19), ["over: f1"]),
    ],
)  # fmt: skip
def test_the_days_of_a_disposition(make, on, until, hit):
    assert found(seen(make, dispositions=[Disposition("f1", "false-positive", "ana", on, until, "x")])) == hit


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([link()], []), ([link(until=TODAY)], []), ([link(until=date(2026, 11, 19))], ["over"]),
        ([link(until=date(2026, 11, 1)), link(on=date(2026, 11, 2))], []),
        ([link(on=date(2026, 11, 21))], ["day"]), ([link("gone")], ["unused"]), ([link(person="zed")], ["unused"]),
        ([link(person="nobody")], []), ([link(by="bo", on=date(2026, 7, 1))], ["signature"]),
    ],
)  # fmt: skip
def test_decisions_about_links(make, lines, said):
    assert [text.partition(":")[0] for text in found(seen(make, links=lines))] == said


def test_an_account_that_may_only_be_hidden_is_not_called_gone(make):
    assert counts(make, seen(make, links=[link("gone")], facts={"walk": "incomplete"})) == (1, 0, "walk-unproven 1")


@pytest.mark.parametrize(
    ("by", "on", "told"),
    [
        ("ana", date(2026, 3, 1), (1, 0, "")),
        ("bo", date(2026, 6, 30), (1, 0, "")),
        ("bo", date(2026, 7, 1), (1, 1, "")),
        ("zed", date(2026, 3, 1), (1, 1, "")),
        ("cy", date(2026, 3, 1), (1, 0, "semantics-unknown 1")),
        ("di", date(2026, 11, 1), (1, 1, "")),
        ("ed", date(2026, 3, 1), (1, 0, "semantics-unknown 1")),
    ],
)
def test_who_signed_worked_here_that_day(make, by, on, told):
    assert counts(make, seen(make, approvals=[signed(by, on)])) == told
    assert counts(make, seen(make, dispositions=[Disposition("f1", "false-positive", by, on, None, "x")])) == told


def test_who_comes_back_may_have_signed_before(make):
    again = make.person(
        "flo", user_name_key="flo", status="prehire", start_date=date(2026, 12, 1), previous_end_date=date(2026, 5, 1)
    )
    view = seen(make, [again], approvals=[signed("flo")])
    assert counts(make, view) == (1, 0, "semantics-unknown 1")


@pytest.mark.parametrize(
    ("owner", "told"), [("ana", (0, "")), ("bo", (1, "")), ("zed", (1, "")), ("cy", (0, "semantics-unknown 1")), ("", (0, ""))]
)  # fmt: skip
def test_owners_work_here(make, owner, told):
    sides = (What("slack", exact=("core",)), What("slack", exact=("eng-x",)))
    assert counts(make, seen(make, rules=[allow(owner=owner)]))[1:] == told
    assert counts(make, seen(make, conflicts=[pair(*sides, owner=owner)]))[1:] == told
    assert counts(make, seen(make, catalogue=[Described("slack", "", "core", owner=owner)]))[1:] == told
    assert counts(make, seen(make, facts={"owner": owner}))[1:] == told


def test_an_owner_whom_no_proven_roster_shows_does_not_pass(make):
    view = seen(make, rules=[allow(owner="ana")], facts={"roster": {"as_of": None}})
    assert counts(make, view) == (1, 0, "roster-unproven 1")


def bot(account, owner):
    return NonHuman("slack", account, "bot", owner)


@pytest.mark.parametrize(
    ("lines", "hit"),
    [
        ([bot("svc", "svc")], ["svc"]),
        ([bot("svc", "two"), bot("two", "svc")], ["svc", "two"]),
        ([bot("svc", "run-1"), bot("run-*", "ana")], ["svc"]),
        ([bot("svc", "ana")], []),
        ([bot("svc", "zed")], []),
        ([bot("svc", "bo"), bot("bo", "ana")], []),
        ([bot("svc", "zed"), bot("*", "ana")], []),
    ],
)
def test_a_machine_does_not_answer_for_a_machine(make, lines, hit):
    assert [text for text in found(seen(make, nhi=lines)) if text.startswith("machine")] == [
        f"machine: {name}" for name in hit
    ]


def test_a_circle_is_told_as_one(make):
    failed = RULE(seen(make, nhi=[bot("svc", "two"), bot("two", "svc")])).failed
    assert failed["actual"].tolist()[0] == (
        "nhi.csv: its owner is two, whose owner is svc, and none of them is a person"
    )


STAFF = {name: f"{name}@corp.example" for name in ("ana", "bo", "cy", "di", "ed")}


def crowded(make, *register):
    """An app in which five people and one machine have an account each."""
    return make.view(
        people=[make.person(name) for name in STAFF],
        accounts=[
            *(make.account(f"a-{name}", owner=name, user_name=mail) for name, mail in STAFF.items()),
            make.account("bot"),
            make.account("both", owner="ana|bo"),
        ],
        policy=Policy(nhi=register),
        owner="",
    )


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("b*", "bo@corp.example"),
        ("*o*", "ana@corp.example, bo@corp.example and 3 more"),
        ("?o@*", "bo@corp.example"),
        ("*@*", "ana@corp.example, bo@corp.example and 3 more"),
        ("a-[b]*", ""),
        ("?d*", "ed@corp.example"),
        ("?????corp*", ""),
        ("*d*@*", "di@corp.example and ed@corp.example"),
        ("bot*", ""),
        ("bo@corp.example", ""),
        ("a-bo", ""),
    ],
)
def test_a_pattern_of_the_register_that_hides_people(make, pattern, told):
    view = crowded(make, NonHuman("slack", pattern, "bot", place="nhi.csv, line 2"))
    failed = RULE(view).failed
    said = [f"nhi.csv, line 2: {pattern!r} fits accounts of people: {told}"] if told else []
    assert failed["actual"].tolist() == said
    assert failed["severity"].tolist() == ["high"] * bool(told)


def test_a_pattern_hides_nobody_whom_a_line_names_or_after_it_ended(make):
    named = NonHuman("slack", "bo@corp.example", "bot", "ana")
    assert [text for text in found(crowded(make, NonHuman("slack", "b*", "bot"), named)) if "people" in text] == []
    ended = NonHuman("slack", "b*", "bot", expires=date(2026, 11, 19))
    assert found(crowded(make, ended)) == []


@pytest.mark.parametrize(
    ("account", "expires", "hit"),
    [("old", date(2026, 11, 19), True), ("old", TODAY, False), ("svc", date(2026, 11, 19), False)],
)
def test_a_register_line_that_ended_and_covers_nothing(make, account, expires, hit):
    view = seen(make, nhi=[NonHuman("slack", account, "bot", "ana", expires=expires)])
    assert found(view) == [f"over: {account}"] * hit


def test_two_defects_of_one_line_are_one_line_and_two_findings(make):
    view = seen(make, rules=[allow(who="not everyone", owner="bo")])
    assert counts(make, view) == (1, 1, "")
    assert found(view) == ["owner: r", "unreachable: r"]


LINES = st.lists(
    st.tuples(st.sampled_from(["everyone", "not everyone", 'department = "A"']), st.sampled_from(["core", "*", "c*"]),
              st.booleans(), st.sampled_from(["", "ana", "bo", "cy"])),
    max_size=6,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_lines_never_matters(make, drawn, chance):
    given_rules = [
        allow(f"r{n}", who, patterns=(what,), deny=denies, owner=owner) for n, (who, what, denies, owner) in enumerate(drawn)
    ]  # fmt: skip
    approvals = [signed(owner or "zed", value=f"v{n}") for n, (_, _, _, owner) in enumerate(drawn)]
    company = seen(make)

    def told():
        policy = replace(company.policy, rules=tuple(given_rules), approvals=tuple(approvals))
        judgement = RULE(replace(company, policy=policy))
        return wrong(judgement.failed), make.judged(judgement)

    first = told()
    chance.shuffle(given_rules)
    chance.shuffle(approvals)
    assert told() == first
