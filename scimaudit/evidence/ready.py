"""Whether an audit could be sealed as the configuration wants it, tried before there is one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scimaudit.config import Config
from scimaudit.errors import ConfigError
from scimaudit.evidence import STATEMENT, signing, timestamp

_TRIAL: Final = b"scimaudit check"
"""What is signed and stamped on trial; a statement begins otherwise."""


@dataclass(frozen=True)
class SealCheck:
    """A part of sealing.

    :param part: ``bundles``, ``key`` or ``timestamp``. ``where``: the folder, the file, the address.
    :param error: why it will fail, and ``hint`` what to do; empty where it will not.
    """

    part: str
    where: str
    error: str
    hint: str


def ready(config: Config) -> tuple[SealCheck, ...]:
    """Each part of sealing that is configured: the folder is written to, the key signs, the authority stamps."""
    asked, key = config.evidence, config.signing_key
    found = []
    if asked.seal:
        found.append(_tried("bundles", str(asked.bundles), lambda: _written(config.bundles)))
    if key is not None:
        found.append(_tried("key", str(asked.key), lambda: _signed(key)))
    if asked.timestamp is not None:
        found.append(_tried("timestamp", asked.timestamp, lambda: _stamped(config)))
    return tuple(found)


def _tried(part: str, where: str, attempt: Callable[[], None]) -> SealCheck:
    try:
        attempt()
    except ConfigError as error:
        return SealCheck(part, where, error.message, error.hint)
    except OSError as error:
        hint = "choose a folder that can be written to as evidence.bundles"
        return SealCheck(part, where, f"{error.filename} cannot be written: {error.strerror or error}", hint)
    return SealCheck(part, where, "", "")


def _written(bundles: Path) -> None:
    """Write a file that has no name, where bundles are, or where their folder would be made."""
    there = next(path for path in (bundles, *bundles.absolute().parents) if path.exists())
    with tempfile.TemporaryFile(dir=there):
        pass


def _signed(key: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="scimaudit-check-") as folder:
        (Path(folder) / STATEMENT).write_bytes(_TRIAL)
        signing.sign(Path(folder), key)


def _stamped(config: Config) -> None:
    authority = timestamp.Authority.of(config)
    if authority is not None:
        timestamp.obtain(_TRIAL, authority)
