from __future__ import annotations

import csv as stdlib
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import unescape
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from scimaudit.errors import RenderError
from scimaudit.renderers import xlsx
from scimaudit.renderers.encode import hide, show
from scimaudit.result import Audit, Gate
from scimaudit.tables import CHECKS, FINDINGS


def written(audit: Audit) -> bytes:
    stream = io.BytesIO()
    xlsx.render(audit, stream)
    return stream.getvalue()


def read(audit: Audit) -> Workbook:
    return load_workbook(io.BytesIO(written(audit)))


def lines(book: Workbook, sheet: str) -> list[dict[str, object]]:
    head, *rest = book[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rest]


def test_what_was_proven_stands_before_the_findings(audit: Audit) -> None:
    assert read(audit).sheetnames == [
        "Summary", "Completeness", "Equations", "Orphan", "Drift", "Excess", "Control", "Data", "Exceptions", "Approvals",
        "Register", "Not evaluable", "Checks", "Kinds", "Columns",
    ]  # fmt: skip


def test_each_finding_stands_once_in_the_sheet_of_its_family(audit: Audit) -> None:
    book = read(audit)
    found = [
        row["finding_id"] for sheet in ("Orphan", "Drift", "Excess", "Control", "Data") for row in lines(book, sheet)
    ]
    assert sorted(found) == sorted(audit.findings["finding_id"])
    assert list(lines(book, "Drift")[0]) == [*FINDINGS.names, "app_verdict"]


def test_times_are_times_and_flags_are_flags(audit: Audit) -> None:
    row = lines(read(audit), "Orphan")[0]
    assert isinstance(row["first_seen"], datetime)
    assert isinstance(row["lead"], bool)


def test_the_summary_says_what_was_not_proven(audit: Audit, story: type) -> None:
    cells = list(read(story(gates=(Gate("roster-shrunk", "hr", 500, 300, "20 %"),)).audit())["Summary"].values)
    facts = {row[0]: row[1] for row in cells if row[0]}
    assert facts["Verdict"] == "6 of 12 apps proven complete; 1 proven clean"
    assert facts["Customer CRM"] == "not proven"
    assert facts["VPN gateway"] == "not proven: failed"
    assert facts["Gate tripped"] == "roster-shrunk: hr went from 500 to 300 (limit 20 %)"
    assert str(facts["Exit code"]).startswith("4: ")
    assert facts["dormancy"] == "90 days"


def test_every_line_that_speaks_of_an_unproven_app_says_so(audit: Audit) -> None:
    book = read(audit)
    for sheet, column in (
        ("Completeness", "source"),
        ("Equations", "of"),
        ("Checks", "app"),
        ("Orphan", "app"),
        ("Approvals", "app"),
        ("Register", "app"),
        ("Not evaluable", "app"),
    ):
        spoken = [row for row in lines(book, sheet) if "crm" in str(row[column])]
        assert spoken
        assert {row["app_verdict"] for row in spoken} == {"not proven"}


def test_the_three_questions_have_a_sheet_each(audit: Audit) -> None:
    book = read(audit)
    nobody, late, power, *_ = lines(book, "Approvals")
    assert (nobody["approved by"], nobody["trouble"]) == ("nobody", "nobody approved it")
    assert (late["state"], late["until"], late["privileged"]) == ("does not count", "2026-10-31", True)
    assert (power["app"], power["approved by"]) == ("github", "nobody")
    register = {(row["app"], row["control"]): row for row in lines(book, "Register")}
    assert len(register) == 5 * len(audit.apps)
    assert (register["jira", "update"]["by"], register["jira", "disable"]["state"]) == ("not said", "gap")
    rows = lines(book, "Not evaluable")
    assert sum(int(str(row["not evaluable"] or 0)) for row in rows) == int(audit.checks["not_evaluable"].sum())
    assert {row["app"] for row in rows if row["what"] == "every kind"} == {"vpn", "fax"}


def test_the_ledger_is_whole(audit: Audit) -> None:
    ledger = lines(read(audit), "Checks")
    assert len(ledger) == len(audit.checks)
    assert list(ledger[0]) == [*CHECKS.names, "app_verdict"]


def test_every_kind_is_documented(audit: Audit) -> None:
    told = {row["kind"]: row for row in lines(read(audit), "Kinds")}
    assert list(told) == [kind.kind for kind in audit.kinds]
    assert told["dormant"]["settings"] == "days = 90"
    assert {row["not evaluable"] for row in told.values()} == {kind.not_evaluable for kind in audit.kinds}


