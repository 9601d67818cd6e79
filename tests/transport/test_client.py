import base64
import gzip
import zlib

import httpx
import pytest

from scimaudit.errors import AuthenticationFailed, ConfigError, Incomplete, Malformed, Unavailable
from scimaudit.sources import Reply
from scimaudit.transport import Budgets, Client, ServerError, observed, segment, tls_context
from scimaudit.transport.origin import Origin, OriginAuth, secrets_in
from scimaudit.transport.spoken import forms


def test_get_sends_parameters_encoded_and_gives_body_and_number(serve, client, reply_bytes):
    server = serve(reply_bytes(body=b'{"a":1}'))
    reply, number = client(server.url + "/scim/v2").get("/Users", {"cursor": "a+b=/:", "count": "2"})
    assert (reply.status, reply.body, number) == (200, b'{"a":1}', 0)
    assert server.requests[0].startswith("GET /scim/v2/Users?cursor=a%2Bb%3D%2F%3A&count=2 HTTP/1.1")


def test_parameters_join_a_query_that_is_there(serve, client, reply_bytes):
    server = serve(reply_bytes())
    client(server.url).get("/Users?a=1", {"b": "2"})
    assert "/Users?a=1&b=2 " in server.requests[0]


def test_credentials_go_to_their_origin(serve, client, reply_bytes):
    server = serve(reply_bytes())
    client(server.url, headers={"Authorization": "Bearer t", "X-Api-Key": "k"}).get("/Users")
    assert "bearer t" in server.requests[0].lower()
    assert "x-api-key: k" in server.requests[0].lower()


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/Users",
        "https://127.0.0.1/Users",
        "//evil.example/Users",
        "http://user@evil.example/Users",
        "http://evil.example\\@127.0.0.1/",
        "ftp://127.0.0.1/x",
        "Users",
        "http://127.0.0.1:99999999/",
    ],
)
def test_another_origin_is_refused_before_anything_is_sent(serve, client, reply_bytes, target):
    server = serve(reply_bytes())
    with pytest.raises(Malformed, match="refused to ask"):
        client(server.url).get(target)
    assert server.requests == []


def test_absolute_url_of_the_same_origin_is_asked(serve, client, reply_bytes):
    server = serve(reply_bytes())
    client(server.url + "/a").get(server.url + "/b?c=1")
    assert server.requests[0].startswith("GET /b?c=1 ")


@pytest.mark.parametrize(
    "url",
    ["http://app.example/scim", "https://u:p@app.example", "https://app.example?x=1", "https://app.example#x", "app.example",
     "https://", "file:///x"],
)  # fmt: skip
def test_base_url_must_be_https_and_plain(client, url):
    with pytest.raises(ConfigError, match="base_url"):
        client(url)


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.2", "http://[::1]:8080/scim", "https://app.example"]
)
def test_loopback_may_be_http(client, url):
    client(url)


def test_a_bad_proxy_is_named_without_its_password(client):
    with pytest.raises(ConfigError) as caught:
        client("http://127.0.0.1:1", proxy="gopher://user:secret@x")
    assert "secret" not in str(caught.value)


def test_environment_proxies_are_not_used(serve, client, reply_bytes, monkeypatch):
    server = serve(reply_bytes())
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    client(server.url).get("/Users")
    assert len(server.requests) == 1


def test_a_configured_proxy_is_used(serve, client, reply_bytes):
    proxy = serve(reply_bytes())
    client("http://127.0.0.1:1", proxy=proxy.url).get("/Users")
    assert proxy.requests[0].startswith("GET http://127.0.0.1:1/Users ")


def test_redirects_are_not_followed(serve, client, reply_bytes):
    other = serve(reply_bytes())
    server = serve(reply_bytes(302, Location=other.url + "/login?token=secret"))
    with pytest.raises(Malformed, match="redirects") as caught:
        client(server.url, headers={"Authorization": "Bearer t"}).get("/Users")
    assert other.requests == []
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_denied(serve, client, reply_bytes, status):
    made = client(serve(reply_bytes(status)).url)
    with pytest.raises(AuthenticationFailed) as caught:
        made.get("/Users", {"filter": 'userName eq "ana"'})
    assert caught.value.source == "apps.x.listings[0]"
    assert "ana" not in str(caught.value)
    # On record all the same: what a listing had to go on without is part of what it proves.
    assert len(made.recorded) == 1


def test_other_5xx_is_not_retried_and_carries_its_status(serve, client, reply_bytes):
    server = serve(reply_bytes(500))
    with pytest.raises(ServerError) as caught:
        client(server.url).get("/Users")
    assert caught.value.status == 500
    assert len(server.requests) == 1


