from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from scimaudit import tables
from scimaudit.errors import PolicyError, TableError
from scimaudit.policy import Policy
from scimaudit.policy.entitlements import What
from scimaudit.policy.nhi import NonHuman
from scimaudit.policy.sod import Conflict
from scimaudit.view import AppFacts, SourceFacts, build
from scimaudit.view.columns import joined, joined_by
from scimaudit.view.holders import holders
from scimaudit.view.inputs import exception_frame, no_spans

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()


def people(*rows):
    rows = [{"status": "active", "roster": "hr", "raw_row": 0, **row} for row in rows]
    return table(tables.PEOPLE, rows)


def accounts(*rows):
    fixed = {"account_kind": "human", "listings": ["l"], "raw_file": "l", "raw_body": 0, "raw_row": 0, "app": "slack"}
    return table(tables.ACCOUNTS, [{**fixed, **row} for row in rows])


def links(*rows):
    fixed = {"app": "slack", "keys": [], "runners_up": []}
    said = [{"situation": "matched" if row.get("person_id") else "unmatched", **row} for row in rows]
    return table(tables.LINKS, [{**fixed, **row} for row in said])


def grants(*rows):
    fixed = {"app": "slack", "attribute": "groups", "type": "direct"}
    return table(tables.GRANTS, [{**fixed, **row} for row in rows])


def table(schema, rows):
    names = dict.fromkeys(name for row in rows for name in row)
    return tables.build(schema, {name: [row.get(name) for row in rows] for name in names}, rows=len(rows))


def made(**given):
    none = {"people": people(), "accounts": accounts(), "grants": grants(), "links": links()}
    facts = {"apps": [AppFacts("slack")], "sources": [], "policy": Policy(), "as_of": NOW, "today": TODAY}
    return build(**{**none, **facts, **given})


@pytest.mark.parametrize(
    ("columns", "ended", "current", "days"),
    [
        ({}, False, True, None),
        ({"status": "leave"}, False, True, None),
        ({"status": "prehire"}, False, False, None),
        ({"status": "terminated"}, True, False, None),
        ({"status": "unknown"}, None, None, None),
        ({"end_date": TODAY}, False, True, None),
        ({"end_date": TODAY - timedelta(days=1)}, True, False, 1),
        ({"status": "unknown", "end_date": TODAY - timedelta(days=3)}, True, False, 3),
        ({"status": "unknown", "end_date": TODAY}, None, None, None),
        ({"status": "terminated", "end_date": TODAY + timedelta(days=9)}, True, False, None),
        ({"start_date": TODAY}, False, True, None),
        ({"start_date": TODAY + timedelta(days=1)}, False, False, None),
    ],
)
def test_employment_is_worked_out_with_inclusive_dates(columns, ended, current, days):
    row = made(people=people({"person_id": "p1", **columns})).people.iloc[0]
    for name, due in (("ended", ended), ("current", current), ("days_since_end", days)):
        assert pd.isna(row[name]) if due is None else row[name] == due


def test_accounts_carry_their_link_and_owner_in_any_order_of_links():
    view = made(
        people=people({"person_id": "p1", "display_name": "Ana"}, {"person_id": "p2", "display_name": "Bo"}),
        accounts=accounts({"account_id": "a1"}, {"account_id": "a2"}, {"account_id": "a3"}),
        links=links(
            {"account_id": "a3", "person_id": "p1", "tier": "T2"},
            {"account_id": "a1", "person_id": "p2"},
            {"account_id": "a2", "reason": "nobody"},
        ),
    )
    shown = view.accounts[["account_id", "person_id", "owner_display_name", "link_reason"]].fillna("")
    assert shown.to_numpy().tolist() == [["a1", "p2", "Bo", ""], ["a2", "", "", "nobody"], ["a3", "p1", "Ana", ""]]
    assert view.accounts["owner_row"].tolist() == [1, -1, 0]
    assert view.owner("display_name").fillna("").tolist() == ["Bo", "", "Ana"]


def test_null_keys_never_join():
    view = made(
        people=people({"person_id": "p1", "employee_number": None}),
        accounts=accounts({"account_id": "a1", "employee_number": None}),
        links=links({"account_id": "a1"}),
        grants=grants({"account_id": "other", "value": "g"}),
    )
    assert view.accounts["owner_row"].tolist() == [-1]
    assert view.accounts[["owner_status", "owner_ended", "owner_current"]].isna().all().all()
    assert view.grants["account"].tolist() == [-1]
    assert view.grants[["active", "person_id"]].isna().all().all()


