"""Tombstones in small bundles made by hand: what both verifiers say, and what no reader may stumble over."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scimaudit.config import Evidence
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import (
    MANIFEST,
    SIGNATURE,
    STATEMENT,
    SUMS,
    retention,
    seal,
    standalone,
    statement,
    sums,
    tombstones,
)
from scimaudit.evidence.statement import Statement
from scimaudit.evidence.tombstones import FOLDERS, LEFT, RAW, WHOLE, Place, Tombstone
from scimaudit.evidence.verify import chain, verify
from tests.evidence.test_bundle import manifest, sha

FILES = {"record/findings.jsonl": b"{}\n", "snapshot/raw/app.bodies": b"raw", "snapshot/raw/app.jsonl": b"index\n"}
BODIES = {"snapshot/raw/app.bodies"}
SEALED = datetime(2026, 1, 1, tzinfo=UTC)
LATER = SEALED + timedelta(days=400)
RULES = {RAW: 12, WHOLE: 12, "hold": {}}


@dataclass(frozen=True)
class Two:
    """A bundle, and the one whose statement holds the rules."""

    old: Path
    new: Path

    @property
    def folder(self) -> Path:
        return self.old.parent

    def bury(self, rule: str, paths: set[str], *, hashes: Mapping[str, str] | None = None, of: str = "") -> Path:
        """Remove files under a tombstone that nobody signed."""
        told, ruling = statement.load(self.old), statement.load(self.new)
        folder = self.old / FOLDERS[rule]
        folder.mkdir()
        removed = {path: sha(FILES[path]) for path in sorted(paths)} | dict(hashes or {})
        place = Place(told.bundle, of or told.digest)
        stone = Tombstone(folder, "", rule, place, 12, Place(ruling.bundle, ruling.digest), LATER, None, removed)
        (folder / STATEMENT).write_bytes(tombstones.dump(stone))
        sums.write(folder)
        for path in paths:
            (self.old / path).unlink()
        for path in sorted(self.old.rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        return folder


def put(folder: Path, name: str, day: datetime, parent: Statement | None = None, **more: Any) -> Path:
    made = folder / name
    for path, data in FILES.items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(data)
    (made / MANIFEST).write_text(manifest(FILES), newline="")
    told = {
        "bundle": name,
        "parent": {"bundle": parent.bundle, "sha256": parent.digest} if parent else None,
        "sealed_at": day,
        "retention": RULES,
        "tombstone": None,
    }
    (made / STATEMENT).write_bytes(statement.dump(sha((made / MANIFEST).read_bytes()), told | more))
    sums.write(made)
    return made


@pytest.fixture
def two(tmp_path: Path) -> Two:
    old = put(tmp_path / "evidence", "old", SEALED)
    return Two(old, put(tmp_path / "evidence", "new", SEALED + timedelta(days=399), statement.load(old)))


@pytest.mark.parametrize(("rule", "paths"), [(RAW, BODIES), (WHOLE, set(FILES))])
def test_both_verifiers_take_what_a_rule_removed(two: Two, rule: str, paths: set[str]) -> None:
    two.bury(rule, paths)
    assert verify(two.old).problems == ()
    assert list(standalone.problems(two.old)) == []
    assert verify(two.old).files == len(FILES) - len(paths)
    assert chain(two.folder)[1] == ()


@pytest.mark.parametrize(
    ("rule", "paths", "hashes"),
    [
        (RAW, {"record/findings.jsonl"}, {}),
        (RAW, {"record/findings.jsonl", *BODIES}, {}),
        (RAW, BODIES, {"snapshot/raw/app.bodies": "0" * 64}),
        (RAW, BODIES, {"snapshot/raw/never.bodies": "0" * 64}),
        (WHOLE, {"record/findings.jsonl"}, {}),
    ],
)
def test_neither_verifier_takes_a_file_for_removed_that_the_rule_does_not_remove(
    two: Two, rule: str, paths: set[str], hashes: dict[str, str]
) -> None:
    """A finding that somebody took out, with a word that it was removed beside it."""
    two.bury(rule, paths, hashes=hashes)
    assert any("names other files" in each for each in verify(two.old).problems)
    assert any("names other files" in each for each in standalone.problems(two.old))


def test_neither_verifier_takes_a_tombstone_of_another_bundle(two: Two) -> None:
    two.bury(RAW, BODIES, of="0" * 64)
    assert any("is of another bundle" in each for each in verify(two.old).problems)
    assert any("is of another bundle" in each for each in standalone.problems(two.old))


def test_neither_verifier_takes_an_unsigned_tombstone_in_a_signed_bundle(two: Two) -> None:
    (two.old / SIGNATURE).write_text("x")
    sums.write(two.old)
    two.bury(RAW, BODIES)
    said = ("tombstone-raw is not signed, and the bundle is",)
    assert verify(two.old).problems == tuple(standalone.problems(two.old)) == said


def test_a_bit_of_every_seventh_byte_of_an_unsigned_tombstone_is_named(two: Two) -> None:
    path = two.bury(RAW, BODIES) / STATEMENT
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert any("tombstone" in each for each in verify(two.old).problems), place
        assert any("tombstone" in each for each in standalone.problems(two.old)), place
    path.write_bytes(whole)
    assert verify(two.old).problems == ()
    (path.parent / SUMS).unlink()
    assert verify(two.old).problems == (f"tombstone-raw: {SUMS} is missing",)
    assert list(standalone.problems(two.old)) == [f"tombstone-raw: {SUMS} is missing"]


def test_a_tombstone_that_changed_is_named_by_its_chain_and_nothing_goes_on_from_it(two: Two) -> None:
    """What names its digest now would lose it for good once it is put right."""
    path = two.bury(RAW, BODIES) / STATEMENT
    assert tombstones.last(two.folder, LATER)
    path.write_bytes(path.read_bytes().replace(b'"months":12', b'"months":13'))
    said = f"tombstone-raw: {STATEMENT} is not the one that {SUMS} speaks of"
    assert said in verify(two.old).problems
    assert f"old/{said}" in chain(two.folder)[1]
    with pytest.raises(IntegrityError, match="speaks of"):
        tombstones.last(two.folder, LATER)


def test_a_signature_of_a_tombstone_that_changed_is_named_without_signers(two: Two) -> None:
    path = two.bury(RAW, BODIES) / SIGNATURE
    path.write_text("signature")
    sums.write(path.parent)
    assert verify(two.old).problems == ()
    path.write_text("signaturf")
    said = f"tombstone-raw: {SIGNATURE} is not the one that {SUMS} speaks of"
    assert verify(two.old).problems == tuple(standalone.problems(two.old)) == (said,)
    path.unlink()
    assert f"tombstone-raw: {SIGNATURE} is missing" in verify(two.old).problems
    assert f"tombstone-raw: {SIGNATURE} is missing" in standalone.problems(two.old)


@pytest.mark.parametrize("name", [STATEMENT, SUMS])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder", "large", "missing"])
def test_a_part_of_a_tombstone_that_is_no_plain_file_is_named(two: Two, name: str, kind: str) -> None:
    path = two.bury(RAW, BODIES) / name
    path.rename(two.folder / "aside")
    if kind == "link":
        path.symlink_to(two.folder / "aside")
    elif kind == "dangling":
        path.symlink_to(two.folder / "nothing")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(1 << 40)  # a hole: it takes no room
    assert verify(two.old).problems
    assert list(standalone.problems(two.old)) != []


def test_what_no_tombstone_has_was_added(two: Two) -> None:
    folder = two.bury(RAW, BODIES)
    (folder / MANIFEST).write_text("")
    assert f"tombstone-raw: {MANIFEST} was added" in verify(two.old).problems
    assert f"tombstone-raw: {MANIFEST} was added" in standalone.problems(two.old)


def test_a_bundle_is_verified_from_inside_its_folder(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.bury(RAW, BODIES)
    monkeypatch.chdir(two.old)
    assert verify(Path()).problems == ()
    assert list(standalone.problems(Path())) == []


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"subject":[1]}', "{}", "1"])
def test_a_tombstone_that_is_none_crashes_no_verifier(two: Two, text: str) -> None:
    path = two.bury(RAW, BODIES) / STATEMENT
    path.write_text(text)
    sums.write(path.parent)
    assert any("cannot be read as a tombstone" in each for each in verify(two.old).problems)
    assert list(standalone.problems(two.old)) == ["a tombstone cannot be read, or is of another bundle"]


def test_a_clock_that_went_back_behind_a_tombstone_seals_nothing(two: Two) -> None:
    assert tombstones.last(two.folder, SEALED) is None
    two.bury(RAW, BODIES)
    named = tombstones.last(two.folder, LATER)
    assert named
    assert named["bundle"] == "old"
    with pytest.raises(ConfigError, match="tombstone-raw is not written yet"):
        tombstones.last(two.folder, LATER - timedelta(seconds=1))


def test_months_beyond_all_years_are_never_due(two: Two) -> None:
    folder = two.bury(RAW, BODIES)
    told = (folder / STATEMENT).read_bytes().replace(b'"months":12', b'"months":999999')
    (folder / STATEMENT).write_bytes(told)
    assert any("nothing was due" in each for each in verify(two.old).problems)
    config = Evidence(keep_raw_months=999_999, keep_months=999_999)
    shutil.rmtree(folder)
    assert retention.due(config, two.folder, now=LATER, needed={}) == []


def test_an_export_is_no_link_of_a_chain_even_where_it_lies_alone(tmp_path: Path) -> None:
    put(tmp_path, "shared", SEALED, pseudonymised={"bundle": "old", "sha256": "0" * 64})
    assert chain(tmp_path)[1] == ("shared is a pseudonymised export, and no link",)
    for asked in (seal.newest, lambda folder: retention.due(Evidence(), folder, now=LATER, needed={})):
        with pytest.raises(IntegrityError, match="shared is a pseudonymised export, and lies among the bundles"):
            asked(tmp_path)


def test_a_statement_that_says_nothing_of_holds_or_of_what_it_is_an_export_of(tmp_path: Path) -> None:
    old = put(tmp_path, "old", SEALED)
    rules = RULES | {"hold": None}
    two = Two(old, put(tmp_path, "new", SEALED + timedelta(days=399), statement.load(old), retention=rules))
    two.bury(RAW, BODIES)
    assert verify(two.old).problems == ()
    with pytest.raises(IntegrityError, match="is no statement over"):
        verify(put(tmp_path, "odd", SEALED, pseudonymised={}))


def test_a_hold_that_names_no_bundle_is_refused_before_anything_goes(two: Two) -> None:
    config = Evidence(keep_raw_months=12, hold={"odl": "a case"})
    with pytest.raises(ConfigError, match=r"evidence.hold names odl, and .* has no such bundle"):
        retention.due(config, two.folder, now=LATER, needed={})
    with pytest.raises(ConfigError, match=r"evidence.hold names odl"):
        retention.apply(config, two.folder, now=LATER, needed={})
    assert (two.old / "snapshot/raw/app.bodies").is_file()


def test_a_removal_that_was_cut_short_stops_where_a_hold_came_meanwhile(two: Two) -> None:
    two.bury(RAW, BODIES)
    (two.old / "snapshot/raw/app.bodies").write_bytes(b"raw")
    config = Evidence(keep_raw_months=12, hold={"old": "a case"})
    [listed] = retention.due(config, two.folder, now=LATER, needed={})
    assert (listed.begun, listed.kept) == (True, "on hold: a case")
    assert retention.apply(config, two.folder, now=LATER, needed={}) == []
    assert (two.old / "snapshot/raw/app.bodies").is_file()
    assert any(each.endswith(LEFT) for each in verify(two.old).problems)
    [done] = retention.apply(Evidence(keep_raw_months=12), two.folder, now=LATER, needed={})
    assert done.begun
    assert not (two.old / "snapshot/raw/app.bodies").exists()


def test_the_small_verifier_ends_with_how_many_were_removed(
    two: Two, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["verify.py", str(two.old)])
    two.bury(RAW, BODIES)
    assert standalone.main() == 0
    gone = f"but {len(BODIES)} that tombstones say were removed; ask scimaudit verify by which rule"
    assert capsys.readouterr().out == f"every file is what was sealed, {gone}\n"
    (two.old / "more").write_text("x")
    assert standalone.main() == 5
    assert capsys.readouterr().out == "more was added\nNOT WHAT WAS SEALED\n"
    (two.old / FOLDERS[RAW] / STATEMENT).write_text("[]")
    assert standalone.main() == 5


def test_a_bundle_is_verified_with_its_tombstones(two: Two, tmp_path: Path) -> None:
    folder = two.bury(RAW, BODIES)
    [stone] = verify(two.old).tombstones
    assert (stone.folder, set(stone.removed)) == (folder, BODIES)
    assert any("which is still to come" in each for each in verify(two.old, at=LATER - timedelta(days=1)).problems)
    assert verify(two.old, at=LATER).problems == ()
    (tmp_path / "signers").write_text("")
    assert verify(two.old, signers=tmp_path / "signers").problems == (
        f"{two.old} is not signed", f"{folder} is not signed",
    )  # fmt: skip
