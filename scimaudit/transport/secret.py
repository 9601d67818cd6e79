"""Secrets by reference only: from the environment, a private file or a command, never from the configuration itself."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from scimaudit.errors import ConfigError

_OPEN: Final = re.compile(r"keyrings\.alt\.(?!file\.EncryptedKeyring$)|keyring\.backends\.null\.")
"""Back ends that protect nothing; the one that only fails says so itself."""


def keyring_backends() -> list[Any]:
    """The keyrings that this machine would ask, in that order.

    :raises ConfigError: the package that asks them is not installed.
    """
    try:
        import keyring
    except ImportError as error:
        raise ConfigError(
            "a secret in a keyring needs the keyring package", hint="pip install 'scimaudit[keyring]'"
        ) from error
    found = keyring.get_keyring()
    return list(getattr(found, "backends", ())) or [found]


def backend_name(backend: object) -> str:
    """What a keyring is called: the name of its class."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


_ELSE: Final = "use env, file or command where no keyring runs"


def private(path: Path, what: str) -> str:
    """The text of a file that its owner alone may read.

    :param what: what to call it, such as ``the secret file``.
    :raises ConfigError: it cannot be read, is no text, or is open to others.
    """
    try:
        with path.open("rb") as file:
            # Of the open file, so that what is read is what was looked at.
            mode = os.fstat(file.fileno()).st_mode
            text = file.read().decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        # The error would quote the bytes.
        raise ConfigError(f"{what} {path} is no text in UTF-8") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{what} {path} can be read by others", hint=f"chmod 600 {path}")
    return text


class Secret(BaseModel):
    """Where a secret is kept; exactly one of the four.

    ``{ env = "NAME" }``, ``{ file = "path" }`` (readable by its owner alone), ``{ command = "pass show x" }`` or
    ``{ keyring = "service/name" }``, which needs the extra ``scimaudit[keyring]``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = None
    file: Path | None = None
    command: str | None = None
    keyring: str | None = Field(None, pattern=r"^[^/]+/.+$")

    @model_validator(mode="after")
    def _one(self) -> Secret:
        if sum(value is not None for value in (self.env, self.file, self.command, self.keyring)) != 1:
            msg = "a secret is named by exactly one of env, file, command, keyring"
            raise ValueError(msg)
        return self

    def resolve(self, base: Path) -> SecretStr:
        """The secret's text.

        :param base: folder that a relative ``file`` is relative to.
        :raises ConfigError: it is unset, unreadable, empty, or its file is open to others.
        """
        if self.env:
            text = self._environment()
        elif self.file:
            text = self._file(base)
        else:
            text = self._command() if self.command else self._keyring()
        if not text:
            raise ConfigError(f"the secret {self} is empty")
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise ConfigError(f"the secret {self} holds a control character", hint="a token is a single line of text")
        return SecretStr(text)

    def __str__(self) -> str:
        """How to speak of the secret without telling it."""
        if self.keyring:
            return f"keyring {self.keyring}"
        return f"env {self.env}" if self.env else f"file {self.file}" if self.file else f"command {self.command!r}"

    def _environment(self) -> str:
        value = os.environ.get(self.env or "")
        if value is None:
            hint = f"export {self.env}=… and try again"
            raise ConfigError(f"the environment variable {self.env} is not set", hint=hint)
        return value.strip()

    def _file(self, base: Path) -> str:
        return private(base / (self.file or ""), "the secret file").strip()

    def _command(self) -> str:
        try:
            command = shlex.split(self.command or "")
            # The command is the operator's own configuration; no shell takes part in it.
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise ConfigError(f"the secret {self} could not be had: {error}") from error
        if done.returncode:
            raise ConfigError(f"the secret {self} could not be had: exit code {done.returncode}")
        return done.stdout.strip()

    def _keyring(self) -> str:
        service, _, name = (self.keyring or "").partition("/")
        backends = keyring_backends()
        from keyring.errors import KeyringError

        for backend in backends:
            try:
                found = backend.get_password(service, name)
            except KeyringError as error:
                raise ConfigError(f"the secret {self} could not be had: {error}", hint=_ELSE) from error
            if found is not None and _OPEN.match(backend_name(backend)):
                raise ConfigError(f"{backend_name(backend)} keeps {self.keyring} in plain text", hint=_ELSE)
            if found is not None:
                return str(found).strip()
        raise ConfigError(f"the keyring holds no {self.keyring}", hint=f"keyring set {service} {name}")
