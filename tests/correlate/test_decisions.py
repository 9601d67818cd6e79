"""links.csv: reading it, and what it does."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from scimaudit.correlate import decisions
from scimaudit.errors import PolicyError

HEADER = "app,account_id,person_id,relation,decided_by,decided_on,until,reason\n"


@pytest.fixture
def people(make: SimpleNamespace) -> list[dict[str, object]]:
    return [
        make.person("p-1", user_name="aames", employee_number="1"),
        make.person("p-2", user_name="bbos", employee_number="2"),
    ]


def test_a_decision_beats_every_tier(make: SimpleNamespace, people: list) -> None:
    row = make.account("a", user_name="aames", employee_number="1")
    found = make.link(row, people, decisions="chat,a,p-2,is,j.doe,2026-05-04,,she told me\n")
    assert (found.situation, found.person_id, found.tier, found.confidence) == ("matched", "p-2", "T0", 1.0)
    assert (found.decided_by, found.runners_up, found.reason) == ("j.doe", ["p-1"], None)
    assert found.keys == ["T0 links.csv line 2: p-2, decided by j.doe on 2026-05-04"]


def test_a_decision_records_the_tiers_that_agree(make: SimpleNamespace, people: list) -> None:
    found = make.link(make.account("a", user_name="aames"), people, decisions="chat,a,p-1,is,j.doe,2026-05-04,,x\n")
    assert [key[:2] for key in found.keys] == ["T0", "T4"]


def test_nobody(make: SimpleNamespace, people: list) -> None:
    found = make.link(
        make.account("a", user_name="aames"), people, decisions="chat,a,nobody,is,j.doe,2026-05-04,,a robot\n"
    )
    assert (found.situation, found.person_id, found.tier, found.runners_up) == ("unmatched", None, "T0", ["p-1"])
    assert found.reason == "decided to be nobody's by j.doe: a robot"


def test_a_negative_link_leaves_the_rest_of_the_ladder(make: SimpleNamespace, people: list) -> None:
    row = make.account("a", user_name="aames", employee_number="2")
    assert make.link(row, people).situation == "ambiguous"
    found = make.link(row, people, decisions="chat,a,p-1,is-not,j.doe,2026-05-04,,x\n")
    assert (found.situation, found.person_id, found.tier) == ("matched", "p-2", "T2")


def test_a_negative_link_persists_against_suggestions(make: SimpleNamespace, people: list) -> None:
    named = [person | {"display_name": "Ana Ames", "department": "Sales"} for person in people]
    row = make.account("a", user_name="aames", display_name="Ana Ames", department="Sales")
    both = "chat,a,p-1,is-not,j.doe,2026-05-04,,x\n"
    assert make.link(row, named, decisions=both).runners_up == ["p-2"]
    found = make.link(row, named, decisions=both + "chat,a,p-2,is-not,j.doe,2026-05-04,,x\n")
    assert (found.situation, found.tier, found.runners_up) == ("unmatched", None, [])
    assert "rules out" in found.reason


def test_a_negative_link_on_another_account_bars_nothing(make: SimpleNamespace, people: list) -> None:
    rows = [make.account("a", user_name="aames"), make.account("b", user_name="aames")]
    found = make.links(
        rows, people, decisions="chat,a,p-1,is-not,j.doe,2026-05-04,,x\nwiki,b,p-1,is-not,j,2026-05-04,,x\n"
    )
    assert found["situation"].tolist() == ["unmatched", "matched"]


@pytest.mark.parametrize(
    ("until", "situation"), [("2026-11-20", "matched"), ("2026-11-19", "unmatched"), ("", "matched")]
)
def test_a_decision_holds_through_its_last_day(make: SimpleNamespace, people: list, until: str, situation: str) -> None:
    text = f"chat,a,p-1,is,j.doe,2026-05-04,{until},x\n"
    assert make.link(make.account("a"), people, decisions=text).situation == situation


def test_of_successive_decisions_the_one_in_force_counts(make: SimpleNamespace, people: list) -> None:
    text = "chat,a,p-2,is,j.doe,2026-06-01,,x\nchat,a,p-1,is,j.doe,2026-01-01,2026-05-31,x\n"
    row = make.account("a")
    assert make.link(row, people, decisions=text).person_id == "p-2"
    assert make.link(row, people, decisions=text, today=date(2026, 2, 1)).person_id == "p-1"


def test_a_decision_does_not_apply_without_its_person(make: SimpleNamespace, people: list) -> None:
    found = make.link(make.account("a", user_name="aames"), people, decisions="chat,a,p-9,is,j.doe,2026-05-04,,x\n")
    assert (found.person_id, found.tier) == ("p-1", "T4")


def test_stale_decisions(make: SimpleNamespace, people: list) -> None:
    text = HEADER + "".join(
        f"{app},{account},{person},{relation},j.doe,2026-05-04,,x\n"
        for app, account, person, relation in [
            ("chat", "a", "p-1", "is"), ("chat", "gone", "p-1", "is"), ("chat", "b", "p-9", "is-not"),
            ("wiki", "a", "p-9", "is"), ("chat", "c", "nobody", "is"),
        ]
    )  # fmt: skip
    read = decisions.parse(text, "links.csv")
    accounts = make.accounts([make.account(name) for name in "abc"])
    found = decisions.stale(read, accounts, make.people(people))
    assert found["line"].tolist() == [3, 4, 5]
    assert found["why"].tolist() == [
        "there is no such account", "there is no such person", "neither the account nor the person exists",
    ]  # fmt: skip


def test_read_keeps_text_as_text(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_text("\ufeff" + HEADER + '\nchat,00123,NA,is,"Doe, J.",2026-05-04,,"said\nso"\n', "utf-8")
    row = decisions.read(path).iloc[0]
    assert (row["account_id"], row["person_id"], row["decided_by"], row["reason"]) == (
        "00123",
        "NA",
        "Doe, J.",
        "said\nso",
    )


def test_until_may_be_left_out_altogether(make: SimpleNamespace) -> None:
    read = decisions.parse(
        "app,account_id,person_id,relation,decided_by,decided_on,reason\nc,a,p,is,j,2026-05-04,x\n", "l"
    )
    assert read["until"].isna().all()
    assert decisions.parse("", "l").empty


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("app,account,person_id\n", "line 1: unknown column 'account'"),
        ("app,account_id,person_id,relation,decided_by,decided_on\n", "line 1: no column 'reason'"),
        (HEADER.replace("until", "app"), "line 1: column 'app' stands twice"),
        (HEADER + "chat,a,p,is,,2026-05-04,,x\n", "line 2: decided_by is missing"),
        (HEADER + "chat,a,p,is,j,2026-05-04,,\n", "line 2: reason is missing"),
        (HEADER + "\nchat,a,p,was,j,2026-05-04,,x\n", "line 3: relation is 'was'"),
        (HEADER + "chat,a,nobody,is-not,j,2026-05-04,,x\n", "line 2: 'is-not nobody'"),
        (HEADER + "chat,a,p,is,j,4.5.2026,,x\n", "line 2: decided_on is '4.5.2026'"),
        (HEADER + "chat,a,p,is,j,20260504,,x\n", "line 2: decided_on is '20260504'"),
        (HEADER + "chat,a,p,is,j,2026-05-04,soon,x\n", "line 2: until is 'soon'"),
        (HEADER + "chat,a,p,is,j,2026-05-04,2026-05-03,x\n", "line 2: until 2026-05-03 is before"),
        (HEADER + "chat,a,p,is,j,2026-05-04\n", "line 2: 6 cells where the header has 8"),
        (HEADER + 'chat,"a" b,p,is,j,2026-05-04,,x\n', "line 2: "),
    ],
    ids=range(13),
)
def test_what_is_wrong_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as raised:
        decisions.parse(text, "links.csv")
    assert f"links.csv, {message}" in raised.value.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("p-1,is", "p-2,is"),
        ("p-1,is", "nobody,is"),
        ("p-1,is", "p-1,is-not"),
        ("p-1,is", "p-1,is"),
        ("p-1,is-not", "p-1,is-not"),
    ],
)
def test_contradictions_are_refused(first: str, second: str) -> None:
    text = HEADER + f"chat,a,{first},j,2026-05-04,2026-08-01,x\nchat,a,{second},j,2026-08-01,,x\n"
    with pytest.raises(PolicyError, match=r"links\.csv, line 3: .* line 2"):
        decisions.parse(text, "links.csv")
    assert len(decisions.parse(text.replace("j,2026-08-01,,", "j,2026-08-02,,"), "links.csv")) == 2


def test_what_does_not_contradict(make: SimpleNamespace) -> None:
    rows = ["a,p-1,is", "a,p-2,is-not", "a,p-3,is-not", "b,p-2,is", "c,nobody,is", "c,p-1,is-not"]
    assert len(decisions.parse(HEADER + "".join(f"chat,{row},j,2026-05-04,,x\n" for row in rows), "l")) == 6


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"app,\xff\n")
    for name in ("none.csv", "latin.csv"):
        with pytest.raises(PolicyError, match="cannot be read"):
            decisions.read(tmp_path / name)


def test_the_line_in_the_reason_can_be_read_back(make: SimpleNamespace, people: list) -> None:
    reason = make.link(make.account('a,"b"'), people).reason
    line = reason.partition("in links.csv: ")[2]
    filled = line.replace("PERSON_ID or nobody", "p-1").replace("DATE", "2026-11-20")
    read = decisions.parse(HEADER + filled + "\n", "links.csv")
    assert (read["account_id"][0], read["person_id"][0]) == ('a,"b"', "p-1")