def test_tables_are_ready_to_work_with(audit: Audit) -> None:
    sheet = read(audit)["Orphan"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:Z{sheet.max_row}"
    assert sheet.column_dimensions["L"].width > 20


def test_an_audit_without_findings_still_has_every_sheet(story: type) -> None:
    book = read(story(size=0, apps=()).audit())
    assert lines(book, "Orphan") == []
    assert lines(book, "Completeness")


def test_hostile_text_is_text(hostile: Callable[[str], Audit], poison: str) -> None:
    content = written(hostile(poison))
    book = load_workbook(io.BytesIO(content))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "b", "d"), (sheet.title, cell.coordinate)
                assert cell.hyperlink is None
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            assert "externalLink" not in name
            if name.startswith("xl/worksheets/"):
                assert b"<f>" not in parts.read(name)
                assert b"<hyperlink" not in parts.read(name)
    for sheet in ("Orphan", "Drift"):
        for row in lines(book, sheet):
            shown = unescape(str(row["user_name"]))  # openpyxl leaves the escape of ECMA-376 ST_Xstring to its caller
            assert shown.endswith(xlsx.CUT) if len(poison) > xlsx.CELL_LIMIT else hide(shown) == poison


def test_text_that_a_cell_cannot_hold_says_that_it_was_cut() -> None:
    assert xlsx.clip("x" * 32_767) == "x" * 32_767
    cut = xlsx.clip("x" * 32_768)
    assert cut.endswith(xlsx.CUT)
    assert len(cut) == xlsx.CELL_LIMIT


def test_a_character_of_two_units_is_never_halved() -> None:
    for start in ("", "a"):
        cut = xlsx.clip(start + "😀" * 20_000)
        assert len(cut.encode("utf-16-le")) // 2 <= xlsx.CELL_LIMIT
        assert set(cut.removesuffix(xlsx.CUT)) <= {"a", "😀"}


def test_a_full_sheet_says_where_the_rest_stands(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROW_LIMIT", 102)
    book = read(audit)
    count = len(audit.findings[audit.findings["family"] == "orphan"])
    names = [name for name in book.sheetnames if name.startswith("Orphan")]
    assert names == ["Orphan", "Orphan 2", "Orphan 3", "Orphan 4"][: -(-count // 100)]
    assert book["Orphan"].max_row == 102
    assert book["Orphan"]["A102"].value == f"rows 1 to 100 of {count}; continued on sheet Orphan 2"
    found = [row["finding_id"] for name in names for row in lines(book, name) if row["kind"]]
    assert len(set(found)) == count


def test_a_refused_cell_is_an_error_never_a_hole(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worksheet, "write_string", lambda *_: -2)
    with pytest.raises(RenderError, match="row 1 column 1 of sheet Summary was refused"):
        written(audit)


def test_no_scratch_file_stays_behind(audit: Audit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Worksheet, "write_datetime", lambda *_: -2)
    with pytest.raises(RenderError):
        written(audit)
    assert list(tmp_path.iterdir()) == []


def test_no_room_for_scratch_files_is_named(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Workbook) -> None:
        raise FileCreateError(OSError(28, "No space left on device"))

    monkeypatch.setattr("xlsxwriter.Workbook.close", full)
    with pytest.raises(RenderError, match="No space left on device"):
        written(audit)


@pytest.mark.needs("libreoffice")
def test_libreoffice_reads_the_same_text(hostile: Callable[[str], Audit], poisons: list[str], tmp_path: Path) -> None:
    audit = hostile("x")
    short = [text for text in poisons if len(text) < xlsx.CELL_LIMIT]
    texts = [short[index % len(short)] for index in range(8)]
    rows = len(audit.findings)
    for start in range(0, len(short), rows):
        chosen = (short[start : start + rows] + texts)[:rows]
        changed = replace(audit, findings=audit.findings.assign(user_name=chosen, family="orphan"))
        folder = tmp_path / str(start)
        folder.mkdir()
        (folder / "report.xlsx").write_bytes(written(changed))
        convert(folder)
        with (folder / "report-Orphan.csv").open(encoding="utf-8", newline="") as stream:
            read_back = [row["user_name"] for row in stdlib.DictReader(stream)]
        assert read_back == [show(text) for text in chosen]


def convert(folder: Path) -> None:
    """Every sheet as CSV, every cell quoted as text, by LibreOffice."""
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,false,false,false,false,-1"
    command = [
        "soffice",
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        options,
    ]
    done = subprocess.run(
        [*command, "--outdir", folder, folder / "report.xlsx"], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
