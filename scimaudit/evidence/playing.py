"""Raw bodies into tables again: every source of a sealed snapshot played, and its rows merged as they were.

Which sources cannot be played is told by name, and why; their tables stay those that were sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scimaudit.config import App, Config
from scimaudit.errors import SourceError
from scimaudit.evidence.tape import Circumstances, NotOnRecord, Tape, unreached
from scimaudit.snapshot import collect, merge, settings
from scimaudit.snapshot.manifest import AppCollected, Collected
from scimaudit.snapshot.store import Snapshot, write_table
from scimaudit.snapshot.taking_over import last_listed, part
from scimaudit.snapshot.union import union
from scimaudit.sources import Cost, Listing, Source

_SIGNING_IN: Final = frozenset({"ldap", "entra"})
"""Kinds of sources that earlier versions signed in to before they were asked, and so off the record."""
_CONNECTION: Final = frozenset({"TLS", "rate limit"})
"""Facts that tell of a connection; where nothing is reached there is none."""


@dataclass(frozen=True)
class _Wanted:
    """A source as the configuration has it."""

    name: str
    kind: str
    source: Source


class Player:
    """Makes the tables of a snapshot once more.

    ``problems`` is what differs, ``rebuilt`` the sources that were played, ``kept`` the others and why.

    :param snapshot: a copy of the sealed one, whose tables are written over.
    :param known: the snapshots before it that the bundle has, by id; ``last`` the newest of them, if any.
    :param folder: an empty folder.
    """

    def __init__(
        self, snapshot: Snapshot, config: Config, known: Mapping[str, Snapshot], last: Snapshot | None, folder: Path
    ) -> None:
        self._snapshot, self._config, self._known, self._last = snapshot, config, known, last
        self._folder = folder
        self.problems: list[str] = []
        self.rebuilt: list[str] = []
        self.kept: dict[str, str] = {}

    def play(self) -> None:
        """Play every source.

        :raises IntegrityError: a record does not hold what its source asks for.
        """
        manifest = self._snapshot.manifest
        self._people([line for line in manifest.sources if line.fills == "people"])
        apps = {app.name: app for app in self._config.apps}
        for merged in manifest.apps:
            lines = [line for line in manifest.sources if line.fills == "accounts" and line.app == merged.app]
            self._app(apps.get(merged.app, App(name=merged.app)), lines, merged)
        strangers = {line.name for line in manifest.sources} - {*self.rebuilt, *self.kept}
        self.problems += [f"{name} is no source of a roster or an app on record" for name in sorted(strangers)]

    def _people(self, lines: Sequence[Collected]) -> None:
        rosters = self._config.rosters
        wanted = [
            _Wanted(f"rosters.{each.name}", each.source, settings.source_of_roster(each, self._config))
            for each in rosters
        ]
        if not lines:
            self.problems.append("no roster is on record")
        if not lines or not (heard := self._heard(lines, wanted)):
            return
        together = union(
            [collect.brought(tape.table("people"), each) for (tape, _), each in zip(heard, rosters, strict=True)]
        )
        for line, (_, found), roster in zip(lines, heard, rosters, strict=True):
            self._compared(line, found, together.coverage.get(roster.name, ()))
        told = self._snapshot.manifest
        counts = (together.people.num_rows, together.overlaps.num_rows, together.joined)
        if counts != (told.people, told.overlaps, told.joined):
            # Judged goes what was sealed, so that what else differs is named too.
            self.problems.append("the rosters are merged into other numbers of people")
            return
        folder = self._snapshot.path / "tables"
        write_table(together.people, folder / "people.parquet")
        if together.overlaps.num_rows:
            write_table(together.overlaps, folder / "overlaps.parquet")

    def _app(self, app: App, lines: Sequence[Collected], told: AppCollected) -> None:
        wanted = [
            _Wanted(
                f"apps.{app.name}.listings[{place}]", each.source, settings.source_of_listing(each, app, self._config)
            )
            for place, each in enumerate(app.listings)
        ]
        if not lines:
            self.problems.append(f"no source of the app {app.name} is on record")
        if not lines or not (heard := self._heard(lines, wanted)):
            return
        for line, (_, found) in zip(lines, heard, strict=True):
            self._compared(line, found, ())
        accounts, grants, merged = merge.app(
            app.name,
            [
                collect.pulled(line, each.join_on, tape.table)
                for line, each, (tape, _) in zip(lines, app.listings, heard, strict=True)
            ],
        )
        if merged != told:
            self.problems.append(f"what is said of the listings of {app.name} is not what they prove together")
        if (merged.accounts, merged.grants) != (told.accounts, told.grants):
            return
        folder = self._snapshot.path / "tables"
        write_table(accounts, folder / "accounts" / f"{app.name}.parquet")
        write_table(grants, folder / "grants" / f"{app.name}.parquet")

    def _heard(self, lines: Sequence[Collected], wanted: Sequence[_Wanted]) -> list[tuple[Tape, Listing | None]]:
        """What each of the sources that are merged brought; nothing where one of them cannot be played."""
        if [(line.name, line.source) for line in lines] != [(each.name, each.kind) for each in wanted]:
            other = "the configuration that judged has other sources, or another order of them, than were collected"
            self.kept |= dict.fromkeys((line.name for line in lines), other)
            return []
        heard, alone = [], {}
        for line, each in zip(lines, wanted, strict=True):
            try:
                heard.append(self._played(line, each))
            except NotOnRecord as error:
                alone[line.name] = error.message
        if alone:
            beside = f"it is merged with {', '.join(alone)}"
            self.kept |= {line.name: alone.get(line.name, beside) for line in lines}
            return []
        self.rebuilt += [line.name for line in lines]
        return heard

    def _played(self, line: Collected, wanted: _Wanted) -> tuple[Tape, Listing | None]:
        """One source played: its rows, and what it proves; ``None`` where it fails as it failed.

        :raises NotOnRecord: it cannot be played.
        """
        if line.settings and line.settings != settings.digest(wanted.source):
            raise NotOnRecord("its settings changed since it was collected")
        if line.source in _SIGNING_IN and not line.settings:
            raise NotOnRecord(
                f"a source of the kind {line.source} was signed in to off the record by an earlier version"
            )
        base = self._folder / line.raw
        base.mkdir(parents=True)
        tape = Tape(line, self._snapshot.path / "raw" / line.raw, base, self._circumstances(line))
        try:
            found = unreached(wanted.source).collect(tape)
        except SourceError as error:
            if line.listing is not None:
                self.problems.append(f"{line.name} cannot be read again: {error.message}")
            elif error.message != line.error:
                self.problems.append(f"{line.name} fails of something else when it is read again: {error.message}")
            return tape, None
        found = collect.balanced(found, tape.table(line.fills).num_rows)
        if next(tape.left(), None) is not None:
            self.problems.append(f"{line.name} has bodies on record that nothing asks for")
        return tape, found

    def _compared(self, line: Collected, found: Listing | None, coverage: Sequence[str]) -> None:
        """Name a listing that proves something else than is told.

        :param coverage: what is told of it beside other rosters.
        """
        if found is None:
            return
        told = line.listing
        if (
            told is None
            or _proof(replace(found, notes=(*found.notes, *coverage))) != _proof(told)
            or not _of_that_day(found, line)
            or not _facts(found, told)
        ):
            self.problems.append(f"{line.name} proves something else when it is read again")

    def _circumstances(self, line: Collected) -> Circumstances:
        """What a source was asked by: the rosters and the snapshot before of the pull that it was collected in.

        :raises NotOnRecord: that pull is not on record.
        """
        mine = self._snapshot
        home = part(mine, line.reused_from) if line.reused_from else mine
        if home is None:
            raise NotOnRecord(f"it was taken over from the snapshot {line.reused_from}, which is not in the bundle")
        name = home.manifest.previous

        def before(name: str | None) -> Snapshot:
            found = (self._known.get(name) if home is mine else part(mine, name)) if name else None
            if found is None:
                raise NotOnRecord("it asked for what it gave in a snapshot before, which is not in the bundle")
            return found

        def last() -> tuple[tuple[str, ...], bool]:
            if name is None and home is mine:
                return last_listed(self._last, line.app or "", line.name, before)
            return last_listed(None if name == "" else before(name), line.app or "", line.name, before)

        roster = line.fills == "people"
        return Circumstances(
            home.manifest.quick,
            people=lambda: None if roster else home.people(),
            last=lambda: ((), False) if roster else last(),
        )


def _proof(listing: Listing) -> Listing:
    """A listing without what tells of the connection or of the clock."""
    return replace(listing, cost=Cost(), facts={}, as_of=None)


def _facts(found: Listing, told: Listing) -> bool:
    """Whether the facts told are those that come out again, beside those of the connection."""
    facts = [{name: fact for name, fact in each.facts.items() if name not in _CONNECTION} for each in (found, told)]
    return facts[0] == facts[1]


def _of_that_day(found: Listing, line: Collected) -> bool:
    """Whether a listing is as old as it was said to be; one that goes by the clock is of when it was collected."""
    told = line.listing.as_of if line.listing else None
    if found.as_of == line.ended:
        return told is not None and line.started <= told <= line.ended
    return found.as_of == told
