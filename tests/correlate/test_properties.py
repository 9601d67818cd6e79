"""What holds whatever the accounts and the people are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimaudit import tables

WORDS = st.sampled_from([None, "", "ana", "bo", "Ana.Ames", "ana.ames@corp.example", "bo@old.example", "BO", "ané"])
NAMES = st.sampled_from([None, "Ana", "Bo", "Ames", "Bos", "José"])
NUMBERS = st.sampled_from([None, "", "1", "01", "2", "E3"])
MAILS = st.none() | st.lists(
    st.sampled_from(["ana.ames@corp.example", "bo@new.example", "bo@old.example", ""]), max_size=2
)
DAYS = st.sampled_from([None, pd.Timestamp("2018-01-01"), pd.Timestamp("2026-01-01")])
PERSON = st.fixed_dictionaries(
    {"employee_number": NUMBERS, "user_name": WORDS, "emails": MAILS, "aliases": MAILS, "given_name": NAMES,
     "family_name": NAMES, "department": NAMES, "start_date": DAYS}
)  # fmt: skip
ACCOUNT = st.fixed_dictionaries(
    {"app": st.sampled_from(["chat", "wiki"]), "external_id": NUMBERS, "employee_number": NUMBERS, "user_name": WORDS,
     "emails": MAILS, "given_name": NAMES, "family_name": NAMES, "department": NAMES, "created": DAYS}
)  # fmt: skip
PEOPLE = st.lists(PERSON, max_size=5)
ACCOUNTS = st.lists(ACCOUNT, max_size=6)
SEEDS = st.randoms(use_true_random=False)
CALM = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def world(make: SimpleNamespace, accounts: list, people: list) -> tuple[list, list, dict[str, Any]]:
    rows = [make.account(f"a-{n}", **{k: _utc(k, v) for k, v in values.items()}) for n, values in enumerate(accounts)]
    crowd = [make.person(f"p-{n}", **values) for n, values in enumerate(people)]
    rules = {
        "chat": make.rules(external_id_is="employee_number", employee_number_digits=2, match_local_part=True),
        "wiki": make.rules(domains={"old.example": "new.example"}),
    }
    decided = (
        "chat,a-0,p-1,is,j,2026-01-01,,x\nwiki,a-1,p-0,is-not,j,2026-01-01,,x\nchat,a-2,nobody,is,j,2026-01-01,,x\n"
    )
    past = make.history(("ana", "p-1"), ("bo@old.example", "gone"), ("bo@new.example", "p-0"))
    return rows, crowd, {"rules": rules, "decisions": decided, "history": past}


def _utc(name: str, value: Any) -> Any:
    return value.tz_localize("UTC") if name == "created" and value is not None else value


def listed(links: pd.DataFrame) -> list[dict[str, Any]]:
    rows = tables.conform(links, tables.LINKS).to_pylist()
    return sorted(rows, key=lambda row: (row["app"], row["account_id"]))


@CALM
@given(ACCOUNTS, PEOPLE)
def test_one_row_per_account_in_order_and_a_person_only_where_matched(
    make: SimpleNamespace, accounts: list, people: list
) -> None:
    rows, crowd, settings_ = world(make, accounts, people)
    links = make.links(rows, crowd, **settings_)
    assert links["account_id"].tolist() == [row["account_id"] for row in rows]
    assert set(links["situation"]) <= {"matched", "unmatched", "ambiguous"}
    assert (links["person_id"].notna() == (links["situation"] == "matched")).all()
    assert (links["reason"].isna() == (links["situation"] == "matched")).all()
    assert (links["tier"].isna() == links["confidence"].isna()).all()
    matched = links[links["situation"] == "matched"]
    assert not set(matched["tier"]) & {"T6", "T7", "T8"}
    ambiguous = links[links["situation"] == "ambiguous"]
    assert all(len(others) > 1 for others in ambiguous["runners_up"])


@CALM
@given(ACCOUNTS, PEOPLE, SEEDS)
def test_order_does_not_matter(make: SimpleNamespace, accounts: list, people: list, seed: Any) -> None:
    rows, crowd, settings_ = world(make, accounts, people)
    first = listed(make.links(rows, crowd, **settings_))
    seed.shuffle(rows)
    seed.shuffle(crowd)
    assert listed(make.links(rows, crowd, **settings_)) == first


@CALM
@given(ACCOUNTS, PEOPLE)
def test_an_unrelated_person_changes_nothing(make: SimpleNamespace, accounts: list, people: list) -> None:
    rows, crowd, settings_ = world(make, accounts, people)
    stranger = make.person(
        "a-stranger", employee_number="9999", user_name="zzzzzz", emails=["zzzzzz@zz.example"], given_name="Zz",
        family_name="Zyzzyx", department="Zz",
    )  # fmt: skip
    assert listed(make.links(rows, [*crowd, stranger], **settings_)) == listed(make.links(rows, crowd, **settings_))


@CALM
@given(ACCOUNTS, PEOPLE)
def test_apps_one_by_one_equal_all_at_once(make: SimpleNamespace, accounts: list, people: list) -> None:
    rows, crowd, settings_ = world(make, accounts, people)
    parts = [make.links([row for row in rows if row["app"] == app], crowd, **settings_) for app in ("chat", "wiki")]
    assert [row for part in parts for row in listed(part)] == listed(make.links(rows, crowd, **settings_))
