"""Making the same findings from a bundle again: raw bodies into tables, tables and policy into findings.

No server is asked and no secret is read: what a source asks for must be on record, in the order in which it was. A
directory or a tenant is signed in to before it is asked, so its record alone does not play; its tables are then those
that were sealed, and it is said so.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from scimaudit import archive, config, renderers, tables
from scimaudit.audit import Judged, judge
from scimaudit.config import App, Config
from scimaudit.errors import IntegrityError, SourceError
from scimaudit.evidence import (
    CAMPAIGNS,
    CONFIG,
    EARLIER,
    FORMER,
    RECORD,
    REPORTS,
    SNAPSHOT,
    TABLES,
    contents,
    statement,
    tombstones,
)
from scimaudit.evidence.tape import Tape, unreached
from scimaudit.history.trail import Former
from scimaudit.snapshot import collect, merge, settings
from scimaudit.snapshot.manifest import AppCollected, Collected
from scimaudit.snapshot.store import Snapshot, open_snapshot, snapshots, write_table
from scimaudit.snapshot.union import union
from scimaudit.sources import Cost, Listing, Source

_PLAYED: Final = frozenset({"scim", "csv", "json", "ldif", "xlsx", "sql"})
"""Kinds of sources whose record plays without anybody there."""
_REPORT: Final = "report.json"


@dataclass(frozen=True)
class Replayed:
    """What came of a replay.

    :param rebuilt: names of the sources whose tables were made of raw bodies again.
    :param kept: source to why its tables are the sealed ones.
    :param problems: what differs, one sentence each; empty where nothing does.
    :param findings: how many findings were made again.
    """

    rebuilt: tuple[str, ...]
    kept: Mapping[str, str]
    problems: tuple[str, ...]
    findings: int


def replay(bundle: Path) -> Replayed:
    """Make tables and findings again, and compare them with the sealed ones.

    Verify the bundle first: this compares what is in it with itself.

    :raises IntegrityError: the bundle lacks a part, or a record does not hold what its source asks for.
    :raises ScimAuditError: this version cannot use the sealed configuration or policy.
    """
    if whole := statement.load(bundle).pseudonymised:
        raise IntegrityError(
            f"{bundle} is a pseudonymised export, which cannot be replayed", hint=f"replay the bundle {whole}"
        )
    if stones := tombstones.of(bundle):
        last = stones[-1]
        when = f"on {last.at:%Y-%m-%d} by the rule {last.rule} = {last.months}"
        raise IntegrityError(f"{bundle} cannot be replayed: {tombstones.WHAT[last.rule]} of it were removed {when}")
    with TemporaryDirectory(prefix="scimaudit-replay-") as name:
        return _Replay(bundle, Path(name)).run()


class _Replay:
    """One replay in a folder of its own."""

    def __init__(self, bundle: Path, folder: Path) -> None:
        self._bundle, self._folder = bundle, folder
        self._config = _configuration(bundle, folder)
        self._snapshot = _begin(bundle, self._config.store)
        self._earlier = tuple(each for each in snapshots(self._config.store) if each.id < self._snapshot.id)
        self._problems: list[str] = []

    def run(self) -> Replayed:
        rebuilt, kept = self._tables()
        sealed = _read(self._bundle / TABLES)
        for name, found in contents.digests(self._snapshot):
            if sealed.get(name) != found:
                self._problems.append(f"the table {name} is another one when it is made again")
        told = _read(self._bundle / REPORTS / _REPORT)
        made = self._judged(told["meta"])
        stream = io.BytesIO()
        renderers.load("json").render(made.audit, stream)
        if stream.getvalue() != _bytes(self._bundle / REPORTS / _REPORT):
            self._problems += _differences(told, orjson.loads(stream.getvalue()))
        self._problems += self._unlike(made)
        return Replayed(rebuilt, kept, tuple(self._problems), len(told["findings"]))

    def _unlike(self, made: Judged) -> Iterator[str]:
        """Parts of the record, and what the statement says, that do not come from what was judged again."""
        links, trail = (
            tables.conform(each, kind) for each, kind in ((made.links, tables.LINKS), (made.trail, tables.TRAIL))
        )
        for name, lines in contents.record(made.audit, links, trail):
            if _bytes(self._bundle / RECORD / name) != b"".join(lines):
                yield f"{RECORD}/{name} is another one when it is made again"
        said = statement.load(self._bundle).predicate
        # Dates are text in a statement, so both sides are read back from JSON.
        for name, value in orjson.loads(orjson.dumps(statement.of(made.audit), option=orjson.OPT_UTC_Z)).items():
            if said.get(name) != value:
                yield f"the statement says of {name} what does not come out again"

    def _tables(self) -> tuple[tuple[str, ...], dict[str, str]]:
        """Make the tables of every source whose record plays; every other one is told."""
        manifest = self._snapshot.manifest
        rosters = [line for line in manifest.sources if line.fills == "people"]
        wanted = [(f"rosters.{each.name}", each.source) for each in self._config.rosters]
        kept = _kept(rosters, wanted)
        rebuilt = []
        if not kept:
            self._people(rosters)
            rebuilt += rosters
        apps = {app.name: app for app in self._config.apps}
        for merged in manifest.apps:
            lines = [line for line in manifest.sources if line.app == merged.app]
            app = apps.get(merged.app, App(name=merged.app))
            wanted = [(f"apps.{app.name}.listings[{place}]", each.source) for place, each in enumerate(app.listings)]
            if not lines:
                self._problems.append(f"no source of the app {app.name} is on record")
            elif found := _kept(lines, wanted):
                kept |= found
            else:
                self._app(app, lines, merged)
                rebuilt += lines
        return tuple(line.name for line in rebuilt), kept

    def _people(self, lines: Sequence[Collected]) -> None:
        brought = []
        for roster, line in zip(self._config.rosters, lines, strict=True):
            tape = self._play(line, settings.source_of_roster(roster, self._config), roster.acknowledged_rows)
            brought.append(collect.brought(tape.table("people"), roster))
        together, told = union(brought), self._snapshot.manifest
        counts = (together.people.num_rows, together.overlaps.num_rows, together.joined)
        if counts != (told.people, told.overlaps, told.joined):
            self._problems.append("the rosters are merged into other numbers of people")
        folder = self._snapshot.path / "tables"
        write_table(together.people, folder / "people.parquet")
        if together.overlaps.num_rows:
            write_table(together.overlaps, folder / "overlaps.parquet")

    def _app(self, app: App, lines: Sequence[Collected], told: AppCollected) -> None:
        pulled = []
        for wanted, line in zip(app.listings, lines, strict=True):
            source = settings.source_of_listing(wanted, app, self._config)
            tape = self._play(line, source, wanted.acknowledged_rows)
            pulled.append(collect.pulled(line, wanted.join_on, tape.table))
        accounts, grants, merged = merge.app(app.name, pulled)
        if merged != told:
            self._problems.append(f"what is said of the listings of {app.name} is not what they prove together")
        folder = self._snapshot.path / "tables"
        write_table(accounts, folder / "accounts" / f"{app.name}.parquet")
        write_table(grants, folder / "grants" / f"{app.name}.parquet")

    def _play(self, line: Collected, source: Source, acknowledged: Collection[str]) -> Tape:
        """Play one source, and compare what it proves with what it proved."""
        base = self._folder / "played" / line.raw
        base.mkdir(parents=True)
        roster = line.fills == "people"
        before = self._earlier[-1] if self._earlier else None
        tape = Tape(
            line,
            self._snapshot.path / "raw" / line.raw,
            base,
            people=None if roster else self._snapshot.people(),
            last=() if roster else collect.last_ids(before, line.app or "", line.name),
            quick=self._snapshot.manifest.quick,
        )
        try:
            found: Listing | None = unreached(source).collect(tape)
        except SourceError as error:
            found = None
            if line.listing is not None:
                self._problems.append(f"{line.name} cannot be read again: {error.message}")
        if found is not None:
            found = collect.balanced(found, tape.table(line.fills).num_rows)
            if line.listing is None or _proof(found) != _proof(line.listing) or not _of_that_day(found, line):
                self._problems.append(f"{line.name} proves something else when it is read again")
            if next(tape.left(), None) is not None:
                self._problems.append(f"{line.name} has bodies on record that nothing asks for")
            if line.acknowledged > sum(row.digest in acknowledged for row in found.rejected):
                self._problems.append(f"{line.name} counts rejected rows as acknowledged that nobody acknowledges")
        return tape

    def _judged(self, meta: Mapping[str, Any]) -> Judged:
        """The audit once more, by the day and the severity that were asked for."""
        store = self._config.store
        stored = archive.before(store, self._snapshot.id)
        former = (
            Former(stored.path.name, open_snapshot(store, stored.snapshot), stored.trail(), stored.shrunk)
            if stored is not None
            else None
        )
        moment = datetime.fromisoformat(meta["as_of"])
        same = moment == self._snapshot.manifest.ended
        return judge(
            self._snapshot,
            self._config,
            as_of=None if same else moment.astimezone(self._config.zone).date(),
            earlier=self._earlier,
            former=former,
            fail_on=meta["fail_on"],
            require_scope=meta["require_scope"],
            accept={gate["subject"]: gate["accepted"] for gate in meta["accepted"]},
        )


def _configuration(bundle: Path, folder: Path) -> Config:
    """The sealed configuration, with its store and its policy inside ``folder``."""
    shutil.copyfile(bundle / CONFIG / "scimaudit.toml", folder / "scimaudit.toml")
    loaded = config.load(folder / "scimaudit.toml")
    places = loaded.audit.model_copy(update={"store": Path("store"), "policy": Path("policy")})
    if (bundle / CONFIG / "policy").is_dir():
        shutil.copytree(bundle / CONFIG / "policy", folder / "policy")
    return loaded.model_copy(update={"audit": places})


def _begin(bundle: Path, store: Path) -> Snapshot:
    """A store with the sealed snapshots, the audit before and the campaigns."""
    target = store / "snapshots" / Snapshot(bundle / SNAPSHOT).manifest.snapshot_id
    shutil.copytree(bundle / SNAPSHOT, target)
    for source, name in ((EARLIER, "snapshots"), (CAMPAIGNS, CAMPAIGNS), (FORMER, "audits")):
        if (bundle / source).is_dir():
            shutil.copytree(bundle / source, store / name, dirs_exist_ok=True)
    return Snapshot(target)


def _kept(lines: Sequence[Collected], wanted: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Why the tables of sources that are merged are taken as sealed; empty where all of them can be made again.

    :param wanted: name and kind of each source, as the configuration has them.
    """
    if [(line.name, line.source) for line in lines] != list(wanted):
        other = "the configuration that judged has other sources, or another order of them, than were collected"
        return dict.fromkeys((line.name for line in lines), other)
    alone = {line.name: why for line in lines if (why := _unplayed(line))}
    beside = f"it is merged with {', '.join(alone)}"
    return {line.name: alone.get(line.name, beside) for line in lines} if alone else {}


