"""Every hostile string in every sink: none of them acts, and each comes back exactly where evidence needs it."""

from __future__ import annotations

import csv as stdlib
import io
import json
import re
import subprocess
import unicodedata
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from rich.console import Console

from scimaudit import renderers
from scimaudit.remediation import writing
from scimaudit.renderers import terminal
from scimaudit.renderers.encode import hide, show
from scimaudit.renderers.encode.csv import decode
from scimaudit.result import Audit
from tests.remediation.test_writing import run, task
from tests.renderers.corpus import CORPUS

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_SGR = re.compile(r"\x1b\[[0-9;]*m")
SEPARATORS = {"comma": 44, "semicolon": 59, "tab": 9}


def _one_line(text: str) -> bool:
    """Whether only spaces and letters that can be seen are in it."""
    return all(letter.isprintable() or unicodedata.category(letter) == "Zs" for letter in text)


@pytest.fixture(scope="module")
def audit() -> Audit:
    """A finding for each string, which stands in every text of it that a stranger can choose."""
    from tests.renderers.conftest import Story

    story = Story(size=len(CORPUS))
    story.changes = {name: list(CORPUS) for name in ("user_name", "person_name", "value", "expected", "actual")}
    return story.audit()


@pytest.fixture(scope="module")
def folder(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("corpus")
    renderers.write(audit, made, ["csv", "xlsx", "html", "json"])
    return made


def test_there_are_many_and_none_twice() -> None:
    assert len(CORPUS) >= 240
    assert len(set(CORPUS)) == len(CORPUS)


def test_json_gives_each_back(folder: Path) -> None:
    rows = json.loads((folder / "report.json").read_bytes())["findings"]
    assert {row["user_name"] for row in rows} == set(CORPUS)


def test_csv_gives_each_back_and_no_cell_begins_with_what_acts(folder: Path) -> None:
    with (folder / "findings.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(stdlib.DictReader(file))
    assert {decode(row["user_name"]) for row in rows} == set(CORPUS)
    for row in rows:
        for cell in row.values():
            assert not re.match(r"[\s]*[=+\-@＝＋－＠]", cell), cell
            assert _one_line(cell), cell


@pytest.mark.needs("libreoffice")
@pytest.mark.parametrize("separator", SEPARATORS.values(), ids=SEPARATORS.keys())
def test_libreoffice_makes_no_formula_of_any(folder: Path, separator: int, tmp_path: Path) -> None:
    command = [
        "soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "fods",
        f"--infilter=CSV:{separator},34,76,1,,0,false,true,false", "--outdir", tmp_path, folder / "findings.csv",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    text = (tmp_path / "findings.fods").read_text("utf-8")
    assert "evil.example" in text
    assert "table:formula=" not in text
    assert "xlink:href" not in text.split("<office:body>")[1]


def test_xlsx_holds_texts_alone(folder: Path) -> None:
    with zipfile.ZipFile(folder / "report.xlsx") as archive:
        sheets = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/worksheets/")}
        assert not [name for name in archive.namelist() if "externalLink" in name]
    for name, text in sheets.items():
        assert "<f>" not in text, name
        assert "<f " not in text, name
        assert "<hyperlink " not in text or "location=" in text, name


@pytest.mark.needs("chromium")
def test_nothing_runs_in_a_browser(folder: Path) -> None:
    heard: list[str] = []
    page = (folder / "report.html").resolve().as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        tab = browser.new_page()
        tab.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: request.url.startswith(page) or heard.append(request.url))
        tab.on("pageerror", lambda error: heard.append(str(error)))
        tab.goto(page)
        tab.wait_for_selector("#filters:not([hidden])")
        shown = tab.locator("body").inner_text()
        assert tab.evaluate("window.pwned") is None
        assert tab.url.startswith(page)
        browser.close()
    assert heard == []
    assert "window.pwned=1" in shown


def test_nothing_plays_with_a_terminal(audit: Audit) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=4000, highlight=False, emoji=False, markup=False)
    terminal.findings(console, audit.findings)
    terminal.summary(console, audit)
    text = _SGR.sub("", stream.getvalue())
    assert "\x1b" not in text
    assert not [letter for letter in text if letter != "\n" and show(letter) != letter and letter not in "⟦⟧"]
    assert "⟦U+001B⟧[2J0 findings" in text


def test_no_name_runs_in_a_shell() -> None:
    for text in CORPUS:
        made = writing.script([task(title=text, account=text, reasons=(text,), silent=text)], text, "a")
        assert len(run(made)) == 1, text


def test_no_owner_leaves_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "to-do"
    written = writing.write([task(owner=text) for text in CORPUS if text], "a", folder)
    assert {path.parent for path in written} == {folder}
    assert len({path.name.casefold() for path in written}) == len(written)


def test_every_string_is_shown_as_one_line_and_comes_back() -> None:
    for text in CORPUS:
        assert _one_line(show(text)), text
        assert hide(show(text)) == text
