"""Exceptions and dispositions: who may accept what, for whom, how long; and what becomes of the findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimaudit import findings, rules
from scimaudit.errors import PolicyError
from scimaudit.policy import Policy, dispositions
from scimaudit.policy.dispositions import Disposition
from scimaudit.policy.entitlements import What
from scimaudit.policy.exceptions import Waiver, load
from scimaudit.policy.sod import Conflict
from scimaudit.settle import Limits, settle, with_late

LIMITS = Limits()
OLD = datetime(2026, 1, 1, tzinfo=UTC)
OWNER, DELEGATE, ASKER, LEAVER = "own@corp.example", "del@corp.example", "ask@corp.example", "gone@corp.example"
GOOD = Waiver(
    "EX-1", "dormant", "the yearly archive", ASKER, OWNER, date(2026, 11, 1), date(2026, 12, 1), "slack", account="ana"
)
PAIR = Conflict("pay", What("slack", exact=("make",)), What("erp", exact=("check",)), "fraud", owner=OWNER)


@pytest.fixture
def view(make):
    """Ana and Bo are dormant in slack, Ana in erp too; she holds both sides of a pair."""

    def made(*waivers: Waiver, **policy):
        mails = {"own": OWNER, "del": DELEGATE, "ask": ASKER, "gone": LEAVER, "ana": "ana@corp.example", "bo": "bo@b.c"}
        people = [
            make.person(name, user_name=name, user_name_key=name, emails=[mail], email_keys=[mail],
                        status="terminated" if name == "gone" else "active")
            for name, mail in mails.items()
        ]  # fmt: skip
        people.append(make.person("twin", emails=["two@corp.example"], email_keys=["two@corp.example"]))
        people.append(
            make.person("twin2", emails=["two@corp.example"], email_keys=["two@corp.example"], status="unknown")
        )
        accounts = [
            make.account("a1", user_name="ana", owner="ana", last_login=OLD),
            make.account("a2", user_name="bo", owner="bo", last_login=OLD),
            make.account("a3", user_name="owner", owner="own", last_login=OLD),
            make.account("a4", user_name="either", owner="own|bo", last_login=make.now),
            make.account("e1", app="erp", user_name="ana", owner="ana", last_login=OLD),
        ]
        return make.view(
            people=people, accounts=accounts, policy=Policy(exceptions=waivers, conflicts=(PAIR,), **policy),
            grants=[make.grant("a1", "make"), make.grant("e1", "check", app="erp")],
            apps=[make.app("slack", owner=OWNER, delegates=(DELEGATE, LEAVER, "two@corp.example", "who@corp.example")),
                  make.app("erp", owner=OWNER)],
        )  # fmt: skip

    return made


def unsettled(view) -> pd.DataFrame:
    judged = [(rule, rule.check(view)) for rule in map(rules.load, ("dormant", "sod"))]
    return findings.assemble(
        judged, view, severities={}, first_seen={}, now=view.as_of, gated_apps=frozenset(), all_gated=False
    )


def settled(view, limits: Limits = LIMITS):
    return settle(unsettled(view), view, rules.names(), limits)


def excepted(rows: pd.DataFrame) -> set[tuple[str, str]]:
    found = rows[rows["disposition"] == "excepted"]
    return set(zip(found["app"].astype("str"), found["user_name"].astype("str"), strict=True))


def test_it_covers_its_finding_and_no_other(view):
    rows, exceptions = settled(view(GOOD))
    assert excepted(rows) == {("slack", "ana")}
    assert rows.loc[rows["disposition"] == "excepted", "exception_id"].tolist() == ["EX-1"]
    assert exceptions[["state", "used"]].to_numpy().tolist() == [["valid", 1]]


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"approver": "bo@b.c"}, "may not approve it; own@corp.example or del@corp.example"),
        ({"approver": LEAVER}, "does not work here any more"),
        ({"approver": "who@corp.example"}, "is nobody in the roster"),
        ({"approver": "two@corp.example"}, "is unclear"),
        ({"requested_by": OWNER}, "approved what they asked for"),
        ({"requested_by": "own"}, "approved what they asked for"),
        ({"account": "owner"}, "approved an exception for themselves"),
        ({"account": "either"}, "approved an exception for themselves"),
        ({"account": "", "person": "own"}, "approved an exception for themselves"),
        ({"approved": date(2026, 11, 21)}, "is still to come"),
        ({"expires": date(2027, 1, 31)}, "lasts 91 days, more than 90"),
    ],
)
def test_whoever_may_not_approve_excepts_nothing(view, change, trouble):
    rows, exceptions = settled(view(replace(GOOD, **change)))
    assert excepted(rows) == set()
    assert exceptions["state"].tolist() == ["invalid"]
    assert trouble in exceptions["trouble"][0]


@pytest.mark.parametrize("change", [{"approver": DELEGATE}, {"approver": "DEL"}, {"expires": date(2027, 1, 30)}, {"account": "a1"},
                                    {"account": "", "person": "ana@corp.example"}, {"attribute": "last_login"}])  # fmt: skip
def test_within_the_limits_it_counts(view, change):
    rows, _ = settled(view(replace(GOOD, **change)))
    assert excepted(rows) == {("slack", "ana")}


@pytest.mark.parametrize(
    "change",
    [
        {"account": "an"}, {"account": "ana*"}, {"kind": "sod"}, {"value": "make"}, {"attribute": "groups"},
        {"account": "", "person": "bo"} | {"app": "erp"}, {"account": ""}, {"account": "nobody"},
    ],
)  # fmt: skip
def test_what_does_not_fit_exactly_covers_nothing(view, change):
    rows, exceptions = settled(view(replace(GOOD, **change)))
    assert excepted(rows) == set()
    assert exceptions["used"].tolist() == [0]


@pytest.mark.parametrize(("last", "state"), [(date(2026, 11, 20), "valid"), (date(2026, 11, 19), "expired")])
def test_the_last_day_counts(view, last, state):
    _, exceptions = settled(view(replace(GOOD, expires=last)))
    assert exceptions["state"].tolist() == [state]


@pytest.mark.parametrize(
    ("change", "covered"),
    [({}, 1), ({"value": "pa"}, 0), ({"value": ""}, 0), ({"person": "bo"}, 0), ({"approver": DELEGATE}, 0)],
)
def test_a_pair_needs_its_name_its_person_and_its_owner(view, change, covered):
    waiver = replace(GOOD, kind="sod", app="", account="", person="ana", value="pay")
    rows, _ = settled(view(replace(waiver, **change)))
    assert int((rows["disposition"] == "excepted").sum()) == covered


def test_of_two_for_one_finding_the_same_counts_in_either_order(view):
    other = replace(GOOD, id="EX-0")
    told = []
    for order in ((GOOD, other), (other, GOOD)):
        rows, exceptions = settled(view(*order))
        used = dict(zip(exceptions["id"], exceptions["used"], strict=True))
        told.append((rows["exception_id"].dropna().tolist(), used))
    assert told == [(["EX-0"], {"EX-0": 1, "EX-1": 0})] * 2


def test_one_that_covers_too_much_is_not_applied(view):
    rows, exceptions = settled(view(GOOD), Limits(findings=0))
    assert excepted(rows) == set()
    assert exceptions["trouble"].tolist() == ["it covers 1 findings, more than 0"]


@pytest.mark.parametrize(("change", "word"), [({"kind": "dormnt"}, "kind"), ({"app": "slak"}, "app")])
def test_a_name_that_does_not_exist_is_an_error(view, change, word):
    with pytest.raises(PolicyError, match=f"names the {word}") as raised:
        settled(view(replace(GOOD, **change)))
    assert raised.value.hint.startswith("known")


def test_a_leading_finding_that_is_excepted_covers_nothing(make, view):
    rows, _ = settled(view(GOOD))
    lead = rows.assign(kind="leaver-active", finding_id="x" + rows["finding_id"], disposition="excepted")
    both = findings.led(pd.concat([lead, rows.assign(disposition="open")], ignore_index=True))
    assert both["lead"].all()


def test_control_rules_judge_what_was_decided(view):
    late = replace(GOOD, id="EX-2", expires=date(2026, 11, 2))
    wrong, idle = replace(GOOD, id="EX-3", approver=ASKER), replace(GOOD, id="EX-4", account="nobody")
    seen = view(GOOD, late, wrong, idle)
    rows, exceptions = settled(seen)
    seen = replace(seen, exceptions=exceptions)
    told = {}
    for kind in ("exception-expired", "exception-invalid", "exception-unused"):
        judgement = rules.load(kind).check(seen)
        told[kind] = judgement.failed["value"].tolist()
        assert judgement.ledger["population"].sum() == (2 if kind == "exception-unused" else 3)
    assert told == {"exception-expired": ["EX-2"], "exception-invalid": ["EX-3"], "exception-unused": ["EX-4"]}
    own = findings.assemble(
        [(rules.load("exception-unused"), rules.load("exception-unused").check(seen))], seen, severities={},
        first_seen={}, now=seen.as_of, gated_apps=frozenset(), all_gated=False,
    )  # fmt: skip
    assert with_late(rows, own)["disposition"].tolist()[-1] == "open"


def decided(finding_id: str, **change) -> Disposition:
    told = {"disposition": "snoozed", "by": "ask", "on": date(2026, 11, 1), "until": date(2026, 11, 20), "reason": "x"}
    return Disposition(finding_id, **{**told, **change})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, "snoozed"),
        ({"until": date(2026, 11, 19)}, "open"),
        ({"on": date(2026, 11, 21), "until": None}, "open"),
        ({"disposition": "false-positive", "until": None}, "false-positive"),
        ({"by": "ghost"}, "open"),
        ({"by": "gone"}, "open"),
        ({"by": "two@corp.example"}, "open"),
    ],
)
def test_a_disposition_holds_for_its_days(view, change, found):
    rows, _ = settled(view())
    first = rows["finding_id"][0]
    again, _ = settled(view(dispositions=(decided(first, **change),)))
    assert again.loc[again["finding_id"] == first, "disposition"].tolist() == [found]
    assert set(again.loc[again["finding_id"] != first, "disposition"]) == {"open"}


def test_nobody_sets_a_finding_about_themselves_aside(view):
    rows, _ = settled(view())
    own = rows.loc[rows["person_id"] == "ana", "finding_id"].tolist()[0]
    again, _ = settled(view(dispositions=(decided(own, by="ana@corp.example"),)))
    assert set(again["disposition"]) == {"open"}


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ("f1,snoozed,ana,2026-11-01,,later", "until is empty"),
        ("f1,ignored,ana,2026-11-01,,why", "disposition is 'ignored'"),
        ("f1,false-positive,,2026-11-01,,why", "by is empty"),
        ("f1,false-positive,ana,1.11.2026,,why", "on is"),
        ("f1,false-positive,ana", "has 6"),
        ("f1,false-positive,ana,2026-11-01,,why\nf1,false-positive,ana,2026-11-01,,why", "twice"),
    ],
)
def test_a_wrong_disposition_names_its_line(line, trouble):
    with pytest.raises(PolicyError, match=trouble) as raised:
        dispositions.parse(f"{','.join(dispositions.COLUMNS)}\n{line}\n", "d.csv")
    assert "d.csv, line" in raised.value.message


def test_another_header_is_an_error():
    with pytest.raises(PolicyError, match="line 1"):
        dispositions.parse("id,why\n", "d.csv")
    assert dispositions.parse("", "d.csv") == ()


FILE = """[[exceptions]]
id = "EX-1"
kind = "dormant"
app = "slack"
account = "ana"
reason = "the yearly archive"
requested_by = "ask@corp.example"
approver = "own@corp.example"
approved = 2026-11-01
expires = 2026-12-01
"""


def test_the_file_is_read(tmp_path):
    (tmp_path / "exceptions.toml").write_text(FILE)
    assert load(tmp_path / "exceptions.toml") == (GOOD,)
    assert load(tmp_path / "none.toml") == ()


@pytest.mark.parametrize(
    ("old", "new", "trouble"),
    [
        ("reason =", "reasons =", "unknown key 'reasons'"),
        ('approver = "own@corp.example"\n', "", "approver is missing"),
        ("expires = 2026-12-01", 'expires = "soon"', "must be a date such as"),
        ("expires = 2026-12-01", "expires = 2026-10-01", "expires before it was approved"),
        ('app = "slack"\n', "", "an account belongs to an app"),
        ('account = "ana"', 'account = "*"', "names one account; patterns do not count"),
        ("[[exceptions]]", "[[exception]]", "unknown key 'exception'"),
    ],
)
def test_a_wrong_file_names_the_exception(tmp_path, old, new, trouble):
    (tmp_path / "exceptions.toml").write_text(FILE.replace(old, new))
    with pytest.raises(PolicyError, match=trouble):
        load(tmp_path / "exceptions.toml")


def test_an_id_stands_once(tmp_path):
    (tmp_path / "exceptions.toml").write_text(FILE + FILE)
    with pytest.raises(PolicyError, match="'EX-1' stands twice"):
        load(tmp_path / "exceptions.toml")


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["dormant", "sod", "excess"]), "account": st.sampled_from(["", "ana", "bo", "a1", "owner"]),
        "person": st.sampled_from(["", "ana", "bo", "own"]), "value": st.sampled_from(["", "pay"]),
        "attribute": st.sampled_from(["", "last_login"]), "approver": st.sampled_from([OWNER, DELEGATE, ASKER, LEAVER]),
        "expires": st.integers(-60, 120).map(lambda days: date(2026, 11, 1) + timedelta(days)).filter(lambda d: d >= GOOD.approved),
    },
)  # fmt: skip


@pytest.fixture
def judged(view):
    """The company and its findings, which no exception changes: made once for all examples."""
    company = view(GOOD)
    return company, unsettled(company)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES)
def test_an_exception_never_reaches_another_app(judged, change):
    company, found = judged
    policy = replace(company.policy, exceptions=(replace(GOOD, **change),))
    rows, _ = settle(found, replace(company, policy=policy), rules.names(), LIMITS)
    assert {app for app, _ in excepted(rows)} <= {"slack"}
