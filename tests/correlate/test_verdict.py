"""From what the tiers say to one link per account: every standing beside every other, in one frame."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scimaudit import tables
from scimaudit.correlate import verdict
from scimaudit.correlate.decisions import NOBODYS, UNDECIDED, Applied
from scimaudit.correlate.exact import Hits
from scimaudit.correlate.guard import EARLY, HELD, PASSED
from scimaudit.correlate.suggest import Suggestions
from scimaudit.correlate.verdict import AMBIGUOUS, MATCHED, UNMATCHED, Standing
from tests.correlate.conftest import hits

NONE = np.empty(0, np.int64)


def standing(
    found: Hits, *, doubts: dict[int, int] | None = None, said: dict[int, int] | None = None,
    suggested: tuple[tuple[int, int], ...] = (), size: int = 3,
) -> list[tuple[int, int, int, bool]]:  # fmt: skip
    """What holds for each account: situation, person, tier, doubted.

    :param doubts: what the guard says, by position of the hit.
    :param said: whom a person decided on, by account.
    :param suggested: accounts that a lower tier has a suggestion for, and the tier.
    """
    guard = np.full(len(found), PASSED, np.int64)
    for place, doubt in (doubts or {}).items():
        guard[place] = doubt
    persons = np.full(size, UNDECIDED, np.int64)
    for account, person in (said or {}).items():
        persons[account] = person
    rows = pd.DataFrame(suggested, columns=["account", "tier"], dtype="int64")
    stand = verdict.standing(
        size, Applied(persons, persons, pd.DataFrame(), (NONE, NONE)), found, guard, Suggestions(rows, NONE)
    )
    columns = (stand.situation, stand.person, stand.tier, stand.doubted)
    assert [column.dtype for column in columns] == [np.int64] * 3 + [np.bool_]
    return list(zip(*(column.tolist() for column in columns), strict=True))


SILENT = (UNMATCHED, -1, -1, False)


def test_an_account_that_nothing_speaks_of_is_unmatched() -> None:
    assert standing(hits()) == [SILENT] * 3


def test_a_hit_on_one_person_is_a_match_by_its_highest_tier() -> None:
    found = hits((1, 7, 2), (1, 7, 4))
    assert standing(found) == [SILENT, (MATCHED, 7, 2, False), SILENT]


def test_hits_on_two_people_are_ambiguous_by_the_highest_tier() -> None:
    found = hits((0, 7, 2), (0, 5, 4), (2, 5, 1))
    assert standing(found) == [(AMBIGUOUS, -1, 2, False), SILENT, (MATCHED, 5, 1, False)]


def test_a_key_of_a_crowd_is_ambiguous_though_one_person_is_told() -> None:
    assert standing(hits((0, 7, 3), crowded=(0,))) == [(AMBIGUOUS, -1, 3, False), SILENT, SILENT]


@pytest.mark.parametrize("doubt", [EARLY, HELD])
def test_a_doubted_hit_names_nobody_and_is_told(doubt: int) -> None:
    assert standing(hits((1, 7, 3)), doubts={0: doubt}) == [SILENT, (UNMATCHED, -1, 3, True), SILENT]


def test_a_sound_tier_accepts_what_a_higher_one_doubts() -> None:
    found = hits((1, 7, 3), (1, 7, 4), (1, 7, 5))
    assert standing(found, doubts={0: HELD}) == [SILENT, (MATCHED, 7, 4, False), SILENT]


def test_a_doubted_hit_that_contradicts_is_ambiguous_and_not_doubted() -> None:
    assert standing(hits((0, 7, 2), (0, 5, 4)), doubts={1: EARLY})[0] == (AMBIGUOUS, -1, 2, False)
    assert standing(hits((0, 7, 3), (0, 5, 4)), doubts={0: EARLY, 1: HELD})[0] == (AMBIGUOUS, -1, 3, False)


def test_a_suggestion_has_a_tier_and_no_person() -> None:
    assert standing(hits(), suggested=((0, 6), (2, 8))) == [
        (UNMATCHED, -1, 6, False),
        SILENT,
        (UNMATCHED, -1, 8, False),
    ]


@pytest.mark.parametrize("found", [hits(), hits((1, 7, 2)), hits((1, 7, 2), (1, 5, 3))], ids=["none", "one", "two"])
@pytest.mark.parametrize("guard", [PASSED, EARLY])
def test_a_decision_beats_every_hit(found: Hits, guard: int) -> None:
    doubts = {0: guard} if len(found) else {}
    assert standing(found, doubts=doubts, said={1: 4})[1] == (MATCHED, 4, 0, False)
    assert standing(found, doubts=doubts, said={1: 0})[1] == (MATCHED, 0, 0, False)
    assert standing(found, doubts=doubts, said={1: NOBODYS})[1] == (UNMATCHED, -1, 0, False)


def stand(*persons: int) -> Standing:
    person = np.asarray(persons, np.int64)
    return Standing(np.where(person < 0, UNMATCHED, MATCHED), person, person * 0, person > len(person))


def test_a_link_shows_a_key_and_a_tier_of_a_person_once() -> None:
    found = hits((0, 3, 2), (0, 3, 2), (0, 3, 4), (1, 3, 2), (1, 4, 2))
    found.entry[:] = [7, 8, 7, 7, 9]
    # The second says the same tier of the same person again; the third is the first key in another column.
    assert _pairs(verdict._told(found, stand(-1, -1))) == [(0, 3, 2), (1, 3, 2), (1, 4, 2)]


def test_a_link_shows_the_owners_keys_alone_where_there_is_an_owner() -> None:
    found = hits((0, 3, 2), (0, 4, 4), (1, 3, 2), (1, 4, 4))
    assert _pairs(verdict._told(found, stand(4, -1))) == [(0, 4, 4), (1, 3, 2), (1, 4, 4)]
    found = hits((0, 0, 2), (0, 1, 4), (1, 1, 4))
    assert _pairs(verdict._told(found, stand(0, 1))) == [(0, 0, 2), (1, 1, 4)]


def test_the_last_key_of_an_account_is_not_the_first_of_the_next() -> None:
    found = hits((0, 0, 2), (0, 9, 3), (1, 0, 2), (1, 0, 3), (1, 9, 2), (1, 9, 4), (2, 0, 2))
    assert _pairs(verdict._told(found, stand(-1, -1, -1))) == list(
        zip(found.account.tolist(), found.person.tolist(), found.tier.tolist(), strict=True)
    )


def test_the_others_are_those_hit_who_are_not_the_owner() -> None:
    found = hits((0, 4, 2), (0, 3, 4), (0, 4, 5), (1, 0, 2), (1, 4, 3))
    accounts, people = verdict._others(found, stand(3, 0))
    assert list(zip(accounts.tolist(), people.tolist(), strict=True)) == [(0, 4), (1, 4)]
    accounts, people = verdict._others(found, stand(-1, -1))
    assert list(zip(accounts.tolist(), people.tolist(), strict=True)) == [(0, 3), (0, 4), (1, 0), (1, 4)]
    assert [len(part) for part in verdict._others(hits(), stand())] == [0, 0]


def _pairs(found: Hits) -> list[tuple[int, int, int]]:
    return list(zip(found.account.tolist(), found.person.tolist(), found.tier.tolist(), strict=True))


@pytest.fixture
def people(make: SimpleNamespace) -> list[dict[str, Any]]:
    sales = {"department": "Sales"}
    return [
        make.person("p-1", employee_number="1", user_name="ana", emails=["ana@corp.example"]),
        make.person("p-2", user_name="bo", emails=["bo@corp.example"], start_date=date(2026, 3, 1)),
        make.person("p-3", display_name="Cy Cole", **sales),
        make.person("p-4", user_name="dee.dole", display_name="Dee Dole"),
        make.person("p-5", display_name="Eve Ebb", **sales),
        make.person("p-6", display_name="Eve Ebb", **sales),
    ]


ACCOUNTS: dict[str, dict[str, Any]] = {
    "agreed": {"employee_number": "1", "user_name": "ANA", "emails": ["ana@corp.example"]},
    "torn": {"user_name": "ana", "emails": ["bo@corp.example"]},
    "early": {"user_name": "bo", "created": datetime(2019, 1, 1, tzinfo=UTC)},
    "named": {"display_name": "Cy Cole", "department": "Sales"},
    "alike": {"display_name": "Dee Dolle"},
    "two": {"display_name": "Eve Ebb", "department": "Sales"},
    "robot": {"user_name": "ana"},
    "given": {"user_name": "ana"},
    "barred": {"user_name": "ana"},
    "stranger": {"user_name": "zz"},
    "mute": {},
}
DECIDED = (
    "chat,robot,nobody,is,j.doe,2026-05-04,,a robot\n"
    "chat,given,p-2,is,k.roe,2026-05-05,,she said so\n"
    "chat,barred,p-1,is-not,l.poe,2026-05-06,,left\n"
)


@pytest.fixture
def links(make: SimpleNamespace, people: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [make.account(name, **values) for name, values in ACCOUNTS.items()]
    return make.links(rows, people, decisions=DECIDED).set_index("account_id")


def test_each_account_has_its_own_person_situation_and_tier(links: pd.DataFrame) -> None:
    told = links[["situation", "person_id", "tier"]].astype(object).where(links.notna(), None)
    assert {name: tuple(row) for name, *row in told.itertuples()} == {
        "agreed": ("matched", "p-1", "T2"),
        "torn": ("ambiguous", None, "T3"),
        "early": ("unmatched", None, "T4"),
        "named": ("unmatched", None, "T7"),
        "alike": ("unmatched", None, "T8"),
        "two": ("unmatched", None, "T7"),
        "robot": ("unmatched", None, "T0"),
        "given": ("matched", "p-2", "T0"),
        "barred": ("unmatched", None, None),
        "stranger": ("unmatched", None, None),
        "mute": ("unmatched", None, None),
    }
    assert set(links["app"]) == {"chat"}


def test_each_account_has_the_worth_of_its_tier(links: pd.DataFrame) -> None:
    worth = links["confidence"].astype(object).where(links["confidence"].notna(), None).to_dict()
    alike = worth.pop("alike")
    assert 0.8 < alike < 1
    assert worth == {
        "agreed": 0.97, "torn": 0.93, "early": 0.9, "named": 0.55, "two": 0.55, "robot": 1.0, "given": 1.0,
        "barred": None, "stranger": None, "mute": None,
    }  # fmt: skip
    assert tables.conform(links.reset_index(), tables.LINKS)["confidence"].null_count == 3
    score = links.loc["alike", "keys"][0].rpartition(" ")[2]
    assert f"{alike:.2f}".rstrip("0") == score


def test_each_account_shows_the_keys_it_was_judged_by(links: pd.DataFrame) -> None:
    keys = links["keys"].map(list).to_dict()
    assert keys.pop("alike")[0].startswith("T8 ")
    assert keys == {
        "agreed": [
            "T2 employee_number 1 = 1", "T3 emails ana@corp.example = ana@corp.example", "T4 user_name ANA = ana",
        ],
        "torn": ["T3 emails bo@corp.example = bo@corp.example", "T4 user_name ana = ana"],
        "early": ["T4 user_name bo = bo"],
        "named": ["T7 name cole cy; department agrees"],
        "two": ["T7 name ebb eve; department agrees", "T7 name ebb eve; department agrees"],
        "robot": ["T0 links.csv line 2: nobody, decided by j.doe on 2026-05-04", "T4 user_name ana = ana"],
        "given": ["T0 links.csv line 3: p-2, decided by k.roe on 2026-05-05"],
        "barred": [], "stranger": [], "mute": [],
    }  # fmt: skip


def test_each_account_names_who_else_it_may_be(links: pd.DataFrame) -> None:
    others = links["runners_up"].map(list).to_dict()
    assert others == {
        "agreed": [], "torn": ["p-1", "p-2"], "early": ["p-2"], "named": ["p-3"], "alike": ["p-4"],
        "two": ["p-5", "p-6"], "robot": ["p-1"], "given": ["p-1"], "barred": [], "stranger": [], "mute": [],
    }  # fmt: skip


def test_each_account_that_is_not_matched_has_its_own_reason(links: pd.DataFrame) -> None:
    said = links["reason"].astype(object).where(links["reason"].notna(), None).to_dict()
    assert (said.pop("agreed"), said.pop("given")) == (None, None)
    begins = {
        "torn": "the keys name more than one person: T3 p-2, T4 p-1",
        "early": "T4 names p-2, but the account was made long before this person's first day",
        "named": "the probable owner is p-3 (T7)",
        "alike": "the probable owner is p-4 (T8)",
        "two": "several people may own it, among them p-5 (T7)",
        "robot": "decided to be nobody's by j.doe: a robot",
        "barred": "no person has any of its keys",
        "stranger": "no person has any of its keys",
        "mute": "it has no key that could name a person",
    }
    assert {name: said[name][: len(begin)] for name, begin in begins.items()} == begins
    assert links["reason"].str.contains("links.csv rules out").fillna(False).to_dict() == {
        name: name == "barred" for name in ACCOUNTS
    }


def test_only_a_decision_tells_who_decided(links: pd.DataFrame) -> None:
    assert links["decided_by"].dropna().to_dict() == {"robot": "j.doe", "given": "k.roe"}
