"""Secrets by reference only: from the environment, a private file or a command, never from the configuration itself."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from scimaudit.errors import ConfigError


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
        path = base / (self.file or "")
        try:
            mode = path.stat().st_mode
            text = path.read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(f"the secret file {path} cannot be read: {error.strerror}") from error
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"the secret file {path} can be read by others", hint=f"chmod 600 {path}")
        return text

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
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError as error:
            raise ConfigError(f"{self} needs the keyring package", hint="pip install 'scimaudit[keyring]'") from error
        service, _, name = (self.keyring or "").partition("/")
        try:
            found = keyring.get_password(service, name)
        except KeyringError as error:
            hint = "use env, file or command where no keyring runs"
            raise ConfigError(f"the secret {self} could not be had: {error}", hint=hint) from error
        if found is None:
            raise ConfigError(f"the keyring holds no {self.keyring}", hint=f"keyring set {service} {name}")
        return found.strip()
