"""Servers that print what they were told: each answer quotes the secrets of its request, where and how its path says.

``/<encoding>/<place>/Users`` answers with the secrets of the request in that encoding at that place. ``/well/…`` answers
as a SCIM service provider should. The same server is token endpoint, tenant, and forward proxy.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.canaries.forms import ENCODINGS, canary
from tests.servers.tls import Certificates

USERS: Final = [
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": str(number), "userName": name, "active": True,
     "emails": [{"value": f"{name}@corp.example", "primary": True}]}
    for number, name in enumerate(("ana", "bo", "left"), 1)
]  # fmt: skip
_LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def secrets(self) -> list[str]:
        """What it told that was meant for this server alone."""
        found = [value for name, value in self.headers.items() if name == "x-api-key"]
        for name in ("authorization", "proxy-authorization"):
            kind, _, value = self.headers.get(name, "").partition(" ")
            if kind == "Basic":
                found.append(unquote(base64.b64decode(value).decode().partition(":")[2]))
            elif value:
                found.append(value)
        form = parse_qs(self.body.decode("utf-8", "replace"))
        return found + [form[name][0] for name in ("client_secret", "client_assertion") if name in form]


@dataclass
class Heard:
    """What came to a listener."""

    port: int
    connections: int = 0
    received: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Servers:
    """Two servers that echo, one of them by TLS, and a stranger whom nobody may ask.

    :param told: the secrets that reached them; each must be one that was meant for them.
    """

    url: str
    secure: str
    stranger: Heard
    told: set[str]


def at(place: str, said: str, stranger: Heard) -> bytes:
    """An answer with these words at that place."""
    away, line = f"http://localhost:{stranger.port}", said.replace("\0", "")
    return {
        "401": lambda: answer(401, f'{{"detail": "token {said} is not known"}}'),
        "403-header": lambda: answer(403, "{}", {"WWW-Authenticate": f'Bearer error="{line}"'}),
        "500": lambda: answer(500, f"<pre>Traceback: Authorization: {said}</pre>"),
        "400-detail": lambda: answer(400, json.dumps({"schemas": [], "status": "400", "detail": f"bad {said}"})),
        "row": lambda: listed([{**USERS[0], "displayName": said}]),
        "etag": lambda: answer(200, "{}", {"ETag": line}),
        "rate-limit": lambda: answer(200, json.dumps({"totalResults": 0}), {"X-RateLimit-Remaining": line}),
        "encoding": lambda: answer(200, "{}", {"Content-Encoding": line}),
        "redirect": lambda: answer(302, "", {"Location": f"{away}/login/{line}?token={line}"}),
        "link": lambda: listed(USERS, {"totalResults": 9, "nextLink": f"{away}/Users?token={line}",
                                       "nextCursor": f"{away}/{line}", "meta": {"location": f"{away}/{line}"}}),
        "away": lambda: listed(USERS, {"totalResults": 9, "nextLink": f"{away}/Users"}),
        "status-line": lambda: f"HTTP/1.1 what {line}\r\n\r\n".encode(),
        "reason": lambda: f"HTTP/1.1 401 {line}\r\nContent-Length: 2\r\n\r\n{{}}".encode(),
        "cut": lambda: f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{said}".encode(),
        "chunk": lambda: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{line}\r\n".encode(),
    }[place]()  # fmt: skip


PLACES: Final = (
    "401", "403-header", "500", "400-detail", "row", "etag", "rate-limit", "encoding", "redirect", "link", "away", "reason",
)  # fmt: skip
BROKEN: Final = ("status-line", "cut", "chunk")
"""Answers after which a client asks again, some seconds each."""


def answer(status: int, body: str, headers: Mapping[str, str] | None = None) -> bytes:
    data = body.encode()
    told = {"Content-Type": "application/scim+json", "Content-Length": str(len(data)), **(headers or {})}
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return head.encode() + b"\r\n" + data


def listed(rows: list[dict[str, object]], more: Mapping[str, object] | None = None) -> bytes:
    return answer(200, json.dumps({"schemas": [_LIST], "totalResults": len(rows), "Resources": rows, **(more or {})}))


def _token(asked: Asked, rest: str, stranger: Heard) -> bytes:
    """A token endpoint, of OAuth 2.0 and of a tenant: it gives a token, or its errors quote the proof."""
    encoding, _, name = rest.partition("/")
    if encoding == "well":
        token = {"access_token": canary(f"token-{name.partition('/')[0]}"), "token_type": "Bearer", "expires_in": 3600}
        return answer(200, json.dumps(token))
    said = ENCODINGS[encoding](asked.secrets[0] if asked.secrets else "nothing")
    if name.startswith("line"):
        return at("status-line", said, stranger)
    return answer(400, json.dumps({"error": "invalid_client", "error_description": f"{said} is no secret of ours"}))


def _answer(asked: Asked, own: str, stranger: Heard) -> bytes:
    parts = urlsplit(asked.path)
    first, _, rest = parts.path.lstrip("/").partition("/")
    if first == "token":
        return _token(asked, rest, stranger)
    if rest.endswith("openid-configuration"):
        base = f"{own}/token/{first}/tenant"
        return answer(200, json.dumps({"issuer": own, "authorization_endpoint": base, "token_endpoint": base}))
    if first == "well":
        return _well(asked, parts.path.rpartition("/")[2], parse_qs(parts.query))
    place = rest.partition("/")[0]
    said = " ".join(map(ENCODINGS[first], asked.secrets)) or "nothing"
    if place == "slow":
        time.sleep(1.2)
    return at("401" if place == "slow" else place, said, stranger)


def _well(asked: Asked, last: str, query: Mapping[str, list[str]]) -> bytes:
    """What a SCIM service provider answers that has three users, no groups and no filters (RFC 7644)."""
    one = [user for user in USERS if user["id"] == last]
    if asked.method == "POST":
        return answer(201, json.dumps({**json.loads(asked.body), "id": "9"}))
    if one:
        return answer(200, json.dumps(one[0]))
    if last not in ("Users", "Groups"):
        return answer(404, json.dumps({"status": "404"}))
    if "filter" in query:
        return answer(501, json.dumps({"status": "501"}))
    start, count = (int(query.get(name, [default])[0]) for name, default in (("startIndex", "1"), ("count", "100")))
    rows = USERS if last == "Users" else []
    return listed(rows[start - 1 : start - 1 + count], {"totalResults": len(rows), "startIndex": start})


@contextmanager
def serving(certificates: Certificates) -> Iterator[Servers]:
    stranger, told = Heard(0), set[str]()
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificates.certificate, certificates.key)

    def strange(link: socket.socket) -> None:
        stranger.connections += 1
        link.settimeout(1)
        stranger.received += link.recv(65536)

    def echo(own: str) -> Callable[[socket.socket], None]:
        def one(link: socket.socket) -> None:
            link.settimeout(20)
            asked = _read(link)
            if asked is not None:
                told.update(asked.secrets)
                link.sendall(_answer(asked, own, stranger))

        return one

    with listening(strange) as odd, listening(None) as plain, listening(None, secure) as wrapped:
        stranger.port = odd.port
        url, safe = f"http://127.0.0.1:{plain.port}", f"https://localhost:{wrapped.port}"
        plain.serve(echo(url))
        wrapped.serve(echo(safe))
        yield Servers(url, safe, stranger, told)


@dataclass(frozen=True)
class Listener:
    """A port of this machine."""

    socket: socket.socket

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def serve(self, each: Callable[[socket.socket], None]) -> None:
        _accepting(self.socket, each)


@contextmanager
def listening(each: Callable[[socket.socket], None] | None, tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """A listener, which serves every connection until this ends."""
    found = socket.create_server(("127.0.0.1", 0), backlog=200)
    found = tls.wrap_socket(found, server_side=True) if tls else found
    with found:
        listener = Listener(found)
        if each is not None:
            listener.serve(each)
        yield listener
        with suppress(OSError):
            # It wakes whoever waits in accept.
            socket.socket.shutdown(found, socket.SHUT_RDWR)


def _accepting(listener: socket.socket, each: Callable[[socket.socket], None]) -> None:
    """Serve every connection in a thread of its own until the listener is closed."""

    def one(link: socket.socket) -> None:
        with link, suppress(OSError):
            each(link)

    def loop() -> None:
        while listener.fileno() >= 0:
            try:
                link, _ = listener.accept()
            except OSError:
                # A client that does not trust us hangs up in the handshake.
                continue
            threading.Thread(target=one, args=(link,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def _read(link: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = link.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += link.recv(65536)
    method, target, _ = first.split(" ", 2)
    # A proxy is asked by the whole address.
    return Asked(method, re.sub(r"^https?://[^/]*", "", target), headers, body)
