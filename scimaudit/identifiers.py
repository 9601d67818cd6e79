"""Normalising user names, mail addresses and numbers: once, recorded, never guessing.

Two strengths. A *key* may decide ownership: it folds only what no system treats as a difference (outer white space,
Unicode composition, the case of ASCII letters). A *near* form also drops accents, plus-addressing, look-alike and
invisible characters; it may raise a suspicion and never decides.
"""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

_ASCII_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})
_JOINERS = dict.fromkeys(
    [0x00AD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
# Cyrillic and Greek letters that print like Latin ones (Unicode TR 39, confusables).
_LOOK_ALIKES = str.maketrans(
    {
        "\u0430": "a", "\u0435": "e", "\u043e": "o", "\u0440": "p", "\u0441": "c", "\u0443": "y", "\u0445": "x",
        "\u0456": "i", "\u0458": "j", "\u0455": "s", "\u0501": "d", "\u03bf": "o", "\u03b1": "a", "\u03bd": "v",
        "\u03ba": "k", "\u03b9": "i", "\u0131": "i",
    }
)  # fmt: skip


def key(text: str | None) -> str | None:
    """The form in which two identifiers are compared; ``None`` for empty text, so that it can never join.

    >>> key("  Ana.Ames@Corp.Example ")
    'ana.ames@corp.example'
    >>> key(" ") is None
    True
    """
    if text is None:
        return None
    folded = unicodedata.normalize("NFC", text.strip()).translate(_ASCII_LOWER)
    return folded or None


def keys(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """:func:`key` of every value of a text column, computed on its distinct values."""
    return _map_distinct(column)


def list_keys(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """:func:`key` of every element of a column of text lists; elements without a key and repeats are dropped."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    found = _map_distinct(column.flatten())
    parents = pc.list_parent_indices(column)
    table = pa.table({"parent": parents, "key": found}).filter(pc.is_valid(found))
    if len(table) == len(found) and not _repeats(table):
        return pa.ListArray.from_arrays(_offsets(column), found, mask=_null_mask(column))
    lists: list[list[str] | None] = [None if missing else [] for missing in pc.is_null(column).to_pylist()]
    for parent, value in zip(table["parent"].to_pylist(), table["key"].to_pylist(), strict=True):
        held = lists[parent]
        if held is not None and value not in held:
            held.append(value)
    return pa.array(lists, pa.list_(pa.string()))


def near(text: str | None) -> str | None:
    """A weaker form than :func:`key`, for suggestions only: no accents, no invisible characters, look-alikes folded.

    >>> near("José  Ñuñez")
    'jose nunez'
    """
    if text is None:
        return None
    if text.isascii():
        return " ".join(text.lower().split()) or None
    plain = unicodedata.normalize("NFKD", text.translate(_JOINERS)).casefold().translate(_LOOK_ALIKES)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(letters.split()) or None


def plain(column: pa.Array) -> pa.Array:
    """Which texts of a column are printable ASCII; those :func:`plain_nears` folds."""
    return pc.match_substring_regex(column, r"\A[ -~]*\z")


def plain_nears(column: pa.Array) -> pa.Array:
    """:func:`near` of a column of printable ASCII texts; empty text instead of ``None``."""
    return pc.ascii_trim(pc.replace_substring_regex(pc.ascii_lower(column), " +", " "), " ")


def near_email(address: str | None) -> str | None:
    """:func:`near` of a mail address, without its plus tag.

    >>> near_email("Ana.Ames+slack@corp.example")
    'ana.ames@corp.example'
    """
    folded = near(address)
    if folded is None or "@" not in folded:
        return folded
    local, _, domain = folded.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def local_part(address: str | None) -> str | None:
    """The part of a mail address or UPN before the last ``@``; the text itself when there is none."""
    folded = key(address)
    return None if folded is None else folded.rpartition("@")[0] or folded


def decode_guest(user_name: str | None) -> str | None:
    """The home address inside an Entra guest's UPN, else the name unchanged.

    Microsoft writes ``ana@home.example`` as ``ana_home.example#EXT#@tenant.onmicrosoft.com``; the last underscore
    stands for the at sign (https://learn.microsoft.com/entra/external-id/user-properties).

    >>> decode_guest("ana.ames_home.example#EXT#@corp.onmicrosoft.com")
    'ana.ames@home.example'
    """
    if user_name is None:
        return None
    home, mark, _ = user_name.partition("#EXT#")
    if not mark or "_" not in home:
        return user_name
    local, _, domain = home.rpartition("_")
    return f"{local}@{domain}"


def _map_distinct(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    folded = pc.ascii_lower(pc.utf8_trim_whitespace(column))
    if pc.all(pc.string_is_ascii(folded), min_count=0).as_py() is not False:
        return pc.if_else(pc.equal(folded, ""), pa.scalar(None, pa.string()), folded)
    distinct = column.dictionary_encode()
    mapped = pa.array([key(text) for text in distinct.dictionary.to_pylist()], pa.string())
    return mapped.take(distinct.indices)


def _repeats(table: pa.Table) -> bool:
    distinct: int = table.group_by(["parent", "key"]).aggregate([]).num_rows
    return distinct != int(table.num_rows)


def _offsets(column: pa.ListArray) -> pa.Array:
    return pc.subtract(column.offsets, column.offsets[0])


def _null_mask(column: pa.ListArray) -> pa.Array | None:
    return pc.is_null(column) if column.null_count else None