def test_the_same_id_in_two_apps_is_two_accounts():
    view = made(
        people=people({"person_id": "p1"}, {"person_id": "p2"}),
        accounts=accounts({"account_id": "1", "app": "erp", "active": False}, {"account_id": "1", "active": True}),
        links=links({"account_id": "1", "person_id": "p1"}, {"account_id": "1", "app": "erp", "person_id": "p2"}),
        grants=grants({"account_id": "1", "value": "g"}, {"account_id": "1", "app": "erp", "value": "g"}),
        apps=[AppFacts("slack"), AppFacts("erp")],
    )
    assert view.accounts["person_id"].tolist() == ["p2", "p1"]
    assert view.grants["account"].tolist() == [1, 0]
    assert view.grants["person_id"].astype("str").tolist() == ["p1", "p2"]
    assert view.grants["active"].tolist() == [True, False]
    assert len(view.entitlements) == 2


def test_grants_never_multiply_rows():
    view = made(
        accounts=accounts({"account_id": "a1"}),
        links=links({"account_id": "a1"}),
        grants=grants(*({"account_id": "a1", "value": f"g{n % 2}", "display": None} for n in range(5))),
    )
    assert len(view.grants) == 5
    assert view.grants["entitlement"].tolist() == [0, 1, 0, 1, 0]
    assert view.entitlements["value"].tolist() == ["g0", "g1"]


def test_privileged_is_what_the_apps_patterns_say_else_what_was_listed():
    view = made(
        accounts=accounts(*({"account_id": name} for name in ("a1", "a2", "a3"))),
        links=links(*({"account_id": name} for name in ("a1", "a2", "a3"))),
        grants=grants(
            {"account_id": "a1", "value": "7", "display": "Org Admins", "privileged": False},
            {"account_id": "a2", "value": "8", "display": "Staff", "privileged": True},
            {"account_id": "a3", "value": "9"},
        ),
        apps=[AppFacts("slack", privileged=("*admin*",))],
    )
    assert view.grants["privileged"].astype("str").fillna("unknown").tolist() == ["True", "True", "unknown"]
    assert view.accounts["privileged"].tolist() == [True, True, False]


def test_patterns_of_one_app_do_not_reach_another():
    view = made(
        accounts=accounts({"account_id": "a1", "app": "erp"}),
        links=links({"account_id": "a1", "app": "erp"}),
        grants=grants({"account_id": "a1", "app": "erp", "value": "admin"}),
        apps=[AppFacts("slack", privileged=("admin",)), AppFacts("erp")],
    )
    assert view.accounts["privileged"].tolist() == [False]


def test_the_register_names_kind_owner_and_purpose_until_it_expires():
    lines = (
        NonHuman("slack", "svc-*", "bot", "o@corp.example", "sync"),
        NonHuman("slack", "old", "shared", expires=TODAY - timedelta(days=1)),
    )
    names = ("svc-1", "old", "ana")
    view = made(
        accounts=accounts(*({"account_id": n, "user_name": n, "user_name_key": n} for n in names)),
        links=links(*({"account_id": n} for n in names)),
        policy=Policy(nhi=lines),
    )
    shown = view.accounts[["nhi", "nhi_kind", "nhi_owner", "nhi_purpose", "account_kind"]].astype("str").fillna("")
    assert shown.to_numpy().tolist() == [
        ["True", "bot", "o@corp.example", "sync", "service"],
        ["False", "shared", "", "", "shared"],
        ["False", "", "", "", "human"],
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"accounts": accounts({"account_id": "a1"})}, "1 accounts need one link each"),
        ({"links": links({"account_id": "a1"})}, "0 accounts need one link each"),
        (
            {
                "accounts": accounts({"account_id": "a1"}, {"account_id": "a2"}),
                "links": links({"account_id": "a1"}, {"account_id": "a1"}),
            },
            "2 accounts need one link each",
        ),
        (
            {
                "accounts": accounts({"account_id": "a1"}, {"account_id": "a1"}),
                "links": links({"account_id": "a1"}, {"account_id": "a1"}),
            },
            "twice",
        ),
        (
            {"accounts": accounts({"account_id": "a1"}), "links": links({"account_id": "a1", "person_id": "p"})},
            "roster",
        ),
        (
            {"accounts": accounts({"account_id": "a1"}), "links": links({"account_id": "a1", "situation": "matched"})},
            "matched without a person",
        ),
        ({"accounts": accounts({"account_id": "a1", "app": "erp"})}, "configuration does not name"),
        ({"people": people({"person_id": "p"}, {"person_id": "p"})}, "person_id twice"),
        ({"apps": [AppFacts("slack"), AppFacts("slack")]}, "an app twice"),
    ],
)
def test_tables_that_would_break_a_join_are_refused(given, said):
    with pytest.raises(TableError, match=said):
        made(**given)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(nhi=(NonHuman("slak", "a", "bot"),)),
        Policy(conflicts=(Conflict("c", What("slack", exact=("a",)), What("slak", exact=("b",)), "r"),)),
    ],
)
def test_a_policy_for_an_app_that_is_not_configured_is_refused(policy):
    with pytest.raises(PolicyError, match="slak") as caught:
        made(policy=policy)
    assert caught.value.hint == "known apps: slack"


