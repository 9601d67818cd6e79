"""Separated text is read strictly: what cannot be a row is rejected by name, never lost and never guessed."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from scimaudit.errors import Malformed, SourceError
from scimaudit.sources import load
from scimaudit.sources._headings import Wanted
from scimaudit.sources.csv import Source


@pytest.fixture
def pull(sink):
    """Write bytes or text to a file and collect it as a listing of accounts."""

    def pull(content, **keys):
        data = content.encode() if isinstance(content, str) else content
        (sink.base / "export.csv").write_bytes(data)
        return Source(path="export.csv", **keys).collect(sink)

    return pull


def ids(sink):
    return [row["account_id"] for row in sink.row_list("accounts")]


def reasons(listing):
    return {row.place: row.reason for row in listing.rejected}


def test_the_source_is_found_by_its_file():
    assert load("csv") is Source


def test_a_simple_file_needs_no_mapping(pull, sink):
    listing = pull("Username,E-mail,Enabled\nana,ana@x.example,yes\nbob,,no\n")
    assert (listing.received, listing.parsed, listing.rejected) == (2, 2, ())
    assert [(row["user_name"], row["emails"], row["active"]) for row in sink.row_list("accounts")] == [
        ("ana", ["ana@x.example"], True),
        ("bob", None, False),
    ]


def test_text_is_text(pull, sink):
    pull("username,department\n00123,NA\nnull,None\nnan,1e5\n")
    assert ids(sink) == ["00123", "null", "nan"]
    assert [row["department"] for row in sink.row_list("accounts")] == ["NA", "None", "1e5"]


def test_evidence_names_body_and_row_from_zero(pull, sink):
    pull("username\nana\nbob\n")
    rows = sink.row_list("accounts")
    assert [(row["raw_file"], row["raw_body"], row["raw_row"]) for row in rows] == [
        ("apps.acme.listings[0]", 0, 1),
        ("apps.acme.listings[0]", 0, 2),
    ]
    assert sink.bodies == [b"username\nana\nbob\n"]
    assert sink.steps == [(2, None)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_told_by_the_header(pull, sink, separator):
    listing = pull(f'username{separator}email\n"a,b;c|d\te"{separator}a@x.example\n')
    assert ids(sink) == ["a,b;c|d\te"]
    assert listing.facts["separator"] == separator


def test_a_separator_of_its_own_can_be_declared(pull, sink):
    pull("username^email\nana^a@x.example\n", separator="^")
    assert ids(sink) == ["ana"]


def test_excels_separator_line_is_obeyed(pull, sink):
    listing = pull("sep=^\nusername^email\nana^a@x.example\n")
    assert (ids(sink), listing.facts["header"]) == (["ana"], "line 2")


def test_a_header_that_two_separators_split_alike_is_not_guessed(pull):
    with pytest.raises(Malformed, match="can be split by"):
        pull("a,username;b\nx,ana;y\n", columns={"user_name": "username", "emails": "", "account_id": ""})


def test_a_file_without_quotation_is_read_as_it_stands(pull, sink):
    pull('username,title\nana,5" pipe\n"bob,x\n', quote="")
    assert ids(sink) == ["ana", '"bob']


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("username\nÄnne\n".encode("utf-8-sig"), None),
        ("username\nÄnne\n".encode("utf-16"), None),
        (b"\xfe\xff" + "username\nÄnne\n".encode("utf-16-be"), None),
        ("username\nÄnne\n".encode(), None),
        ("username\nÄnne\n".encode("cp1252"), "cp1252"),
        ("username\nÄnne\n".encode("utf-16-le"), "utf-16-le"),
        ("username\nÄnne\n".encode("utf-8-sig"), "utf-8"),
        ("username\nÄnne\n".encode("utf-16"), "utf-16"),
    ],
)
def test_encodings(pull, sink, data, encoding):
    pull(data, encoding=encoding)
    assert ids(sink) == ["Änne"]


def test_a_byte_of_another_encoding_is_named_with_its_line(pull):
    with pytest.raises(Malformed, match=r"export\.csv: byte 0xc4 on line 3 is not utf-8") as caught:
        pull("username\nana\nÄnne\n".encode("cp1252"))
    assert "cp1252" in caught.value.hint


def test_a_byte_order_mark_against_the_declared_encoding_is_an_error(pull):
    with pytest.raises(Malformed, match="byte order mark of utf-8"):
        pull("username\nana\n".encode("utf-8-sig"), encoding="cp1252")


def test_an_unknown_encoding_is_refused_at_once():
    with pytest.raises(ValidationError, match="not a known text encoding"):
        Source(path="x.csv", encoding="klingon")


def test_utf_16_without_its_mark_is_recognised(pull):
    with pytest.raises(Malformed, match="NUL") as caught:
        pull("username\nana\n".encode("utf-16-le"))
    assert "utf-16-le" in caught.value.hint


def test_a_nul_in_a_row_rejects_the_row(pull, sink):
    listing = pull("username,title\nana,a\0b\nbob,\n")
    assert (ids(sink), reasons(listing)) == (["bob"], {2: "holds a NUL character"})


@pytest.mark.parametrize("content", ["", "\n\n", "  \n"])
def test_an_empty_file_is_an_error(pull, content):
    with pytest.raises(Malformed, match="empty"):
        pull(content)


def test_a_header_alone_is_never_complete(pull):
    listing = pull("username,email\n", declared_total=0, exported_by="j", exported_at="2026-11-20")
    assert (listing.received, listing.walk.state) == (0, "unprovable")


def test_a_missing_file_is_a_source_error(sink):
    with pytest.raises(SourceError, match=r"gone\.csv"):
        Source(path="gone.csv").collect(sink)


def test_ragged_rows_are_rejected_with_line_reason_and_digest(pull, sink):
    listing = pull("username,email\nana,a@x.example\nbob\ncem,c@x.example,1\n")
    assert ids(sink) == ["ana"]
    assert reasons(listing) == {3: "has 1 cell where the header has 2", 4: "has 3 cells where the header has 2"}
    assert listing.rejected[0].digest == hashlib.sha256(b"bob").hexdigest()[:16]
    assert listing.received == 3


def test_lines_are_counted_as_an_editor_does(pull):
    listing = pull('username,title\r\nana,"two\nlines"\r\n\r\nbob\rcem,x\u2028y\n')
    assert reasons(listing) == {5: "has 1 cell where the header has 2"}


def test_empty_lines_are_no_rows_and_are_noted(pull):
    listing = pull("username,email\n,\nana,\n\n ,\n")
    assert listing.received == 1
    assert "3 empty lines passed over" in listing.notes


def test_a_quotation_mark_that_never_closes_is_an_error_with_its_line(pull):
    with pytest.raises(Malformed, match="opens on line 3 and never closes"):
        pull('username,title\nana,x\n"bob,y\ncem,z\n')


def test_the_last_opened_mark_is_the_one_named(pull):
    with pytest.raises(Malformed, match="opens on line 3 and never closes"):
        pull('username,title\n"an\na","x\ncem,z\n')


def test_rows_swallowed_by_a_lost_mark_are_all_rejected(pull, sink):
    listing = pull('username,name,title\nana,A,x\nbob,"B,y\ncem,C,z\ndan,D",w\neve,E,v\n')
    assert ids(sink) == ["ana", "eve"]
    assert set(reasons(listing)) == {3, 4, 5}
    assert "quotation mark may be lost" in reasons(listing)[4]
    assert listing.received == 5


def test_swallowed_rows_of_another_length_are_rejected_line_by_line(pull, sink):
    listing = pull('username,name,title\nbob,"B,y\ncem,C,z\ndan,D"\neve,E,v\n')
    assert (ids(sink), set(reasons(listing))) == (["eve"], {2, 3, 4})


def test_a_cell_of_several_lines_is_kept_where_no_line_looks_like_a_row(pull, sink):
    pull('username,title,note\nana,"first\nsecond",x\n')
    assert (ids(sink), sink.row_list("accounts")[0]["title"]) == (["ana"], "first\nsecond")


def test_a_cell_of_many_lines_is_taken_for_a_lost_mark(pull):
    listing = pull('username,note\nana,"' + "word\n" * 25 + '"\n')
    assert listing.parsed == 0
    assert listing.received == 26
    assert "runs from line 2 to line 27" in listing.rejected[0].reason


def test_text_behind_a_closing_mark_rejects_the_line(pull, sink):
    listing = pull('username,title\n"ana"x,y\nbob,z\n')
    assert (ids(sink), list(reasons(listing))) == (["bob"], [2])


def test_a_cell_beyond_the_readers_limit_costs_every_line_it_swallowed(pull, sink):
    swallowed = "".join(f"u{n},{'x' * 200}\n" for n in range(1000))
    listing = pull(f'username,title\nana,"x\n{swallowed}')
    assert listing.received == listing.parsed + len(listing.rejected) == 1001
    assert len(listing.rejected) > 600


def test_a_mark_lost_in_the_header_is_an_error(pull):
    with pytest.raises(Malformed, match="quotation mark is lost in the header"):
        pull('username,"title\nana,x\nbob,y",z\n')
    with pytest.raises(Malformed, match="no header could be read"):
        pull('username,"title\nana,x\n', separator=",")


def test_lines_above_the_header_are_passed_over_and_noted(pull, sink):
    listing = pull("Members of Acme\n\nas of today,\nusername,email\nana,a@x.example\n")
    assert ids(sink) == ["ana"]
    assert listing.facts["header"] == "line 4"
    assert "2 lines above the header passed over" in listing.notes


def test_a_full_row_above_the_header_is_not_lost(pull, sink):
    listing = pull("zoe,z@x.example\nusername,email\nana,a@x.example\n")
    assert (ids(sink), reasons(listing)) == (["ana"], {1: "stands above the header and is as long as a row"})


def test_a_header_further_down_than_twenty_rows_is_not_found(pull):
    with pytest.raises(Malformed, match="no column is known"):
        pull("title\n" * 20 + "username,email\nana,a@x.example\n")


def test_a_missing_line_break_at_the_end_is_noted(pull):
    assert "the last line does not end with a line break" in pull("username\nana").notes


def test_a_cut_in_the_last_row_is_seen(pull):
    listing = pull("username,email,title\nana,a@x.example,x\nbob,b@x.ex")
    assert list(reasons(listing)) == [3]


@pytest.mark.parametrize("separator", ["\n", '"', " ", "ab", ""])
def test_separators_that_cannot_separate_are_refused(separator):
    with pytest.raises(ValidationError):
        Source(path="x.csv", separator=separator)


def test_the_day_is_midnight_utc(pull):
    assert pull("username\nana\n", as_of="2026-11-20").as_of == datetime(2026, 11, 20, tzinfo=UTC)


plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=12)
wild = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|", "^"]),
        "quotechar": st.sampled_from(['"', "'"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "lineterminator": st.sampled_from(["\r\n", "\n"]),
    }
)


def tables(cells):
    return st.integers(2, 5).flatmap(
        lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6)
    )


def written(rows, dialect):
    stream = io.StringIO()
    writer = csv.writer(stream, **dialect)
    # All of them are known, so that no row of data looks more like a header.
    writer.writerow(["username", "email", "active", "created", "usertype"][: len(rows[0])])
    writer.writerows(rows)
    return stream.getvalue().encode()


def grid_of(data, dialect):
    source = Source(path="x.csv", separator=dialect["delimiter"], quote=dialect["quotechar"])
    return source.read(data, Wanted("accounts", {}, {}))


@given(tables(plain), dialects)
@example([["username", "username"]], {"delimiter": ",", "quotechar": '"', "quoting": 0, "lineterminator": "\n"})
@settings(deadline=None)
def test_every_table_of_single_lines_comes_back_exactly(rows, dialect):
    grid = grid_of(written(rows, dialect), dialect)
    assert [list(row) for row in zip(*grid.columns, strict=True)] == [row for row in rows if "".join(row).strip()]
    assert grid.rejected == ()


@given(tables(wild), dialects)
@settings(deadline=None)
def test_every_row_comes_back_exactly_or_is_rejected(rows, dialect):
    # A lone carriage return is a line break to an editor, and csv.writer quotes it only in some versions.
    assume(not any("\r" in cell for row in rows for cell in row))
    data = written(rows, dialect)
    grid = grid_of(data, dialect)
    kept = [list(row) for row in zip(*grid.columns, strict=True)]
    filled = [row for row in rows if "".join(row).strip()]
    assert all(row in filled for row in kept)
    assert len(kept) == len(filled) or grid.rejected


@given(st.binary(max_size=200), st.sampled_from([b"", b"username,email\n", b'username;"email"\n"a;', b"\xff\xfe"]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused_in_words(sink, junk, start):
    (sink.base / "x.csv").write_bytes(start + junk)
    try:
        listing = Source(path="x.csv").collect(sink)
    except Malformed as error:
        told = (error.message.startswith("x.csv: "), bool(error.hint))
    else:
        told = (listing.received == listing.parsed + len(listing.rejected), True)
    assert told == (True, True)


@given(st.lists(st.text("abcÄß'\u00e9 ", min_size=1, max_size=8), unique_by=str.strip, min_size=1), st.integers(0, 400))
@settings(deadline=None)
def test_a_file_cut_short_lacks_a_row_or_rejects_one_or_notes_the_open_line(names, cut):
    rows = [[name, "x"] for name in names if name.strip()]
    assume(rows)
    data = written(rows, {"quoting": csv.QUOTE_ALL, "delimiter": ","})
    end = min(cut, len(data) - 3)
    assume(end > 16)
    try:
        grid = Source(path="x.csv").read(data[:end], Wanted("accounts", {}, {}))
    except Malformed:
        return
    open_line = "the last line does not end with a line break" in grid.notes
    assert len(grid.places) < len(rows) or grid.rejected or open_line
