"""Making the same findings from a bundle again: raw bodies into tables, tables and policy into findings.

No server is asked and no secret is read: what a source asks for must be on record, in the order in which it was. A
directory or a tenant is signed in to before it is asked, so its record alone does not play; its tables are then those
that were sealed, and it is said so.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from scimaudit import archive, config, renderers
from scimaudit.audit import judge
from scimaudit.config import App, Config
from scimaudit.errors import SourceError
from scimaudit.evidence import CAMPAIGNS, CONFIG, EARLIER, FORMER, REPORTS, SNAPSHOT, TABLES, contents
from scimaudit.evidence.tape import Tape, unreached
from scimaudit.history.trail import Former
from scimaudit.result import Audit
from scimaudit.snapshot import collect, merge, settings
from scimaudit.snapshot.manifest import Collected
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
        sealed = orjson.loads((self._bundle / TABLES).read_bytes())
        for name, found in contents.digests(self._snapshot):
            if sealed.get(name) != found:
                self._problems.append(f"the table {name} is another one when it is made again")
        data = (self._bundle / REPORTS / _REPORT).read_bytes()
        told = orjson.loads(data)
        stream = io.BytesIO()
        renderers.load("json").render(self._judged(told["meta"]), stream)
        if stream.getvalue() != data:
            self._problems += _differences(told, orjson.loads(stream.getvalue()))
        return Replayed(rebuilt, kept, tuple(self._problems), len(told["findings"]))

    def _tables(self) -> tuple[tuple[str, ...], dict[str, str]]:
        """Make the tables of every source whose record plays."""
        manifest = self._snapshot.manifest
        kept = {line.name: why for line in manifest.sources if (why := _unplayed(line))}
        rosters = [line for line in manifest.sources if line.fills == "people"]
        rebuilt = []
        if not any(line.name in kept for line in rosters):
            self._people(rosters)
            rebuilt += rosters
        for app in self._config.apps:
            lines = [line for line in manifest.sources if line.app == app.name]
            if lines and not any(line.name in kept for line in lines):
                self._app(app, lines)
                rebuilt += lines
        return tuple(line.name for line in rebuilt), kept

    def _people(self, lines: Sequence[Collected]) -> None:
        played = zip(self._config.rosters, lines, strict=True)
        brought = [
            collect.brought(self._play(line, settings.source_of_roster(roster, self._config)).table("people"), roster)
            for roster, line in played
        ]
        together = union(brought)
        folder = self._snapshot.path / "tables"
        write_table(together.people, folder / "people.parquet")
        if together.overlaps.num_rows:
            write_table(together.overlaps, folder / "overlaps.parquet")

    def _app(self, app: App, lines: Sequence[Collected]) -> None:
        pulled = []
        for wanted, line in zip(app.listings, lines, strict=True):
            tape = self._play(line, settings.source_of_listing(wanted, app, self._config))
            pulled.append(collect.pulled(line, wanted.join_on, tape.table))
        accounts, grants, _ = merge.app(app.name, pulled)
        folder = self._snapshot.path / "tables"
        write_table(accounts, folder / "accounts" / f"{app.name}.parquet")
        write_table(grants, folder / "grants" / f"{app.name}.parquet")

    def _play(self, line: Collected, source: Source) -> Tape:
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
            if line.listing is None or _proof(found) != _proof(line.listing):
                self._problems.append(f"{line.name} proves something else when it is read again")
            if next(tape.left(), None) is not None:
                self._problems.append(f"{line.name} has bodies on record that nothing asks for")
        return tape

    def _judged(self, meta: Mapping[str, Any]) -> Audit:
        """The audit once more, by the day and the severity that were asked for."""
        store = self._config.store
        stored = archive.before(store, self._snapshot.id)
        former = (
            Former(stored.path.name, open_snapshot(store, stored.snapshot), stored.trail())
            if stored is not None
            else None
        )
        moment = datetime.fromisoformat(meta["as_of"])
        same = moment == self._snapshot.manifest.ended
        made = judge(
            self._snapshot,
            self._config,
            as_of=None if same else moment.astimezone(self._config.zone).date(),
            earlier=self._earlier,
            former=former,
            fail_on=meta["fail_on"],
            require_scope=meta["require_scope"],
            accept={gate["subject"]: gate["accepted"] for gate in meta["accepted"]},
        )
        return made.audit


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


def _unplayed(line: Collected) -> str:
    """Why a source's record cannot be played; empty where it can."""
    if line.reused_from:
        return f"it was taken over from the snapshot {line.reused_from}"
    return "" if line.source in _PLAYED else f"a source of the kind {line.source} is signed in to before it is asked"


def _proof(listing: Listing) -> Listing:
    """A listing without what tells of the connection, of the clock, or of other listings."""
    return replace(listing, cost=Cost(), facts={}, as_of=None, notes=())


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
