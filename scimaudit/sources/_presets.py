"""What the consoles of known apps write into their exports, as data: one TOML file each under ``presets/``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from scimaudit.errors import ConfigError

FOLDER: Final = Path(__file__).with_name("presets")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(_Part):
    """Where a preset was taken from."""

    url: str = Field(pattern=r"^https://")
    date: date
    says: str


class Settings(_Part):
    """How the file writes what it says, in the words of an export's own settings."""

    date_format: tuple[str, ...] = ()
    no_date: tuple[str, ...] = ()
    list_separator: str = ""


class Preset(_Part):
    """One kind of export.

    :param how: where in the console it is asked for.
    :param columns: column to heading; each must be there.
    :param also: column to heading, read where it is there.
    :param active: the words of the activity column.
    :param hides: whom the file does not show, where that is known.
    """

    title: str
    how: str
    note: str
    hides: str = ""
    columns: Mapping[str, str]
    also: Mapping[str, str] = {}
    active: Mapping[Literal["true", "false"], tuple[str, ...]] = {}
    settings: Settings = Settings()
    sources: tuple[Origin, ...] = Field(min_length=1)

    @property
    def dated(self) -> date:
        """The day the newest of its sources was looked at."""
        return max(each.date for each in self.sources)

    def under(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """An export's settings with this preset below them: what the configuration says comes first."""
        own = self.settings.model_dump(exclude_defaults=True)
        if self.hides:
            own["hides"] = self.hides
        if self.active:
            own["active"] = dict(self.active)
        return {**own, **said, "columns": {**self.columns, **said.get("columns", {})}}


def names() -> tuple[str, ...]:
    """The kinds of export that have a file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str) -> Preset:
    """The preset of that name.

    :raises ConfigError: there is none; lists the known ones.
    """
    if name not in names():
        raise ConfigError(f"there is no preset {name!r}", hint="known presets: " + ", ".join(names()))
    return Preset.model_validate(tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8")))
