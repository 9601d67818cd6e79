"""A directory and a database that quote the password they were given: as much of LDAP and of PostgreSQL as that takes.

Real ones (OpenLDAP, PostgreSQL) never do, so these are written by hand, from RFC 4511 and from the protocol's page in
the manual of PostgreSQL.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.canaries.echo import Servers, listening
from tests.canaries.forms import ENCODINGS

DIRECTORY: Final = ("refused", "entry", "referral", "reference", "message")
"""Where a directory quotes: in the refusal of the bind, in an entry, in a referral, in a search's result."""
_SSL, _GSS = 80877103, 80877104


def _tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    length = bytes((size,)) if size < 128 else bytes((0x82,)) + struct.pack(">H", size)
    return bytes((tag,)) + length + body


def _result(tag: int, code: int, said: str = "", *more: bytes) -> bytes:
    return _tlv(tag, _tlv(0x0A, bytes((code,))), _tlv(0x04), _tlv(0x04, said.encode()), *more)


def _parts(body: bytes) -> Iterator[tuple[int, bytes]]:
    while body:
        size, start = body[1], 2
        if size & 0x80:
            start = 2 + (size & 0x7F)
            size = int.from_bytes(body[2:start], "big")
        yield body[0], body[start : start + size]
        body = body[start + size :]


def _heard(link: socket.socket) -> tuple[bytes, int, bytes] | None:
    """Number, tag and body of a message."""
    data = link.recv(65536)
    if not data:
        return None
    (_, whole), *_ = _parts(data)
    (_, number), (tag, body), *_ = _parts(whole)
    return number, tag, body


@contextmanager
def directory(context: ssl.SSLContext, encoding: str, place: str, servers: Servers) -> Iterator[str]:
    """The address of a directory by TLS."""

    def one(link: socket.socket) -> None:
        said = ""
        link.settimeout(20)
        while (heard := _heard(link)) is not None:
            number, tag, body = heard
            if tag == 0x60:
                password = list(_parts(body))[2][1].decode()
                servers.told.add(password)
                said = ENCODINGS[encoding](password)
                replies = [_result(0x61, 49 if place == "refused" else 0, said if place == "refused" else "")]
            elif tag == 0x63:
                replies = _found(place, said, f"ldap://localhost:{servers.stranger.port}/dc=x??{said}")
            else:
                return
            for reply in replies:
                link.sendall(_tlv(0x30, _tlv(0x02, number), reply))

    with listening(one, context) as found:
        yield f"ldaps://localhost:{found.port}"


def _found(place: str, said: str, away: str) -> list[bytes]:
    uri = _tlv(0x04, away.encode())
    if place == "referral":
        return [_result(0x65, 10, "", _tlv(0xA3, uri))]
    if place == "message":
        return [_result(0x65, 53, f"unwilling: {said}")]
    if place == "reference":
        return [_tlv(0x73, uri), _result(0x65, 0)]
    held = _tlv(0x30, _tlv(0x04, b"description"), _tlv(0x31, _tlv(0x04, said.encode())))
    named = _tlv(0x30, _tlv(0x04, b"uid"), _tlv(0x31, _tlv(0x04, b"ana")))
    return [_tlv(0x64, _tlv(0x04, b"uid=ana,dc=x"), _tlv(0x30, named, held)), _result(0x65, 0)]


@contextmanager
def database(encoding: str, servers: Servers) -> Iterator[str]:
    """The address of a PostgreSQL that asks for the password in clear, and quotes it in its refusal."""

    def one(link: socket.socket) -> None:
        link.settimeout(20)
        while True:
            size, code = struct.unpack(">II", _exactly(link, 8))
            _exactly(link, size - 8)
            if code not in (_SSL, _GSS):
                break
            link.sendall(b"N")
        link.sendall(b"R" + struct.pack(">II", 8, 3))
        _exactly(link, 1)
        (size,) = struct.unpack(">I", _exactly(link, 4))
        password = _exactly(link, size - 4).rstrip(b"\0").decode()
        servers.told.add(password)
        said = ENCODINGS[encoding](password).replace("\0", "")
        fields = b"SFATAL\0C28P01\0M" + f"password authentication failed for {said}".encode() + b"\0\0"
        link.sendall(b"E" + struct.pack(">I", len(fields) + 4) + fields)

    with listening(one) as found:
        yield f"postgresql+psycopg://ro@127.0.0.1:{found.port}/hr"


def _exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = link.recv(size - len(data))
        if not piece:
            raise ConnectionResetError
        data += piece
    return data
