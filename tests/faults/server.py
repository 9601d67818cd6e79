"""A small HTTP/1.1 server over raw sockets whose every byte is under control.

It listens on loopback, on a port of its own, serves one thread per connection, refuses to answer more than a bounded
number of requests and stops with the ``with`` block. What it says is decided by a handler, a function from
:class:`Request` to :class:`Answer`; how the bytes leave is part of the answer.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.servers import tally

MOST_REQUESTS = 600
"""A client that asks more than this runs in a circle; it gets 508 from then on."""
IDLE = 20.0


@dataclass(frozen=True)
class Request:
    """One request as received.

    :param path: decoded path below the base path, such as ``/Users``; an absolute one outside the base.
    :param query: parameters by their exact names; of a repeated one the last.
    :param headers: lower-case names.
    :param number: 1 for the first request the server got.
    :param origin: scheme, host and port of this server.
    :param stranger: scheme, host and port of a server the client has no business with.
    """

    method: str
    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    number: int
    origin: str
    stranger: str

    def asking(self, **changes: str | None) -> Request:
        """The same request with parameters set, or dropped where the value is ``None``."""
        query = {**self.query, **changes}
        return replace(self, query={name: value for name, value in query.items() if value is not None})

    def number_of(self, name: str, default: int) -> int:
        """An integer parameter, or the default where it is absent or no integer."""
        try:
            return int(self.query.get(name, default))
        except ValueError:
            return default


@dataclass(frozen=True)
class Answer:
    """One answer and the way its bytes leave.

    :param length: the Content-Length to claim; ``None`` tells the truth.
    :param cut: send only this many bytes of the body, then end the connection.
    :param end: ``keep`` the connection, ``close`` it, or ``reset`` it (RST), once the bytes are out.
    :param delay: seconds before the first byte.
    :param head_drip: seconds between single bytes of the status line and the headers.
    :param drip: seconds between morsels of the body.
    :param morsel: bytes sent at a time while dripping.
    :param chunked: use Transfer-Encoding: chunked, in chunks of 7 bytes.
    :param unfinished: with ``chunked``, leave out the last chunk.
    :param bare: send the body as it is, without status line and headers.
    :param version: of HTTP; 1.0 sends no length and closes.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    kind: str | None = "application/scim+json"
    length: int | None = None
    cut: int | None = None
    end: str = "keep"
    delay: float = 0.0
    head_drip: float = 0.0
    drip: float = 0.0
    morsel: int = 1
    chunked: bool = False
    unfinished: bool = False
    bare: bool = False
    version: str = "1.1"


Handler = Callable[[Request], Answer]


@dataclass
class FaultServer:
    """Serves ``handler`` under ``base`` while the ``with`` block lasts, and remembers what it was asked.

    :param stranger: origin that answers may point at.
    """

    handler: Handler
    base: str = "/scim/v2"
    stranger: str = "http://127.0.0.1:9"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    received: int = 0
    failures: list[BaseException] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        """Origin and base path."""
        return self.origin + self.base

    def __enter__(self) -> FaultServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=32)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
            assert not thread.is_alive(), "a server thread did not stop"
        mine = (each for each in self.requests if each.headers.get("user-agent", "").startswith("scimaudit"))
        tally.add("faults", ((each.method, each.path) for each in mine))
        if self.failures and value is None:
            raise self.failures[0]

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            thread = threading.Thread(target=self._converse, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(IDLE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for head, body in self._messages(connection):
                request = self._request(head, body)
                answer = self._decide(request)
                again = self._send(connection, answer)
                if not again or request.headers.get("connection", "").lower() == "close":
                    return
        except OSError:
            return  # the client went away or was sent away
        except BaseException as error:  # noqa: BLE001 # shown by __exit__: a broken fake must not pass for a broken client
            self.failures.append(error)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _messages(self, connection: socket.socket) -> Iterator[tuple[bytes, bytes]]:
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                piece = connection.recv(65536)
                self.received += len(piece)
                if not piece or len(buffer) > 1_000_000:
                    return
                buffer += piece
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            due = int(_headers(head).get("content-length", "0"))
            while len(buffer) < due:
                piece = connection.recv(65536)
                self.received += len(piece)
                if not piece:
                    return
                buffer += piece
            yield head, buffer[:due]
            buffer = buffer[due:]

    def _request(self, head: bytes, body: bytes) -> Request:
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        parts = urlsplit(target)
        path = parts.path.removeprefix(self.base) if parts.path.startswith(self.base + "/") else parts.path
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            number = len(self.requests) + 1
            request = Request(
                method, target, unquote(path), query, _headers(head), body, number, self.origin, self.stranger
            )
            self.requests.append(request)
        return request

    def _decide(self, request: Request) -> Answer:
        if request.number > MOST_REQUESTS:
            return Answer(508, b"this client runs in a circle", kind="text/plain", end="close")
        with self._lock:
            return self.handler(request)

    def _send(self, connection: socket.socket, answer: Answer) -> bool:
        """Whether the connection stays open."""
        if answer.delay:
            self._stopping.wait(answer.delay)
        head = b"" if answer.bare else _head(answer)
        if answer.head_drip:
            for at in range(len(head)):
                connection.sendall(head[at : at + 1])
                if self._stopping.wait(answer.head_drip):
                    return False
        else:
            connection.sendall(head)
        body = answer.body if answer.cut is None else answer.body[: answer.cut]
        if answer.chunked:
            body = _chunks(body, finished=not answer.unfinished)
        if answer.drip:
            for at in range(0, len(body), answer.morsel):
                connection.sendall(body[at : at + answer.morsel])
                if self._stopping.wait(answer.drip):
                    return False
        else:
            connection.sendall(body)
        if answer.end == "reset":
            self._stopping.wait(0.02)  # let the bytes arrive first: a reset may overtake them
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        whole = answer.cut is None and not answer.unfinished and not answer.bare and answer.version == "1.1"
        return answer.end == "keep" and whole


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _head(answer: Answer) -> bytes:
    lines = [f"HTTP/{answer.version} {answer.status} Status"]
    names = {name.lower() for name, _ in answer.headers}
    if answer.kind is not None and "content-type" not in names:
        lines.append(f"Content-Type: {answer.kind}")
    if answer.chunked:
        lines.append("Transfer-Encoding: chunked")
    elif answer.version == "1.1" and answer.status not in (204, 304):
        lines.append(f"Content-Length: {len(answer.body) if answer.length is None else answer.length}")
    if answer.end == "close":
        lines.append("Connection: close")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunks(body: bytes, *, finished: bool) -> bytes:
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return framed + (b"0\r\n\r\n" if finished else b"")
