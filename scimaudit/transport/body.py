"""Reading a body to its end under a ceiling that counts bytes after decompression."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


class Cut(Exception):
    """The body ended before its end, or took too long."""


class TooLarge(Exception):
    """The body passes the ceiling."""

    def __init__(self, ceiling: int) -> None:
        super().__init__(ceiling)
        self.ceiling = ceiling


def read_body(chunks: Iterable[bytes], encoding: str, ceiling: int, tick: Callable[[], None]) -> bytes:
    """Join ``chunks``, undoing gzip, and stop before more than ``ceiling`` bytes are held.

    :param encoding: value of ``Content-Encoding``: nothing, ``identity`` or ``gzip``.
    :param tick: called for each chunk; raises when time is up.
    :raises TooLarge: the ceiling was passed.
    :raises Cut: a gzip stream has no end.
    :raises ValueError: the encoding is another one, or the stream is not gzip, or something follows it.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return _plain(chunks, ceiling, tick)
    if name in {"gzip", "x-gzip"}:
        return _gunzipped(chunks, ceiling, tick)
    msg = f"content encoding {name!r} was not asked for"
    raise ValueError(msg)


def _plain(chunks: Iterable[bytes], ceiling: int, tick: Callable[[], None]) -> bytes:
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        tick()
        size += len(chunk)
        if size > ceiling:
            raise TooLarge(ceiling)
        held.append(chunk)
    return b"".join(held)


def _gunzipped(chunks: Iterable[bytes], ceiling: int, tick: Callable[[], None]) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        tick()
        if stream.eof:
            msg = "bytes follow the end of the gzip stream"
            raise ValueError(msg)
        try:
            # One byte over the ceiling is enough to know; zlib stops there and keeps the rest compressed.
            piece = stream.decompress(chunk, ceiling - size + 1)
        except zlib.error as error:
            msg = f"it is not gzip: {error}"
            raise ValueError(msg) from error
        size += len(piece)
        if size > ceiling:
            raise TooLarge(ceiling)
        held.append(piece)
    if stream.unused_data:
        msg = "bytes follow the end of the gzip stream"
        raise ValueError(msg)
    if not stream.eof:
        msg = "the gzip stream has no end"
        raise Cut(msg)
    return b"".join(held)
