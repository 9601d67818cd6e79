from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import scimaudit
from scimaudit import rules
from scimaudit.frameworks import frameworks, relevant

FILES = sorted((Path(scimaudit.__file__).parent / "frameworks").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_framework_names_itself_and_titles_every_control(path):
    data = tomllib.loads(path.read_text("utf-8"))
    assert data["id"] == path.stem
    assert data["title"]
    assert all(title.strip() for title in data["controls"].values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_control_is_listed_without_a_rule_that_is_relevant_to_it(path):
    used = {control for kind in rules.names() for control in rules.load(kind).controls}
    data = tomllib.loads(path.read_text("utf-8"))
    assert {f"{data['id']}/{name}" for name in data["controls"]} <= used


@pytest.mark.parametrize("framework", frameworks(), ids=lambda framework: framework.id)
def test_a_framework_speaks_of_kinds_and_controls_that_there_are(framework):
    assert set(framework.kinds) <= set(rules.names())
    assert {name for names in framework.kinds.values() for name in names} <= set(framework.controls)


def test_what_a_framework_adds_is_relevant_to_the_rule():
    assert "nydfs-500/500.7(a)(6)" in rules.load("leaver-active").controls
    assert "hipaa/164.308(a)(3)(ii)(C)" in rules.load("leaver-active").controls
    assert relevant("no-such-kind") == ()
