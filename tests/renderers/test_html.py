from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import orjson
import pytest

from scimaudit.errors import RenderError
from scimaudit.renderers import html
from scimaudit.renderers.encode import show
from scimaudit.result import Audit, Gate
from tests.renderers.conftest import chosen


class Page(HTMLParser):
    """The page as a browser without style or script would read it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._inside = ""
        self._texts: list[str] = []
        self.feed(text)
        self.text = " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.raw:
            self._inside = tag
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside][-1] += data
        else:
            self._texts.append(data)


def source(audit: Audit) -> str:
    stream = io.BytesIO()
    html.render(audit, stream)
    return stream.getvalue().decode()


def page(audit: Audit) -> Page:
    return Page(source(audit))


def section(text: str, name: str) -> str:
    """The text of a section, up to the next one."""
    found = re.search(rf'<section id="{name}".*?(?=<section id="(?!app-)|</main>)', text, re.DOTALL)
    assert found, name
    return Page(found[0]).text


def data(audit: Audit) -> dict[str, dict[str, object]]:
    packed = page(audit).raw["script"][0]
    return orjson.loads(gzip.decompress(base64.b64decode(packed)))  # type: ignore[no-any-return]


def test_it_needs_nothing_else(audit: Audit) -> None:
    for tag, attributes in page(audit).elements:
        assert tag not in ("iframe", "object", "embed", "base", "img")
        assert "src" not in attributes
        href = attributes.get("href") or "#"
        assert href.startswith("#") or href == "data:,", href


def test_it_has_no_inline_handler_and_no_style_attribute(audit: Audit) -> None:
    names = {name for _, attributes in page(audit).elements for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert "style" not in names


def test_the_policy_allows_its_own_script_and_style_and_nothing_else(audit: Audit) -> None:
    read = page(audit)
    (policy,) = [
        attrs["content"] for tag, attrs in read.elements if attrs.get("http-equiv") == "Content-Security-Policy"
    ]

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    assert policy == (
        f"default-src 'none'; script-src {digest(read.raw['script'][1])}; style-src {digest(read.raw['style'][0])}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_the_policy_stands_before_anything_it_governs(audit: Audit) -> None:
    text = source(audit)
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_ids_are_unique_and_every_local_link_has_its_target(audit: Audit) -> None:
    elements = page(audit).elements
    ids = [attrs["id"] for _, attrs in elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {str(attrs["href"])[1:].partition("?")[0] for tag, attrs in elements if tag == "a"}
    assert targets <= set(ids)


def test_the_head_says_what_was_audited_and_what_is_not_proven(audit: Audit) -> None:
    text = Page(source(audit).partition("<main>")[0]).text
    assert "Northwind Traders Ltd" in text
    assert "As of 2026-11-20 18:00 CET" in text
    assert "Snapshot 2026-11-20T163012Z" in text
    assert "6 of 12 apps proven complete; 1 proven clean." in text
    assert "5,761 accounts of 10 listed apps (12 known)" in text
    assert "Customer CRM not proven listing was cut short: page 41 repeated page 40" in text
    assert "VPN gateway not proven: failed the server refused the credentials (401)" in text
    assert "Exit code 3" in text
    assert "the listing of crm was not proven complete" in text


def test_without_a_gate_there_is_no_banner_and_with_one_it_stands_first(audit: Audit, story: type) -> None:
    assert "safety gate" not in page(audit).text
    text = page(story(gates=(Gate("roster-shrunk", "hr", 500, 300, "20 %"),)).audit()).text
    assert "roster-shrunk: hr went from 500 to 300 (limit 20 %)" in text
    assert text.index("A safety gate tripped") < text.index("proven complete")


def test_completeness_stands_before_findings_under_its_three_heads(audit: Audit) -> None:
    text = source(audit)
    places = [text.index(f">{head}</h") for head in ("Complete", "Timely", "Consistent", "Summary", "Findings", "Apps")]
    assert places == sorted(places)


def test_completeness_tells_walk_scope_witnesses_age_and_cost(audit: Audit) -> None:
    text = section(source(audit), "completeness")
    assert "apps.crm.listings[0] scim not proven 491 received 491 parsed, 0 rejected incomplete" in text
    assert "W3 end proof failed" in text
    assert "partial scope partial: accounts outside SAML are not listed" in text
    assert "rosters.hr 2026-11-20 09:00 CET 9 hours" in text
    assert "9 days 2026-11-11 17:48 CET reused from an earlier snapshot" in text
    assert "Fax server not proven: not audited no source vendor has no export" in text
    assert "565 = 509 matched + 47 unmatched + 9 ambiguous yes" in text


def test_an_equation_that_does_not_balance_says_no(audit: Audit) -> None:
    wrong = replace(audit.equations[0], left=1)
    assert "1 ≠ 420 parsed + 0 rejected no" in section(source(replace(audit, equations=(wrong,))), "completeness")


def test_summary_counts_leading_findings(audit: Audit) -> None:
    text = section(source(audit), "summary")
    leading = audit.leading
    drift = leading[leading["family"] == "drift"]["severity"].value_counts()
    row = " ".join(str(drift.get(name, 0)) for name in ("critical", "high", "medium", "low", "info"))
    assert f"Drift {row} {int(drift.sum())}" in text


def test_charts_are_told_in_words(audit: Audit) -> None:
    text = section(source(audit), "summary")
    own = audit.leading[audit.leading["app"] == "slack"]["severity"].value_counts()
    told = f"{own.sum()} findings: {own['critical']} critical, {own['high']} high"
    assert f"Slack, proven, with findings: {told}" in text
    assert "VPN gateway, not proven: failed: 0 findings" in text


def test_the_first_findings_stand_in_the_page_and_it_says_where_the_rest_is(audit: Audit) -> None:
    text = source(audit).partition("<template")[0]
    assert text.count('class="finding"') == 100
    assert "The first 100 of 430 findings, worst first." in Page(text).text
    assert "the CSV, XLSX and JSON reports hold them too" in Page(text).text


def test_a_finding_tells_everything_that_is_known_of_it(story: type) -> None:
    audit = story(size=12).audit()
    row = audit.leading.iloc[0]
    audit = replace(audit, findings=audit.findings.assign(covered_by=[None] * 11 + [row["finding_id"]], gated=True))
    audit = replace(audit, findings=audit.findings.assign(lead=[*audit.findings["lead"][:11], False]))
    text = section(source(audit), "findings")
    for name in ("expected", "actual", "action", "owner", "severity_why", "finding_id"):
        assert str(row[name]) in text, name
    assert "; ".join(row["controls"]) in text
    titles = {kind.kind: kind.title for kind in audit.kinds}
    assert f"Covers {titles[audit.findings.iloc[11]['kind']]}" in text
    assert "open gated" in text


def test_no_app_that_is_not_proven_is_ever_named_without_saying_so(audit: Audit) -> None:
    text = source(audit).partition('id="data"')[0]
    for title in ("GitHub", "Customer CRM", "ServiceNow", "Figma", "VPN gateway", "Fax server"):
        spoken = [Page(text[m.start() : m.end() + 700]).text for m in re.finditer(f"<bdi[^>]*>{title}</bdi>", text)]
        assert len(spoken) >= 3
        for place in spoken:
            assert "not proven" in place[: len(title) + 40], place


def test_without_findings_the_unproven_apps_are_not_clean(story: type) -> None:
    text = section(source(story(size=0).audit()), "findings")
    assert "No findings. That proves nothing for the apps that are not proven" in text
    crm = section(source(story(size=0).audit()), "apps")
    assert "Findings none, which proves nothing: not proven" in crm


def test_with_every_app_proven_no_findings_means_none(story: type) -> None:
    audit = story(size=0, apps=(("zoom", "Zoom", "complete", "all", "clean"),)).audit()
    text = page(audit).text
    assert "1 of 1 app proven complete; 1 proven clean." in text
    assert "not proven" not in text.lower().replace("not proven complete", "")


def test_an_audit_of_nothing_is_a_page(story: type) -> None:
    assert "0 of 0 apps proven complete" in page(story(size=0, apps=()).audit()).text


def test_the_ledger_sums_each_kind_and_says_what_could_not_be_judged(audit: Audit) -> None:
    text = section(source(audit), "ledger")
    checks = audit.checks[audit.checks["kind"] == "excess"]
    sums = " ".join(f"{int(checks[name].sum()):,}" for name in ("population", "failed", "passed", "not_evaluable"))
    assert f"Entitlement that no policy allows excess {sums} 4 places" in text
    assert "crm not proven : walk-unproven" in text


def test_kinds_and_settings_are_documented(audit: Audit) -> None:
    text = section(source(audit), "kinds")
    assert (
        "Detects Account is dormant, for every account that is not a registered non-human. The roster decides." in text
    )
    assert (
        "Not evaluable An account of unknown activity. Nothing passes while the roster is in doubt. days 90 Relevant "
        "to ISO 27001 A.5.18, SOC 2 CC6.2 What to do Disable the account"
    ) in text
    assert "leaver SLA 24 hours" in section(source(audit), "settings")


def test_all_findings_are_embedded_in_their_order(audit: Audit) -> None:
    column = data(audit)["columns"]["finding_id"]
    assert [column["values"][code] for code in column["rows"]] == list(audit.findings["finding_id"])  # type: ignore[index]


@pytest.fixture(scope="module")
def calm() -> Page:
    """The page in which nobody chose a hostile text."""
    return page(chosen("x"))


def test_hostile_text_is_no_markup_and_no_unseen_character(
    hostile: Callable[[str], Audit], poison: str, calm: Page
) -> None:
    text = source(hostile(poison))
    assert not set(text) & set("\0\x1b\x07\u202e\u200b\u2028\u2029\ufeff")
    read = Page(text)
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in calm.elements]
    assert read.raw["script"][1:] == calm.raw["script"][1:]
    assert read.raw["style"] == calm.raw["style"]
    assert " ".join(show(poison).split()) in read.text


def test_templates_of_the_installed_package_are_looked_for_first() -> None:
    assert [folder.parts[-2:] for folder in html.FOLDERS] == [("scimaudit", "templates"), ("reports", "templates")]


def test_a_missing_template_is_named_with_where_it_was_looked_for(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(html, "FOLDERS", (tmp_path,))
    with pytest.raises(RenderError, match=r"report\.js") as caught:
        html.render(audit, io.BytesIO())
    assert str(tmp_path) in caught.value.hint


@pytest.mark.parametrize("wrong", ["{{ nothing }}", "{{ meta.nothing }}", "{% broken", "{{ ''.__class__.__mro__ }}"])
def test_a_wrong_template_is_an_error_and_can_reach_nothing(
    audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: str
) -> None:
    for name in ("report.js", "report.css"):
        (tmp_path / name).write_text("")
    (tmp_path / "report.html").write_text(wrong)
    monkeypatch.setattr(html, "FOLDERS", (tmp_path,))
    with pytest.raises(RenderError):
        html.render(audit, io.BytesIO())


def test_exceptions_stand_with_their_approver_and_their_end(audit: Audit) -> None:
    text = section(source(audit), "exceptions")
    assert "EX-7" in text
    assert "aws-owner@northwind.example 2026-10-01 to 2026-12-20, asked for by ana.ames@northwind.example" in text
    assert "invalid covers 1 approved what they asked for" in text


def test_without_exceptions_nothing_is_said_of_them(audit: Audit) -> None:
    text = source(replace(audit, exceptions=()))
    assert 'id="exceptions"' not in text
    assert "#exceptions" not in text


def test_what_is_set_aside_is_counted_apart(audit: Audit) -> None:
    page = Page(source(audit)).text
    assert f"{len(audit.leading)} open;" in page
    assert f"{len(audit.set_aside)} set aside" in page
    assert "2 excepted" in section(source(audit), "apps")


def test_who_controls_what_tells_sign_in_from_removal(audit: Audit) -> None:
    text = section(source(audit), "controls")
    assert "Slack slack-owner@northwind.example saml scim scim scim scim" in text
    assert "Jira jira-owner@northwind.example saml jit not said none none" in text
    assert "nobody has said what updates accounts" in text
    assert "nothing disables accounts" in text
    # An app of which nobody has said anything stands there too.
    assert "Zoom zoom-owner@northwind.example not said not said" in text


def test_who_approved_what_tells_what_nobody_approved(audit: Audit) -> None:
    text = section(source(audit), "approvals")
    assert "Who approved what 2 rights of which somebody must say yes: 1 approved by nobody, 1 with an approval" in text
    assert "adm-1 nobody approved it" in text
    assert "does not count sap-owner@northwind.example on 2026-05-01, until 2026-10-31" in text
    assert "it ran out on 2026-10-31" in text
    assert "sap-admins allows it (owner sap-owner@northwind.example)" in text
    assert "GitHub not proven nobody has said which of 9 rights give power" in text
    # Exceptions have a table of their own.
    assert "EX-7" not in text


def test_more_approvals_than_the_page_holds_are_counted(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html._page, "FIRST_APPROVALS", 1)
    assert "1 more stand in the workbook" in section(source(audit), "approvals")


def test_what_could_not_be_evaluated_tells_what_would_help(audit: Audit) -> None:
    text = section(source(audit), "ledger")
    unknown, total = int(audit.checks["not_evaluable"].sum()), int(audit.checks["population"].sum())
    assert f"What could not be evaluated {unknown:,} of {total:,} checks could not be judged; none of them" in text
    assert "Would help: a listing that proves every row was received" in text
    assert "Fax server not proven: not audited vendor has no export" in text
    assert "apps.github.listings[0] scope partial scope partial: accounts outside SAML are not listed" in text


@pytest.mark.parametrize(
    ("place", "title"),
    [("approvals", "Who approved what"), ("controls", "Who controls what"), ("ledger", "What could not be evaluated")],
)
def test_each_question_of_an_auditor_is_a_section_that_the_contents_lead_to(
    audit: Audit, place: str, title: str
) -> None:
    text = source(audit)
    assert f'<a href="#{place}">' in text.partition('<nav aria-label="Contents">')[2].partition("</nav>")[0]
    assert f'<h2 id="{place}-title">{title}</h2>' in text


def test_each_control_says_what_was_tested_for_it(audit: Audit) -> None:
    text = section(source(audit), "controls")
    assert "NYDFS Cybersecurity Regulation" in text
    assert "Access ends promptly when people leave" in text
