"""Retention: nothing goes that is not due, whatever goes is told, and nobody hides a removal behind a tombstone."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scimaudit import workflow
from scimaudit.config import Config, Evidence
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import (
    MANIFEST,
    SIGNATURE,
    STATEMENT,
    SUMS,
    seal,
    sealed,
    signing,
    standalone,
    statement,
    sums,
    tombstones,
)
from scimaudit.evidence.pseudonyms.export import export
from scimaudit.evidence.pseudonyms.tokens import Tokens
from scimaudit.evidence.replay import replay
from scimaudit.evidence.retention import Due
from scimaudit.evidence.tombstones import LEFT
from scimaudit.evidence.verify import chain, verify
from scimaudit.snapshot.store import file_digest
from tests import figures
from tests.evidence.conftest import key
from tests.evidence.forger import said
from tests.review.conftest import Firm

YEAR = timedelta(days=400)
FOREVER = timedelta(days=366 * 7 + 30)
RULES = {"keep_raw_months": 13, "keep_months": 84, "key": Path("ana")}


@dataclass
class Kept:
    """The small company's bundles, and a third one, sealed under rules of retention."""

    firm: Firm
    folder: Path
    first: Path
    second: Path
    third: Path

    @property
    def signers(self) -> Path:
        return self.firm.folder / "signers"

    def config(self, **rules: Any) -> Config:
        told = self.firm.config()
        return told.model_copy(update={"evidence": told.evidence.model_copy(update=RULES | rules)})

    def retention(self, *, removing: bool = True, **rules: Any) -> list[Due]:
        return workflow.retention(self.config(**rules), now=self.firm.now, removing=removing)

    def seal(self, **rules: Any) -> Path:
        self.firm.audit()
        sealed = workflow.seal(self.config(**rules), now=self.firm.now)
        self.firm.later(minutes=1)
        return sealed

    def problems(self, *, full: bool = False) -> list[str]:
        found = [verify(each, signers=self.signers, full=full, at=self.firm.now) for each in sealed(self.folder)]
        return [*(problem for each in found for problem in each.problems), *chain(self.folder)[1]]


