"""The audit as an Excel workbook: what was proven, then the findings by family, then the ledger.

Text from apps and rosters is only ever written as text: no formula, no link, no number is made of it (CWE-1236).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import XlsxWriterException  # type: ignore[import-untyped]

from scimaudit import tables
from scimaudit.errors import RenderError
from scimaudit.ledger import ledger
from scimaudit.register import register_lines
from scimaudit.renderers import _changes, _over_time, _tables, _words
from scimaudit.renderers.encode import show
from scimaudit.result import Audit, ExceptionLine

SUFFIX: Final = ".xlsx"
ROW_LIMIT: Final = 1_048_576
CELL_LIMIT: Final = 32_767
CUT: Final = " ⟦cut here; the JSON report has the whole text⟧"

_WIDTHS: Final = {
    "finding_id": 18, "kind": 20, "severity_why": 34, "user_name": 28, "person_name": 24, "value": 28, "expected": 44,
    "actual": 44, "evidence": 40, "first_seen": 18, "owner": 28, "action": 48, "risk": 36, "controls": 30, "reason": 48,
    "app_verdict": 18,
}  # fmt: skip
"""Column widths in characters; 14 where none is given."""

Cell = str | int | float | bool | datetime | None


def render(audit: Audit, stream: BinaryIO) -> None:
    """Write the workbook.

    :raises RenderError: a cell was refused, or the workbook could not be written.
    """
    with tempfile.TemporaryDirectory(prefix="scimaudit-") as scratch:
        options = {
            "constant_memory": True,
            "tmpdir": scratch,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": False,
        }
        whole = Path(scratch) / "report.xlsx"
        workbook = xlsxwriter.Workbook(whole, options)
        try:
            _fill(workbook, audit)
            workbook.close()
        except XlsxWriterException as error:
            raise RenderError(
                f"the workbook could not be written: {error}", hint="make room in the folder for temporary files"
            ) from error
        finally:
            # A workbook that is given up leaves its scratch files open, and an open file cannot be deleted everywhere.
            for sheet in workbook.worksheets():
                sheet.row_data_fh.close()
        with whole.open("rb") as made:
            shutil.copyfileobj(made, stream)


def _fill(workbook: Any, audit: Audit) -> None:
    workbook.set_properties({"title": "Account audit", "created": _naive(audit.meta.as_of)})
    book = _Book(workbook)
    _summary(book, audit)
    _completeness(book, audit)
    for family in tables.FAMILIES:
        book.table(family.capitalize(), _tables.findings(audit, family))
    if audit.exceptions:
        head = [field.name for field in fields(ExceptionLine)]
        body = [astuple(line) for line in audit.exceptions]
        book.rows("Exceptions", head, [_WIDTHS.get(name, 18) for name in head], body, len(body))
    _approvals(book, audit)
    for sheet in (*_changes.sheet(audit), *_over_time.sheets(audit)):
        book.rows(sheet.name, sheet.header, sheet.widths, sheet.rows, len(sheet.rows))
    _register(book, audit)
    _not_evaluable(book, audit)
    book.table("Checks", _tables.checks(audit))
    _kinds(book, audit)
    columns = [*_tables.docs(tables.FINDINGS).items(), *_tables.docs(tables.CHECKS).items()]
    book.rows("Columns", ["column", "meaning"], [18, 90], columns, len(columns))


class _Book:
    """A workbook that knows its few formats and writes a row as it must be written."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        # "@" keeps text text when a person edits the cell.
        self._text = workbook.add_format({"num_format": "@", "valign": "top"})
        self._number = workbook.add_format({"num_format": "#,##0", "valign": "top", "align": "left"})
        self._time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm", "valign": "top", "align": "left"})
        self.head = workbook.add_format({"num_format": "@", "bold": True, "bottom": 1, "bg_color": "#E8ECF1"})
        self.title = workbook.add_format({"num_format": "@", "bold": True, "font_size": 13})

    def page(self, name: str, widths: Sequence[int]) -> Any:
        """An empty sheet for landscape A4."""
        sheet = self._workbook.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        return sheet

    def table(self, name: str, table: pa.Table) -> None:
        """A sheet, or as many as it takes, of an Arrow table."""
        widths = [_WIDTHS.get(column, 14) for column in table.column_names]
        self.rows(name, table.column_names, widths, _cells(table), len(table))

    def rows(
        self, name: str, header: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]], total: int
    ) -> None:
        """A sheet with a frozen header and a filter. A full sheet says in its last row where the rest stands."""
        room = ROW_LIMIT - 2  # without the header and the sentence at the end
        waiting = iter(rows)
        for number, start in enumerate(range(0, max(total, 1), room), start=1):
            sheet = self.page(name if number == 1 else f"{name} {number}", widths)
            sheet.freeze_panes(1, 0)
            sheet.repeat_rows(0)
            self.line(sheet, 0, header, self.head)
            end = min(start + room, total)
            for row, cells in enumerate(islice(waiting, end - start), start=1):
                self.line(sheet, row, cells)
            sheet.autofilter(0, 0, max(end - start, 1), len(header) - 1)
            if end < total:
                said = f"rows {start + 1:,} to {end:,} of {total:,}; continued on sheet {name} {number + 1}"
                self.line(sheet, room + 1, [said], self.title)

    def line(self, sheet: Any, row: int, cells: Sequence[Cell], style: Any = None) -> None:
        """One row; text as text, whatever it looks like.

        :raises RenderError: the writer refused a cell.
        """
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, bool):
                code = sheet.write_boolean(row, column, cell, style or self._text)
            elif isinstance(cell, datetime):
                code = sheet.write_datetime(row, column, _naive(cell), style or self._time)
            elif isinstance(cell, str):
                code = sheet.write_string(row, column, clip(show(cell)), style or self._text)
            else:
                code = sheet.write_number(row, column, cell, style or self._number)
            if code:
                raise RenderError(f"row {row + 1} column {column + 1} of sheet {sheet.get_name()} was refused ({code})")


