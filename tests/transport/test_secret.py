from __future__ import annotations

import copy

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import NoKeyringError
from pydantic import BaseModel, SecretStr

from scimaudit.errors import ConfigError
from scimaudit.transport.secret import Secret, backend_name, keyring_backends, private


class Holding(BaseModel):
    found: SecretStr


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


def test_a_keyring_that_keeps_plain_text_is_refused(tmp_path):
    plain = type("PlaintextKeyring", (Kept,), {"__module__": "keyrings.alt.file"})
    keyring.set_keyring(plain())
    with pytest.raises(ConfigError, match=r"keyrings\.alt\.file\.PlaintextKeyring keeps acme/reader in plain text"):
        Secret.model_validate({"keyring": "acme/reader"}).resolve(tmp_path)


def test_of_several_keyrings_the_one_that_holds_it_counts(tmp_path):
    plain = type("PlaintextKeyring", (Kept,), {"__module__": "keyrings.alt.file"})
    chained = type("Chain", (Kept,), {"backends": [Kept(), plain()]})
    keyring.set_keyring(chained())
    assert Secret.model_validate({"keyring": "acme/reader"}).resolve(tmp_path).get_secret_value() == "token"
    assert [backend_name(each).rpartition(".")[2] for each in keyring_backends()] == ["Kept", "PlaintextKeyring"]


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_a_keyring_that_keeps_nothing_is_no_keyring(tmp_path, backend):
    keyring.set_keyring(backend())
    with pytest.raises(ConfigError, match=r"could not be had|holds no acme/reader"):
        Secret.model_validate({"keyring": "acme/reader"}).resolve(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o777])
def test_a_file_that_others_can_read_or_write_holds_no_secret(tmp_path, mode):
    (tmp_path / "token").write_text("tok-hush")
    (tmp_path / "token").chmod(mode)
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        Secret.model_validate({"file": "token"}).resolve(tmp_path)
    assert "tok-hush" not in str(caught.value)
    (tmp_path / "token").chmod(0o600)
    assert Secret.model_validate({"file": "token"}).resolve(tmp_path).get_secret_value() == "tok-hush"


def test_bytes_that_are_no_text_are_not_quoted(tmp_path):
    (tmp_path / "token").write_bytes(b"tok-hush\xff")
    (tmp_path / "token").chmod(0o600)
    with pytest.raises(ConfigError, match="is no text") as caught:
        private(tmp_path / "token", "the secret file")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, lambda each: f"{each}", copy.deepcopy])
def test_a_secret_is_not_shown_by_showing_it(tmp_path, monkeypatch, show):
    monkeypatch.setenv("HUSH", "tok-hush")
    secret = Secret.model_validate({"env": "HUSH"})
    found = secret.resolve(tmp_path)
    assert "tok-hush" not in str(show(found))
    assert "tok-hush" not in str(show(secret)) + secret.model_dump_json()
    assert "tok-hush" not in Holding(found=found).model_dump_json()


@pytest.mark.parametrize("command", ["sh -c 'echo tok-hush; echo tok-hush >&2; exit 3'", "no-such-program tok", "'"])
def test_what_a_command_says_when_it_fails_is_not_quoted(tmp_path, command):
    with pytest.raises(ConfigError, match="could not be had") as caught:
        Secret.model_validate({"command": command}).resolve(tmp_path)
    assert "tok-hush" not in str(caught.value).replace(command, "").replace(repr(command), "")
