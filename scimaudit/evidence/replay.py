"""Making the same from a bundle again: raw bodies into tables, tables and policy into findings, these into reports.

No server is asked and no secret is read: what a source asks for must be on record, in the order in which it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from scimaudit import __version__, archive, config, renderers
from scimaudit.archive import Stored
from scimaudit.audit import judge
from scimaudit.config import Config
from scimaudit.errors import ConfigError, IntegrityError, PolicyError, RenderError, TableError
from scimaudit.evidence import (
    CAMPAIGNS,
    CONFIG,
    EARLIER,
    FORMER,
    RECORD,
    REPORTS,
    SNAPSHOT,
    comparing,
    contents,
    statement,
    tombstones,
)
from scimaudit.evidence.parts import Parts
from scimaudit.evidence.playing import Player
from scimaudit.history.trail import Former
from scimaudit.result import Meta
from scimaudit.snapshot import settings
from scimaudit.snapshot.store import Snapshot, open_snapshot

_ELSEWHERE: Final = frozenset({"earlier", "parent", "sealed_at", "tombstone"})
"""What a statement says that is looked at apart, or that the chain proves."""


@dataclass(frozen=True)
class Replayed:
    """What came of a replay.

    :param rebuilt: names of the sources whose tables were made of raw bodies again.
    :param kept: source to why its tables are the sealed ones.
    :param problems: what differs, one sentence each; empty where nothing does.
    :param findings: how many findings were made again.
    :param files: how many files of the bundle were made again, and compared byte for byte.
    """

    rebuilt: tuple[str, ...]
    kept: Mapping[str, str]
    problems: tuple[str, ...]
    findings: int
    files: int


def replay(bundle: Path) -> Replayed:
    """Make tables, findings and views again, and compare them with the sealed ones.

    Verify the bundle first: this compares what is in it with itself.

    :raises IntegrityError: the bundle lacks a part, a record does not hold what its source asks for, or this version
        cannot use the sealed configuration or policy.
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
        try:
            return _Replay(bundle, Path(name)).run()
        except (ConfigError, PolicyError, TableError, RenderError) as error:
            raise IntegrityError(f"it cannot be made again: {error.message}", hint=error.hint) from error


