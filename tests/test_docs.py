"""The pages agree with the code."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from scimaudit import cli, config, sources

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture(scope="module")
def generated() -> dict:
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]


@pytest.mark.parametrize("name", ["commands.md", "configuration.md", "rules.md"])
def test_a_generated_page_is_what_the_code_says(generated: dict, name: str) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == generated[name](), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = {command.name for command in cli.app.registered_commands} | {"--install-completion", "…"}
    known |= {group.name for group in cli.app.registered_groups}
    for name in re.findall(r"^\s*(?:\$ )?scimaudit ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE):
        assert name in known, f"{page.name} names scimaudit {name}"


def test_the_readme_names_every_make_target_that_it_uses() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text("utf-8")):
        assert f"\n{target}:" in makefile


def test_every_exit_code_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for code in (0, 1, 2, 3, 4, 5, 130):
        assert f"| {code} |" in readme


def test_every_block_on_the_page_of_sources_is_a_configuration() -> None:
    text = (ROOT / "docs" / "sources.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    roster = '[rosters.people]\nsource = "csv"\npath = "hr.csv"\n'
    used = set()
    for block in blocks:
        found = config.parse(tomllib.loads(block if "[rosters." in block else roster + block), Path("scimaudit.toml"))
        used |= {each.source for each in found.rosters}
        used |= {listing.source for app in found.apps for listing in app.listings}
    assert {"csv", "ldif", "scim", "ldap", "entra", "sql"} <= used


def test_every_source_has_a_place_on_its_page() -> None:
    text = (ROOT / "docs" / "sources.md").read_text("utf-8")
    assert [name for name in sources.names() if name not in text] == []


def test_every_test_that_the_security_page_names_is_there():
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "SECURITY.md").read_text("utf-8"))
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", ["docs/defences.md", "SECURITY.md"])
def test_every_test_that_a_page_of_promises_names_exists(page: str) -> None:
    named = re.findall(r"`(tests/[a-z0-9_/]+(?:\.py)?)(?:::(test_\w+))?`", (ROOT / page).read_text("utf-8"))
    assert len(named) > 20
    for path, test in named:
        assert (ROOT / path).exists(), f"{page} names {path}"
        if test:
            assert f"\ndef {test}(" in (ROOT / path).read_text("utf-8"), f"{page} names {path}::{test}"


def test_every_defence_has_its_test() -> None:
    rows = re.findall(r"^\| (?!---|attack)(.*) \|$", (ROOT / "docs/defences.md").read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 40
    assert [row for row in rows if "::test_" not in row.rpartition(" | ")[2]] == []