@pytest.fixture(scope="session")
def _ruled(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's folder with the third bundle."""
    folder = tmp_path_factory.mktemp("ruled") / "firm"
    shutil.copytree(_made, folder)
    made = _kept(folder)
    made.firm.later(days=14)
    made.seal()
    return folder


def _kept(folder: Path) -> Kept:
    firm = Firm.__new__(Firm)
    fresh = folder.parent / "fresh"
    fresh.mkdir()
    firm.__dict__.update(Firm(fresh).__dict__)
    firm.folder = folder
    bundles = sealed(folder / "evidence")
    return Kept(firm, folder / "evidence", *bundles, *[Path()] * (3 - len(bundles)))


@pytest.fixture
def kept(_ruled: Path, tmp_path: Path) -> Kept:
    shutil.copytree(_ruled, tmp_path / "firm")
    made = _kept(tmp_path / "firm")
    made.firm.later(days=28)
    return made


def raw(bundle: Path) -> list[Path]:
    return sorted((bundle / "snapshot/raw").glob("*.bodies"))


def test_nothing_goes_unless_it_is_asked_for(kept: Kept) -> None:
    kept.firm.now += FOREVER
    before = sorted(kept.folder.rglob("*"))
    assert kept.retention(removing=False, keep_raw_months=None, keep_months=None) == []
    assert kept.retention(keep_raw_months=None, keep_months=None) == []
    listed = kept.retention(removing=False)
    assert [(each.bundle, each.rule, each.kept) for each in listed] == [
        (kept.first, tombstones.WHOLE, ""),
        (kept.second, tombstones.WHOLE, ""),
        (kept.third, tombstones.WHOLE, "it is the newest bundle"),
    ]
    assert sorted(kept.folder.rglob("*")) == before


def test_raw_bodies_go_after_their_months_and_all_else_still_verifies(kept: Kept) -> None:
    assert kept.retention() == []
    kept.firm.now += YEAR
    hashes = {path.name: (kept.first / MANIFEST).read_text() for path in raw(kept.first)}
    assert hashes
    removed = kept.retention()
    assert [(each.bundle, each.rule) for each in removed] == [
        (kept.first, "keep_raw_months"),
        (kept.second, "keep_raw_months"),
    ]
    assert raw(kept.first) == raw(kept.second) == []
    assert raw(kept.third)
    assert kept.problems(full=True) == []
    found = verify(kept.first, signers=kept.signers, full=True, at=kept.firm.now)
    [stone] = found.tombstones
    assert (stone.rule, stone.months, stone.at, stone.signed) == ("keep_raw_months", 13, kept.firm.now, True)
    assert set(stone.removed) == {f"snapshot/raw/{name}" for name in hashes}
    assert all(f"{digest}  {path}\n" in (kept.first / MANIFEST).read_text() for path, digest in stone.removed.items())
    assert kept.retention() == []
    with pytest.raises(IntegrityError, match=r"cannot be replayed: raw bodies of it were removed on 2028-"):
        replay(kept.first)


def test_a_whole_bundle_leaves_its_statement_and_the_chain_goes_on(kept: Kept, tmp_path: Path) -> None:
    kept.firm.now += YEAR
    kept.retention()
    kept.firm.now += FOREVER
    fourth = kept.seal()
    removed = kept.retention()
    assert [(each.bundle, each.rule) for each in removed] == [
        (each, tombstones.WHOLE) for each in (kept.first, kept.second, kept.third)
    ]
    assert sorted(path.relative_to(kept.first).as_posix() for path in kept.first.rglob("*") if path.is_file()) == [
        MANIFEST, SUMS, STATEMENT, SIGNATURE,
        *(f"{folder}/{name}" for folder in ("tombstone-bundle", "tombstone-raw") for name in (SUMS, STATEMENT, SIGNATURE)),
    ]  # fmt: skip
    assert kept.problems(full=True) == []
    # The third went as a whole at once: one tombstone, with its raw bodies in it.
    assert [stone.rule for stone in tombstones.of(kept.third)] == [tombstones.WHOLE]
    kept.firm.now += timedelta(days=7)
    fifth = kept.seal()
    assert statement.load(fourth).predicate["tombstone"]["bundle"] == kept.second.name
    assert statement.load(fifth).predicate["tombstone"]["bundle"] == kept.third.name
    assert kept.problems() == []
    with pytest.raises(IntegrityError):
        export(kept.first, tmp_path / "shared", Tokens(b"k" * 32))


def test_what_is_left_is_exported_without_names(kept: Kept, tmp_path: Path) -> None:
    kept.firm.now += YEAR
    kept.retention()
    assert export(kept.first, tmp_path / "shared", Tokens(b"k" * 32)).searched > 10


def test_a_hold_an_open_campaign_and_the_newest_bundle_keep_everything(kept: Kept) -> None:
    held = {kept.first.name: "the case Corp v. Doe"}
    fourth = kept.seal(hold=held)
    kept.firm.open()
    kept.firm.now += YEAR
    kept.seal(hold=held)
    found = kept.retention(removing=False, hold=held)
    assert [each.kept for each in found] == ["on hold: the case Corp v. Doe", "", "", "the campaign q4 is open"]
    assert [each.bundle for each in kept.retention(hold=held)] == [kept.second, kept.third]
    assert raw(kept.first)
    assert raw(fourth)
    assert kept.problems() == []


def test_rules_that_are_not_sealed_remove_nothing(kept: Kept) -> None:
    kept.firm.now += YEAR
    for rules in ({"keep_raw_months": 12}, {"keep_months": 13}, {"hold": {kept.third.name: "a case"}}):
        with pytest.raises(ConfigError, match="was sealed under other rules of retention"):
            kept.retention(**rules)
    assert raw(kept.first)


def test_nothing_is_removed_of_a_bundle_that_is_not_what_was_sealed(kept: Kept) -> None:
    kept.firm.now += YEAR
    (kept.first / "record/findings.jsonl").unlink()
    with pytest.raises(IntegrityError, match=r"nothing is removed of .*record/findings.jsonl is missing"):
        kept.retention()
    assert raw(kept.first)


def test_an_unsigned_removal_of_signed_bundles_is_refused(kept: Kept) -> None:
    kept.firm.now += YEAR
    with pytest.raises(IntegrityError, match="is not signed, and the bundle is"):
        kept.retention(key=None)
    assert raw(kept.first)
    assert kept.problems() == []


def forged(
    kept: Kept, change: Callable[[dict[str, Any]], None], *, by: str = "ana", of: Path | None = None
) -> list[str]:
    """What is said of a removal whose tombstone was changed, signed with somebody's key, or nobody's."""
    folder = (of or kept.first) / "tombstone-raw"
    told = json.loads((folder / STATEMENT).read_bytes())
    change(told)
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / STATEMENT).write_bytes(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))
    if by:
        signing.sign(folder, kept.firm.folder / by)
    sums.write(folder)
    return kept.problems()


