from __future__ import annotations

import base64

import pytest
from pydantic import TypeAdapter, ValidationError

from scimaudit.errors import ConfigError, Malformed
from scimaudit.transport.proxy import Address, password_in, with_password
from scimaudit.transport.secret import Secret

PASSWORD = "p@ss/w:rd?and#more"


@pytest.fixture
def secret(monkeypatch) -> Secret:
    monkeypatch.setenv("PROXY_PASSWORD", PASSWORD)
    return Secret.model_validate({"env": "PROXY_PASSWORD"})


@pytest.mark.parametrize("address", ["http://proxy:3128", "http://svc@proxy:3128", "https://proxy"])
def test_an_address_without_a_password_is_one(address):
    assert TypeAdapter(Address).validate_python(address) == address
    assert password_in(address) == ()


def test_a_password_in_the_address_is_refused_without_repeating_it():
    with pytest.raises(ValidationError, match="proxy_password") as caught:
        TypeAdapter(Address).validate_python("http://svc:hush@proxy:3128")
    assert "hush" not in caught.value.errors()[0]["msg"]


def test_the_password_goes_into_the_address_that_is_used(secret, tmp_path):
    address = with_password("http://svc@proxy:3128", secret, tmp_path)
    assert address == "http://svc:p%40ss%2Fw%3Ard%3Fand%23more@proxy:3128"
    assert password_in(address) == (PASSWORD,)
    assert with_password("http://proxy:3128", None, tmp_path) == "http://proxy:3128"
    assert with_password(None, secret, tmp_path) is None


def test_a_password_of_nobody_is_refused(secret, tmp_path):
    with pytest.raises(ConfigError, match="whose"):
        with_password("http://proxy:3128", secret, tmp_path)


def test_what_is_no_address_has_no_password():
    assert password_in("http://[::1:3128") == ()


def test_the_proxy_is_told_and_a_proxy_that_tells_is_not_kept(serve, client, reply_bytes, secret, tmp_path):
    proxy = serve(reply_bytes(), reply_bytes(407, f"<p>no user {PASSWORD}".encode()))
    address = with_password(proxy.url.replace("://", "://svc@"), secret, tmp_path)
    made = client("http://127.0.0.1:1", proxy=address)
    made.get("/Users")
    told = base64.b64encode(f"svc:{PASSWORD}".encode()).decode()
    assert f"proxy-authorization: Basic {told}".lower() in proxy.requests[0].lower()
    with pytest.raises(Malformed, match="nothing of it is kept"):
        made.get("/Users")