def test_404_is_a_reply(serve, client, reply_bytes):
    assert client(serve(reply_bytes(404)).url).get("/Users/1")[0].status == 404


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retried_until_it_answers_and_only_the_answer_is_recorded(serve, client, clock, reply_bytes, status):
    made = client(serve(reply_bytes(status), reply_bytes(status), reply_bytes(body=b"[]")).url)
    assert made.get("/Users")[0].body == b"[]"
    assert clock.slept == [0.5, 1.0]
    assert len(made.recorded) == 1
    assert (made.cost.requests, made.cost.waited, made.cost.bytes) == (3, 1.5, 6)


@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        ({"Retry_After": "7"}, 7),
        ({"X_Retry_After": "10"}, 10),
        ({"Retry_After": "3", "X_Retry_After": "10"}, 10),
        ({"Retry_After": "Mon, 23 Nov 2026 10:00:30 GMT", "Date": "Mon, 23 Nov 2026 10:00:00 GMT"}, 30),
        ({"Retry_After": "Mon, 23 Nov 2026 00:00:20 GMT"}, 20),
        ({"Retry_After": "Mon, 23 Nov 2026 00:00:20 -0000"}, 20),
        ({"Retry_After": "Sun, 22 Nov 2026 00:00:20 GMT"}, 0),
        ({"Retry_After": "soon"}, 0.5),
        ({"Retry_After": "nan"}, 0.5),
        ({"Retry_After": "-5"}, 0),
    ],
)
def test_retry_after_is_honoured(serve, client, clock, reply_bytes, headers, slept):
    client(serve(reply_bytes(429, **headers), reply_bytes()).url).get("/Users")
    assert clock.slept == [slept]


def test_a_pause_too_long_is_not_taken(serve, client, clock, reply_bytes):
    with pytest.raises(Unavailable, match="86400"):
        client(serve(reply_bytes(503, Retry_After="86400")).url).get("/Users")
    assert clock.slept == []


def test_waiting_has_a_budget(serve, client, clock, reply_bytes):
    with pytest.raises(Incomplete, match="waiting"):
        client(serve(reply_bytes(429, Retry_After="10")).url, budgets=Budgets(waits=25)).get("/Users")
    assert clock.slept == [10, 10]


def test_retries_end(serve, client, reply_bytes):
    server = serve(reply_bytes(503))
    with pytest.raises(Unavailable, match="status 503"):
        client(server.url).get("/Users")
    assert len(server.requests) == 5


def test_a_truncated_body_is_retried(serve, client, reply_bytes):
    short = b'HTTP/1.1 200 X\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{"Resources":'
    assert client(serve(short, reply_bytes(body=b"[1]")).url).get("/Users")[0].body == b"[1]"


def test_a_body_that_is_always_truncated_is_unavailable(serve, client):
    short = b"HTTP/1.1 200 X\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{"
    with pytest.raises(Unavailable, match="RemoteProtocolError"):
        client(serve(short).url).get("/Users")


def test_nobody_listens(client):
    with pytest.raises(Unavailable, match="ConnectError"):
        client("http://127.0.0.1:1").get("/Users")


def test_gzip_is_undone(serve, client, reply_bytes):
    server = serve(reply_bytes(body=gzip.compress(b'{"a":1}'), Content_Encoding="gzip"))
    assert client(server.url).get("/Users")[0].body == b'{"a":1}'


def test_a_gzip_bomb_is_stopped(serve, client, reply_bytes):
    bomb = gzip.compress(b"0" * 50_000_000)
    with pytest.raises(Incomplete, match="passes 1000000 bytes"):
        client(serve(reply_bytes(body=bomb, Content_Encoding="gzip")).url, budgets=Budgets(body=1_000_000)).get(
            "/Users"
        )


def test_a_long_body_is_stopped(serve, client, reply_bytes):
    with pytest.raises(Incomplete, match="passes 10 bytes"):
        client(serve(reply_bytes(body=b"0" * 11)).url, budgets=Budgets(body=10)).get("/Users")


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (gzip.compress(b"a") + gzip.compress(b"b"), "gzip", "follow the end"),
        (b"plain", "gzip", "not gzip"),
        (zlib.compress(b"a"), "deflate", "not asked for"),
        (gzip.compress(gzip.compress(b"a")), "gzip, gzip", "not asked for"),
    ],
    ids=["two streams", "no gzip", "deflate", "gzip twice"],  # compressed bytes hold the time: no name for a test
)
def test_strange_encodings_are_malformed(serve, client, reply_bytes, body, encoding, why):
    with pytest.raises(Malformed, match=why):
        client(serve(reply_bytes(body=body, Content_Encoding=encoding)).url).get("/Users")


