"""A roster or an app's export in a file: the settings that CSV, XLSX and JSON share, and the way to a listing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from scimaudit.errors import ConfigError, Malformed
from scimaudit.sources import Cost, Listing, Sink, _dates, _mapping, _presets, _verdict
from scimaudit.sources._files import folded, together
from scimaudit.sources._grid import Grid
from scimaudit.sources._headings import GRANT_COLUMNS, Wanted
from scimaudit.sources._tabular import Day, Tabular, no_number


class Export(Tabular):
    """Settings shared by all files."""

    path: Path | tuple[Path, ...] = Field(
        description="the file, relative to scimaudit.toml; also a list of files, or a pattern such as exports/crm-*.csv"
    )
    preset: str = Field(
        "", description="the console whose export this is; its headings and words are then known (docs/exports.md)"
    )
    rows: Literal["accounts", "grants"] = Field(
        "accounts", description="what a row is; with grants an account has as many rows as entitlements"
    )
    as_of: Annotated[date | datetime | str | None, BeforeValidator(no_number)] = Field(
        None, description="when the file was true: a date, or the heading of a column that says it"
    )
    exported_by: str = Field("", description="who exported the file")
    exported_at: Day | None = Field(None, description="when it was exported")
    declared_total: int | None = Field(None, ge=0, description="rows the file must have, by the one who exported it")
    hides: str = Field("", description="what the export does not show, in words: the scope is then partial")
    shows_all: bool = Field(False, description="exported_by says that the export shows every account")

    @model_validator(mode="before")
    @classmethod
    def _preset_below(cls, said: Any) -> Any:
        if not isinstance(said, dict) or not isinstance(said.get("preset"), str) or not said["preset"]:
            return said
        return _presets.load(said["preset"]).under(said)

    @model_validator(mode="after")
    def _statements_agree(self) -> Export:
        if self.shows_all and self.hides:
            msg = "shows_all and hides contradict each other"
            raise ValueError(msg)
        if self.shows_all and not self.exported_by:
            msg = "shows_all needs exported_by: somebody must answer for it"
            raise ValueError(msg)
        return self

    def wanted(self, sink: Sink, also: Mapping[str, str] | None = None) -> Wanted:
        """See :meth:`Tabular.wanted`.

        :raises ConfigError: a preset is set for a roster.
        """
        if not self.preset:
            return super().wanted(sink, also)
        if sink.fills == "people":
            raise ConfigError(f"{sink.name}.preset is for apps", hint="map the roster's columns with columns")
        preset = _presets.load(self.preset)
        return replace(super().wanted(sink, also), optional=preset.also, origin=f"{self.preset} of {preset.dated}")

    @abstractmethod
    def read(self, data: bytes, wanted: Wanted) -> Grid:
        """The file as a grid.

        :param wanted: what to know the header by.
        :raises Malformed: it cannot be read; the message need not name the file.
        """

    def collect(self, sink: Sink) -> Listing:
        """Read the file into ``sink``'s people, or accounts and grants.

        :raises Malformed: the file is not what it should be; a single bad row is rejected instead.
        :raises ConfigError: a setting is for the other kind of source.
        """
        declared = self._declared_day()
        wanted = self.wanted(sink, {"as_of": declared} if isinstance(declared, str) else None)
        if self.rows == "grants" and sink.fills == "people":
            raise ConfigError(f'{sink.name}.rows = "grants" is for apps', hint="a row of a roster is a person")
        files = sink.files(self.path if isinstance(self.path, tuple) else (self.path,))
        grids, bodies, size = dict[str, Grid](), list[tuple[int, int]](), 0
        for path in files:
            data, body = sink.read(path)
            size += len(data)
            try:
                grid = grids[path.as_posix()] = self.read(data, wanted)
            except Malformed as error:
                raise Malformed(f"{path.name}: {error.message}", source=sink.name, hint=error.hint) from error
            # The record counts rows from 0, an editor from 1.
            bodies += [(body, place - 1) for place in grid.places]
        try:
            grid = together(grids)
            places = wanted.locate(grid.header)
        except Malformed as error:
            last = Path(error.source or files[0]).name
            raise Malformed(f"{last}: {error.message}", source=sink.name, hint=error.hint) from error
        if self.rows == "grants":
            grid, kept = folded(grid, places, self.list_separator)
            bodies = [bodies[row] for row in kept]
        received = sum(len(each.places) + len(each.rejected) for each in grids.values())
        if sink.fills == "people":
            mapped = _mapping.people(grid, places, self.meaning(), roster=sink.name.removeprefix("rosters."))
        else:
            mapped = _mapping.accounts(
                grid, places, self.meaning(), app=sink.app or "", listing=sink.name, stands=bodies
            )
        for table in mapped.tables:
            sink.rows(table)
        sink.progress(received, self.declared_total)
        return self._listing(sink, grid, places, mapped, received, Cost(bytes=size))

    def _listing(
        self, sink: Sink, grid: Grid, places: Mapping[str, int], mapped: _mapping.Mapped, rows: int, cost: Cost
    ) -> Listing:
        declared = self._declared_day()
        moment = mapped.as_of if isinstance(declared, str) else declared or self.exported_at
        as_of = _dates.as_moment(moment) if moment is not None else None
        self._not_in_future(sink, as_of)
        said = _verdict.Statement(
            self.exported_by, self.exported_at or as_of, self.declared_total, self.hides, self.shows_all
        )
        walked = _verdict.walk(sink.fills, rows, rows - len(mapped.rejected), said, grid.doubt)
        grants = {name: grid.header[places[name]] for name in GRANT_COLUMNS if name in places}
        notes = [*grid.notes, *mapped.notes]
        if as_of is None:
            notes.append("when the file was true is not known: declare as_of or exported_at")
        return Listing(
            received=mapped.parsed + len(mapped.rejected),
            parsed=mapped.parsed,
            walk=walked,
            scope=_verdict.scope(walked, said),
            entitlements=_verdict.entitlements(walked, grants),
            rejected=mapped.rejected,
            as_of=as_of,
            attributes=mapped.attributes,
            witnesses=(_verdict.witness(rows, said),),
            notes=tuple(notes),
            cost=cost,
            facts=self._facts(grid, places),
            unmapped_status=mapped.unmapped,
        )

    def _declared_day(self) -> date | datetime | str | None:
        """``as_of`` as the day it says, or as the heading it names."""
        if not isinstance(self.as_of, str):
            return self.as_of
        try:
            return datetime.fromisoformat(self.as_of)
        except ValueError:
            return self.as_of

    def _called(self) -> str:
        paths = self.path if isinstance(self.path, tuple) else (self.path,)
        return ", ".join(path.as_posix() for path in paths)

    def _not_in_future(self, sink: Sink, as_of: datetime | None) -> None:
        # A day is tomorrow already where the sun rises first; anything later would hide that the file is stale.
        if as_of is not None and as_of > sink.now() + timedelta(days=1):
            raise Malformed(
                f"{self._called()}: it claims to be of {as_of:%Y-%m-%d}, which is in the future",
                source=sink.name,
                hint="correct as_of or exported_at",
            )

    def _facts(self, grid: Grid, places: Mapping[str, int]) -> dict[str, str]:
        named = {**self.columns, **self.extras, "as_of": str(self.as_of)}
        used = ", ".join(
            f"{name} = {grid.header[place]}" + ("" if name in named else " (recognised)")
            for name, place in sorted(places.items())
        )
        said = {
            "exported by": self.exported_by,
            "exported at": str(self.exported_at or ""),
            "declared total": "" if self.declared_total is None else str(self.declared_total),
        }
        return {"file": self._called(), **grid.facts, "columns": used} | {k: v for k, v in said.items() if v}
