"""A scripted HTTP server on a real socket, and a client whose clock only moves when it waits."""

from __future__ import annotations

import re
import socket
import threading
from datetime import UTC, datetime

import pytest

from scimaudit.transport import Client


class Server:
    """Answers the n-th request with the n-th script entry (bytes as they go on the wire); the last one repeats."""

    def __init__(self, script: list[bytes]) -> None:
        self.script = script
        self.requests: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                text = b""
                while b"\r\n\r\n" not in text:
                    piece = peer.recv(65536)
                    if not piece:
                        break
                    text += piece
                if not text:
                    continue
                # What is left unread when a socket is closed resets the connection under the reader's hands.
                head, _, sent = text.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                while length and len(sent) < int(length[1]):
                    sent += peer.recv(65536)
                self.requests.append(text.decode("latin-1"))
                try:
                    peer.sendall(self.script[min(len(self.requests), len(self.script)) - 1])
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.close()


class Time:
    """Seconds that pass only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def reply_bytes():
    return answer


@pytest.fixture
def serve():
    servers: list[Server] = []

    def start(*script: bytes) -> Server:
        servers.append(Server(list(script)))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def client(clock):
    clients: list[Client] = []

    def make(url: str, **settings) -> Client:
        recorded: list[str] = []

        def exchange(method, asked, send):
            reply = send()
            recorded.append(f"{method} {asked}")
            return reply, len(recorded) - 1

        made = Client(
            url,
            exchange=settings.pop("exchange", exchange),
            now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
            sleep=clock.sleep,
            monotonic=settings.pop("monotonic", clock.monotonic),
            source="apps.x.listings[0]",
            **settings,
        )
        made.recorded = recorded
        clients.append(made)
        return made

    yield make
    for made in clients:
        made.__exit__()
