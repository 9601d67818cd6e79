"""A drill on disk: ``drills/<id>/`` with the plan as it was when it began, each observation, and what was written.

Files are added and never changed, each written whole or not at all. An observation is named by its snapshot, so that a
second look at the same snapshot adds nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import orjson
from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from scimaudit.config import Config
from scimaudit.drill import plan as plans
from scimaudit.drill.ownership import Account, Subject
from scimaudit.drill.plan import Plan
from scimaudit.drill.verdict import Cell, Sighting, judge
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.snapshot.store import write_bytes

Step = Literal["create", "created", "refused", "change", "changed", "delete", "found", "clean", "left"]
Canary = Literal["", "live", "clean", "left"]
"""What is known of a canary: it may be there; it is gone; a person has to remove it."""


@dataclass(frozen=True)
class Observation:
    """What one snapshot showed.

    :param accounts: the subject's accounts in it; ``possible``: those that may be the subject's.
    :param ended: when the snapshot was whole.
    """

    snapshot: str
    ended: datetime
    accounts: tuple[Account, ...]
    possible: tuple[Account, ...]
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True)
class Entry:
    """One line of the journal of what was written.

    :param mark: the canary's ``externalId``; ``account_id``: its id at the target, once it is known.
    :param said: what the server answered, or why.
    """

    step: Step
    target: str
    base_url: str
    mark: str
    user_name: str
    at: datetime
    account_id: str = ""
    said: str = ""


@dataclass(frozen=True)
class _Begun:
    id: str
    plan: str
    begun: datetime
    by_run: bool
    format: int = field(default=1)


Kept = TypeVar("Kept")

_OBSERVATION: Final = TypeAdapter(Observation)
_ENTRY: Final = TypeAdapter(Entry)
_BEGUN: Final = TypeAdapter(_Begun)


@dataclass(frozen=True)
class Record:
    """A drill, read from its folder."""

    path: Path

    @property
    def id(self) -> str:
        """The drill's id."""
        return self.path.name

    @cached_property
    def begun(self) -> datetime:
        """When it began."""
        return self._head.begun

    def plan(self, config: Config) -> Plan:
        """The plan as it was when the drill began; a run's canary and start are as they were made.

        :raises ConfigError: the configuration no longer knows an app of it.
        """
        return plans.parse(self._head.plan, config, f"the plan of {self.id}")

    def subject(self, plan: Plan) -> Subject:
        """Whose change is watched."""
        if plan.canary is None:
            return Subject(person=plan.person)
        for entry in self.journal():
            if entry.step == "create":
                return Subject(user_name=entry.user_name, external_id=entry.mark)
        return Subject(user_name=plan.canary.user_name, external_id=plan.canary.external_id)

    def start(self, plan: Plan) -> datetime | None:
        """When the clock started: as the plan says, or when the canary was made or changed."""
        wanted = "created" if plan.kind == "joiner" else "changed"
        return next((entry.at for entry in self.journal() if entry.step == wanted), plan.start)

    def observations(self) -> list[Observation]:
        """What was seen, oldest first.

        :raises IntegrityError: an observation cannot be read.
        """
        return [_valid(_OBSERVATION, path) for path in self._paths("observations")]

    def journal(self) -> list[Entry]:
        """What was written, oldest first.

        :raises IntegrityError: a line cannot be read.
        """
        return [_valid(_ENTRY, path) for path in self._paths("journal")]

    @property
    def canary(self) -> Canary:
        """What is known of the canary that was written; nothing where none was."""
        steps = [entry.step for entry in self.journal()]
        if not steps:
            return ""
        return "clean" if steps[-1] == "clean" else "left" if steps[-1] == "left" else "live"

    def cells(self, plan: Plan, *, until: datetime | None = None) -> list[Cell]:
        """The verdict of each expectation by what was seen.

        :param until: up to when the drill was watched; default: the end of the last observation.
        :raises ConfigError: nobody says when the clock started.
        """
        start = self.start(plan)
        if start is None:
            raise ConfigError(f"nobody says when {self.id} starts", hint="add start = to the plan, or drill run it")
        seen = self.observations()
        last = until or max((each.ended for each in seen), default=self.begun)
        return judge(
            plans.expectations(plan), [each for one in seen for each in one.sightings], start=start, until=last
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While the block runs nobody else works on the drill.

        :raises ConfigError: somebody does.
        """
        try:
            with FileLock(self.path / "drill.lock", timeout=0):
                yield
        except Timeout as error:
            raise ConfigError(f"somebody else is at work on the drill {self.id}", hint="wait until it ends") from error

    def observed(self, observation: Observation) -> None:
        """Keep an observation; one of the same snapshot is there already or is written whole."""
        path = self.path / "observations" / f"{observation.snapshot}.json"
        if not path.exists():
            self._write(path, _OBSERVATION.dump_python(observation, mode="json"))

    def wrote(self, entry: Entry) -> None:
        """Keep a line of the journal, durably: what is sent after this is found again after any interruption."""
        number = len(list((self.path / "journal").glob("*.json"))) + 1
        self._write(self.path / "journal" / f"{number:05}.json", _ENTRY.dump_python(entry, mode="json"))

    @cached_property
    def _head(self) -> _Begun:
        return _valid(_BEGUN, self.path / "drill.json")

    def _write(self, path: Path, data: Mapping[str, Any]) -> None:
        path.parent.mkdir(exist_ok=True, mode=0o700)
        write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n", path)
        _durable(path.parent)
        _durable(self.path)

    def _paths(self, folder: str) -> list[Path]:
        return sorted((self.path / folder).glob("*.json"))


def begin(store: Path, name: str, text: str, *, now: datetime, by_run: bool = False) -> Record:
    """The drill of that id: a new one, or the one that was begun by the same plan.

    :param text: the plan.
    :raises ConfigError: there is one by another plan.
    """
    record = Record(store / "drills" / name)
    if not (record.path / "drill.json").exists():
        record.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = _BEGUN.dump_python(_Begun(name, text, now, by_run), mode="json")
        write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n", record.path / "drill.json")
        _durable(record.path)
        _durable(record.path.parent)
    elif record._head.plan != text or record._head.by_run:  # noqa: SLF001 - same module
        raise ConfigError(f"the drill {name} was begun by another plan", hint="name the new plan's file otherwise")
    return record


def records(store: Path) -> list[Record]:
    """All drills of a store, by when they began."""
    found = [Record(path.parent) for path in (store / "drills").glob("*/drill.json")]
    return sorted(found, key=lambda record: (record.begun, record.id))


def find(store: Path, name: str) -> Record:
    """The drill of that id.

    :raises ConfigError: there is none; lists the known ones.
    """
    known = records(store)
    for record in known:
        if record.id == name:
            return record
    hint = "known drills: " + ", ".join(each.id for each in known) if known else "scimaudit drill observe begins one"
    raise ConfigError(f"there is no drill {name}", hint=hint)


def _valid(adapter: TypeAdapter[Kept], path: Path) -> Kept:
    try:
        return adapter.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise IntegrityError(f"{path} cannot be read", hint="put back the file as it was") from error


def _durable(folder: Path) -> None:
    """Make the names in a folder survive a loss of power, where the system lets one."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