def clip(text: str) -> str:
    """The text as far as a cell holds it (counted in UTF-16 units, as Excel does), saying so where it was cut."""
    if len(text) <= CELL_LIMIT // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= CELL_LIMIT * 2:
        return text
    return units[: (CELL_LIMIT - len(CUT)) * 2].decode("utf-16-le", "ignore") + CUT


def _naive(instant: datetime) -> datetime:
    """In UTC without its zone, which a worksheet cannot hold."""
    return instant.astimezone(UTC).replace(tzinfo=None)


def _cells(table: pa.Table) -> Iterator[Sequence[Cell]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from zip(*(_values(column) for column in batch.columns), strict=True)


def _values(column: pa.Array) -> list[Any]:
    kept = pa.types.is_boolean(column.type) or pa.types.is_integer(column.type) or pa.types.is_timestamp(column.type)
    return (column if kept else _tables.text(column)).to_pylist()  # type: ignore[no-any-return]


def _summary(book: _Book, audit: Audit) -> None:
    meta = audit.meta
    collected = [_words.when(instant, meta.time_zone) for instant in (meta.collected_from, meta.collected_to)]
    verdicts: list[list[Cell]] = [
        [
            _words.title(app), _words.verdict(app), _words.reason(app),
            app.accounts, app.matched, app.unmatched, app.ambiguous, sum(app.findings.values()),
        ]
        for app in audit.apps
    ]  # fmt: skip
    lines: list[tuple[Any, Sequence[Cell]]] = [
        (book.title, ["Account audit"]),
        (None, ["Organisation", meta.organisation]),
        (None, ["Verdict", _words.headline(audit.apps)]),
        *((None, ["Gate tripped", _words.gate(gate)]) for gate in (*audit.gates, *audit.meta.accepted)),
        (None, ["What was compared", _words.scope_sentence(audit)]),
        (None, ["As of", _words.when(meta.as_of, meta.time_zone)]),
        (None, ["Collected", " to ".join(collected)]),
        (None, ["Exit code", _words.exit_sentence(meta)]),
        (None, ["Snapshot", meta.snapshot_id]),
        (None, ["Audit", meta.audit_id]),
        (None, ["scimaudit", meta.version]),
        (None, []),
        (book.title, ["Verdict per app"]),
        (book.head, ["app", "verdict", "reason", "accounts", "matched", "unmatched", "ambiguous", "findings"]),
        *((None, line) for line in verdicts),
        (None, []),
        (book.title, ["Defaults and settings"]),
        *((None, line) for line in meta.defaults.items()),
    ]
    sheet = book.page("Summary", [30, 24, 70, 12, 12, 12, 12, 12])
    for row, (style, cells) in enumerate(lines):
        book.line(sheet, row, cells, style)


def _kinds(book: _Book, audit: Audit) -> None:
    header = [
        "kind", "title", "family", "severity", "detects", "why", "not evaluable", "settings", "controls", "remediation",
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [
            kind.kind, kind.title, kind.family, kind.severity, kind.detects, kind.why, kind.not_evaluable,
            "; ".join(f"{name} = {value}" for name, value in kind.settings.items()),
            "; ".join(kind.controls), kind.remediation,
        ]
        for kind in audit.kinds
    ]  # fmt: skip
    book.rows("Kinds", header, [20, 34, 12, 12, 60, 60, 60, 30, 30, 60], lines, len(lines))


def _completeness(book: _Book, audit: Audit) -> None:
    said = _words.verdicts(audit)
    header = [
        "source", "app", "app_verdict", "read from", "received", "parsed", "rejected", "acknowledged", "walk",
        "walk reason", "scope", "scope reason", "entitlements", "entitlements reason", "collected (UTC)", "as of (UTC)",
        "age", "reused", "witnesses", "notes", "error",
    ]  # fmt: skip
    widths = [26, 14, 16, 12, 10, 10, 10, 14, 12, 40, 12, 40, 14, 40, 18, 18, 16, 8, 60, 40, 40]
    lines: list[list[Cell]] = [
        [
            line.name, line.app, said.get(line.name), line.source,
            line.received, line.parsed, line.rejected, line.acknowledged,
            line.walk, line.walk_reason, line.scope, line.scope_reason, line.entitlements, line.entitlements_reason,
            line.collected_at, line.as_of, _words.age(line.as_of, audit.meta.as_of), line.reused,
            "; ".join(f"{witness.name} {witness.outcome} {witness.detail}".rstrip() for witness in line.witnesses),
            "; ".join(line.notes), line.error,
        ]
        for line in audit.sources
    ]  # fmt: skip
    book.rows("Completeness", header, widths, lines, len(lines))
    equations: list[list[Cell]] = [
        [line.name, line.subject, said.get(line.subject), line.holds, _words.balance(line)] for line in audit.equations
    ]
    header = ["what", "of", "app_verdict", "balances", "figures"]
    book.rows("Equations", header, [30, 30, 16, 10, 70], equations, len(equations))


def _approvals(book: _Book, audit: Audit) -> None:
    header = [
        "what", "state", "app", "app_verdict", "account", "account_id", "person", "decision", "attribute", "privileged",
        "approved by", "on", "until", "reason", "trouble", "policy", "stands in",
    ]  # fmt: skip
    said = _words.verdicts(audit)
    widths = [12, 16, 14, 18, 30, 20, 24, 30, 12, 11, 34, 12, 12, 44, 44, 60, 26]
    lines: list[list[Cell]] = [
        [
            line.what, line.state, line.app, said.get(line.app), line.account, line.account_id, line.person,
            line.subject, line.attribute,
            line.privileged if line.what == "right" else None, line.by or "nobody", line.on, line.until, line.reason,
            line.trouble, _words.policy(line), line.where,
        ]
        for line in audit.approvals
    ]  # fmt: skip
    book.rows("Approvals", header, widths, lines, len(lines))


def _register(book: _Book, audit: Audit) -> None:
    header = ["app", "app_verdict", "owner", "control", "by", "state", "what is open", "compared with the data"]
    said = _words.verdicts(audit)
    lines: list[list[Cell]] = [
        [
            line.app, said.get(line.app), line.owner, each.control.replace("_", " "), _words.controlled(each.said),
            each.state, "; ".join(each.gaps), line.compared,
        ]
        for line in register_lines(audit)
        for each in line.controls
    ]  # fmt: skip
    book.rows("Register", header, [18, 22, 32, 20, 14, 14, 80, 60], lines, len(lines))


def _not_evaluable(book: _Book, audit: Audit) -> None:
    found = ledger(audit)
    said = _words.verdicts(audit)
    lines: list[list[Cell]] = [
        [
            line.app or "across apps",
            said.get(line.app),
            line.kind,
            doubt.rows,
            line.population,
            doubt.reason,
            doubt.helps,
        ]
        for line in found.lines
        for doubt in line.doubts
    ]
    lines += [[app, said.get(app), "every kind", None, None, reason, ""] for app, reason in found.not_audited]
    lines += [
        [
            each.app or each.source,
            said.get(each.app),
            f"{each.what} of {each.source}",
            None,
            None,
            f"{each.state}: {each.reason}" if each.reason else each.state,
            each.helps,
        ]
        for each in found.unproven
    ]
    lines += [[None, None, kind, None, None, "switched off", ""] for kind in found.off]
    header = ["app", "app_verdict", "what", "not evaluable", "of", "because", "what would make it evaluable"]
    book.rows("Not evaluable", header, [20, 22, 34, 14, 10, 50, 90], lines, len(lines))
