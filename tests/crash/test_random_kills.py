"""A whole run that is killed at any moment, again and again, and then left to end: nothing is lost and nothing half done."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests import figures
from tests.crash.company import Company, apart
from tests.crash.conftest import Undisturbed
from tests.crash.warm import Warm, arguments

SEED = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
CHUNKS = figures.size(1, 9)
STORES = figures.size(2, 5)
"""Stores in a chunk; each is killed on five times in a row before a run comes to its end there."""
IN_A_ROW = 5
EARLY = 0.1
"""Of a whole run the part in which it pulls."""
ASK = ("findings", "metrics", "ledger", "verify --chain")


def where(company: Company, before: Company) -> str:
    """In which step the kill came, by what it left."""
    if company.begun():
        return "while it pulled"
    if list(company.folder.glob("evidence/*.partial")):
        return "while it sealed"
    return "between, or while it judged" if len(company.snapshots()) > len(before.snapshots()) else "at its start"


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_kills_at_random(chunk: int, company: Company, undisturbed: Undisturbed, warm: Warm, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED}-{chunk}")
    harm: list[object] = []
    other: list[object] = []
    lost: list[object] = []
    kills: Counter[str] = Counter()
    for store in range(STORES):
        mine = company.copy(tmp_path / "company")
        kept, begun = mine.kept(), mine.begun()
        for _ in range(IN_A_ROW):
            child = warm.start(*arguments("run", mine.folder))
            # The pull is the shortest part, and the one that goes on: half of the kills come as early as it does.
            time.sleep(chance.random() * undisturbed.seconds * chance.choice((EARLY, 1)))
            child.kill()
            done = child.ended()
            kills[where(mine, company)] += done.code == -signal.SIGKILL
            harm += [(store, each) for each in mine.wrong(kept)]
            there = {each.id for each in mine.snapshots()} | set(mine.begun())
            lost += [(store, name) for name in begun if name not in there]
            kept, begun = mine.kept(), mine.begun()
        asked = ASK[store % len(ASK)]
        told = [str(mine.folder / "evidence"), "--chain"] if "verify" in asked else arguments(asked, mine.folder)
        answer = warm.run("verify", *told) if "verify" in asked else warm.run(*told)
        harm += [(store, asked, answer.complained)] if answer.code not in (0, 1) or not answer.said else []
        done = warm.run(*arguments("run", mine.folder))
        newest = mine.snapshots()[-1].id
        lost += [(store, name) for name in begun if name != newest]
        harm += [(store, each) for each in mine.wrong(kept)]
        if done.code != undisturbed.code:
            other.append((store, done))
        else:
            told_now = mine.told()
            other += [
                (store, name, *apart(said, told_now[name]))
                for name, said in undisturbed.told.items()
                if told_now[name] != said
            ]
    counts = {
        "kills": kills.total(),
        **dict(sorted(kills.items())),
        "harmed or half taken for whole": len(harm),
        "begun pulls that lost their name": len(lost),
        "that ended otherwise than undisturbed": len(other),
    }
    figures.record("Runs killed at random", counts=counts, told={"seed": str(SEED)})
    assert kills.total() >= STORES * IN_A_ROW // 2
    assert harm == []
    assert lost == []
    assert other == []
