"""One POST: to the address that was named, once, and no more of an answer than was bargained for."""

from __future__ import annotations

import gzip
import socket

import pytest

from scimaudit.errors import Unavailable
from scimaudit.transport import tls_context
from scimaudit.transport.post import Answer, post


def asked(url: str, **more) -> Answer:  # type: ignore[no-untyped-def]
    return post(url, b"\x30\x00", {"Content-Type": "application/x"}, verify=tls_context(), **more)


def test_the_answer_with_its_kind(serve, reply_bytes) -> None:
    server = serve(reply_bytes(body=b"told", Content_Type="Text/Plain; charset=utf-8"))
    assert asked(server.url) == Answer(200, "text/plain", b"told")
    [request] = server.requests
    assert request.startswith("POST / HTTP/1.1")
    assert "Content-Length: 2" in request
    assert "cookie" not in request.lower()


def test_a_redirect_is_an_answer_like_any_other(serve, reply_bytes) -> None:
    other = serve(reply_bytes(body=b"other"))
    server = serve(reply_bytes(307, body=b"", Location=other.url))
    assert asked(server.url).status == 307
    assert other.requests == []


def test_no_proxy_of_the_environment_is_used(serve, reply_bytes, monkeypatch) -> None:
    other, server = serve(reply_bytes(body=b"other")), serve(reply_bytes(body=b"told"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, other.url)
    assert asked(server.url).body == b"told"


def test_what_is_larger_than_bargained_for_is_not_read(serve, reply_bytes) -> None:
    with pytest.raises(Unavailable, match="passes 1000 bytes"):
        asked(serve(reply_bytes(body=b"x" * 1001)).url, most=1000)
    assert asked(serve(reply_bytes(body=b"x" * 1000)).url, most=1000).body == b"x" * 1000


def test_what_grows_when_it_is_unpacked_is_counted_then(serve, reply_bytes) -> None:
    with pytest.raises(Unavailable, match="passes 1000 bytes"):
        asked(serve(reply_bytes(body=gzip.compress(b"x" * 10_000_000), Content_Encoding="gzip")).url, most=1000)
    with pytest.raises(Unavailable, match="cannot be read"):
        asked(serve(reply_bytes(body=b"x", Content_Encoding="br")).url)


def test_a_body_that_drips_ends(serve, reply_bytes) -> None:
    ticks = iter(range(0, 10_000, 10))
    with pytest.raises(Unavailable, match="longer than 5 s"):
        asked(serve(reply_bytes(body=b"x")).url, seconds=5, monotonic=lambda: float(next(ticks)))


@pytest.mark.parametrize("text", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", b"nonsense\r\n\r\n"])
def test_an_answer_that_is_none_or_is_cut_is_unavailable(serve, text: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        asked(serve(text).url)


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be reached"):
        asked(f"http://127.0.0.1:{port}")