class _Replay:
    """One replay in a folder of its own."""

    def __init__(self, bundle: Path, folder: Path) -> None:
        self._bundle, self._folder = bundle, folder
        self._said = statement.load(bundle).predicate
        self._config = _configuration(bundle, folder)
        self._snapshot = _begin(bundle, self._config.store)
        self._known = _known(self._config.store, self._snapshot)
        self._earlier = tuple(self._of_id(name) for name in _names(self._said.get("earlier")))
        self._problems = list(_not_as_collected(self._snapshot, self._known.values()))

    def run(self) -> Replayed:
        last = self._earlier[-1] if self._earlier else None
        player = Player(self._snapshot, self._config, self._known, last, self._folder / "played")
        player.play()
        self._problems += player.problems
        sealed = Stored(self._bundle / RECORD).meta
        if sealed.version != __version__:
            self._problems.append(f"scimaudit {sealed.version} sealed it, and {__version__} may judge otherwise")
        # Whether a later snapshot was there is not in a bundle.
        due = [
            settings.outdated(self._snapshot.manifest.sources, self._config, newest=newest) for newest in (True, False)
        ]
        if sealed.outdated not in due:
            self._problems.append("the settings of other sources changed since they were collected than the audit says")
        parts = self._judged(sealed)
        made = self._folder / "made"
        made.mkdir()
        contents.write_made(parts, made)
        there = {path.name for path in (self._bundle / REPORTS).glob("*")}
        renderers.write(parts.stored.audit, made / REPORTS, renderers.on_demand(there))
        self._problems += comparing.unlike(self._bundle, made)
        self._problems += self._misstated(parts)
        return Replayed(
            tuple(player.rebuilt), player.kept, tuple(self._problems), len(parts.stored.audit.findings),
            sum(1 for _ in comparing.compared(made)),
        )  # fmt: skip

    def _judged(self, meta: Meta) -> Parts:
        """The audit once more, by the day and the severity that were asked for, kept as the first one was."""
        stored = archive.before(self._config.store, self._snapshot.id)
        same = meta.as_of == self._snapshot.manifest.ended
        judged = judge(
            self._snapshot,
            self._config,
            as_of=None if same else meta.as_of.astimezone(self._config.zone).date(),
            earlier=self._earlier,
            former=_former(stored, self._config.store),
            fail_on=meta.fail_on,
            require_scope=meta.require_scope,
            accept={gate.subject: gate.accepted for gate in meta.accepted},
            outdated=meta.outdated,
        )
        kept = archive.save(judged.audit, judged.links, judged.trail, self._config.store)
        return Parts(kept, self._snapshot, self._config, self._earlier, stored)

    def _misstated(self, parts: Parts) -> Iterator[str]:
        """What the statement says that does not come out again. Its parent and its day are for the chain to prove."""
        due = {
            **statement.of(parts.stored.audit),
            "bundle": parts.stored.path.name,
            "version": __version__,
            "former": parts.former.path.name if parts.former else None,
            "retention": tombstones.settings(parts.config.evidence),
            "timestamp": parts.config.evidence.timestamp,
        }
        if odd := (due.keys() | _ELSEWHERE) ^ self._said.keys():
            yield f"the statement has too much or too little: {', '.join(sorted(odd))[:200]}"
        # Dates are text in a statement, so both sides are read back from JSON.
        for name, value in orjson.loads(orjson.dumps(due, option=orjson.OPT_UTC_Z)).items():
            if self._said.get(name) != value:
                yield f"the statement says of {name} what does not come out again"
        try:
            datetime.fromisoformat(self._said["sealed_at"])
        except (KeyError, TypeError, ValueError):
            yield "the statement says of sealed_at what is no time"

    def _of_id(self, name: str) -> Snapshot:
        if name not in self._known:
            raise IntegrityError(f"the bundle lacks the snapshot {name}, which its statement says was looked back at")
        return self._known[name]


def _configuration(bundle: Path, folder: Path) -> Config:
    """The sealed configuration, with its store and its policy inside ``folder``.

    :raises IntegrityError: there is none.
    """
    try:
        shutil.copyfile(bundle / CONFIG / "scimaudit.toml", folder / "scimaudit.toml")
    except OSError as error:
        raise IntegrityError(f"{bundle / CONFIG / 'scimaudit.toml'} cannot be read") from error
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


def _known(store: Path, snapshot: Snapshot) -> dict[str, Snapshot]:
    """The snapshots before, by id.

    :raises IntegrityError: one of them is not what its folder says.
    """
    found = {path.name: Snapshot(path) for path in sorted((store / "snapshots").iterdir()) if path.name != snapshot.id}
    for name, each in found.items():
        if each.manifest.snapshot_id != name or name > snapshot.id:
            raise IntegrityError(f"{EARLIER}/{name} is no snapshot from before {snapshot.id}")
    return found


def _former(stored: Stored | None, store: Path) -> Former | None:
    """The audit that the trail goes on from."""
    if stored is None:
        return None
    return Former(stored.path.name, open_snapshot(store, stored.snapshot), stored.trail(), stored.shrunk, stored.digest)


def _names(told: Any) -> tuple[str, ...]:
    """The ids of the snapshots that were looked back at.

    :raises IntegrityError: the statement does not name them.
    """
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told) or told != sorted(set(told)):
        raise IntegrityError("the statement does not say which snapshots were looked back at")
    return tuple(told)


def _not_as_collected(snapshot: Snapshot, earlier: Any) -> Iterator[str]:
    """Snapshots whose files are not those that their own manifests name."""
    for each, within in ((snapshot, ""), *((old, "tables/") for old in earlier)):
        try:
            each.verify(within)
        except IntegrityError as error:
            yield error.message