def _unplayed(line: Collected) -> str:
    """Why a source's record cannot be played; empty where it can."""
    if line.reused_from:
        return f"it was taken over from the snapshot {line.reused_from}"
    return "" if line.source in _PLAYED else f"a source of the kind {line.source} is signed in to before it is asked"


def _proof(listing: Listing) -> Listing:
    """A listing without what tells of the connection, of the clock, or of other listings."""
    return replace(listing, cost=Cost(), facts={}, as_of=None, notes=())


def _of_that_day(found: Listing, line: Collected) -> bool:
    """Whether a listing is as old as it was said to be; one that goes by the clock is of when it was collected."""
    told = line.listing.as_of if line.listing else None
    if found.as_of == line.ended:
        return told is not None and line.started <= told <= line.ended
    return found.as_of == told


def _bytes(path: Path) -> bytes:
    """A part of the bundle.

    :raises IntegrityError: it is missing.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise IntegrityError(f"{path} cannot be read") from error


def _read(path: Path) -> dict[str, Any]:
    """A part of the bundle that is a JSON object.

    :raises IntegrityError: it is missing, or is none.
    """
    try:
        found = orjson.loads(_bytes(path))
    except ValueError as error:
        raise IntegrityError(f"{path} cannot be read") from error
    if not isinstance(found, dict):
        raise IntegrityError(f"{path} cannot be read")
    return found


def _differences(sealed: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    """In which parts of the report two audits differ; of findings, which ones."""
    for name in sorted(sealed.keys() | made.keys()):
        if sealed.get(name) == made.get(name):
            continue
        if name != "findings":
            yield f"{name} of the audit is another one when it is made again"
            continue
        was, now = ({row["finding_id"]: row for row in each[name]} for each in (sealed, made))
        for key in sorted(was.keys() | now.keys()):
            if was.get(key) != now.get(key):
                said = "is not made again" if key not in now else "was not sealed" if key not in was else "differs"
                yield f"the finding {key} {said}"
