"""The raw record of one source: every body as received, in the order received, ready to be replayed.

Two files: ``NAME.bodies`` holds one zstd frame per body, back to back (``zstd -dc NAME.bodies`` reads them all), and
``NAME.jsonl`` holds one line per body: what was asked, what came, where it lies, its SHA-256. A line is written after
its frame, so a torn tail is a frame without a line, or half a line; both are cut off when the record is opened again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec
import pyarrow as pa

from scimaudit import errors
from scimaudit.errors import IntegrityError, SourceError
from scimaudit.sources import Reply

_CODEC: Final = "zstd"
_ANSWERED: Final = (0, 200)
"""What HTTP, a directory and a file say of an answer that is one."""
_KEPT_HEADERS: Final = (
    "content-type", "etag", "last-modified", "date", "age", "retry-after", "content-encoding", "server",
)  # fmt: skip


class Failure(msgspec.Struct, frozen=True):
    """Why a request got no answer: the error's name in :mod:`scimaudit.errors`, and its words."""

    kind: str
    message: str
    hint: str


class Exchange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the index; ``failed`` where no answer came, and so no body."""

    number: int
    method: str
    url: str
    status: int
    headers: dict[str, str]
    at: str
    offset: int
    length: int
    size: int
    sha256: str
    failed: Failure | None = None

    def answered(self, source: str) -> None:
        """Fail once more as the request did when it was made, if it did.

        :raises SourceError: it did.
        """
        if self.failed is not None:
            kind = getattr(errors, self.failed.kind, None)
            known = kind if isinstance(kind, type) and issubclass(kind, SourceError) else SourceError
            raise known(self.failed.message, source=source, hint=self.failed.hint)


# Made while this module is imported, that is by one thread: msgspec describes a struct in place when its first decoder
# is made, and another thread that meets the half-made description crashes.
_LINE: Final = msgspec.json.Decoder(Exchange)


class Record:
    """An append-only record, or the replay of an interrupted one; a context manager, which lets go of the files.

    :param stem: path of the two files without their endings; its folder exists.
    :param now: gives the time of an exchange.
    """

    def __init__(self, stem: Path, now: Callable[[], datetime]) -> None:
        self._index_path = stem.with_name(stem.name + ".jsonl")
        self._bodies_path = stem.with_name(stem.name + ".bodies")
        self._now = now
        self._entries = _sound_entries(self._index_path, self._bodies_path)
        self._next = 0
        self._codec = pa.Codec(_CODEC, compression_level=1)
        self._bodies: BinaryIO | None = None
        self._index: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        """The recorded exchange if this very request is next on record, else the one ``send`` makes.

        One that got no answer is made again.

        :raises SourceError: ``send`` does; that is recorded, for what a listing went on without is part of it.
        """
        if self._next < len(self._entries):
            entry = self._entries[self._next]
            if (entry.method, entry.url, entry.failed) == (method, url, None):
                self._next += 1
                return Reply(entry.status, entry.headers, self._body(entry)), entry.number
            self._forget_from(self._next)
        try:
            reply = send()
        except SourceError as error:
            failed = Failure(type(error).__name__, error.message, error.hint)
            self._append(method, url, Reply(0, {}, b""), failed)
            raise
        return self._append(method, url, reply)

    def read(self, path: Path, shown: str) -> tuple[bytes, int]:
        """Read a file and record its bytes; a file that did not change since an interrupted pull is not recorded again.

        :raises SourceError: it cannot be read.
        """
        try:
            body = path.read_bytes()
        except FileNotFoundError as error:
            raise SourceError(f"there is no file {shown}") from error
        except OSError as error:
            raise SourceError(f"{shown} cannot be read: {error.strerror}") from error
        if self._next < len(self._entries):
            entry = self._entries[self._next]
            if (entry.method, entry.url, entry.sha256) == ("FILE", shown, hashlib.sha256(body).hexdigest()):
                self._next += 1
                return body, entry.number
            self._forget_from(self._next)
        reply, number = self._append("FILE", shown, Reply(0, {}, body))
        return reply.body, number

    @property
    def began(self) -> datetime | None:
        """When the first exchange on record was made, be it by an interrupted pull; ``None`` before there is one."""
        return datetime.fromisoformat(self._entries[0].at) if self._entries else None

    def forget_last(self) -> None:
        """Have the last exchange made again by whoever goes on: what came is of no use, and may be mended by then."""
        self._forget_from(self._next - 1)
        self._next = len(self._entries)

    def close(self) -> None:
        """Cut off what was on record and not asked for again; both files exist from now on, be they empty."""
        self._forget_from(self._next)
        self._let_go()
        for path in (self._bodies_path, self._index_path):
            path.touch()

    def _append(self, method: str, url: str, reply: Reply, failed: Failure | None = None) -> tuple[Reply, int]:
        frame = self._codec.compress(reply.body, asbytes=True)
        entry = Exchange(
            number=len(self._entries),
            method=method,
            url=url,
            status=reply.status,
            headers={name: reply.headers[name] for name in _KEPT_HEADERS if name in reply.headers},
            at=self._now().isoformat(timespec="milliseconds"),
            offset=self._entries[-1].offset + self._entries[-1].length if self._entries else 0,
            length=len(frame),
            size=len(reply.body),
            sha256=hashlib.sha256(reply.body).hexdigest(),
            failed=failed,
        )
        # Opening costs as much as a small request, so both stay open; each is flushed, the frame before its line.
        self._bodies = _added(self._bodies, self._bodies_path, frame)
        self._index = _added(self._index, self._index_path, msgspec.json.encode(entry) + b"\n")
        self._entries.append(entry)
        self._next = len(self._entries)
        return reply, entry.number

    def _body(self, entry: Exchange) -> bytes:
        with self._bodies_path.open("rb") as file:
            return _body(file, entry, self._bodies_path)

    def _forget_from(self, number: int) -> None:
        if not 0 <= number < len(self._entries):
            return
        self._entries = self._entries[:number]
        self._let_go()
        _cut(self._index_path, self._bodies_path, self._entries)

    def _let_go(self) -> None:
        for file in (self._bodies, self._index):
            if file is not None:
                file.close()
        self._bodies = self._index = None


def _added(file: BinaryIO | None, path: Path, data: bytes) -> BinaryIO:
    """The file, opened if need be, with the data at its end, out of this process's hands."""
    file = file or path.open("ab")
    file.write(data)
    file.flush()
    return file


