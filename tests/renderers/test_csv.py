from __future__ import annotations

import csv as stdlib
import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from scimaudit.renderers import csv
from scimaudit.renderers.encode.csv import decode
from scimaudit.result import Audit
from scimaudit.tables import FINDINGS


def written(audit: Audit, part: str | None = None) -> str:
    stream = io.BytesIO()
    csv.render(audit, stream, part)
    text = stream.getvalue().decode("utf-8-sig")
    assert stream.getvalue().startswith(b"\xef\xbb\xbf")
    return text


def rows(audit: Audit, part: str | None = None) -> list[dict[str, str]]:
    return list(stdlib.DictReader(io.StringIO(written(audit, part), newline=""), strict=True))


def test_all_findings_in_their_order_with_the_columns_of_the_table(audit: Audit) -> None:
    found = rows(audit)
    assert list(found[0]) == [*FINDINGS.names, "app_verdict"]
    assert [row["finding_id"] for row in found] == list(audit.findings["finding_id"])


@pytest.mark.parametrize("family", ["orphan", "drift", "excess"])
def test_a_family_is_its_findings_and_no_others(audit: Audit, family: str) -> None:
    expected = audit.findings[audit.findings["family"] == family]["finding_id"]
    assert len(expected)
    assert [row["finding_id"] for row in rows(audit, family)] == list(expected)


def test_a_file_of_no_findings_has_its_header(story: type) -> None:
    assert written(story(size=0).audit()).count("\r\n") == 1


def test_every_row_says_what_its_app_has_proven(audit: Audit) -> None:
    said = {row["app"]: row["app_verdict"] for row in rows(audit)}
    assert said["slack"] == "proven, with findings"
    assert said["crm"] == "not proven"
    assert said["fax"] == "not proven: not audited"


def test_an_app_that_the_result_does_not_describe_is_not_proven(audit: Audit) -> None:
    assert {row["app_verdict"] for row in rows(replace(audit, apps=())) if row["app"]} == {"not proven"}


def test_completeness_has_every_app_even_one_without_findings(audit: Audit) -> None:
    found = {row["app"]: row for row in rows(audit, "completeness")}
    assert list(found) == [app.app for app in audit.apps]
    assert found["zoom"]["verdict"] == "proven clean"
    assert found["vpn"]["verdict"] == "not proven: failed"
    assert found["vpn"]["as_of"] == ""


def test_completeness_of_no_apps(story: type) -> None:
    assert rows(story(apps=()).audit(), "completeness") == []


def test_null_and_empty_text_differ(audit: Audit, story: type) -> None:
    changed = story(size=1)
    changed.changes = {"value": [""], "attribute": [None]}
    line = written(changed.audit()).splitlines()[1].split(",")
    assert line[FINDINGS.names.index("value")] == '""'
    assert line[FINDINGS.names.index("attribute")] == ""


def test_lines_end_as_rfc_4180_says_and_nowhere_else(hostile: Callable[[str], Audit]) -> None:
    text = written(hostile("a\r\nb\nc\rd"))
    assert text.count("\r\n") == text.count("\n") == text.count("\r") == 9


def test_hostile_text_is_inert_and_comes_back_exactly(hostile: Callable[[str], Audit], poison: str) -> None:
    for row in rows(hostile(poison)):
        assert decode(row["user_name"]) == poison
        assert row["user_name"].lstrip()[:1] not in tuple("=+-@\t\r\0")
