"""Keyed tokens: HMAC-SHA-256 (RFC 2104), of which the first 80 bits are shown.

A plain hash of an address is undone by hashing addresses until one fits; with a key that takes the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from scimaudit import identifiers
from scimaudit.errors import ConfigError

BYTES: Final = 32
_SHOWN: Final = 10
"""Bytes of a token that are shown: 80 bits, sixteen letters of base32 without padding."""


class Tokens:
    """What one key makes of texts: the same of the same, another of another."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def named(self) -> str:
        """Which key it is, without telling it."""
        return self._of("k", b"key")

    def exact(self, text: str) -> str:
        """The token of exactly this text."""
        return self._of("p", b"of\0" + text.encode("utf-8", "surrogatepass"))

    def name(self, text: str) -> str:
        """The token of the form in which correlation compares a text; of a blank one the text itself."""
        folded = identifiers.key(text)
        return text if folded is None else self.exact(folded)

    def words(self, text: str) -> str:
        """The token that stands for a whole text."""
        return self._of("t", b"text\0" + text.encode("utf-8", "surrogatepass"))

    def _of(self, prefix: str, told: bytes) -> str:
        made = hmac.digest(self._key, told, hashlib.sha256)[:_SHOWN]
        return f"{prefix}-{base64.b32encode(made).decode().lower()}"


def key(text: str) -> bytes:
    """A key from its text: 64 hexadecimal digits.

    :raises ConfigError: it is something else.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != BYTES:
        raise ConfigError(
            f"the key for pseudonyms is not {BYTES} bytes in hexadecimal digits", hint="--new-key makes one"
        )
    return found


def make_key(path: Path) -> None:
    """Write a new random key to a file that its owner alone can read; a file that is there stays as it is.

    :raises ConfigError: there is a file, or it cannot be written.
    """
    try:
        with open(path, "x", encoding="ascii", opener=_private) as file:
            file.write(secrets.token_hex(BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise ConfigError(f"there is a file {path} already", hint="leave out --new-key to use it") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