HR = {"name": "rosters.hr", "fills": "people", "walk": "complete", "as_of": NOW}


@pytest.mark.parametrize(
    ("rosters", "unproven"),
    [
        ([HR], False),
        ([], True),
        ([{**HR, "walk": "unprovable"}], True),
        ([{**HR, "as_of": NOW - timedelta(days=7)}], False),
        ([{**HR, "as_of": NOW - timedelta(days=8)}], True),
        ([{**HR, "as_of": None}], True),
        ([{**HR, "error": "refused"}], True),
        ([HR, {**HR, "name": "rosters.b", "walk": "failed"}], True),
    ],
)
def test_one_unproven_roster_is_enough(rosters, unproven):
    listing = SourceFacts("apps.slack.listings[0]", "accounts", "slack")
    assert made(sources=[*(SourceFacts(**roster) for roster in rosters), listing]).roster_unproven is unproven


def test_what_was_not_said_of_an_app_is_not_proven():
    row = made().apps.iloc[0]
    assert row[["walk", "scope", "entitlements"]].tolist() == ["unprovable", "unknown", "unprovable"]


@pytest.mark.parametrize("chunks", [1, 3])
def test_supplied_is_told_per_account_whatever_the_chunks(chunks):
    rows = [{"account_id": f"a{n}", "listings": [["x"], ["y", "x"], ["y"], []][n % 4]} for n in range(12)]
    size = len(rows) // chunks
    whole = pa.concat_tables([accounts(*rows[at : at + size]) for at in range(0, len(rows), size)])
    view = made(
        accounts=whole,
        links=links(*({"account_id": row["account_id"]} for row in rows)),
        sources=[
            SourceFacts("x", "accounts", "slack", attributes=frozenset({"last_login"})),
            SourceFacts("y", "accounts", "slack"),
        ],
    )
    assert view.supplied("last_login").tolist() == [True, True, False, False] * 3
    assert view.supplied("title").tolist() == [False] * 12
    assert joined(view.accounts["listings"]).tolist() == ["x", "y, x", "y", ""] * 3


def test_texts_are_joined_per_group_in_order():
    found = joined_by(pd.Series([7, 3, 7]).to_numpy(), pd.Series(["b", "x", "a"], dtype="str"))
    assert found.to_dict() == {3: "x", 7: "a, b"}


def test_extra_columns_of_the_roster_are_kept():
    extra = tables.build(
        tables.PEOPLE,
        {"person_id": ["p1"], "status": ["active"], "roster": ["hr"], "raw_row": [0], "cost_centre": ["17"]},
    )
    assert made(people=extra).people["cost_centre"].tolist() == ["17"]


def test_end_date_columns_are_days():
    view = made(people=people({"person_id": "p1", "end_date": date(2026, 1, 2)}))
    assert view.people["end_date"].tolist() == [pd.Timestamp(2026, 1, 2)]


def test_a_settled_view_keeps_what_was_worked_out_and_has_its_exceptions():
    view = build(
        people=people(), accounts=accounts(), grants=grants(), links=links(), apps=[AppFacts("slack")], sources=[],
        policy=Policy(), as_of=NOW, today=TODAY,
    )  # fmt: skip
    tenure = view.tenure
    told = exception_frame([("e1", "slack", "valid", "", 1, "kim", None)])
    settled = view.settled(told)
    assert settled.exceptions["id"].tolist() == ["e1"]
    assert view.exceptions.empty
    assert settled.tenure is tenure
    assert settled.people is view.people


def test_an_empty_frame_that_is_written_to_leaves_the_next_one_empty():
    first = no_spans()
    first["event"] = pd.Series(["leaver"], dtype="str")
    first.loc[0, "app"] = "slack"
    assert no_spans().empty


@pytest.mark.parametrize("texts", [[], ["nobody@corp.example"]])
def test_whom_texts_mean_has_the_same_columns_with_and_without_texts(texts):
    view = build(
        people=people({"person_id": "p1"}), accounts=accounts(), grants=grants(), links=links(), apps=[], sources=[],
        policy=Policy(), as_of=NOW, today=TODAY,
    )  # fmt: skip
    found = holders(view.people, texts)
    assert found.index.tolist() == texts
    assert {name: str(kind) for name, kind in found.dtypes.items()} == {"state": "str", "person_id": "str"}
