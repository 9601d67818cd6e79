"""Where the sample company is, and how to put a working copy of it to use."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from scimaudit.demo.server import Running
from scimaudit.errors import ConfigError

TOKEN_VARIABLE: Final = "SCIMAUDIT_DEMO_TOKEN"  # noqa: S105 - the name of an environment variable
"""The environment variable that the sample configuration takes its bearer token from."""
_PLACEHOLDER: Final = "http://127.0.0.1:0"


def sample_folder() -> Path:
    """The sample company's folder: inside the installed package, or ``sample-data`` in a checkout.

    :raises ConfigError: the installation lacks it.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "sample_data", package.parent / "sample-data"):
        if (folder / "scimaudit.toml").is_file():
            return folder
    raise ConfigError("the sample company is not part of this installation", hint="install scimaudit from its wheel")


def prepare(target: Path, running: Running) -> Path:
    """Copy the sample company to ``target`` and point its configuration at the running apps.

    :returns: the path of the working ``scimaudit.toml``; its token is read from :data:`TOKEN_VARIABLE`.
    :raises ConfigError: ``target`` holds something that is not the demonstration.
    """
    copy(target)
    return point(target, running)


def copy(target: Path) -> None:
    """Copy the sample company to ``target``.

    A copy made before is refreshed; what else lies there, such as earlier snapshots, stays.

    :raises ConfigError: ``target`` holds something that is not the demonstration.
    """
    config = target / "scimaudit.toml"
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is not a folder", hint="name a new folder for the demonstration")
    if target.is_dir() and any(target.iterdir()) and not _ours(config):
        raise ConfigError(f"{target} is not empty", hint="name a new folder for the demonstration")
    ignored = shutil.ignore_patterns("*.py", "__pycache__", "expected", "earlier.toml")
    shutil.copytree(sample_folder(), target, dirs_exist_ok=True, ignore=ignored)


def point(target: Path, running: Running) -> Path:
    """Point the configuration of a copy at the running apps."""
    config = target / "scimaudit.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace(_PLACEHOLDER, running.origin), "utf-8", newline="\n")
    return config


def _ours(config: Path) -> bool:
    return config.is_file() and TOKEN_VARIABLE in config.read_text("utf-8")
