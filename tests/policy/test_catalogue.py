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


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), [-1, -1, -1, -1]),
        ((Described("erp", "", "Admins"),), [0, 0, -1, -1]),
        ((Described("erp", "groups", "Admins"), Described("erp", "", "Admins")), [0, 1, -1, -1]),
        ((Described("erp", "", "*dmins"), Described("erp", "", "1")), [1, 0, -1, 0]),
        ((Described("erp", "", "*"), Described("erp", "", "Sub*")), [0, 0, -1, 1]),
        ((Described("erp", "roles", "*"), Described("crm", "", "a?mins"), Described("hr", "", "*")), [-1, 0, 1, 0]),
    ],
)
def test_an_exact_line_beats_a_pattern_and_a_longer_pattern_a_shorter(lines, found):
    assert catalogue.lines_of(lines, RIGHTS).tolist() == found
    back = catalogue.lines_of(lines[::-1], RIGHTS)
    assert [len(lines) - 1 - place if place >= 0 else -1 for place in back.tolist()] == found
