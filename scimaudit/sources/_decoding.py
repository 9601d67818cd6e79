"""Bytes of a text file to text, strictly: a byte that does not fit is an error, never a question mark."""

from __future__ import annotations

import codecs

from scimaudit.errors import Malformed

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes, encoding: str | None) -> tuple[str, str]:
    """The text of ``data`` without its byte order mark, and the name of the encoding it was read in.

    :param encoding: the declared encoding; without one a byte order mark decides, and else it must be UTF-8.
    :raises Malformed: the bytes are not of that encoding, contradict it with their byte order mark, or are none.
    """
    marked = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), None)
    declared = codecs.lookup(encoding).name if encoding else None
    if marked and declared and not marked[1].startswith(declared.removesuffix("-sig")):
        raise Malformed(
            f"the file begins with the byte order mark of {marked[1]}, but encoding says {encoding}",
            hint="remove the encoding, or correct it",
        )
    name = marked[1] if marked else declared or "utf-8"
    body = data[len(marked[0]) :] if marked else data
    try:
        text = body.decode(name)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Malformed(
            f"byte 0x{body[error.start]:02x} on line {line} is not {name}",
            hint='declare how the file was saved, for example encoding = "cp1252" for Western European Windows',
        ) from error
    if not text.strip():
        raise Malformed("the file is empty", hint="export it again")
    if "\0" in text[: text.find("\n") if "\n" in text else len(text)]:
        raise Malformed(
            f"the first line, read as {name}, holds NUL characters",
            hint='the file may be UTF-16 without a byte order mark: declare encoding = "utf-16-le"',
        )
    return text, name


def known_encoding(name: str) -> str:
    """``name`` unchanged.

    :raises ValueError: it is not a text encoding that Python knows.
    """
    try:
        codec = codecs.lookup(name)
        "".encode(codec.name)
    except LookupError as error:
        msg = f"{name!r} is not a known text encoding such as utf-8, utf-16 or cp1252"
        raise ValueError(msg) from error
    return name