def test_a_gzip_stream_without_end_is_retried(serve, client, reply_bytes):
    cut = gzip.compress(b"abc" * 100)[:-6]
    server = serve(reply_bytes(body=cut, Content_Encoding="gzip"), reply_bytes())
    client(server.url).get("/Users")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("budgets", "word"),
    [(Budgets(requests=2), "2 requests"), (Budgets(bytes=4), "4 bytes"), (Budgets(seconds=-1), "seconds")],
)
def test_budgets_end_in_incomplete(serve, client, reply_bytes, budgets, word):
    made = client(serve(reply_bytes()).url, budgets=budgets)
    with pytest.raises(Incomplete, match=word):
        for _ in range(3):
            made.get("/Users")


def test_one_request_may_not_drip_for_ever(serve, client, reply_bytes):
    ticks = iter(range(0, 10_000, 100))
    with pytest.raises(Unavailable, match="took longer than 50 s"):
        client(serve(reply_bytes()).url, monotonic=lambda: next(ticks), budgets=Budgets(request=50)).get("/Users")


def test_no_pause_is_taken_that_would_end_past_the_deadline(serve, client, clock, reply_bytes):
    busy = reply_bytes(429, Retry_After="100")
    with pytest.raises(Incomplete, match="60 seconds ran out"):
        client(serve(busy).url, budgets=Budgets(seconds=60)).get("/Users")
    assert clock.slept == []


@pytest.mark.parametrize(
    ("target", "params"),
    [
        ("/Users", {"filter": "x" * 70_000}),
        ("/Users/" + segment("x" * 70_000), None),
        ("/Users/" + segment("ü" * 66_000), None),
    ],
)
def test_an_address_out_of_all_proportion_is_not_asked_for(serve, client, reply_bytes, target, params):
    server = serve(reply_bytes())
    with pytest.raises(Malformed, match="refused to ask for an address of"):
        client(server.url).get(target, params)
    assert server.requests == []


def test_the_rate_is_kept(serve, client, clock, reply_bytes):
    made = client(serve(reply_bytes()).url, rate=4)
    for _ in range(3):
        made.get("/Users")
    assert clock.slept == [0.25, 0.25]


def test_what_an_interrupted_pull_asked_was_asked_and_takes_nothing_of_the_budget(client):
    # A listing that was asked for by nobody would have no date.
    made = client("http://127.0.0.1:1", exchange=lambda *_: (Reply(200, {}, b"{}"), 7), budgets=Budgets(requests=1))
    assert [made.get("/Users")[1] for _ in range(3)] == [7, 7, 7]
    assert (made.cost.requests, made.cost.bytes) == (3, 6)


def test_cookies_are_not_kept(serve, client, reply_bytes):
    server = serve(reply_bytes(Set_Cookie="session=1"))
    made = client(server.url)
    made.get("/a")
    made.get("/b")
    assert "cookie" not in server.requests[1].lower()


def test_a_url_too_long_to_ask_once_it_is_encoded(serve, client, reply_bytes):
    with pytest.raises(Malformed, match="cannot be asked"):
        client(serve(reply_bytes()).url).get("/Users", {"cursor": "é" * 30_000})


@pytest.mark.parametrize(
    ("text", "quoted"), [("a/b", "a%2Fb"), ("..", "%2E%2E"), ("1?x=", "1%3Fx%3D"), ("a.b", "a.b"), ("é", "%C3%A9")]
)
def test_segment_is_one_segment(text, quoted):
    assert segment(text) == quoted


def test_tls_context_is_shared_and_writes_no_keys(monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    tls_context.cache_clear()
    assert tls_context() is tls_context()
    assert tls_context().keylog_filename is None


def test_a_bad_authority_file(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        tls_context(tmp_path / "ca.pem")


def test_only_get_exists():
    assert not {"post", "put", "patch", "delete", "request", "send"} & set(dir(Client))


def test_what_replies_tell_of_a_rate_limit(serve, client, reply_bytes):
    limited = reply_bytes(X_RateLimit_Limit="600", X_RateLimit_Remaining="599", X_RateLimit_Reset="1764000000")
    server = serve(reply_bytes(429, Retry_After="1"), limited)
    asking = client(server.url)
    asking.get("/Users")
    told = asking.facts["rate limit"]
    assert told == "x-ratelimit-limit 600, x-ratelimit-remaining 599; 429 came 1 times"


def test_no_answer_of_a_cache_is_asked_for(serve, client, reply_bytes):
    server = serve(reply_bytes())
    client(server.url).get("/Users")
    assert "cache-control: no-cache" in server.requests[0].lower()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("301", 301),
        (" 7 ", 7),
        ("86400, 5", 86_400),
        ("000000000086400", 86_400),
        ("0", 0),
        ("", 0),
        ("-1", 0),
        ("1.5", 0),
        ("٣", 0),
        ("9" * 5000, 9_999_999_999),
    ],
)
def test_how_long_an_answer_had_lain_in_a_cache(told, seconds):
    assert observed.age({"age": told}) == seconds
    assert observed.age({}) == 0


