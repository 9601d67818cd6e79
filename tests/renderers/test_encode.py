from __future__ import annotations

import re
import sys
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimaudit.renderers import encode
from scimaudit.renderers.encode import csv, file

TRICKY = st.text(st.sampled_from(list("=+-@＝＋－＠'\",;| \t\r\n\0⟦⟧U+3D\u202e\u200b\u00a0\u3000aé")))
ANY = st.text(st.characters())  # lone surrogates included
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def test_every_control_format_private_and_separator_character_is_made_visible() -> None:
    missed = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
        and encode.show(chr(code)) == chr(code)
    ]
    assert missed == []


def test_ordinary_text_of_any_language_is_left_alone() -> None:
    for text in ("Ada Lovelace", "Zoë Ångström", "山田太郎", "محمد", "अनिल", 'O\'Brien, "Bob" <b@x>', "😀", "a\u00a0b"):
        assert encode.show(text) == text


def test_a_mark_cannot_be_forged() -> None:
    assert encode.show("⟦U+202E⟧") != encode.show("\u202e")


@given(ANY)
def test_hiding_undoes_showing(text: str) -> None:
    assert encode.hide(encode.show(text)) == text


@given(ANY)
def test_shown_text_can_be_written_as_utf8(text: str) -> None:
    encode.show(text).encode()
    encode.utf8(text).encode()


def test_lines_stay_lines() -> None:
    assert encode.show_lines("a\nb\tc\n\n\x1b") == "a\nb⟦U+0009⟧c\n\n⟦U+001B⟧"


def test_utf8_touches_only_surrogates() -> None:
    assert encode.utf8("a\0\u202e\udc80") == "a\0\u202e⟦U+DC80⟧"


@given(st.lists(st.none() | TEXT | TRICKY))
def test_columns_are_shown_as_single_texts_are(texts: list[str | None]) -> None:
    expected = [None if text is None else encode.show(text) for text in texts]
    column = pa.array(texts, pa.string())
    assert encode.show_column(column).to_pylist() == expected
    assert encode.show_column(column.dictionary_encode()).to_pylist() == expected
    assert encode.show_column(pa.chunked_array([column, column])).to_pylist() == expected * 2


@given(st.lists(st.none() | TEXT | TRICKY))
def test_csv_columns_are_encoded_as_single_cells_are(texts: list[str | None]) -> None:
    expected = [None if text is None else csv.encode(text) for text in texts]
    assert csv.encode_column(pa.array(texts, pa.string())).to_pylist() == expected


@given(ANY | TRICKY)
def test_a_csv_cell_gives_the_exact_text_back(text: str) -> None:
    assert csv.decode(csv.encode(text)) == text


@given(TRICKY, TRICKY)
def test_two_texts_never_share_a_csv_cell(one: str, other: str) -> None:
    assert (csv.encode(one) == csv.encode(other)) == (one == other)


@given(TRICKY | TEXT)
def test_no_csv_cell_begins_with_a_trigger_or_holds_one_behind_a_separator(text: str) -> None:
    cell = csv.encode(text)
    assert cell.strip()[:1] not in tuple("=+-@＝＋－＠\t\r\n\0")
    for separator in ',;|"':
        for part in cell.split(separator)[1:]:
            assert part.strip()[:1] not in tuple("=+-@＝＋－＠\t\r\n")
    assert "\n" not in cell
    assert "\r" not in cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "⟦U+0009⟧=1"),
        ("'quoted", "''quoted"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ('a";=1', 'a";⟦U+003D⟧1'),
        ("ada@example.com", "ada@example.com"),
        ("a\nb", "a⟦U+000A⟧b"),
        ("", ""),
    ],
    ids=range(12),
)
def test_csv_cells(text: str, cell: str) -> None:
    assert csv.encode(text) == cell


NAMES = st.text(st.characters(), max_size=200) | st.text(st.sampled_from(list("aA_-.~/\\:é\0")), max_size=6)


@given(st.sets(NAMES, max_size=12))
def test_no_two_texts_share_a_file(texts: set[str]) -> None:
    stems = [file.stem(text) for text in texts]
    assert len({stem.casefold() for stem in stems}) == len(texts)
    assert all(re.fullmatch(r"[A-Za-z0-9_~-]{1,93}", stem) for stem in stems)
    assert not any(file.device(stem) for stem in stems)


@pytest.mark.parametrize("name", ["nul", "con", "lpt9", "AUX.txt"])
def test_no_file_is_called_as_a_device(name: str) -> None:
    assert file.device(name)
    assert not file.device(file.stem(name))


def test_a_plain_name_stays_readable() -> None:
    assert file.stem("k-2010") == "k-2010"
    assert file.stem("Siv Aune").startswith("Siv_Aune~")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_column_keeps_its_type_its_nulls_and_its_emptiness(kind: pa.DataType) -> None:
    column = pa.array(["a", None, "b\u202e", None], kind)
    assert encode.show_column(column) == pa.array(["a", None, "b⟦U+202E⟧", None], kind)
    assert encode.show_column(pa.chunked_array([column])) == pa.chunked_array([encode.show_column(column)])
    assert encode.show_column(pa.chunked_array([], kind)).type == kind
