"""Ten thousand lines of each kind are read and judged; nothing here looks at a clock."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from scimaudit import identifiers
from scimaudit.errors import PolicyError
from scimaudit.policy import catalogue, defects, entitlements, load, nhi
from scimaudit.policy.entitlements import ALLOWED, DENIED, NOT_ALLOWED, UNKNOWN

MANY = 10_000


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    rules = "".join(
        f'[[rules]]\nname = "r{n}"\nwho = \'department = "D{n % 200}" and title in ["T{n % 50}", "T{n % 70}"]\'\n'
        f'what = {{ app = "git", {f"""patterns = ["g-{n}-*"]""" if n % 2 else f"""values = ["g-{n}"]"""} }}\nwhy = "x"\n'
        for n in range(MANY)
    )
    rules += (
        '[[rules]]\nname = "no"\nwho = "everyone"\nwhat = { app = "git", values = ["g-4"] }\nwhy = "x"\ndeny = true\n'
    )
    (folder / "entitlements.toml").write_text(rules, "utf-8")
    lines = "".join(f"git,svc-{n}{'-*' if n % 2 else ''},bot,ana,,,\n" for n in range(MANY))
    (folder / "nhi.csv").write_text("app,account,kind,owner,purpose,review_date,expires\n" + lines, "utf-8")
    lines = "".join(f"git,u{n},g-{n},ana,2026-01-01,,\n" for n in range(MANY))
    (folder / "approvals.csv").write_text("app,account,value,approved_by,approved_on,until,reason\n" + lines, "utf-8")
    pairs = "".join(
        f'[[pairs]]\nname = "p{n}"\nleft = {{ app = "git", values = ["g-{n}"] }}\n'
        f'right = {{ app = "git", patterns = ["g-{n + 1}-*"] }}\nrisk = "x"\n'
        for n in range(2_000)
    )
    (folder / "sod.toml").write_text(pairs, "utf-8")
    return load(folder)


def test_the_last_line_has_its_place(policy):
    assert [policy.rules[-1].place, policy.nhi[-1].place, policy.conflicts[-1].place] == [
        "entitlements.toml, line 50001", "nhi.csv, line 10001", "sod.toml, line 9996",
    ]  # fmt: skip


def test_the_files_are_judged(policy):
    assert [(each.line.name, each.check) for each in defects.of_files(policy, date(2026, 11, 20))] == [
        ("r4", "contradicted")
    ]


def test_people_and_rights_are_judged(policy):
    people = pd.DataFrame({"department": ["D4", "D4", "D6"], "title": ["T4", None, "T6"]}).astype("category")
    held = pd.DataFrame(
        {"app": "git", "attribute": "groups", "value": ["g-4", "g-6", "g-207-x"], "display": None}
    ).astype("category")
    person, entitlement, table = entitlements.verdicts(policy.rules, people, held)
    assert table[np.ix_(person, entitlement)].tolist() == [
        [DENIED, NOT_ALLOWED, NOT_ALLOWED],
        [DENIED, NOT_ALLOWED, NOT_ALLOWED],
        [DENIED, ALLOWED, NOT_ALLOWED],
    ]
    unknown = pd.DataFrame({"department": ["D7"], "title": [None]}).astype({"department": "str", "title": "str"})
    person, entitlement, table = entitlements.verdicts(policy.rules, unknown, held)
    assert table[np.ix_(person, entitlement)].tolist() == [[DENIED, NOT_ALLOWED, UNKNOWN]]


def test_accounts_are_registered(policy):
    names = [f"svc-{n}" for n in range(0, 3000, 2)] + ["svc-7-x", "svc-8-x"]
    accounts = pd.DataFrame({"app": "git", "account_id": [f"a{n}" for n in range(len(names))], "user_name": names})
    accounts["user_name_key"] = [identifiers.key(name) for name in names]
    places = nhi.registered(policy.nhi, accounts.astype({"app": "category"}))
    assert places.tolist() == [*range(0, 3000, 2), 7, -1]


@pytest.mark.parametrize("pattern", ["g-{}-*", "*-{}-x", "*{}-?"])
def test_a_catalogue_of_patterns_is_looked_up(pattern):
    rights = pd.DataFrame({"app": "git", "attribute": "groups", "value": [f"g-{n}-x" for n in range(MANY)]})
    rights["display"] = "Group " + rights["value"]
    lines = [catalogue.Described("git", "", pattern.format(n), str(n)) for n in range(1_000, 3_000)]
    found = catalogue.described(lines, rights.astype("category"))["title"]
    assert found[1_000:3_000].tolist() == [str(n) for n in range(1_000, 3_000)]


def test_a_name_that_stands_twice_among_them_is_found(tmp_path):
    text = "".join(
        f'[[rules]]\nname = "r{n % 9_999}"\nwho = "everyone"\nwhat = {{ app = "git", values = ["a"] }}\nwhy = "x"\n'
        for n in range(MANY)
    )
    (tmp_path / "entitlements.toml").write_text(text, "utf-8")
    with pytest.raises(
        PolicyError, match=r"line 49996, rule 10000 \(r0\): the name 'r0' stands twice, first in .* line 1$"
    ):
        load(tmp_path)
