"""One deadline over every wait: through a proxy's tunnel, inside TLS, on a connection that is used again."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from scimaudit.errors import Incomplete, Unavailable
from scimaudit.transport import Budgets, Client, tls_context
from scimaudit.transport.oauth2 import ClientCredentials, Tokens
from scimaudit.transport.post import post
from tests.servers import tls

LATE = "timed out|longer than"


class Answering(BaseHTTPRequestHandler):
    """Answers at once, or under ``/drip`` a byte at a time, for three seconds in all."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.peers.add(self.client_address)  # type: ignore[attr-defined]
        body = b'{"access_token": "a-token-of-the-endpoint"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def send_response(self, code: int, message: str | None = None) -> None:
        for _ in range(60 if "drip" in self.path else 0):
            self.wfile.write(b"H")
            time.sleep(0.05)
        super().send_response(code, message)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """A server to whom nobody listens any more."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tls.Certificates:
    return tls.made_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(made) -> Iterator[Quiet]:
    with Quiet(("127.0.0.1", 0), Answering) as found:
        found.peers = set()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.certificate, made.key)
        found.socket = context.wrap_socket(found.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


@contextmanager
def tunnel(port: int, asked: list[bytes]) -> Iterator[str]:
    """A proxy that opens tunnels to one port, and one that is silent where there is none."""

    def pumped(one: socket.socket, other: socket.socket) -> None:
        with one, other:
            while data := one.recv(1 << 16):
                other.sendall(data)

    def serving() -> None:
        while True:
            try:
                peer, _ = held.accept()
            except OSError:
                return
            asked.append(peer.recv(1 << 16))
            if not port:
                continue
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            there = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=quietly, args=(peer, there), daemon=True).start()
            threading.Thread(target=quietly, args=(there, peer), daemon=True).start()

    def quietly(one: socket.socket, other: socket.socket) -> None:
        try:
            pumped(one, other)
        except OSError:
            return

    with closing(socket.create_server(("127.0.0.1", 0))) as held:
        threading.Thread(target=serving, daemon=True).start()
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def client(server: Quiet, made: tls.Certificates, proxy: str | None = None, **budgets: float) -> Client:
    return Client(
        f"https://localhost:{server.server_port}",
        exchange=lambda _method, _url, send: (send(), 0),
        now=lambda: datetime(2026, 11, 23, tzinfo=UTC),
        verify=tls_context(made.ca),
        proxy=proxy,
        budgets=Budgets(attempts=1, **budgets),  # type: ignore[arg-type]
    )


def test_one_connection_serves_many_requests(server, made):
    with client(server, made) as found:
        assert [found.get("/Users")[0].status for _ in range(3)] == [200, 200, 200]
        assert found.facts["TLS"].startswith("TLSv1.")
    assert len(server.peers) == 1


def test_a_tunnel_is_gone_through_and_its_end_is_verified(server, made):
    asked: list[bytes] = []
    with tunnel(server.server_port, asked) as proxy, client(server, made, proxy) as found:
        assert [found.get("/Users")[0].status for _ in range(2)] == [200, 200]
        assert found.facts["TLS"].startswith("TLSv1.")
    assert [line.split()[0] for line in asked] == [b"CONNECT"]


@pytest.mark.parametrize("proxied", [False, True])
def test_headers_that_drip_through_tls_end(server, made, proxied):
    with tunnel(server.server_port, []) as proxy:
        started = time.monotonic()
        with client(server, made, proxy if proxied else None, request=0.5) as found:
            with pytest.raises(Unavailable, match=LATE):
                found.get("/drip")
            assert time.monotonic() - started < 2
            assert found.get("/Users")[0].status == 200


def test_the_end_of_a_listing_is_no_answer(server, made):
    with client(server, made, seconds=0.5) as found, pytest.raises((Incomplete, Unavailable)):
        found.get("/drip")


def test_a_proxy_that_says_nothing_is_not_waited_for(server, made):
    with (
        tunnel(0, []) as proxy,
        client(server, made, proxy, request=0.5) as found,
        pytest.raises(Unavailable, match="Timeout"),
    ):
        found.get("/Users")


def test_a_token_endpoint_that_drips_ends(server, made, tmp_path, monkeypatch):
    monkeypatch.setattr("scimaudit.transport.oauth2._PATIENCE", 0.5)
    settings = {
        "token_url": f"https://localhost:{server.server_port}",
        "client_id": "x",
        "secret": {"command": "echo x"},
    }

    def tokens(path: str) -> Tokens:
        told = ClientCredentials.model_validate({**settings, "token_url": settings["token_url"] + path})
        return Tokens(told, tmp_path, verify=tls_context(made.ca))

    assert tokens("/token").headers() == {"Authorization": "Bearer a-token-of-the-endpoint"}
    with pytest.raises(Unavailable, match=LATE):
        tokens("/drip").headers()


def test_a_post_whose_answer_drips_ends(server, made):
    with pytest.raises(Unavailable, match=LATE):
        post(f"https://localhost:{server.server_port}/drip", b"x", {}, verify=tls_context(made.ca), seconds=0.5)
