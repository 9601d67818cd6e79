"""What ``--full`` reads of a bundle beyond the hashes of its files: raw bodies, and the rows of tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from scimaudit import workflow
from scimaudit.evidence import MANIFEST, SNAPSHOT, TABLES, contents, tombstones, verify
from scimaudit.snapshot.store import Snapshot
from tests.evidence.forger import put, resealed
from tests.evidence.test_bundle import speak
from tests.review.conftest import Firm
from tests.silence import Silence

RAW = "snapshot/raw/app.crm.0.bodies"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a snapshot alone."""
    folder = tmp_path_factory.mktemp("inside")
    (folder / "firm").mkdir()
    firm = Firm(folder / "firm")
    snapshot = workflow.pull(firm.config(), now=lambda: firm.now, watcher=Silence())
    bundle = folder / "made"
    shutil.copytree(snapshot.path, bundle / SNAPSHOT)
    (bundle / TABLES).write_bytes(orjson.dumps(dict(contents.digests(snapshot))))
    (bundle / MANIFEST).write_text("")
    speak(bundle)
    resealed(bundle)
    return bundle


@pytest.fixture
def bundle(collected: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(collected, tmp_path / "made"))


def full(bundle: Path) -> tuple[str, ...]:
    assert verify.verify(bundle).problems == ()
    return verify.verify(bundle, full=True).problems


def test_what_was_sealed_is_read_without_a_problem(bundle: Path) -> None:
    assert full(bundle) == ()


def fewer(told: dict[str, Any]) -> None:
    told["people"]["rows"] -= 1


def other(told: dict[str, Any]) -> None:
    told["people"]["sha256"] = told["overlaps"]["sha256"]


def unnamed(told: dict[str, Any]) -> None:
    del told["people"]


@pytest.mark.parametrize("change", [fewer, other, unnamed])
def test_rows_that_are_not_those_that_were_sealed_are_named(
    bundle: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    told = orjson.loads((bundle / TABLES).read_bytes())
    change(told)
    put(bundle / TABLES, orjson.dumps(told))
    resealed(bundle)
    assert full(bundle) == ("the rows of people are not those that were sealed",)


def test_sums_of_tables_that_are_no_sums_name_every_table(bundle: Path) -> None:
    put(bundle / TABLES, b"[]")
    resealed(bundle)
    every = [name for name, _ in contents.digests(Snapshot(bundle / SNAPSHOT))]
    assert full(bundle) == tuple(f"the rows of {name} are not those that were sealed" for name in every)


def spoilt(bundle: Path, name: str, data: bytes) -> None:
    """A file of the snapshot, and everything above it made to fit."""

    put(bundle / name, data)
    index = bundle / "snapshot/manifest.json"
    told = orjson.loads(index.read_bytes())
    told["files"][name.removeprefix("snapshot/")] = sha256(data).hexdigest()
    put(index, orjson.dumps(told))
    resealed(bundle)


def test_a_body_that_is_not_what_was_received_is_named(bundle: Path) -> None:
    spoilt(bundle, RAW, b"")
    [problem] = full(bundle)
    assert "app.crm.0" in problem


def test_a_table_that_cannot_be_read_is_named(bundle: Path) -> None:
    spoilt(bundle, "snapshot/tables/people.parquet", b"PAR1")
    [problem] = full(bundle)
    assert "people" in problem or "cannot be read" in problem


def test_of_bodies_that_went_nothing_is_read(bundle: Path) -> None:
    gone = list(bundle.glob("snapshot/raw/*.bodies"))
    for path in gone:
        path.unlink()
    stone: Any = SimpleNamespace(rule=tombstones.RAW, removed=[path.relative_to(bundle).as_posix() for path in gone])
    assert list(verify._inside(bundle, [stone])) == []
    assert list(verify._inside(bundle, [])) != []


def test_of_a_bundle_that_went_nothing_is_read(bundle: Path) -> None:
    shutil.rmtree(bundle / SNAPSHOT)
    stone: Any = SimpleNamespace(rule=tombstones.WHOLE, removed=[])
    assert list(verify._inside(bundle, [stone])) == []
    assert list(verify._inside(bundle, [])) != []