def bodies(stem: Path) -> Iterator[tuple[Exchange, bytes]]:
    """Every exchange of a finished record with its body, in order.

    :raises IntegrityError: a body is not what was received.
    """
    path = stem.with_name(stem.name + ".bodies")
    entries = exchanges(stem)
    try:
        file = path.open("rb")
    except OSError as error:
        raise IntegrityError(f"{path} cannot be read", hint="put back the file as it was") from error
    with file:
        for entry in entries:
            yield entry, _body(file, entry, path)


def exchanges(stem: Path) -> list[Exchange]:
    """Every exchange of a finished record, in order.

    :raises IntegrityError: the index cannot be read.
    """
    return _entries(stem.with_name(stem.name + ".jsonl"))


def first_address(stem: Path) -> str:
    """The address that a record's first request went to; empty where it has none.

    :raises IntegrityError: the record cannot be read.
    """
    path = stem.with_name(stem.name + ".jsonl")
    try:
        with path.open("rb") as file:
            line = file.readline()
        return _LINE.decode(line).url if line else ""
    except (OSError, msgspec.DecodeError) as error:
        raise IntegrityError(f"{path} cannot be read", hint="put back the file as it was") from error


def _body(file: BinaryIO, entry: Exchange, path: Path) -> bytes:
    try:
        file.seek(entry.offset)
        frame = file.read(entry.length)
        body = bytes(pa.Codec(_CODEC).decompress(frame, decompressed_size=entry.size, asbytes=True))
    except (OSError, ValueError, OverflowError, MemoryError, pa.ArrowException) as error:
        raise IntegrityError(f"body {entry.number} of {path.name} cannot be decompressed") from error
    if hashlib.sha256(body).hexdigest() != entry.sha256:
        raise IntegrityError(f"body {entry.number} of {path.name} is not what was received")
    return body


def _entries(path: Path) -> list[Exchange]:
    try:
        return [_LINE.decode(line) for line in path.read_bytes().splitlines()]
    except (OSError, msgspec.DecodeError) as error:
        raise IntegrityError(f"{path} cannot be read", hint="put back the file as it was") from error


def _sound_entries(index: Path, bodies_path: Path) -> list[Exchange]:
    """The entries of an interrupted record whose line and frame are both whole; the rest is cut off.

    So are the refusals that it ended on, for another try may not meet them.
    """
    if not index.exists() or not bodies_path.exists():
        index.unlink(missing_ok=True)
        bodies_path.unlink(missing_ok=True)
        return []
    size = bodies_path.stat().st_size
    found: list[Exchange] = []
    for line in index.read_bytes().splitlines(keepends=True):
        try:
            entry = _LINE.decode(line)
        except msgspec.DecodeError:
            break
        if not line.endswith(b"\n") or entry.number != len(found) or entry.offset + entry.length > size:
            break
        found.append(entry)
    # What a pull ended on may be mended by now: replayed, a refused token would stay refused until the record is old.
    while found and (found[-1].failed or found[-1].status not in _ANSWERED):
        found.pop()
    _cut(index, bodies_path, found)
    return found


def _cut(index: Path, bodies_path: Path, entries: list[Exchange]) -> None:
    lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
    with index.open("r+b") as file:
        file.truncate(len(lines))
    with bodies_path.open("r+b") as file:
        file.truncate(entries[-1].offset + entries[-1].length if entries else 0)
