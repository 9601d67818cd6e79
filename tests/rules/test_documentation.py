from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from scimaudit import policy, rules
from scimaudit.policy import (
    approvals,
    catalogue,
    dispositions,
    entitlements,
    exceptions,
    nhi,
    prices,
    sod,
    trials,
)

TABLES = (nhi, approvals, dispositions, catalogue, prices)
DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_rules_is_what_the_docstrings_say():
    made = runpy.run_path(str(DOCS / "generate_rules.py"))["page"]()
    assert (DOCS / "rules.md").read_text("utf-8") == made, "run: python docs/generate_rules.py"


def test_every_kind_has_its_section():
    heads = re.findall(r"^### (\S+)$", (DOCS / "rules.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(heads) == sorted(rules.names())


@pytest.mark.parametrize("kind", rules.names())
def test_every_kind_has_its_parts_in_one_order(kind):
    section = (DOCS / "rules.md").read_text("utf-8").partition(f"\n### {kind}\n")[2].partition("\n### ")[0]
    parts = re.findall(r"^\*\*([A-Z][a-z ]+):\*\* (.+)$", section, re.MULTILINE)
    assert [name for name, _ in parts] == [
        "Detects", "Why", "Example", "Not evaluable", "Settings", "Controls", "Remediation",
    ]  # fmt: skip
    assert re.fullmatch(r".+: .+\. Expected: .+\. Severity \w+: base .+\. Silent for .+\.", dict(parts)["Example"])
    assert "⟦" not in section


def examples():
    text = (DOCS / "policy.md").read_text("utf-8")
    named = re.findall(r"^```toml\n# policy/(\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    tables = re.findall(r"^```csv\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return named + [(_file(csv.splitlines()[0].split(",")), csv) for csv in tables]


def _file(header):
    [module] = [module for module in TABLES if set(header) <= set(module.COLUMNS)]
    return f"{module.__name__.rpartition('.')[2]}.csv"


def test_the_examples_of_the_policy_page_are_policies(tmp_path):
    written = examples()
    assert sorted(name for name, _ in written) == [
        "approvals.csv", "catalogue.csv", "dispositions.csv", "entitlements.toml", "exceptions.toml", "nhi.csv",
        "prices.csv", "sod.toml", "tests.toml",
    ]  # fmt: skip
    for name, text in written:
        (tmp_path / name).write_text(text, "utf-8")
    read = policy.load(tmp_path)
    assert read.rules
    assert read.conflicts
    assert read.nhi
    assert read.exceptions
    assert read.approvals
    assert trials.load(tmp_path / "tests.toml", policy.who_columns())
    assert read.dispositions
    assert read.catalogue
    assert read.prices


@pytest.mark.parametrize(
    "keys",
    [
        entitlements.KEYS,
        sod.KEYS,
        exceptions.KEYS,
        trials.KEYS,
        *(module.COLUMNS for module in TABLES),
    ],
)
def test_the_policy_page_names_every_key(keys):
    text = (DOCS / "policy.md").read_text("utf-8")
    assert not [key for key in keys if f"`{key}`" not in text]