def add(told: dict[str, Any]) -> None:
    told["subject"].append({"name": "record/findings.jsonl", "digest": {"sha256": "0" * 64}})
    told["subject"].sort(key=lambda each: each["name"])


def rehash(told: dict[str, Any]) -> None:
    told["subject"][0]["digest"]["sha256"] = "0" * 64


def drop(told: dict[str, Any]) -> None:
    del told["subject"][0]


def early(told: dict[str, Any]) -> None:
    told["predicate"]["removed_at"] = "2027-03-01T00:00:00Z"


def to_come(told: dict[str, Any]) -> None:
    told["predicate"]["removed_at"] = "2099-01-01T00:00:00Z"


def laxer(told: dict[str, Any]) -> None:
    told["predicate"]["rule"]["months"] = 1


def lawless(told: dict[str, Any]) -> None:
    told["predicate"]["rule"]["sealed_in"]["sha256"] = "0" * 64


def elsewhere(told: dict[str, Any]) -> None:
    told["predicate"]["bundle"]["sha256"] = "0" * 64


def headless(told: dict[str, Any]) -> None:
    told["predicate"]["before"] = {"bundle": "x", "rule": "keep_raw_months", "sha256": "0" * 64}


def other_rule(told: dict[str, Any]) -> None:
    told["predicate"]["rule"]["name"] = "keep_months"


def more(told: dict[str, Any]) -> None:
    told["predicate"]["note"] = "x"


