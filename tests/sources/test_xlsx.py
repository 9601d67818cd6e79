"""Workbooks: what Excel shows is what is read, and a cell that Excel does not vouch for costs its row."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from scimaudit.errors import Malformed
from scimaudit.sources import load, xlsx
from scimaudit.sources._headings import Wanted
from scimaudit.sources.xlsx import Source, check_container

HEADER = ["Username", "E-mail", "Title"]

NEW_YEAR = datetime.fromisoformat("2026-01-01")
MORNING = datetime.fromisoformat("2026-11-20T08:30")


def book(*rows, prepare=None):
    """A workbook of one sheet, by openpyxl."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(row)
    if prepare:
        prepare(sheet)
    workbook.calculation.fullCalcOnLoad = False
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def edited(data, member, old, new):
    """The workbook with one member's text changed; the change must hit."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name)
            if name == member:
                changed = re.sub(old, new, text)
                assert changed != text
                text = changed
            after.writestr(name, text)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def pull(sink):
    """Collect a workbook as a listing of acme; gives the listing and the accounts."""

    def pull(data, **keys):
        (sink.base / "a.xlsx").write_bytes(data)
        listing = Source(path="a.xlsx", **keys).collect(sink)
        return listing, sink.row_list("accounts")

    return pull


def reasons(listing):
    return {row.place: row.reason for row in listing.rejected}


def test_the_source_is_found_by_its_file():
    assert load("xlsx") is Source


def test_a_simple_sheet_needs_no_mapping(pull):
    listing, accounts = pull(book(HEADER, ["ana", "a@x.example", "Rep"], ["bob", None, "NA"]))
    assert [(row["user_name"], row["emails"], row["title"], row["raw_row"]) for row in accounts] == [
        ("ana", ["a@x.example"], "Rep", 1),
        ("bob", None, "NA", 2),
    ]
    assert listing.facts["header"] == "row 1"


def test_numbers_are_what_excel_shows(pull):
    def prepare(sheet):
        sheet["A4"].number_format = "00000"

    _, accounts = pull(book(HEADER, [123.0, None, 1.5], ["00123", None, True], [42, None, False], prepare=prepare))
    assert [(row["user_name"], row["title"]) for row in accounts] == [
        ("123", "1.5"),
        ("00123", "true"),
        ("00042", "false"),
    ]


def test_a_number_that_lost_digits_rejects_its_row(pull):
    listing, accounts = pull(book(HEADER, [12345678901234567, None, "x"], [999999999999999, None, "y"]))
    assert [row["user_name"] for row in accounts] == ["999999999999999"]
    assert "rounded" in reasons(listing)[2]


def test_dates_are_dates_whatever_the_declared_format(pull):
    rows = [["ana", date(2026, 11, 20)], ["bob", MORNING], ["cem", "21.11.2026"]]
    _, accounts = pull(book(["username", "last login"], *rows), date_format="%d.%m.%Y")
    assert [f"{row['last_login']:%d %H:%M}" for row in accounts] == ["20 00:00", "20 08:30", "21 00:00"]


def test_dates_in_a_text_column_read_as_iso(pull):
    rows = [["ana", datetime.fromisoformat("2026-11-20")], ["bob", MORNING], ["cem", time(8, 30)]]
    _, accounts = pull(book(["username", "title"], *rows))
    assert [row["title"] for row in accounts] == ["2026-11-20", "2026-11-20T08:30:00", "08:30:00"]


def test_an_error_cell_costs_its_row_only_where_it_is_used(pull):
    listing, accounts = pull(book([*HEADER, "x"], ["ana", "#N/A", "y"], ["bob", None, "z", "#REF!"]))
    assert [row["user_name"] for row in accounts] == ["bob"]
    assert reasons(listing) == {2: "emails is the error #N/A"}


def test_a_formula_without_a_result_rejects_its_row(pull):
    listing, accounts = pull(book(HEADER, ["=1+1", None, "x"], ["bob", None, "x"]))
    assert [row["user_name"] for row in accounts] == ["bob"]
    assert "formula without a result" in reasons(listing)[2]


def test_a_formula_with_its_result_is_that_result(pull):
    data = edited(book(HEADER, ["=1+1", None, "x"]), SHEET, rb"<v ?/>|<v></v>", b"<v>2</v>")
    _, accounts = pull(data)
    assert accounts[0]["user_name"] == "2"


def test_a_formula_that_came_to_nothing_is_empty(pull):
    made = book(HEADER, ["ana", '=IF(1,"","x")', "x"])
    data = edited(made, SHEET, rb'<c r="B2"[^>]*>', b'<c r="B2" t="str">')
    listing, accounts = pull(data)
    assert (listing.rejected, accounts[0]["emails"]) == ((), None)


def test_a_workbook_that_says_nothing_of_calculating_is_believed(pull):
    made = edited(book(HEADER, ["=1+1", None, "x"]), SHEET, rb"<v ?/>|<v></v>", b"<v>2</v>")
    _, accounts = pull(edited(made, "xl/workbook.xml", rb' fullCalcOnLoad="[^"]*"', b""))
    assert accounts[0]["user_name"] == "2"


def test_results_of_a_writer_that_never_calculated_are_not_believed(pull):
    stream = io.BytesIO()
    workbook = xlsxwriter.Workbook(stream)
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    sheet.write_formula(1, 0, "=1+1")
    sheet.write_row(2, 0, ["bob", "", "x"])
    workbook.close()
    listing, accounts = pull(stream.getvalue())
    assert [row["user_name"] for row in accounts] == ["bob"]
    assert "not on record" in reasons(listing)[2]


def test_rows_keep_their_numbers_over_gaps(pull):
    def prepare(sheet):
        sheet["A9"] = "bob"
        sheet["F9"] = "too far"

    listing, accounts = pull(book(["Members"], [], HEADER, ["ana"], prepare=prepare))
    assert (accounts[0]["raw_row"], listing.facts["header"]) == (3, "row 3")
    assert reasons(listing) == {9: "has a value in cell 6 where the header has 3 cells"}
    assert "1 row above the header passed over" in listing.notes


def test_a_full_row_above_the_header_is_not_lost(pull):
    listing, _ = pull(book(["zoe", "z@x.example", "y"], HEADER, ["ana"]))
    assert reasons(listing) == {1: "stands above the header and is as long as a row"}


def test_a_heading_over_several_cells_needs_its_row_of_headings(pull):
    rows = [["Person", None, "Job"], HEADER, ["ana", "a@x.example", "Rep"]]
    _, accounts = pull(book(*rows, prepare=lambda sheet: sheet.merge_cells("A1:B1")))
    assert accounts[0]["user_name"] == "ana"


def test_headings_merged_over_two_rows_are_an_error(pull):
    rows = [["Username", "Contact", None], [None, "E-mail", "Phone"], ["ana", "a@x.example", "1"]]
    with pytest.raises(Malformed, match="no heading 'E-mail'"):
        pull(
            book(*rows, prepare=lambda sheet: sheet.merge_cells("A1:A2")),
            columns={"user_name": "Username", "emails": "E-mail"},
        )


def test_cells_merged_over_rows_reject_all_rows_but_the_first(pull):
    rows = [["ana", None, "Rep"], ["bob", None, None], ["cem", None, "x"]]
    listing, accounts = pull(book(HEADER, *rows, prepare=lambda sheet: sheet.merge_cells("C2:C3")))
    assert [row["user_name"] for row in accounts] == ["ana", "cem"]
    assert reasons(listing) == {3: "title is merged with a cell of row 2"}


def test_a_merge_of_the_whole_sheet_is_no_burden(pull):
    small = book(HEADER, ["ana"], prepare=lambda sheet: sheet.merge_cells("A2:B2"))
    listing, _ = pull(edited(small, SHEET, rb'ref="A2:B2"', b'ref="A2:XFD1048576"'))
    assert listing.received == 1


def test_the_size_a_sheet_claims_is_not_believed(pull):
    data = edited(
        book(HEADER, *[[f"u{n}"] for n in range(50)]), SHEET, rb'<dimension ref="[^"]*"', b'<dimension ref="A1:C5"'
    )
    listing, _ = pull(data)
    assert listing.received == 50


def test_rows_out_of_order_are_an_error(pull):
    data = edited(book(HEADER, ["ana"], ["bob"]), SHEET, rb'<row r="3"', b'<row r="1"')
    with pytest.raises(Malformed, match="out of order"):
        pull(data)


def test_rows_beyond_the_last_of_excel_are_an_error(pull, monkeypatch):
    monkeypatch.setattr(xlsx, "LAST_ROW", 2)
    with pytest.raises(Malformed, match="rows beyond 2"):
        pull(book(HEADER, ["ana"], ["bob"]))


def test_the_only_visible_sheet_is_read_and_the_others_are_named(pull):
    workbook = openpyxl.Workbook()
    workbook.active.append(HEADER)
    workbook.active.append(["ana"])
    workbook.create_sheet("Old").sheet_state = "hidden"
    stream = io.BytesIO()
    workbook.save(stream)
    listing, accounts = pull(stream.getvalue())
    assert (len(accounts), listing.facts["sheet"]) == (1, "Sheet")
    assert "sheets not read: 'Old'" in listing.notes


def test_two_visible_sheets_must_be_told_apart(pull):
    workbook = openpyxl.Workbook()
    workbook.create_sheet("Members").append(HEADER)
    workbook["Members"].append(["ana"])
    stream = io.BytesIO()
    workbook.save(stream)
    with pytest.raises(Malformed, match="2 sheets are visible") as caught:
        pull(stream.getvalue())
    assert "'Sheet', 'Members'" in caught.value.hint
    _, accounts = pull(stream.getvalue(), sheet="Members")
    assert len(accounts) == 1


def test_a_hidden_sheet_can_be_named_and_is_noted(pull):
    workbook = openpyxl.Workbook()
    hidden = workbook.create_sheet("Raw")
    hidden.append(HEADER)
    hidden.append(["ana"])
    hidden.sheet_state = "hidden"
    stream = io.BytesIO()
    workbook.save(stream)
    listing, _ = pull(stream.getvalue(), sheet="Raw")
    assert "the sheet 'Raw' is hidden" in listing.notes


def test_a_sheet_that_is_not_there(pull):
    with pytest.raises(Malformed, match="no sheet 'Users'") as caught:
        pull(book(HEADER), sheet="Users")
    assert "'Sheet'" in caught.value.hint


def test_an_empty_sheet_is_an_error(pull):
    with pytest.raises(Malformed, match="is empty"):
        pull(book())


def test_a_header_alone_proves_nothing(pull):
    listing, _ = pull(book(HEADER))
    assert (listing.received, listing.walk.state) == (0, "unprovable")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (b"username,email\n", "not a workbook"),
        (b"", "empty"),
    ],
)
def test_what_is_no_open_workbook_is_refused_in_words(pull, data, words):
    with pytest.raises(Malformed, match=words):
        pull(data)


def test_a_workbook_that_swells_is_refused_before_it_is_opened():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SHEET, b" " * 2_000_000)
    assert len(stream.getvalue()) < 10_000
    with pytest.raises(Malformed, match="2,000,000 bytes"):
        check_container(stream.getvalue(), 1_000_000)
    check_container(stream.getvalue(), 2_000_000)


def test_a_member_larger_than_it_says_is_refused(pull):
    data = bytearray(book(HEADER, *[[f"u{n}"] for n in range(2000)]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo(SHEET).file_size
    for start in [m.start() for m in re.finditer(re.escape(size.to_bytes(4, "little")), bytes(data))]:
        data[start : start + 4] = (100).to_bytes(4, "little")
    with pytest.raises(Malformed, match="damaged"):
        pull(bytes(data))


def test_entities_are_refused(pull):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet'
    with pytest.raises(Malformed, match="damaged"):
        pull(edited(book(HEADER, ["ana"]), SHEET, rb"<worksheet", bomb))


def test_a_zip_that_is_no_workbook_is_refused(pull):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(Malformed, match="damaged"):
        pull(stream.getvalue())


def test_the_digest_of_a_row_is_that_of_its_cells(pull):
    first, _ = pull(book(HEADER, ["ana", "x"], ["ana", NEW_YEAR], ["ana", "=1+1", "y"]))
    again, _ = pull(book(HEADER, ["bob"], ["ana", "x"], ["ana", NEW_YEAR], ["ana", "=1+1", "y"]))
    assert len({row.digest for row in first.rejected}) == len(first.rejected) == 2
    assert {row.digest for row in first.rejected} <= {row.digest for row in again.rejected}


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).filter(
    lambda text: not text.startswith("=") and "_x" not in text and text.strip() == text and not text.startswith("#")
)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
@settings(deadline=None, max_examples=40)
def test_every_table_of_texts_comes_back_exactly(rows):
    try:
        data = book(HEADER, *rows)
    except IllegalCharacterError:
        return
    grid = Source(path="a.xlsx").read(data, Wanted("accounts", {}, {}))
    back = [["" if cell is None else cell for cell in row] for row in zip(*grid.columns, strict=True)]
    assert back == [row for row in rows if any(row)]


WHOLE = book(HEADER, ["ana", "a@x.example", "Rep"], ["bob", None, "x"])


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
@example(WHOLE.index(b"PK\x01\x02") + 6, 255)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_workbook_is_refused_in_words(sink, at, byte):
    (sink.base / "a.xlsx").write_bytes(WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :])
    try:
        listing = Source(path="a.xlsx").collect(sink)
    except Malformed as error:
        told = bool(error.hint)
    else:
        told = listing.received == 2
    assert told


def test_rows_that_a_filter_hides_are_read(pull):
    def hide(sheet):
        sheet.auto_filter.ref = "A1:C4"
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["A"].hidden = True

    _, accounts = pull(book(HEADER, ["ana"], ["bob"], ["cem"], prepare=hide))
    assert [row["user_name"] for row in accounts] == ["ana", "bob", "cem"]


def test_dates_that_count_from_1904_are_the_days_excel_shows(pull):
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"date_1904": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["username", "last login"])
        sheet.write(1, 0, "ana")
        sheet.write_datetime(1, 1, MORNING, workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
    data = stream.getvalue()
    assert b'date1904="1"' in zipfile.ZipFile(io.BytesIO(data)).read("xl/workbook.xml")
    _, accounts = pull(data)
    assert accounts[0]["last_login"].isoformat() == "2026-11-20T08:30:00+00:00"
