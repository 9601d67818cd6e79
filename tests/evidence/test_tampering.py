"""A signed and time-stamped bundle, and a chain of three: every bit that is turned and every edit is found and named."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scimaudit.errors import IntegrityError
from scimaudit.evidence import (
    MANIFEST,
    OUTSIDE,
    SIGNATURE,
    STATEMENT,
    SUMS,
    TIMESTAMP,
    sealed,
    standalone,
    statement,
    sums,
)  # fmt: skip
from scimaudit.evidence.verify import chain, verify
from tests import figures
from tests.evidence.conftest import Evidence
from tests.evidence.forger import put, resealed, rewritten
from tests.servers.tsa import Desk

SEED = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
CHUNKS = 4
FLIPS = figures.size(240, 1_000)
FILES = figures.size(6, 1_000)
"""How many files of a bundle each edit is tried on."""


@dataclass(frozen=True)
class Judge:
    """What is asked of a bundle: who signed it, and which authority stamped it."""

    signers: Path
    roots: Path

    def told_by_all(self, bundle: Path, turned: str = "") -> tuple[str, ...]:
        """What is said of a bundle by whoever knows neither signer nor authority: all three must say something."""
        try:
            found = verify(bundle).problems
        except IntegrityError as error:
            found = (error.message,)
        told = ["sha256sum", "--check", "--status", "--strict", SUMS, MANIFEST]
        done = subprocess.run(told, cwd=bundle, capture_output=True, check=False)
        assert bool(list(standalone.problems(bundle))) == bool(found), found
        # It reads large and small digits alike: a letter of the sums themselves that was made large says the same to it.
        assert bool(done.returncode) == bool(found) or turned == SUMS, found
        return found

    def problems(self, bundle: Path) -> tuple[str, ...]:
        """What the verifier says; the small one must say something too, unless only signer or authority can tell."""
        try:
            found = verify(bundle, signers=self.signers, roots=self.roots).problems
        except IntegrityError as error:
            found = (error.message,)
        theirs = ("the signature of", "is signed by", "is not signed", "the timestamp of")
        if not found or not all(any(each in problem for each in theirs) for problem in found):
            assert bool(list(standalone.problems(bundle))) == bool(found), found
        return found


@pytest.fixture
def judge(stamped: Evidence, desk: Desk) -> Judge:
    return Judge(stamped.firm.folder / "signers", desk.roots)


def files(bundle: Path) -> list[Path]:
    return sorted(path for path in bundle.rglob("*") if path.is_file())


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_any_bit_that_is_turned_is_found_and_its_file_named(chunk: int, stamped: Evidence, judge: Judge) -> None:
    dice = random.Random(SEED + chunk)
    bundle = stamped.last
    paths = [path for path in files(bundle) if path.stat().st_size]
    assert judge.problems(bundle) == judge.told_by_all(bundle) == ()
    unfound, misnamed = [], []
    for number in range(chunk, FLIPS, CHUNKS):
        # Every file gets its turn, and each of the seal more often: a byte of a large file is as likely as one of a small.
        named = dice.choice(sorted(OUTSIDE)) if number % 3 == 0 else ""
        path = bundle / named if named else paths[number // CHUNKS % len(paths)]
        kept = path.read_bytes()
        data = bytearray(kept)
        place = dice.randrange(len(kept))
        data[place] ^= 1 << dice.randrange(8)
        path.unlink()  # the store may have another name for it
        path.write_bytes(data)
        problems = judge.told_by_all(bundle, path.name)
        short = path.relative_to(bundle).as_posix()
        if not problems:
            unfound.append((short, place))
        elif not any(re.search(rf"(^|[\s/]){re.escape(short)}\s", problem) for problem in problems) or (
            short not in OUTSIDE and problems != (f"{short} changed",)
        ):
            misnamed.append((short, problems))
        path.write_bytes(kept)
    assert judge.problems(bundle) == ()
    turned = len(range(chunk, FLIPS, CHUNKS))
    figures.record(
        "Bits turned in a bundle, by whoever knows neither signer nor authority",
        counts={"turned": turned, "not found": len(unfound), "of another file, by what is said": len(misnamed)},
        told={"seed": str(SEED)},
    )
    assert (unfound, misnamed) == ([], [])


def other_than(bundle: Path, path: Path) -> Path:
    return next(each for each in files(bundle) if each.read_bytes() != path.read_bytes() and each.name not in OUTSIDE)


def remove(bundle: Path, path: Path) -> None:
    path.unlink()


def add(bundle: Path, path: Path) -> None:
    path.with_name(path.name + ".more").write_text("{}\n")


def add_hidden(bundle: Path, path: Path) -> None:
    (path.parent / ".htaccess").write_text("x")


def add_folder(bundle: Path, path: Path) -> None:
    (path.parent / "nothing").mkdir()


def swap(bundle: Path, path: Path) -> None:
    other = other_than(bundle, path)
    one, two = path.read_bytes(), other.read_bytes()
    put(path, two)
    put(other, one)


def rename(bundle: Path, path: Path) -> None:
    path.rename(path.with_name("x" + path.name))


def other_case(bundle: Path, path: Path) -> None:
    path.rename(path.with_name(path.name.swapcase()))


def duplicate(bundle: Path, path: Path) -> None:
    shutil.copyfile(path, path.with_name("copy-" + path.name))


def twin(bundle: Path, path: Path) -> None:
    shutil.copyfile(path, path.with_name(path.name.upper()))


def cut(bundle: Path, path: Path) -> None:
    put(path, path.read_bytes()[:-1])


def empty(bundle: Path, path: Path) -> None:
    put(path, b"")


def longer(bundle: Path, path: Path) -> None:
    put(path, path.read_bytes() + b"\n")


def link(bundle: Path, path: Path) -> None:
    shutil.move(path, bundle.parent / "elsewhere")
    path.symlink_to(bundle.parent / "elsewhere")


def pipe(bundle: Path, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(bundle: Path, path: Path) -> None:
    path.unlink()
    path.mkdir()


def into_folder(bundle: Path, path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.mkdir()
    (path / path.name).write_bytes(data)


def moved_up(bundle: Path, path: Path) -> None:
    inner = path.parent / "inner"
    inner.mkdir()
    path.rename(inner / path.name)


OF_FILE: tuple[Callable[[Path, Path], None], ...] = (
    remove, add, add_hidden, add_folder, swap, rename, other_case, duplicate, twin, cut, empty, longer, link, pipe, folder,
    into_folder, moved_up,
)  # fmt: skip


def lines(bundle: Path) -> list[str]:
    return (bundle / MANIFEST).read_text().splitlines(keepends=True)


def reorder(bundle: Path) -> None:
    put(bundle / MANIFEST, "".join(reversed(lines(bundle))).encode())


def reorder_and_speak(bundle: Path) -> None:
    rewritten(bundle, "".join(reversed(lines(bundle))))


def twice(bundle: Path) -> None:
    put(bundle / MANIFEST, "".join([*lines(bundle), lines(bundle)[0]]).encode())


def twice_and_speak(bundle: Path) -> None:
    rewritten(bundle, "".join(sorted([*lines(bundle), lines(bundle)[0]], key=lambda line: line[66:])))


def outside(bundle: Path) -> None:
    rewritten(bundle, "".join(lines(bundle)) + f"{'0' * 64}  ../signers\n")


def unlisted(bundle: Path) -> None:
    rewritten(bundle, "".join(lines(bundle)[1:]))


def folder_link(bundle: Path) -> None:
    shutil.move(bundle / "record", bundle.parent / "elsewhere")
    (bundle / "record").symlink_to(bundle.parent / "elsewhere")


def composed(bundle: Path) -> None:
    for form in ("NFC", "NFD"):
        (bundle / "record" / unicodedata.normalize(form, "é")).write_text("x")


def remade(bundle: Path) -> None:
    """A line of the record taken out, and manifest and statement made to fit: all that somebody without the key can do."""
    path = bundle / "record/ledger.jsonl"
    put(path, b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    resealed(bundle)


def unsigned(bundle: Path) -> None:
    (bundle / SIGNATURE).unlink()
    sums.write(bundle)


def unstamped(bundle: Path) -> None:
    (bundle / TIMESTAMP).unlink()
    sums.write(bundle)


OF_BUNDLE: tuple[Callable[[Path], None], ...] = (
    reorder, reorder_and_speak, twice, twice_and_speak, outside, unlisted, folder_link, composed, remade, unsigned, unstamped,
)  # fmt: skip


def of_another(*names: str) -> Callable[[Path], None]:
    """Parts of the seal of another bundle, each whole and good in its own place."""

    def edit(bundle: Path) -> None:
        other = bundle.parent / min(path.name for path in bundle.parent.iterdir() if path.is_dir())
        for name in names:
            put(bundle / name, (other / name).read_bytes())
        sums.write(bundle)

    edit.__name__ = "another's " + " and ".join(names)
    return edit


OF_ANOTHER = (
    of_another(STATEMENT), of_another(SIGNATURE), of_another(MANIFEST), of_another(STATEMENT, SIGNATURE),
    of_another(STATEMENT, MANIFEST), of_another(STATEMENT, SIGNATURE, MANIFEST),
)  # fmt: skip


def stamp_of_another(bundle: Path, desk: Desk) -> None:
    token = desk.token((bundle.parent / sealed(bundle.parent)[0].name / STATEMENT).read_bytes())
    put(bundle / TIMESTAMP, token)
    sums.write(bundle)


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_edit_of_a_bundle_is_found(chunk: int, stamped: Evidence, judge: Judge, desk: Desk) -> None:
    bundle = stamped.last
    kept = stamped.firm.folder / "kept"
    shutil.copytree(bundle, kept)
    dice = random.Random(SEED + chunk)

    def edits() -> Iterator[tuple[str, Callable[[], None]]]:
        names = [path.relative_to(bundle) for path in files(bundle)]
        for edit in OF_FILE:
            for name in dice.sample(names, min(FILES, len(names))):
                if edit not in (cut, empty) or (bundle / name).stat().st_size:
                    yield f"{edit.__name__} {name}", lambda edit=edit, name=name: edit(bundle, bundle / name)  # type: ignore[misc]
        for each in (*OF_BUNDLE, *OF_ANOTHER):
            yield each.__name__, lambda each=each: each(bundle)  # type: ignore[misc]
        yield "another's timestamp", lambda: stamp_of_another(bundle, desk)

    assert judge.problems(bundle) == ()
    unfound, tried = [], 0
    for number, (name, edit) in enumerate(edits()):
        if number % CHUNKS != chunk:
            continue
        edit()
        tried += 1
        if not judge.problems(bundle):
            unfound.append(name)
        shutil.rmtree(bundle)
        shutil.rmtree(bundle.parent / "elsewhere", ignore_errors=True)
        (bundle.parent / "elsewhere").unlink(missing_ok=True)
        shutil.copytree(kept, bundle)
    assert judge.problems(bundle) == ()
    figures.record("Structural edits of a bundle", counts={"tried": tried, "not found": len(unfound)})
    assert unfound == []
    assert tried > 20


def swapped(bundles: list[Path]) -> None:
    one, two = bundles[0], bundles[1]
    one.rename(one.with_name("aside"))
    two.rename(one)
    one.with_name("aside").rename(two)


def rolled_back(bundles: list[Path]) -> None:
    shutil.rmtree(bundles[-1])
    shutil.copytree(bundles[0], bundles[-1])


def twice_there(bundles: list[Path]) -> None:
    shutil.copytree(bundles[0], bundles[0].with_name("again"))


def first_gone(bundles: list[Path]) -> None:
    shutil.rmtree(bundles[0])


def middle_gone(bundles: list[Path]) -> None:
    shutil.rmtree(bundles[1])


def last_gone(bundles: list[Path]) -> None:
    shutil.rmtree(bundles[-1])


def chain_rolled_back(bundles: list[Path]) -> None:
    for bundle in bundles[1:]:
        shutil.rmtree(bundle)


def all_gone(bundles: list[Path]) -> None:
    for bundle in bundles:
        shutil.rmtree(bundle)


def middle_unsigned(bundles: list[Path]) -> None:
    unsigned(bundles[1])


def middle_without_statement(bundles: list[Path]) -> None:
    (bundles[1] / STATEMENT).unlink()


def last_without_statement(bundles: list[Path]) -> None:
    (bundles[-1] / STATEMENT).unlink()


def middle_remade(bundles: list[Path]) -> None:
    remade(bundles[1])


def linked(bundles: list[Path]) -> None:
    """A name for a bundle that is another bundle: a link can be turned behind the verifier's back."""
    shutil.rmtree(bundles[-1])
    bundles[-1].symlink_to(bundles[0])


