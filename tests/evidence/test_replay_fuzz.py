"""Every value of every JSON part of a bundle deleted, altered and turned into another type, and sealed anew.

Whoever may write the bundle writes its hashes too, so the verifiers are content; a replay must name it, and never crash.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from scimaudit.errors import IntegrityError
from scimaudit.evidence import MANIFEST, STATEMENT, SUMS, sums
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import verify
from tests import figures
from tests.evidence.conftest import Evidence
from tests.evidence.forger import resealed

pytestmark = pytest.mark.reliability
SEED = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
PARTS = (
    "reports/report.json", STATEMENT, "tables.json", "snapshot/manifest.json", "record/audit.json",
    "snapshot/raw/roster.hr.jsonl", "snapshot/raw/app.crm.0.jsonl", "former/*/audit.json", "earlier/*/manifest.json",
)  # fmt: skip
CHUNKS = 4
# What a replay cannot know: another day of sealing, another parent or none are for the chain and the signature to show.
UNKNOWABLE = {("predicate", "sealed_at", "altered"), ("predicate", "parent", "bundle", "altered"),
              ("predicate", "parent", "null")}  # fmt: skip
Step = str | int


@dataclass(frozen=True)
class Change:
    """One value of one line of one part, and what is done to it."""

    part: str
    line: int
    at: tuple[Step, ...]
    how: str

    def __str__(self) -> str:
        return f"{self.part}:{self.line} {'.'.join(map(str, self.at))} {self.how}"


def steps(value: Any, at: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Where every value stands; of a list the first and the last."""
    if at:
        yield at
    inner: list[Step] = []
    if isinstance(value, dict):
        inner = list(value)
    elif isinstance(value, list):
        inner = list(dict.fromkeys([0, len(value) - 1])) if value else []
    for step in inner:
        yield from steps(value[step], (*at, step))


def another(value: Any) -> Any:
    """A value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, list):
        return value[1:] if value else ["x"]
    return {} if value else {"x": "x"} if isinstance(value, dict) else "x"


HOW: dict[str, Callable[[Any], Any]] = {
    "altered": another,
    "another type": lambda value: [] if isinstance(value, (dict, str)) else "x",
    "null": lambda value: 7 if value is None else None,
}


def changed(document: Any, change: Change) -> Any:
    """The document with the change made."""
    made = copy.deepcopy(document)
    holder = made
    for step in change.at[:-1]:
        holder = holder[step]
    if change.how == "deleted":
        del holder[change.at[-1]]
    else:
        holder[change.at[-1]] = HOW[change.how](holder[change.at[-1]])
    assert made != document or json.dumps(made) != json.dumps(document)
    return made


def parts(bundle: Path) -> list[str]:
    return [path.relative_to(bundle).as_posix() for name in PARTS for path in sorted(bundle.glob(name))]


def documents(bundle: Path, part: str) -> list[Any]:
    data = (bundle / part).read_bytes()
    return [orjson.loads(line) for line in data.splitlines()] if part.endswith(".jsonl") else [orjson.loads(data)]


def changes(bundle: Path) -> list[Change]:
    """Every change of every part."""
    return [
        Change(part, line, at, how)
        for part in parts(bundle)
        for line, document in enumerate(documents(bundle, part))
        for at in steps(document)
        for how in ("deleted", *HOW)
        if part != STATEMENT or (*at, how) not in UNKNOWABLE
    ]


def written(bundle: Path, change: Change) -> None:
    """Make the change, and the manifest and the statement as if it had been sealed so."""
    told = documents(bundle, change.part)
    told[change.line] = changed(told[change.line], change)
    path = bundle / change.part
    path.unlink()
    if change.part == STATEMENT:
        path.write_bytes(orjson.dumps(told[0], option=orjson.OPT_SORT_KEYS))
        sums.write(bundle)
        return
    path.write_bytes(b"\n".join(map(orjson.dumps, told)))
    resealed(bundle)


def outcome(bundle: Path, change: Change) -> str:
    """``named``, ``refused``, or ``the same``."""
    try:
        checked = verify(bundle)
        if change.part != STATEMENT:
            assert checked.problems == (), change
        return "named" if checked.problems or replay(bundle).problems else "the same"
    except IntegrityError:
        return "refused"


def test_a_bundle_that_is_only_sealed_anew_is_the_same(evidence: Evidence) -> None:
    resealed(evidence.last)
    assert verify(evidence.last).problems == ()
    assert replay(evidence.last).problems == ()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_whatever_is_changed_in_a_bundle_is_named(evidence: Evidence, chunk: int) -> None:
    bundle = evidence.last
    every = changes(bundle)
    chosen = random.Random(SEED)
    # Each chunk has parts of its own: all kinds of parts are met, however few are played.
    mine = [part for number, part in enumerate(parts(bundle)) if number % CHUNKS == chunk]
    pool = [change for change in every if change.part in mine]
    played = [chosen.choice([change for change in pool if change.part == part]) for part in mine]
    played += chosen.sample(pool, min(len(pool), figures.size(0, 150)))
    found: dict[str, list[str]] = {"named": [], "refused": [], "the same": [], "crashed": []}
    for change in played:
        kept = {name: (bundle / name).read_bytes() for name in (change.part, MANIFEST, STATEMENT, SUMS)}
        written(bundle, change)
        try:
            found[outcome(bundle, change)].append(str(change))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted, and fails the test below
            found["crashed"].append(f"{change}: {error!r}")
        for name, data in kept.items():
            (bundle / name).unlink()
            (bundle / name).write_bytes(data)
    figures.record(
        "Replay of changed bundles",
        counts={"changes": len(played), **{name: len(each) for name, each in found.items()}},
        most={"kinds of changes in all at most": len(every)},
        told={"seed": str(SEED)},
    )
    assert found["the same"] == []
    assert found["crashed"] == []
    assert found["named"] or found["refused"]