def test_a_replayed_listing_tells_nothing_of_the_connection(client):
    asking = client("https://app.example", exchange=lambda *_: (Reply(200, {}, b"{}"), 0))
    asking.get("/Users")
    assert asking.facts == {}


SECRET = "canary-5f2a9c31d7e84b60"


@pytest.mark.parametrize(
    ("headers", "echo"),
    [
        ({"Authorization": f"Bearer {SECRET}"}, SECRET),
        ({"X-Api-Key": SECRET}, f"you sent {SECRET}!"),
        ({"Authorization": "Basic " + base64.b64encode(f"svc:{SECRET}".encode()).decode()}, SECRET),
        (
            {"Authorization": "Basic " + base64.b64encode(f"svc:{SECRET}".encode()).decode()},
            base64.b64encode(f"svc:{SECRET}".encode()).decode(),
        ),
    ],
)
@pytest.mark.parametrize("place", ["body", "header", "refusal"])
def test_an_answer_that_gives_the_credentials_away_is_not_kept(serve, client, reply_bytes, headers, echo, place):
    told = {
        "body": reply_bytes(body=b'{"Resources": [], "debug": "%s"}' % echo.encode()),
        "header": reply_bytes(Etag=echo),
        "refusal": reply_bytes(401, echo.encode()),
    }
    kept = []

    def exchange(method, url, send):
        reply = send()
        kept.append(reply)
        return reply, 0

    server = serve(told[place])
    with pytest.raises(Malformed, match="nothing of it is kept") as caught:
        client(server.url, headers=headers, exchange=exchange).get("/Users")
    assert kept == []
    assert SECRET not in str(caught.value) + repr(caught.value) + caught.value.hint


def test_a_short_word_in_the_headers_is_no_secret(serve, client, reply_bytes):
    server = serve(reply_bytes(body=b'{"ConsistencyLevel": "eventual"}'))
    reply, _ = client(server.url, headers={"ConsistencyLevel": "eventual"}).get("/Users")
    assert b"eventual" in reply.body


def test_a_token_that_was_renewed_is_looked_for_as_long_as_the_listing_lasts(serve, client, reply_bytes):
    first, second = "token-of-the-first-hour", "token-of-the-second-hour"
    held = iter([first, second, second])
    server = serve(reply_bytes(), reply_bytes(), reply_bytes(200, f'{{"told": "{first}"}}'.encode()))
    made = client(server.url, headers=lambda: {"Authorization": f"Bearer {next(held)}"})
    made.get("/a")
    made.get("/b")
    with pytest.raises(Malformed, match="credentials that it was asked with"):
        made.get("/c")
    assert made.recorded == [f"GET {server.url}/a", f"GET {server.url}/b"]


def test_credentials_that_are_new_for_every_request_are_not_all_looked_for():
    number = iter(range(1000))
    auth = OriginAuth(
        Origin.of_base("https://app.example"),
        lambda: {"Authorization": f"Bearer token-of-one-request-{next(number):03d}", "X-Key": "key-of-every-request"},
        ("password-of-the-proxy",),
    )
    for _ in range(100):
        next(auth.auth_flow(httpx.Request("GET", "https://app.example/Users")))
    assert len(auth.secrets) == 2 + 24
    assert {"password-of-the-proxy", "key-of-every-request", "token-of-one-request-099"} <= set(auth.secrets)
    assert set(auth.spoken) == set(forms(auth.secrets))


@pytest.mark.parametrize("written", [r"abc\/def+ghi\/jkl==", "abc%2Fdef%2Bghi%2Fjkl%3D%3D", "abc/def+ghi/jkl=="])
def test_a_secret_is_known_in_the_forms_it_is_written_in(written):
    assert written.encode() in forms(secrets_in({"Authorization": "Bearer abc/def+ghi/jkl=="}))


def test_a_basic_header_that_is_no_pair_is_a_secret_all_the_same():
    assert secrets_in({"Authorization": "Basic not-base64-at-all-x"}) == ("not-base64-at-all-x",)