OF_CHAIN: tuple[Callable[[list[Path]], None], ...] = (
    swapped, rolled_back, twice_there, first_gone, middle_gone, last_gone, chain_rolled_back, all_gone, middle_unsigned,
    middle_without_statement, last_without_statement, middle_remade, linked,
)  # fmt: skip


@pytest.mark.reliability
@pytest.mark.parametrize("edit", OF_CHAIN, ids=lambda edit: edit.__name__)
def test_every_edit_of_a_chain_is_found(edit: Callable[[list[Path]], None], stamped: Evidence, judge: Judge) -> None:
    def problems() -> list[str]:
        found: list[str] = []
        for bundle in sealed(stamped.folder):
            # The two that are older were sealed before there was an authority.
            roots = judge.roots if bundle == stamped.last else None
            found += verify(bundle, signers=judge.signers, roots=roots).problems
        return [*found, *chain(stamped.folder, head=head)[1]]

    head = statement.load(stamped.last).digest[:16]
    assert problems() == []
    edit(list(stamped.bundles))
    found = problems()
    figures.record("Structural edits of a chain of bundles", counts={"tried": 1, "not found": int(not found)})
    assert found


@pytest.mark.parametrize("edit", [swapped, rolled_back], ids=lambda edit: edit.__name__)
def test_a_bundle_under_the_name_of_another_is_found_by_all_without_its_chain(
    edit: Callable[[list[Path]], None], stamped: Evidence
) -> None:
    edit(list(stamped.bundles))
    wrong = stamped.bundles[0] if edit is swapped else stamped.last
    [problem] = verify(wrong).problems
    assert f"{wrong.name} holds the bundle" in problem
    assert list(standalone.problems(wrong)) == [problem]
