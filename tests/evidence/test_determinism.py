"""One company, one set of raw bodies: every byte of a bundle is the same wherever and however often it is made."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from scimaudit import config, tables, workflow
from scimaudit.demo.sample import copy, point
from scimaudit.demo.server import serve
from scimaudit.evidence import contents
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import verify
from scimaudit.snapshot.store import open_snapshot
from tests import figures
from tests.silence import Silence

pytestmark = pytest.mark.reliability
SEED = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
NOW = datetime(2026, 11, 20, 19, tzinfo=UTC)
ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin")
HEARD = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
LOCALES = tuple(dict.fromkeys(["C", "POSIX", *HEARD]))
CHUNKS = 6

# Judged, reported in every format and sealed anew; and the bundle of the first run replayed from its raw bodies.
MAKE = """
import json, os, sys, hashlib
from datetime import datetime
from pathlib import Path
folder, bundle, cores = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
if cores and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
import locale
locale.setlocale(locale.LC_ALL, "")
import pyarrow
if cores:
    pyarrow.set_cpu_count(cores)
from scimaudit import config, renderers, workflow
from scimaudit.evidence import contents
from scimaudit.evidence.replay import replay
loaded = config.load(folder / "scimaudit.toml")
stored = workflow.audit(loaded)
reports = workflow.report(stored, renderers.names())
made = workflow.seal(loaded, now=datetime.fromisoformat(sys.argv[4]), reports=reports)
told = {path.relative_to(made).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(made.rglob("*")) if path.is_file()}
again = replay(bundle) if bundle != Path("-") else None
print(json.dumps({"files": told, "bundle": str(made), "problems": again and [*again.problems, *again.kept]}))
"""


@dataclass(frozen=True)
class Variant:
    """A machine and its mood: hash seed, time zone, language, cores (0 for all), threads of libraries."""

    seed: int
    zone: str
    language: str
    cores: int

    def run(self, folder: Path, bundle: Path | None) -> dict[str, Any]:
        """What is made in a process of this kind."""
        environment = {
            **os.environ, "PYTHONHASHSEED": str(self.seed), "TZ": self.zone, "LC_ALL": self.language,
            "OMP_NUM_THREADS": str(self.cores or 4), "ARROW_IO_THREADS": str(self.cores or 8),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", MAKE, folder, bundle or "-", str(self.cores), NOW.isoformat()],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def company(folder: Path, page_size: int | None = None) -> Path:
    """The sample company, whose apps are real SCIM services, pulled; its servers are gone.

    :param page_size: asked for of every app that has no size of its own.
    """
    copy(folder)
    with serve(folder) as running, pytest.MonkeyPatch.context() as patch:
        path = point(folder, running)
        if page_size is not None:
            sized = rf"\g<0>\npage_size = {page_size}"
            text, count = re.subn(
                r'(?m)^source = "scim"\nbase_url = .*$(?!\npage_size)', sized, path.read_text("utf-8")
            )
            assert count >= 3
            path.write_text(text, "utf-8")
        patch.setenv("SCIMAUDIT_DEMO_TOKEN", running.token)
        workflow.pull(config.load(path), now=lambda: NOW, watcher=Silence())
    return folder


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return company(tmp_path_factory.mktemp("company") / "demo")


@pytest.fixture(scope="module")
def first(pulled: Path) -> tuple[Path, Mapping[str, str]]:
    """The first bundle, and the hashes of its files."""
    found = Variant(0, "UTC", "C", 0).run(pulled, None)
    return Path(found["bundle"]), found["files"]


def store(pulled: Path, folder: Path) -> Path:
    """The company again, pulled and not judged yet."""
    shutil.copytree(pulled, folder, ignore=shutil.ignore_patterns("audits", "evidence"))
    return folder


def test_scim_services_are_played_from_their_bodies(first: tuple[Path, Mapping[str, str]]) -> None:
    bundle = first[0]
    assert verify(bundle, full=True).problems == ()
    made = replay(bundle)
    assert (made.problems, made.kept) == ((), {})
    assert len(made.rebuilt) >= 8
    assert {Path(name).suffix for name in first[1]} >= {".html", ".xlsx", ".csv", ".json", ".jsonl", ".txt"}


def variants(chunk: int) -> list[Variant]:
    """Those of a chunk: of all seeds, zones, languages and numbers of cores, drawn by the seed of the test."""
    drawn = random.Random(SEED)
    every = [
        Variant(drawn.randrange(2**32), zone, language, cores)
        for zone, language, cores in itertools.product(ZONES, LOCALES, (1, 2, 0))
    ]
    drawn.shuffle(every)
    many = figures.size(1, 119)  # and the first
    chosen = [every[number % len(every)] for number in range(many)]
    # A place that comes again comes with another seed of hashes.
    chosen = [Variant(one.seed + number, one.zone, one.language, one.cores) for number, one in enumerate(chosen)]
    return chosen[chunk :: CHUNKS if figures.NIGHTLY else 1]


@pytest.mark.parametrize("chunk", range(figures.size(1, CHUNKS)))
def test_machine_and_hour_do_not_matter(
    pulled: Path, first: tuple[Path, Mapping[str, str]], tmp_path: Path, chunk: int
) -> None:
    bundle, due = first
    differences, compared = [], 0
    mine = variants(chunk)
    for number, variant in enumerate(mine):
        made = variant.run(store(pulled, tmp_path / str(number)), bundle)
        compared += len(made["files"])
        differences += [
            (variant, name)
            for name in sorted(due.keys() | made["files"].keys())
            if due.get(name) != made["files"].get(name)
        ]
        differences += [(variant, problem) for problem in made["problems"]]
        shutil.rmtree(tmp_path / str(number))
    figures.record(
        "Determinism",
        counts={"runs": len(mine) + (chunk == 0), "files compared": compared, "differences": len(differences)},
        told={"seed": str(SEED), "languages": ", ".join(LOCALES)},
    )
    assert compared >= 30 * len(mine)
    assert differences == []


PLACES = re.compile(r'"(raw_file|raw_body|raw_row|evidence|first_seen|audit_id)":("[^"]*"|[^,}]*),?')


def judged(folder: Path) -> dict[str, object]:
    """The hash of each table and each record, but for where in the raw bodies their rows stand."""
    loaded = config.load(folder / "scimaudit.toml")
    stored = workflow.audit(loaded)
    snapshot = open_snapshot(loaded.store)
    found: dict[str, object] = {"people": rows(snapshot.people())}
    for line in snapshot.manifest.apps:
        found |= {f"accounts of {line.app}": rows(snapshot.accounts(line.app)), f"listing of {line.app}": line}
        found[f"grants of {line.app}"] = rows(snapshot.grants(line.app))
    trail = tables.conform(stored.trail(), tables.TRAIL)
    for name, lines in contents.record(stored.audit, stored.links(), trail):
        text = PLACES.sub("", b"".join(lines).decode())
        found[name] = hashlib.sha256(text.encode()).hexdigest()
    return found


def rows(table: pa.Table) -> object:
    return contents.digest(table.drop_columns([name for name in table.column_names if name.startswith("raw_")]))


def test_the_size_of_pages_changes_no_finding(pulled: Path, tmp_path: Path) -> None:
    due = judged(store(pulled, tmp_path / "first"))
    assert len(due) >= 20
    # No list has as many rows as these pages, or as those of a second pass: such a total may be a limit, and is not
    # believed.
    sizes = (16, 22, 32)[: figures.size(1, 3)]
    differences = []
    for size in sizes:
        found = judged(company(tmp_path / str(size), size))
        differences += [(size, name) for name in due if due[name] != found[name]]
    figures.record("Determinism over page sizes", counts={"pulls": 1 + len(sizes), "differences": len(differences)})
    assert differences == []