def nothing(told: dict[str, Any]) -> None:
    del told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (add, "names other files"),
        (rehash, "names other files"),
        (drop, "names other files"),
        (early, "nothing was due on 2027-03-01"),
        (to_come, "still to come"),
        (laxer, "is not the one that was sealed"),
        (lawless, "is not beside it"),
        (elsewhere, "is of another bundle"),
        (headless, "is missing, or another one now"),
        (other_rule, "is no tombstone of the rule"),
        (more, "is not as a tombstone is written"),
    ],
)
def test_a_forged_tombstone_is_a_problem_whoever_signed_it(
    kept: Kept, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    kept.firm.now += YEAR
    kept.retention()
    problems = forged(kept, change)
    assert any(said in each for each in problems), problems


def test_a_tombstone_is_signed_by_somebody_who_may(kept: Kept) -> None:
    kept.firm.now += YEAR
    kept.retention()
    assert any("signed" in each for each in forged(kept, nothing, by="", of=kept.second))
    # Without a list of signers too: the bundle is signed, and so is whatever goes on from it.
    assert any("is not signed, and the bundle is" in each for each in verify(kept.second).problems)
    shutil.copytree(kept.firm.folder, kept.firm.folder.parent / "aside")
    key(kept.firm.folder.parent / "aside", "mallory")
    shutil.copy(kept.firm.folder.parent / "aside/mallory", kept.firm.folder / "mallory")
    assert any("by nobody whom" in each for each in forged(kept, nothing, by="mallory", of=kept.second))
    assert forged(kept, nothing, by="ana", of=kept.second) == []


def test_a_file_that_goes_without_a_tombstone_is_missing(kept: Kept) -> None:
    kept.firm.now += YEAR
    raw(kept.third)[0].unlink()
    assert any("is missing" in each for each in kept.problems())


@pytest.mark.parametrize("take", ["tombstone", "signature", "statement"])
def test_a_tombstone_that_goes_is_missed(kept: Kept, take: str) -> None:
    kept.firm.now += YEAR
    kept.retention()
    kept.firm.later(days=1)
    kept.seal()
    assert kept.problems() == []
    if take == "tombstone":
        shutil.rmtree(kept.second / "tombstone-raw")
    else:
        (kept.second / "tombstone-raw" / (SIGNATURE if take == "signature" else STATEMENT)).unlink()
    assert kept.problems() != []
    assert verify(kept.second).problems != ()


def test_a_bundle_put_back_as_it_was_is_found(kept: Kept, tmp_path: Path) -> None:
    """Roll-back: with its raw bodies and no tombstone it verifies alone, and not in the chain."""
    shutil.copytree(kept.second, tmp_path / "before")
    kept.firm.now += YEAR
    kept.retention()
    kept.firm.later(days=1)
    kept.seal()
    shutil.rmtree(kept.second)
    shutil.copytree(tmp_path / "before", kept.second)
    assert verify(kept.second, signers=kept.signers).problems == ()
    assert any("is missing, or another one now" in each for each in chain(kept.folder)[1])


def test_a_tombstone_that_is_dated_back_is_found_by_the_bundle_that_does_not_name_it(kept: Kept) -> None:
    kept.firm.now += YEAR
    kept.firm.later(days=1)
    before = kept.firm.now
    kept.firm.later(days=1)
    fourth = kept.seal()
    kept.firm.later(days=1)
    kept.retention()

    def back(told: dict[str, Any]) -> None:
        told["predicate"]["removed_at"] = f"{before:%Y-%m-%dT%H:%M:%S}Z"
        ruling = {"bundle": kept.third.name, "sha256": statement.load(kept.third).digest}
        told["predicate"]["rule"]["sealed_in"] = ruling

    problems = forged(kept, back)
    assert any(f"{fourth.name} does not name the newest tombstone of its time" in each for each in problems), problems


def test_the_small_verifier_and_sha256sum_know_of_it(kept: Kept) -> None:
    kept.firm.now += YEAR
    kept.retention()
    assert list(standalone.problems(kept.first)) == []
    done = subprocess.run(
        [sys.executable, standalone.__file__, kept.first], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "that tombstones say were removed" in done.stdout
    told = ["sha256sum", "--check", "--quiet", "--strict", SUMS, MANIFEST]
    assert subprocess.run(told, cwd=kept.first, capture_output=True, check=False).returncode == 1
    told.insert(1, "--ignore-missing")
    assert subprocess.run(told, cwd=kept.first, capture_output=True, check=False).returncode == 0
    (kept.first / "tombstone-raw" / STATEMENT).write_text("{}")
    sums.write(kept.first / "tombstone-raw")
    assert list(standalone.problems(kept.first)) == ["a tombstone cannot be read, or is of another bundle"]


def test_full_still_reads_what_is_left_once_raw_bodies_went(kept: Kept) -> None:
    """A manifest and a statement that were made to fit hide a changed index from the hashes, and not from --full."""
    kept.firm.now += YEAR
    kept.retention()
    index = kept.first / "snapshot/raw/app.crm.0.jsonl"
    was = file_digest(index)
    index.write_bytes(index.read_bytes() + b"\n")
    text = (kept.first / MANIFEST).read_text("utf-8").replace(was, file_digest(index))
    (kept.first / MANIFEST).write_text(text, "utf-8", newline="")
    said(kept.first)
    [stone] = tombstones.of(kept.first)
    place = tombstones.Place(kept.first.name, statement.load(kept.first).digest)
    (stone.folder / STATEMENT).write_bytes(tombstones.dump(replace(stone, place=place)))
    sums.write(stone.folder)
    assert verify(kept.first).problems == ()
    [problem] = verify(kept.first, full=True).problems
    assert problem.startswith("raw/app.crm.0.jsonl of snapshot ")


ROOT = Path(__file__).parent.parent.parent
APPLY = """
import sys
from datetime import datetime
from pathlib import Path
from scimaudit import config, workflow
from tests.evidence.dying import dies

loaded = config.load(Path(sys.argv[2]))
rules = {"keep_raw_months": 13, "keep_months": 84, "key": Path("ana")}
loaded = loaded.model_copy(update={"evidence": loaded.evidence.model_copy(update=rules)})
calls = dies(
    int(sys.argv[1]), system=("fsync", "rename", "replace", "unlink", "mkdir", "rmdir"),
    paths=("rename", "replace", "unlink", "mkdir", "rmdir"),
)
workflow.retention(loaded, now=datetime.fromisoformat(sys.argv[3]), removing=True)
print(calls())
"""


def killed(kept: Kept, at: int) -> subprocess.CompletedProcess[str]:
    told = [sys.executable, "-c", APPLY, str(at), str(kept.firm.folder / "scimaudit.toml"), kept.firm.now.isoformat()]
    return subprocess.run(told, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.reliability
def test_a_removal_that_is_killed_is_told_of_and_finished(kept: Kept, tmp_path: Path) -> None:
    kept.firm.now += FOREVER
    kept.seal()
    kept.firm.later(days=1)
    fresh = tmp_path / "fresh-evidence"
    shutil.copytree(kept.folder, fresh)
    whole = killed(kept, 0)
    assert whole.returncode == 0, whole.stderr
    calls = int(whole.stdout.splitlines()[-1])
    assert calls > 100
    points = [*range(1, calls + 1)][:: max(1, calls // figures.size(5, calls))]
    silent = halves = 0
    for at in points:
        shutil.rmtree(kept.folder)
        shutil.copytree(fresh, kept.folder)
        died = killed(kept, at)
        assert died.returncode == -signal.SIGKILL, (at, died.stderr)
        problems = kept.problems()
        gone = {path for path in fresh.rglob("*") if not (kept.folder / path.relative_to(fresh)).exists()}
        told = {stone.folder.parent.name for stone in tombstones.every(sealed(kept.folder))}
        # Whatever is gone stands in a tombstone, and whatever is between the two is said.
        silent += any(path.relative_to(fresh).parts[0] not in told for path in gone if path.suffix != ".lock")
        silent += any(LEFT not in each for each in problems)
        halves += bool(problems)
        kept.retention()
        assert kept.problems() == [], at
        assert kept.retention() == []
    figures.record(
        "Removal killed",
        counts={"kills": len(points), "by halves, and told": halves, "silent outcomes": silent},
        most={"calls that leave something on disk": calls},
    )
    assert silent == 0


@given(
    moment=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    months=st.integers(1, 240),
)
def test_months_are_calendar_months(moment: datetime, months: int) -> None:
    found = tombstones.later(moment, months)
    assert (found.year - moment.year) * 12 + found.month - moment.month == months
    assert found.day == moment.day or (found.day < moment.day and (found + timedelta(days=1)).day == 1)
    assert found.timetz() == moment.timetz()


@pytest.mark.parametrize(
    "wrong", [{"keep_raw_months": 0}, {"keep_raw_months": 13, "keep_months": 12}, {"hold": {"bundle": " "}}]
)
def test_rules_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Evidence(**wrong)


def test_a_bundle_sealed_before_there_were_rules_can_go_and_cannot_rule(kept: Kept) -> None:
    assert tombstones.rules(statement.load(kept.first))[tombstones.RAW] is None
    kept.firm.now += YEAR
    kept.retention()
    [stone] = tombstones.of(kept.first)
    assert stone.by.bundle == kept.third.name == seal.newest(kept.folder).bundle  # type: ignore[union-attr]
