from __future__ import annotations

import itertools
from datetime import date

import pandas as pd
import pytest

from scimaudit import identifiers
from scimaudit.errors import PolicyError
from scimaudit.policy import nhi
from scimaudit.policy.nhi import NonHuman

HEAD = "app,account,kind,owner,purpose,review_date,expires\n"


def accounts(*rows):
    columns = ("app", "account_id", "user_name")
    frame = pd.DataFrame(rows, columns=columns).astype({"account_id": "str", "user_name": "str", "app": "category"})
    return frame.assign(user_name_key=[identifiers.key(None if pd.isna(n) else n) for n in frame["user_name"]]).astype(
        {"user_name_key": "str"}
    )


def named(register, *rows):
    places = nhi.registered(register, accounts(*rows))
    return [register[place].account if place >= 0 else None for place in places]


def test_a_line_is_read_whole():
    text = HEAD + 'slack,svc-*,bot,ana@corp.example,"sync, nightly",2027-01-01,2027-06-30\n'
    assert nhi.parse(text, "nhi.csv") == (
        NonHuman("slack", "svc-*", "bot", "ana@corp.example", "sync, nightly", date(2027, 1, 1), date(2027, 6, 30)),
    )


def test_columns_may_be_left_out_and_blank_lines_too():
    assert nhi.parse("kind,app,account\n\n shared , slack , desk \n,,\n", "nhi.csv") == (
        NonHuman("slack", "desk", "shared"),
    )


@pytest.mark.parametrize("text", ["", "\n\n", HEAD])
def test_an_empty_register(text):
    assert nhi.parse(text, "nhi.csv") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("app,account,kind,sponsor\n", "line 1: unknown column 'sponsor'"),
        ("app,account\n", "line 1: no column 'kind'"),
        ("app,account,kind,kind\n", "line 1: a column stands twice"),
        (HEAD + "slack,a,bot\n", "line 2: 3 cells where the header has 7"),
        (HEAD + ",a,bot,,,,\n", "line 2: app is empty"),
        (HEAD + "slack,,bot,,,,\n", "line 2: account is empty"),
        (HEAD + "slack,a,robot,,,,\n", "line 2: kind is 'robot'"),
        (HEAD + "slack,a,bot,,,31.12.2026,\n", "line 2: review_date is '31.12.2026'"),
        (HEAD + "slack,a,bot,,,,2026-13-01\n", "line 2: expires is '2026-13-01'"),
        (
            HEAD + "\nslack,Svc,bot,,,,\nslack, svc,bot,,,,\n",
            "line 4: 'svc' of 'slack' already stands in nhi.csv, line 3",
        ),
        (HEAD + 'slack,"a,bot\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, said):
    with pytest.raises(PolicyError) as caught:
        nhi.parse(text, "nhi.csv")
    assert caught.value.message == f"nhi.csv, {said}"


def test_a_file_with_a_byte_order_mark_and_one_that_is_not_there(tmp_path):
    assert nhi.load(tmp_path / "nhi.csv") == ()
    (tmp_path / "nhi.csv").write_text("\ufeff" + HEAD + "slack,a,bot,,,,\n", "utf-8")
    assert nhi.load(tmp_path / "nhi.csv") == (NonHuman("slack", "a", "bot"),)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "nhi.csv").write_bytes(b"app\xff\xfe")
    with pytest.raises(PolicyError, match=r"nhi\.csv cannot be read"):
        nhi.load(tmp_path / "nhi.csv")


def test_an_account_is_found_by_id_or_by_user_name_in_its_app_only():
    register = (NonHuman("slack", "U1", "bot"), NonHuman("slack", "Deploy", "bot"))
    rows = (("slack", "U1", None), ("slack", "u1", "x"), ("slack", "2", "DEPLOY "), ("erp", "U1", "deploy"))
    assert named(register, *rows) == ["U1", None, "Deploy", None]


def test_a_null_user_name_never_matches():
    assert named((NonHuman("slack", "?*", "bot"),), ("slack", "", None)) == [None]


def test_the_nearest_line_wins_in_any_order():
    lines = [NonHuman("slack", name, "bot") for name in ("svc-*", "svc-db-*", "svc-db-1", "*")]
    for register in itertools.permutations(lines):
        found = named(register, ("slack", "1", "svc-db-1"), ("slack", "2", "svc-db-2"), ("slack", "3", "svc-x"))
        assert found == ["svc-db-1", "svc-db-*", "svc-*"]


def test_a_line_counts_on_its_last_day():
    line = NonHuman("slack", "a", "bot", expires=date(2026, 11, 20))
    assert [line.expired(date(2026, 11, day)) for day in (19, 20, 21)] == [False, False, True]
    assert not NonHuman("slack", "a", "bot").expired(date.max)
