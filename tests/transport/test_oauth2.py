from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from scimaudit.errors import AuthenticationFailed, ConfigError, Unavailable
from scimaudit.transport import tls_context
from scimaudit.transport.oauth2 import ClientCredentials, Tokens
from tests.servers import oauth2, tls


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with oauth2.serving(tmp_path_factory.mktemp("oauth")) as found:
        yield found


@pytest.fixture
def tokens(server, monkeypatch, tmp_path, clock):
    monkeypatch.setenv("OAUTH_SECRET", oauth2.SECRET)

    def made(**more) -> Tokens:
        settings = {"token_url": server.token_url, "client_id": "audit:er", "secret": {"env": "OAUTH_SECRET"}, **more}
        return Tokens(
            ClientCredentials.model_validate(settings),
            tmp_path,
            verify=tls_context(server.ca),
            monotonic=clock.monotonic,
        )

    return made


def claims(headers) -> dict:
    kind, _, token = headers["Authorization"].partition(" ")
    assert kind == "Bearer"
    return jwt.decode(token, options={"verify_signature": False})


needs_server = pytest.mark.needs("oauth2-mock-server")


@needs_server
@pytest.mark.parametrize(
    ("place", "seen"),
    [
        ("header", {"body": ["grant_type", "scope"], "header": "Basic"}),
        ("body", {"body": ["client_id", "client_secret", "grant_type", "scope"], "header": ""}),
    ],
)
def test_the_secret_travels_where_the_server_wants_it(tokens, place, seen):
    found = claims(tokens(secret_in=place, scope="scim.read").headers())
    assert (found["seen"], found["scope"]) == (seen, "scim.read")


@needs_server
def test_a_key_signs_in_place_of_a_secret(tokens, tmp_path):
    made = tls.made_in(tmp_path, key=rsa.generate_private_key(65537, 2048))
    made.key.chmod(0o600)
    found = claims(tokens(secret=None, private_key=made.key.name, key_id="k1").headers())
    assert found["seen"]["body"] == ["client_assertion", "client_assertion_type", "grant_type"]


@needs_server
def test_a_token_is_used_until_shortly_before_its_end(tokens, clock):
    tried = tokens()
    first = tried.headers()
    clock.now += 3600 - 61
    assert tried.headers() == first
    clock.now += 2
    assert tried.headers() != first


@needs_server
def test_a_wrong_secret_says_what_the_server_says(tokens, monkeypatch):
    monkeypatch.setenv("OAUTH_SECRET", "wrong-secret")
    with pytest.raises(AuthenticationFailed, match="the client is not known") as raised:
        tokens().headers()
    assert "wrong-secret" not in str(raised.value)


@needs_server
def test_an_authority_nobody_knows(server, tokens, tmp_path):
    settings = ClientCredentials.model_validate(
        {"token_url": server.token_url, "client_id": "x", "secret": {"command": "echo x"}}
    )
    with pytest.raises(Unavailable, match="cannot be reached"):
        Tokens(settings, tmp_path, verify=tls_context()).headers()


def plain(serve, reply: bytes, tmp_path) -> Tokens:
    settings = {"token_url": serve(reply).url + "/token", "client_id": "x", "secret": {"command": "echo x"}}
    return Tokens(ClientCredentials.model_validate(settings), tmp_path, verify=tls_context())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"token_type": "Bearer"}'),
        (200, b'{"access_token": "t", "token_type": "mac"}'),
        (200, '{"access_token": "tök"}'.encode()),
        (302, b'{"access_token": "t"}'),
        (500, b""),
    ],
)
def test_an_answer_without_a_bearer_token_is_refused(serve, reply_bytes, tmp_path, status, body):
    with pytest.raises(AuthenticationFailed, match="gave no bearer token"):
        plain(serve, reply_bytes(status, body), tmp_path).headers()


def test_an_endless_answer_is_not_read_to_its_end(serve, reply_bytes, tmp_path):
    body = b'{"access_token": "t"}' + b" " * (2 << 20)
    with pytest.raises(AuthenticationFailed, match="no bearer token"):
        plain(serve, reply_bytes(200, body), tmp_path).headers()


