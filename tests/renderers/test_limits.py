"""What a workbook cannot hold, at the true limit of a sheet."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter

from scimaudit.renderers import xlsx
from tests import figures


def _cells(rows: int) -> Iterator[list[str]]:
    for number in range(rows):
        yield [f"row {number}", "x" * 40_000 if number % 100_000 == 0 else "=1+1"]


@pytest.mark.reliability
def test_more_rows_than_a_sheet_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row stands in one of the sheets, a sheet that is full says so, and each text that was cut says so."""
    rows = figures.size(3_000, 1_048_576 + 1_000)
    if not figures.NIGHTLY:
        monkeypatch.setattr(xlsx, "ROW_LIMIT", 1_000)
    workbook = xlsxwriter.Workbook(tmp_path / "a.xlsx", {"constant_memory": True, "tmpdir": str(tmp_path)})
    xlsx._Book(workbook).rows("All", ["name", "text"], [20, 20], _cells(rows), rows)
    workbook.close()
    found = cuts = said = formulas = 0
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        for name in sheets:
            text = archive.read(name).decode()
            found += len(re.findall(r">row \d+<", text))
            cuts += text.count(xlsx.CUT)
            said += text.count("continued on sheet")
            formulas += text.count("<f>")
            assert max(map(int, re.findall(r'<row r="(\d+)"', text))) <= xlsx.ROW_LIMIT
    long = -(-rows // 100_000)
    figures.record(
        "Rows beyond what a sheet holds",
        counts={"rows": rows, "rows found in sheets": found, "texts cut without a mark": long - cuts, "formulas": formulas},
        most={"sheets": len(sheets)},
    )  # fmt: skip
    assert (found, cuts, formulas) == (rows, long, 0)
    assert said == len(sheets) - 1 >= 1
