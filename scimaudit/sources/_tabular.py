"""What the columns of a table mean: the settings that files and databases share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from scimaudit.errors import ConfigError
from scimaudit.sources import Sink, _dates, _mapping, _words
from scimaudit.sources._headings import COMMON, Wanted
from scimaudit.tables import PEOPLE

Status = Literal["active", "leave", "prehire", "terminated", "unknown"]


def no_number(value: Any) -> Any:
    """Refuse a number where a date is wanted: TOML would take 20261120 for a count."""
    if isinstance(value, (int, float)):
        msg = "write a date such as 2026-11-20"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns ValueError into a message
    return value


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Day = Annotated[date | datetime, BeforeValidator(no_number)]


class Tabular(BaseModel):
    """Settings shared by everything that has headings and rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: Mapping[str, str] = Field(
        default_factory=dict,
        description='column to heading; common headings are recognised without it, "" switches a column off',
    )
    extras: Mapping[str, str] = Field(default_factory=dict, description="further text column of people to heading")
    status: Mapping[Status, tuple[str, ...]] = Field(
        default_factory=dict,
        description='status to the words the roster uses; replaces the built-in words; "" is an empty cell',
    )
    active: Mapping[Literal["true", "false"], tuple[str, ...]] = Field(
        default_factory=dict, description="true and false to the words the export uses; replaces the built-in words"
    )
    date_format: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = Field(
        ("iso",), description="how dates are written: iso, epoch, epoch-ms, or strptime formats such as %d.%m.%Y"
    )
    no_date: tuple[str, ...] = Field(_words.NO_DATE, description="words in a date column that mean no date")
    name_order: Literal["first-last", "last-first"] | None = Field(
        None, description="order of the words in the name column; 'Last, First' is known by its comma"
    )
    list_separator: str = Field(";", min_length=1, description="what separates several values in one cell")

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        known = sorted({name for names in COMMON.values() for name in names})
        for name in columns:
            if name not in known:
                msg = f"there is no column {name!r}; the columns are {', '.join(known)}"
                raise ValueError(msg)
        return columns

    @field_validator("extras")
    @classmethod
    def _extras_are_new(cls, extras: Mapping[str, str]) -> Mapping[str, str]:
        taken = {*PEOPLE.names, *COMMON["people"], "as_of"}
        for name, heading in extras.items():
            if name in taken or not name.isidentifier() or name != name.lower() or not heading.strip():
                msg = f"{name!r} must be a new name in small letters, such as cost_centre, with a heading"
                raise ValueError(msg)
        return extras

    @field_validator("status", "active")
    @classmethod
    def _words_have_one_meaning(cls, words: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        _words.meanings(words)
        return words

    @field_validator("date_format")
    @classmethod
    def _formats_are_known(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        if not formats:
            msg = "name at least one format"
            raise ValueError(msg)
        return tuple(_dates.known_format(form) for form in formats)

    def wanted(self, sink: Sink, also: Mapping[str, str] | None = None) -> Wanted:
        """What to know the header by.

        :param also: further columns to headings, beyond the declared ones.
        :raises ConfigError: a declared column is for the other kind of source.
        """
        known = COMMON[sink.fills]
        for name in self.columns:
            if name not in known:
                raise ConfigError(
                    f"{sink.name}.columns.{name} is no column of {sink.fills}",
                    hint="known columns: " + ", ".join(known),
                )
        if self.extras and sink.fills != "people":
            raise ConfigError(f"{sink.name}.extras: only people have extra columns", hint="remove extras")
        return Wanted(sink.fills, self.columns, {**self.extras, **(also or {})})

    def meaning(self) -> _mapping.Meaning:
        """How cells are to be understood."""
        return _mapping.Meaning(
            formats=self.date_format,
            no_date=self.no_date,
            list_separator=self.list_separator,
            name_order=self.name_order,
            status=_words.meanings(self.status or _words.STATUS),
            active=_words.meanings(self.active or _words.ACTIVE),
            extras=tuple(self.extras),
        )
