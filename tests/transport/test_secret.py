from __future__ import annotations

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError

from scimaudit.errors import ConfigError
from scimaudit.transport.secret import Secret


class Kept(KeyringBackend):
    """A keyring in memory: this machine runs none."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        if service == "locked":
            raise NoKeyringError("no keyring runs here")
        return {"acme/reader": " token \n"}.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


@pytest.fixture(autouse=True)
def _keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(Kept())
    yield
    keyring.set_keyring(before)


def test_a_secret_from_the_keyring(tmp_path):
    secret = Secret.model_validate({"keyring": "acme/reader"})
    assert secret.resolve(tmp_path).get_secret_value() == "token"
    assert str(secret) == "keyring acme/reader"


@pytest.mark.parametrize(
    ("place", "said"), [("acme/nobody", "the keyring holds no acme/nobody"), ("locked/x", "could not be had")]
)
def test_a_secret_that_the_keyring_does_not_give(tmp_path, place, said):
    with pytest.raises(ConfigError, match=said) as raised:
        Secret.model_validate({"keyring": place}).resolve(tmp_path)
    assert raised.value.hint


@pytest.mark.parametrize("given", [{}, {"env": "X", "keyring": "a/b"}, {"keyring": "nothing"}])
def test_one_place_and_not_two(given):
    with pytest.raises(ValueError, match=r"exactly one|match pattern"):
        Secret.model_validate(given)
