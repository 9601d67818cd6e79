"""The HTML report in a real browser: it works, it is quiet, and nothing a stranger wrote runs."""

from __future__ import annotations

import csv as stdlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from playwright.sync_api import Page as Tab

from scimaudit import renderers
from scimaudit.renderers import csv
from scimaudit.result import Audit

pytestmark = pytest.mark.needs("chromium")

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Open = Callable[..., Tab]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens an audit's page, and fails the test if the page spoke to a network, a console or a person."""
    heard: list[str] = []

    def open_it(audit: Audit, address: str = "", **settings: Any) -> Tab:
        (path,) = renderers.write(audit, tmp_path, ["html"])
        tab = browser.new_page(**({"viewport": {"width": 1280, "height": 900}} | settings))
        tab.on("console", lambda message: heard.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: heard.append(f"error: {error}"))
        tab.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        tab.on(
            "request", lambda request: request.url.startswith(path.as_uri()) or heard.append(f"request: {request.url}")
        )
        tab.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective))"
        )
        tab.goto(path.as_uri() + address)
        if settings.get("java_script_enabled", True):
            tab.wait_for_selector("#filters:not([hidden])")
        return tab

    yield open_it
    for context in browser.contexts:
        context.close()
    assert heard == []


def kinds(tab: Tab) -> list[str]:
    return tab.locator("#table tbody .at-kind").all_inner_texts()


def status(tab: Tab) -> str:
    return tab.locator("#count").inner_text()


def choose(tab: Tab, name: str, value: str) -> None:
    tab.locator(f"#filters [name={name}]").select_option(value)


def test_the_script_draws_the_same_rows_as_the_page_brought(audit: Audit, open_report: Open) -> None:
    still = open_report(audit, java_script_enabled=False)
    alive = open_report(audit)
    rows = "#table tbody tr"
    assert alive.locator(rows).all_text_contents()[0].split() == still.locator(rows).all_text_contents()[0].split()
    shown = [" ".join(text.split()) for text in alive.locator(rows).all_text_contents()]
    assert shown == [" ".join(text.split()) for text in still.locator(rows).all_text_contents()]


def test_without_script_the_first_page_stands_and_says_where_the_rest_is(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit, java_script_enabled=False)
    assert len(kinds(tab)) == 100
    assert status(tab).startswith("The first 100 of 430 findings, worst first.")
    assert not tab.locator("#filters").is_visible()
    assert not tab.locator("#pager").is_visible()
    tab.locator("#table summary").first.click()
    assert tab.locator("#table .facts").first.is_visible()


def listed(audit: Audit) -> pd.DataFrame:
    """The findings that the table shows at first: those that another covers are left out, those set aside are not."""
    return audit.findings[audit.findings["lead"].astype(bool)]


