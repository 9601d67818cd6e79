from __future__ import annotations

import pytest

from scimaudit.errors import PolicyError
from scimaudit.policy import load
from scimaudit.policy.entitlements import What
from scimaudit.policy.sod import Conflict

PAIR = """
[[pairs]]
name = "pay"
left = { app = "erp", attribute = "roles", values = ["MAKE"] }
right = { app = "bank", patterns = ["appr*"] }
risk = "pays an invented bill"
compensating_control = "monthly sample"
owner = "cfo@corp.example"
"""


def written(folder, text):
    (folder / "sod.toml").write_text(text, "utf-8")
    return load(folder).conflicts


def test_a_pair_is_read_whole(tmp_path):
    assert written(tmp_path, PAIR) == (
        Conflict(
            "pay",
            What("erp", "roles", ("MAKE",)),
            What("bank", patterns=("appr*",)),
            "pays an invented bill",
            "monthly sample",
            "cfo@corp.example",
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("risk =", "danger =", "unknown key 'danger'"),
        ('risk = "pays an invented bill"', "", r"line 2, pair 1 \(pay\): risk is missing"),
        ('right = { app = "bank", patterns = ["appr*"] }', "", "right is missing"),
        (', patterns = ["appr*"]', "", r"pair 1 \(pay\): right: says neither values nor patterns"),
        ("app = \"erp\"", "app = 1", "left: app must be text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, old, new, said):
    with pytest.raises(PolicyError, match=said):
        written(tmp_path, PAIR.replace(old, new, 1))


def test_a_name_stands_once(tmp_path):
    with pytest.raises(PolicyError, match="'pay' stands twice"):
        written(tmp_path, PAIR * 2)
