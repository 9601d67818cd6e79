from __future__ import annotations

import pandas as pd
import pytest

from scimaudit.errors import PolicyError
from scimaudit.policy import catalogue
from scimaudit.policy.catalogue import Described

HEAD = "app,attribute,value,name,privileged,eligible,owner,risk\n"
RIGHTS = pd.DataFrame(
    {
        "app": ["erp", "erp", "crm", "erp"],
        "attribute": ["groups", "roles", "groups", "roles"],
        "value": ["1", "Admins", "1", None],
        "display": ["Admins", None, "Admins", "Sub Admins"],
    }
)


def test_a_line_is_read_whole():
    text = HEAD + "erp,roles,PAY,Pays,yes,,cfo@x,can pay\nerp,,READ,,no,yes,,\n"
    assert catalogue.parse(text, "c.csv") == (
        Described("erp", "roles", "PAY", "Pays", True, False, "cfo@x", "can pay"),
        Described("erp", "", "READ", "", False, True),
    )


def test_no_file_is_an_empty_catalogue(tmp_path):
    assert catalogue.load(tmp_path / "catalogue.csv") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("app\n", "line 1: no column 'value'"),
        (HEAD + "erp,role,PAY,,,,,\n", "line 2: attribute is 'role'"),
        (HEAD + "erp,roles,PAY,,maybe,,,\n", "line 2: privileged is 'maybe'"),
        (HEAD + "erp,roles,,,,,,\n", "line 2: value is empty"),
        (HEAD + "erp,,PAY,,,,,\nerp,,PAY,,yes,,,\n", "line 3: 'PAY' of 'erp' already stands in catalogue.csv, line 2"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, said):
    with pytest.raises(PolicyError) as caught:
        catalogue.parse(text, "catalogue.csv")
    assert said in str(caught.value)


ANY, ONE = Described("erp", "", "*dmins", "any"), Described("erp", "", "Admins", "one")


@pytest.mark.parametrize(
    ("lines", "titles"),
    [
        ((), [None, None, None, None]),
        ((ONE,), ["one", "one", None, None]),
        ((Described("erp", "groups", "Admins", "group"), ONE), ["group", "one", None, None]),
        ((ANY, Described("erp", "", "1", "id")), ["id", "any", None, "any"]),
        ((Described("erp", "", "*", "all"), Described("erp", "", "Sub*", "sub")), ["all", "all", None, "sub"]),
        ((Described("erp", "roles", "*dmins", "role"), ANY), ["any", "role", None, "role"]),
    ],
)
def test_an_exact_line_beats_a_pattern_and_a_longer_pattern_a_shorter(lines, titles):
    for told in (lines, lines[::-1]):
        found = catalogue.described(told, RIGHTS)["title"]
        assert [None if pd.isna(title) else title for title in found] == titles


def test_a_line_that_says_nothing_of_power_hides_none_that_does():
    lines = (Described("erp", "", "Admins", owner="cfo@x"), Described("erp", "", "*dmin*", privileged=True))
    found = catalogue.described(lines, RIGHTS)
    assert found.loc[0, ["owner", "privileged"]].tolist() == ["cfo@x", True]


@pytest.mark.parametrize("one", ["*dmins", "Admin*"])
def test_of_two_patterns_of_one_length_the_yes_counts(one):
    other = {"*dmins": "Admin*", "Admin*": "*dmins"}[one]
    lines = (Described("erp", "", one, privileged=False), Described("erp", "", other, privileged=True))
    assert bool(catalogue.described(lines, RIGHTS)["privileged"][0])