def test_with_script_every_page_can_be_turned(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    assert status(tab).startswith("1 to 100 of 430 findings")
    seen = []
    for _ in range(5):
        seen += tab.locator("#table [data-field=finding_id]").all_text_contents()
        tab.locator("[data-page=next]").click(force=True)
    assert seen == list(listed(audit)["finding_id"])
    assert tab.locator("[data-page=next]").is_disabled()
    tab.locator("[data-page=first]").click()
    assert tab.locator("[data-page=previous]").is_disabled()


@pytest.mark.parametrize(
    ("name", "cells"), [("Finding", ".at-kind"), ("Account", ".at-account"), ("First seen", ".at-seen")]
)
def test_sorting_goes_up_down_and_back(audit: Audit, open_report: Open, name: str, cells: str) -> None:
    tab = open_report(audit)
    tab.locator("#pager select").select_option("500")
    head = tab.locator("#table th", has_text=name)
    fields = tab.locator(f"#table tbody {cells}")
    before = kinds(tab)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = [text for text in fields.all_inner_texts() if text]
    assert up == tab.evaluate("v => v.slice().sort(new Intl.Collator('en', {numeric: true}).compare)", up)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    down = [text for text in fields.all_inner_texts() if text]
    assert down == sorted(down, key=up.index, reverse=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert kinds(tab) == before


def test_severity_sorts_by_weight_not_by_alphabet(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    tab.locator("#pager select").select_option("500")
    button = tab.locator("#table th.at-severity button")
    button.click()
    button.click()
    order = tab.locator("#table td.at-severity").all_inner_texts()
    assert list(dict.fromkeys(order)) == ["info", "low", "medium", "high", "critical"]


def test_rows_without_a_value_come_last_both_ways(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    tab.locator("#pager select").select_option("500")
    for _ in range(2):
        tab.locator("#table th.at-person button").click()
        people = tab.locator("#table td.at-person").all_inner_texts()
        assert people[0]
        assert not people[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("family", "drift"), ("kind", "dormant"), ("app", "crm"), ("severity", "critical"), ("disposition", "excepted")],
)
def test_each_filter_leaves_what_it_says(audit: Audit, open_report: Open, name: str, value: str) -> None:
    tab = open_report(audit)
    expected = listed(audit)
    expected = expected[expected[name] == value]
    choose(tab, name, value)
    tab.locator("#pager select").select_option("500", force=True)
    assert tab.locator("#table [data-field=finding_id]").all_text_contents() == list(expected["finding_id"])
    assert f"of {len(expected)} findings" in status(tab)
    assert f"{name}={value}" in tab.url


def test_filters_and_search_work_together_and_clear(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    choose(tab, "family", "orphan")
    choose(tab, "app", "slack")
    tab.locator("#filters [name=search]").fill("ada  DORMANT")
    expect(tab).to_have_url(re.compile("search=ada"))
    lead = listed(audit)
    mask = (lead["app"] == "slack") & (lead["kind"] == "dormant") & lead["user_name"].str.contains("ada", na=False)
    assert len(kinds(tab)) == int(mask.sum())
    tab.get_by_role("button", name="Clear").click()
    expect(tab).not_to_have_url(re.compile("search="))
    assert "of 430 findings" in status(tab)


def test_search_finds_the_words_that_are_shown_for_kinds_and_apps(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit, "#findings?search=customer%20conflicting")
    expected = listed(audit)
    expected = expected[(expected["app"] == "crm") & (expected["kind"] == "sod")]
    assert len(kinds(tab)) == len(expected) > 0


def test_covered_findings_are_shown_on_request_and_named_by_their_lead(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    tab.get_by_label("with the 70 covered").check()
    assert "of 500 findings" in status(tab)
    lead = audit.findings["covered_by"].dropna().iloc[0]
    tab.locator("#filters [name=search]").fill(str(lead))
    expect(tab.locator("#table tbody")).not_to_have_count(100)
    titles = {kind.kind: kind.title for kind in audit.kinds}
    covered = audit.findings[audit.findings["covered_by"] == lead]["kind"].map(titles)
    assert tab.locator("#table tbody", has_text="Covers").locator("[data-field=covers]").all_text_contents() == [
        "; ".join(covered)
    ]
    assert len(kinds(tab)) == 1 + len(covered)


def test_a_person_across_apps_by_link_and_by_address(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    tab.locator("#table td.at-person a").first.click()
    tab.wait_for_selector("#person:not([hidden])")
    person = tab.url.partition("person=")[2]
    own = audit.findings[audit.findings["person_id"] == person]
    said = tab.locator("#person span").inner_text()
    assert f"person {person}: {len(own)} findings" in said
    assert len(kinds(tab)) == len(own)
    again = open_report(audit, f"#findings?person={person}")
    assert again.locator("#person span").inner_text() == said
    again.get_by_role("button", name="Show everyone").click()
    assert "of 430 findings" in status(again)


def test_an_unproven_app_never_looks_clean_when_the_view_is_empty(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit, "#findings?app=crm&search=nothing-like-this")
    assert "0 findings. Customer CRM: not proven, so more may exist" in status(tab)
    assert "not proven" in tab.locator("#table tbody").inner_text()
    choose(tab, "app", "")
    assert "6 apps are not proven" in status(tab)


def test_unproven_apps_say_so_in_rows_and_in_the_filter(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    for text in tab.locator("#table td.at-app").all_inner_texts():
        assert ("not proven" in text) == text.startswith(("GitHub", "Customer CRM", "ServiceNow", "Figma", "Fax"))
    options = tab.locator("#filters [name=app] option").all_text_contents()
    assert any(option.startswith("Customer CRM, not proven (") for option in options)


def test_an_app_that_the_result_does_not_describe_is_not_proven(audit: Audit, open_report: Open) -> None:
    named = audit.findings.assign(app="constructor")
    tab = open_report(replace(audit, apps=(), findings=named))
    assert "not proven" in tab.locator("#table td.at-app").first.inner_text()


def test_the_selected_rows_download_as_the_csv_report_writes_them(
    hostile: Callable[[str], Audit], poisons: list[str], open_report: Open
) -> None:
    base = hostile("x")
    texts = [text for text in poisons if len(text) < 1000][: 3 * len(base.findings)]
    for start in range(0, len(texts), len(base.findings)):
        chosen = (texts[start:] + texts)[: len(base.findings)]
        audit = replace(base, findings=base.findings.assign(user_name=chosen, lead=True))
        tab = open_report(audit)
        with tab.expect_download() as waiting:
            tab.get_by_role("button", name="Download as CSV").click()
        stream = io.BytesIO()
        csv.render(audit, stream)
        assert Path(waiting.value.path()).read_bytes() == stream.getvalue()


def test_a_download_holds_only_what_is_selected(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit, "#findings?family=excess&disposition=counted")
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="Download as CSV").click()
    rows = list(stdlib.DictReader(io.StringIO(Path(waiting.value.path()).read_text("utf-8-sig"))))
    assert len(rows) == int((audit.leading["family"] == "excess").sum())
    assert {row["family"] for row in rows} == {"excess"}


def test_nothing_a_stranger_wrote_runs(hostile: Callable[[str], Audit], poisons: list[str], open_report: Open) -> None:
    for start in range(0, len(poisons), 8):
        base = hostile(poisons[start])
        chosen = (poisons[start:] + poisons)[: len(base.findings)]
        columns = ("account_id", "user_name", "person_id", "person_name", "value", "expected", "actual", "evidence")
        tab = open_report(replace(base, findings=base.findings.assign(lead=True, **dict.fromkeys(columns, chosen))))
        for summary in tab.locator("#table summary").all():
            summary.click()
        tab.locator("#table td.at-person a").first.click()
        tab.locator("#filters [name=search]").fill("script")
        tab.wait_for_timeout(300)
        assert tab.evaluate("window.pwned") is None
        assert tab.locator("#findings").is_visible()
        assert tab.locator("#table img, #table script, #table style").count() == 0


def test_the_policy_stops_a_script_that_would_be_let_in(audit: Audit, browser: Browser, tmp_path: Path) -> None:
    (path,) = renderers.write(audit, tmp_path, ["html"])
    path.write_text(
        path.read_text("utf-8").replace(
            "<main>", "<main><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
        ),
        "utf-8",
    )
    tab = browser.new_page()
    tab.goto(path.as_uri())
    tab.wait_for_selector("#filters:not([hidden])")
    assert tab.evaluate("window.pwned") is None
    tab.context.close()


@pytest.mark.needs("axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing(audit: Audit, open_report: Open, scheme: str, width: int) -> None:
    tab = open_report(audit, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    tab.add_script_tag(path=AXE)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = tab.evaluate("async (rules) => (await axe.run(document, rules)).violations", rules)
    assert [(fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found] == []


def test_the_keyboard_reaches_filters_sorting_details_and_pages(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    reached = set()
    for _ in range(24):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("(e => e.name || e.parentElement.dataset.sort || e.tagName)(document.activeElement)"))
    assert {"search", "app", "severity", "SUMMARY"} <= reached
    tab.locator("#table th.at-app button").focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#table th.at-app").get_attribute("aria-sort") == "ascending"


def test_on_paper_everything_is_open_and_controls_are_gone(audit: Audit, open_report: Open) -> None:
    tab = open_report(audit)
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details:not([open])").count() == 0
    assert not tab.locator("#filters").is_visible()
    assert tab.locator("#table .facts").last.is_visible()
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("details[open]").count() == 0
    assert tab.pdf().startswith(b"%PDF")


def test_a_hundred_thousand_findings_open_filter_and_sort_in_seconds(story: type, open_report: Open) -> None:
    tab = open_report(story(size=100_000).audit())
    assert "of 89," in status(tab) or "of 90," in status(tab)
    sort = "document.querySelector('#table th.at-account button').click()"
    choose_crm = "const f = document.getElementById('filters'); f.elements.app.value = 'crm'"
    for action in (sort, f"{choose_crm}; f.dispatchEvent(new Event('change'))"):
        spent = tab.evaluate(
            f"() => {{ const start = performance.now(); {action}; return performance.now() - start; }}"
        )
        assert spent < 10_000, action
    assert len(kinds(tab)) == 100