def test_a_token_without_an_end_is_taken_for_a_short_one(serve, reply_bytes, tmp_path):
    tried = plain(serve, reply_bytes(200, b'{"access_token": "t"}'), tmp_path)
    assert tried.headers() == {"Authorization": "Bearer t"}


@pytest.mark.parametrize("more", [{}, {"secret": {"env": "X"}, "private_key": "k.pem"}])
def test_one_proof_and_not_two(more):
    with pytest.raises(ValueError, match="exactly one of secret, private_key"):
        ClientCredentials.model_validate({"token_url": "https://x", "client_id": "x", **more})


def test_a_token_endpoint_in_clear_is_refused(tmp_path):
    settings = ClientCredentials.model_validate(
        {"token_url": "http://login.example/token", "client_id": "x", "secret": {"env": "X"}}
    )
    with pytest.raises(ConfigError, match="plain http"):
        Tokens(settings, tmp_path, verify=tls_context())


def test_a_key_that_cannot_sign(tmp_path):
    (tmp_path / "k.pem").write_text("nothing")
    (tmp_path / "k.pem").chmod(0o600)
    settings = ClientCredentials.model_validate(
        {"token_url": "https://login.example/token", "client_id": "x", "private_key": "k.pem"}
    )
    with pytest.raises(ConfigError, match=r"private key k\.pem cannot sign with RS256"):
        Tokens(settings, tmp_path, verify=tls_context()).headers()


def test_a_client_asks_for_headers_each_time(serve, client, reply_bytes):
    server, held = serve(reply_bytes()), iter(["one", "two"])
    made = client(server.url, headers=lambda: {"Authorization": next(held)})
    made.get("/a")
    made.get("/b")
    assert ["authorization: one" in text.lower() for text in server.requests] == [True, False]


def test_a_client_certificate_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"client certificate .* cannot be read"):
        tls_context(None, tmp_path / "nothing.pem")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
def test_a_client_certificate_that_is_none_or_is_open_to_others(tmp_path, mode):
    (tmp_path / "client.pem").write_text("nothing")
    (tmp_path / "client.pem").chmod(mode)
    with pytest.raises(ConfigError, match="cannot be used" if mode == 0o600 else "can be read by others"):
        tls_context(None, tmp_path / "client.pem")


def test_a_key_that_others_can_read_does_not_sign(tmp_path):
    (tmp_path / "k.pem").write_text("nothing")
    (tmp_path / "k.pem").chmod(0o644)
    settings = ClientCredentials.model_validate(
        {"token_url": "https://login.example/token", "client_id": "x", "private_key": "k.pem"}
    )
    with pytest.raises(ConfigError, match="can be read by others"):
        Tokens(settings, tmp_path, verify=tls_context()).headers()


@pytest.mark.parametrize("place", ["header", "body"])
def test_an_endpoint_that_quotes_the_secret_is_not_quoted(serve, reply_bytes, tmp_path, monkeypatch, place):
    monkeypatch.setenv("CLIENT_SECRET", "short/1+")
    server = serve(reply_bytes(400, b'{"error": "invalid_client", "error_description": "short/1+ is wrong"}'))
    settings = ClientCredentials.model_validate(
        {"token_url": server.url, "client_id": "x", "secret": {"env": "CLIENT_SECRET"}, "secret_in": place}
    )
    with pytest.raises(AuthenticationFailed, match="its words are left out") as caught:
        Tokens(settings, tmp_path, verify=tls_context()).headers()
    assert "short" not in str(caught.value)


@pytest.mark.parametrize("token", ["a b", "a\nX-Evil: 1", "", "a\x00", "é"])
def test_a_token_that_no_header_carries_is_none(serve, reply_bytes, tmp_path, monkeypatch, token):
    monkeypatch.setenv("CLIENT_SECRET", "s")
    server = serve(reply_bytes(200, json.dumps({"access_token": token, "token_type": "Bearer"}).encode()))
    settings = ClientCredentials.model_validate(
        {"token_url": server.url, "client_id": "x", "secret": {"env": "CLIENT_SECRET"}}
    )
    with pytest.raises(AuthenticationFailed, match="gave no bearer token"):
        Tokens(settings, tmp_path, verify=tls_context()).headers()
