"""A packet goes out, is filled in by the programs that people use, and comes back."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from scimaudit.errors import ConfigError
from scimaudit.review import closing, export, workbook
from scimaudit.review.campaign import Campaign
from scimaudit.review.packets import packets
from tests.review import libreoffice
from tests.review.conftest import Firm, of

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def evidence(campaign: Campaign) -> str:
    return (campaign.path / "evidence" / "decisions.csv").read_text("utf-8-sig")


@pytest.mark.needs("libreoffice")
def test_a_workbook_that_was_filled_in_libreoffice_comes_back(firm: Firm, campaign: Campaign, tmp_path: Path) -> None:
    packet = of(campaign, "ana")
    [path] = [path for path in export.write(campaign, tmp_path / "out") if path.name == f"{packet.name}.xlsx"]
    answers = {"L6": "revoke", "M6": "she left the team", "L7": "certify"}
    firm.take(campaign, libreoffice.fill(path, answers, tmp_path / "profile"))
    told = {item.value: campaign.standing()[item.item_id] for item in packet.items}
    assert [(told[name].decision, told[name].rationale) for name in ("admins", "staff")] == [
        ("revoke", "she left the team"),
        ("certify", ""),
    ]
    closing.close(campaign, now=firm.now, by="kim", lapse="open", attested_by="", statement="")
    assert re.search(r",admins,1,Ana Ames,manager,yes,revoke,she left the team,", evidence(campaign))


@pytest.mark.needs("libreoffice")
def test_the_drop_down_offers_the_four_decisions_and_the_rest_is_locked(campaign: Campaign, tmp_path: Path) -> None:
    stream = io.BytesIO()
    workbook.write(of(campaign, "ana"), stream)
    sheet = load_workbook(stream)[workbook.SHEET]
    [choice] = sheet.data_validations.dataValidation
    assert (choice.type, choice.formula1, str(choice.sqref)) == ("list", '"certify,revoke,modify,abstain"', "L6:L7")
    assert sheet.protection.sheet
    assert sheet.column_dimensions["A"].hidden
    open_cells = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    assert open_cells == {"L6", "M6", "L7", "M7"}
    path = tmp_path / "packet.xlsx"
    path.write_bytes(stream.getvalue())
    command = ["soffice", f"-env:UserInstallation={(tmp_path / 'p').as_uri()}", "--headless", "--convert-to", "csv"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(path)], check=True, capture_output=True, timeout=120)
    assert "admins (groups)" in (tmp_path / "packet.csv").read_text("utf-8", "replace")


def test_the_same_packet_is_the_same_bytes(campaign: Campaign) -> None:
    made = []
    for _ in range(2):
        stream = io.BytesIO()
        workbook.write(of(campaign, "ana"), stream)
        with zipfile.ZipFile(stream) as archive:
            made.append({name: archive.read(name) for name in archive.namelist()})
    assert made[0] == made[1]


def hear(tab: Tab, heard: list[str], path: Path) -> None:
    tab.on("console", lambda message: heard.append(message.text))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("dialog", lambda dialog: (heard.append(dialog.message), dialog.dismiss()))
    quiet = (path.parent.as_uri(), "blob:", "data:")
    tab.on("request", lambda request: request.url.startswith(quiet) or heard.append(request.url))


@pytest.mark.needs("chromium")
def test_a_page_that_was_filled_in_a_browser_comes_back(firm: Firm, campaign: Campaign, tmp_path: Path) -> None:
    packet = of(campaign, "ana")
    [path] = [path for path in export.write(campaign, tmp_path / "out") if path.name == f"{packet.name}.html"]
    heard: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        tab = browser.new_page()
        hear(tab, heard, path)
        # The page's clock is the company's.
        tab.clock.set_fixed_time(firm.now)
        tab.goto(path.as_uri())
        admins, staff = tab.locator(".item").all()
        assert "admins" in admins.inner_text()
        admins.get_by_label("revoke").check()
        tab.get_by_role("button", name="Save decisions").click()
        assert "1 decided without a reason" in tab.locator("#trouble").inner_text()
        admins.get_by_label("Why").fill("she left the team; =cmd()")
        staff.get_by_label("certify").check()
        assert tab.locator("#progress").inner_text() == "2 of 2 decided"
        with tab.expect_download() as waiting:
            tab.get_by_role("button", name="Save decisions").click()
        saved = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(saved)
        tab.reload()
        assert tab.locator("#progress").inner_text() == "2 of 2 decided"
        browser.close()
    assert heard == []
    assert saved.name == f"{packet.name}-decisions.json"
    assert json.loads(saved.read_text("utf-8"))["packet"] == packet.digest
    firm.later(minutes=1)
    firm.take(campaign, saved)
    closing.close(campaign, now=firm.now, by="kim", lapse="open", attested_by="", statement="")
    assert "revoke,she left the team;⟦U+0020⟧" in evidence(campaign) or "she left the team" in evidence(campaign)
    with pytest.raises(ConfigError, match="is closed"):
        firm.take(campaign, saved)


@pytest.mark.needs("chromium")
@pytest.mark.needs("libreoffice")
def test_what_a_stranger_wrote_runs_nowhere(firm: Firm, tmp_path: Path) -> None:
    hostile = ["=HYPERLINK(1)", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "+1-1"]
    firm.accounts["bo"] = "bo,bo@corp.example,true,Finance," + ";".join(text.replace('"', "'") for text in hostile)
    firm.audit()
    campaign = firm.open()
    paths = export.write(campaign, tmp_path / "out")
    heard: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        tab = browser.new_page()
        for path in (path for path in paths if path.suffix == ".html"):
            hear(tab, heard, path)
            tab.goto(path.as_uri())
            assert tab.locator("img").count() == 0
        browser.close()
    assert heard == []
    for path in (path for path in paths if path.suffix == ".xlsx"):
        with zipfile.ZipFile(path) as archive:
            text = b"".join(archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets"))
        assert b"<f>" not in text
        assert b"hyperlink" not in text.lower()
    assert len(packets(campaign)) == len(paths) / 2
