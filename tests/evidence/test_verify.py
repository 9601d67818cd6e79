"""Every change of a sealed bundle is found and named: bytes, files, the manifest, the statement, the chain."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimaudit.errors import IntegrityError
from scimaudit.evidence import MANIFEST, SIGNATURE, STATEMENT, standalone, statement
from scimaudit.evidence.verify import chain, verify
from tests import figures
from tests.evidence.conftest import Evidence, key

FLIPS = figures.size(300, 1_000)


def found(bundle: Path, signers: Path) -> tuple[str, ...]:
    """What the three verifiers say, which must agree; the small one and sha256sum know nothing of signatures."""
    try:
        problems = verify(bundle, signers=signers).problems
    except IntegrityError as error:
        return (error.message,)
    if not any("signature" in each or "signed" in each for each in problems):
        assert list(standalone.problems(bundle)) != [] or not problems
    return problems


@pytest.mark.reliability
def test_any_bit_that_is_turned_is_found_and_its_file_named(evidence: Evidence) -> None:
    dice = random.Random(20261129)
    bundle, signers = evidence.last, evidence.firm.folder / "signers"
    paths = sorted(path for path in bundle.rglob("*") if path.is_file())
    sizes = [path.stat().st_size for path in paths]
    assert verify(bundle, signers=signers).problems == ()
    for number in range(FLIPS):
        # Every file gets its turn; a byte of a large file is as likely as one of a small file.
        path = paths[number % len(paths)]
        data = bytearray(path.read_bytes())
        place = dice.randrange(sizes[paths.index(path)])
        data[place] ^= 1 << dice.randrange(8)
        kept = path.read_bytes()
        path.unlink()  # the store may have another name for it
        path.write_bytes(data)
        problems = found(bundle, signers)
        named = path.relative_to(bundle).as_posix()
        assert problems, f"{named}, byte {place}"
        if named not in (MANIFEST, STATEMENT, SIGNATURE):
            assert problems == (f"{named} changed",)
        path.write_bytes(kept)
    assert verify(bundle, signers=signers).problems == ()
    figures.record("Bits turned in a signed bundle", counts={"turned": FLIPS, "not found": 0})


def remove(bundle: Path) -> None:
    (bundle / "record/findings.jsonl").unlink()


def add(bundle: Path) -> None:
    (bundle / "record/more.jsonl").write_text("{}\n")


def add_hidden(bundle: Path) -> None:
    (bundle / "reports/.htaccess").write_text("x")


def swap(bundle: Path) -> None:
    one, two = bundle / "record/findings.jsonl", bundle / "record/ledger.jsonl"
    kept = one.read_bytes()
    shutil.copyfile(two, one.with_suffix(".new"))
    one.unlink()
    one.with_suffix(".new").rename(one)
    two.unlink()
    two.write_bytes(kept)


def rename(bundle: Path) -> None:
    (bundle / "record/findings.jsonl").rename(bundle / "record/Findings.jsonl")


def link(bundle: Path) -> None:
    path = bundle / "record/findings.jsonl"
    shutil.move(path, bundle.parent / "elsewhere")
    path.symlink_to(bundle.parent / "elsewhere")


def folder_link(bundle: Path) -> None:
    shutil.move(bundle / "record", bundle.parent / "elsewhere")
    (bundle / "record").symlink_to(bundle.parent / "elsewhere")


def cut(bundle: Path) -> None:
    path = bundle / MANIFEST
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def reorder(bundle: Path) -> None:
    path = bundle / MANIFEST
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))


def twice(bundle: Path) -> None:
    path = bundle / MANIFEST
    text = path.read_text()
    path.write_text(text + text.splitlines(keepends=True)[0])


def outside(bundle: Path) -> None:
    path = bundle / MANIFEST
    path.write_text(path.read_text() + f"{'0' * 64}  ../signers\n")


def no_manifest(bundle: Path) -> None:
    (bundle / MANIFEST).unlink()


def remade(bundle: Path) -> None:
    """A finding taken out, and manifest and statement made to fit: all that somebody without the key can do."""
    path = bundle / "record/findings.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)[1:]
    path.unlink()
    path.write_bytes(b"".join(lines))
    sums = [line.split("  ", 1)[1] for line in (bundle / MANIFEST).read_text().splitlines()]
    text = "".join(f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n" for name in sums)
    (bundle / MANIFEST).write_text(text)
    told = statement.load(bundle)
    (bundle / STATEMENT).write_bytes(statement.dump(hashlib.sha256(text.encode()).hexdigest(), told.predicate))


@pytest.mark.parametrize(
    "edit",
    [remove, add, add_hidden, swap, rename, link, folder_link, cut, reorder, twice, outside, no_manifest, remade],
)
def test_every_structural_edit_is_found(evidence: Evidence, edit: Callable[[Path], None]) -> None:
    edit(evidence.last)
    assert found(evidence.last, evidence.firm.folder / "signers")


def test_what_is_remade_without_the_key_passes_only_where_no_signature_is_asked_for(evidence: Evidence) -> None:
    remade(evidence.last)
    assert verify(evidence.last).problems == ()
    [problem] = verify(evidence.last, signers=evidence.firm.folder / "signers").problems
    assert "signature" in problem or "signed by nobody" in problem


def test_who_signed_is_told(evidence: Evidence) -> None:
    assert verify(evidence.last, signers=evidence.firm.folder / "signers").signer == "ana@corp.example"


def test_a_bundle_without_a_signature_fails_where_signers_are_given(evidence: Evidence) -> None:
    (evidence.last / SIGNATURE).unlink()
    [problem] = verify(evidence.last, signers=evidence.firm.folder / "signers").problems
    assert "is not signed" in problem


def test_a_key_that_is_not_allowed_signs_for_nobody(evidence: Evidence, tmp_path: Path) -> None:
    stranger = key(tmp_path, "mallory")
    (evidence.last / SIGNATURE).unlink()
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", stranger, "-n", "scimaudit-evidence", evidence.last / STATEMENT],
        check=True,
    )
    [problem] = verify(evidence.last, signers=evidence.firm.folder / "signers").problems
    assert "signed by nobody" in problem


def test_a_signature_made_for_something_else_does_not_count(evidence: Evidence) -> None:
    (evidence.last / SIGNATURE).unlink()
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", evidence.firm.folder / "ana", "-n", "file", evidence.last / STATEMENT],
        check=True,
    )
    assert verify(evidence.last, signers=evidence.firm.folder / "signers").problems


def test_a_chain_that_lost_its_beginning_is_named(evidence: Evidence) -> None:
    shutil.rmtree(evidence.bundles[0])
    _, problems = chain(evidence.folder)
    assert any(evidence.bundles[0].name in problem and "missing" in problem for problem in problems)


def test_a_chain_that_lost_its_end_is_found_by_the_digest_that_was_noted(evidence: Evidence) -> None:
    head = statement.load(evidence.last).digest[:16]
    assert chain(evidence.folder, head=head)[1] == ()
    shutil.rmtree(evidence.last)
    assert chain(evidence.folder)[1] == ()
    [problem] = chain(evidence.folder, head=head)[1]
    assert head in problem


def test_an_old_bundle_that_is_put_back_splits_the_chain(evidence: Evidence) -> None:
    copy = evidence.folder / "copy"
    shutil.copytree(evidence.bundles[1], copy)
    told = statement.load(copy)
    (copy / STATEMENT).write_bytes(statement.dump(told.manifest, {**told.predicate, "bundle": "copy"}))
    _, problems = chain(evidence.folder)
    assert any("several bundles have one parent" in problem for problem in problems)


def test_a_folder_without_a_bundle_is_no_clean_chain(tmp_path: Path) -> None:
    _, problems = chain(tmp_path)
    assert problems


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"_type":"x"}', '{"subject":[{"digest":{"sha256":"0"},"name":"MANIFEST.sha256"}],"_type":1}'],
)
def test_a_statement_that_is_none_is_refused(evidence: Evidence, text: str) -> None:
    (evidence.last / STATEMENT).write_text(text)
    with pytest.raises(IntegrityError):
        verify(evidence.last)


def test_full_reads_the_bodies_and_the_rows(evidence: Evidence) -> None:
    """A manifest that was made to fit hides a changed body from the hashes, and not from the index of bodies."""
    path = evidence.last / "snapshot/raw/app.crm.0.jsonl"
    text = path.read_text().replace('"sha256":"', '"sha256":"0', 1)
    path.unlink()
    path.write_text(text)
    lines = [line.split("  ", 1) for line in (evidence.last / MANIFEST).read_text().splitlines()]
    made = "".join(f"{hashlib.sha256((evidence.last / name).read_bytes()).hexdigest()}  {name}\n" for _, name in lines)
    (evidence.last / MANIFEST).write_text(made)
    told = statement.load(evidence.last)
    (evidence.last / STATEMENT).write_bytes(statement.dump(hashlib.sha256(made.encode()).hexdigest(), told.predicate))
    assert verify(evidence.last).problems == ()
    assert verify(evidence.last, full=True).problems


GARBAGE = [b"", b"[]", b"\xff", b"[" * 100_000, b'{"subject":[]}', b'{"subject":{"0":1}}', b"null", b'"x"']


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_named_and_crashes_no_verifier(tmp_path: Path, data: bytes) -> None:
    (tmp_path / STATEMENT).write_bytes(data)
    (tmp_path / MANIFEST).write_bytes(data)
    with pytest.raises(IntegrityError):
        verify(tmp_path)
    done = subprocess.run([sys.executable, standalone.__file__, tmp_path], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (5, b"")


def test_a_statement_that_says_something_twice_is_refused(evidence: Evidence) -> None:
    """Readers differ on which of the two counts, so one auditor would see another verdict than the next."""
    path = evidence.last / STATEMENT
    path.write_bytes(path.read_bytes().replace(b'"exit_code":1', b'"exit_code":0,"exit_code":1'))
    with pytest.raises(IntegrityError, match="no statement"):
        verify(evidence.last)
    assert list(standalone.problems(evidence.last)) != []


def resealed(bundle: Path) -> None:
    """Manifest and statement made to fit whatever is there."""
    names = sorted(path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file())
    inner = [name for name in names if name not in (MANIFEST, STATEMENT, SIGNATURE)]
    made = "".join(f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n" for name in inner)
    (bundle / MANIFEST).write_text(made)
    told = statement.load(bundle)
    (bundle / STATEMENT).write_bytes(statement.dump(hashlib.sha256(made.encode()).hexdigest(), told.predicate))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("snapshot/raw/app.crm.0.jsonl", b"{}\n"),
        ("snapshot/tables/people.parquet", b"PAR1"),
        ("snapshot/manifest.json", b"{"),
        ("tables.json", b"[]"),
        ("tables.json", b"{"),
    ],
)
def test_garbage_inside_is_named_by_full(evidence: Evidence, name: str, data: bytes) -> None:
    path = evidence.last / name
    path.unlink()
    path.write_bytes(data)
    if name.startswith(("snapshot/raw", "snapshot/tables")):
        index = evidence.last / "snapshot/manifest.json"
        told = json.loads(index.read_bytes())
        told["files"][name.removeprefix("snapshot/")] = hashlib.sha256(data).hexdigest()
        index.unlink()
        index.write_text(json.dumps(told))
    resealed(evidence.last)
    assert verify(evidence.last).problems == ()
    assert verify(evidence.last, full=True).problems


@pytest.mark.parametrize(
    "name",
    [
        "a\\b",
        "with\nline",
        " lead",
        "é",
        "e\u0301",
        "a\rb",
        "statement.json/x",
        b"\xff".decode("utf-8", "surrogateescape"),
    ],
)
def test_a_file_with_a_strange_name_that_was_added_is_named(evidence: Evidence, name: str) -> None:
    path = evidence.last / "record" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert any("was added" in problem for problem in verify(evidence.last).problems)
    done = subprocess.run([sys.executable, standalone.__file__, evidence.last], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (5, b"")
    done = subprocess.run(
        [sys.executable, "-c", "from scimaudit.cli import main; main()", "verify", evidence.last],
        capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (5, b"")


@pytest.mark.parametrize(
    "name", ["a//b", "./a", "a/../b", "/a", "a\0b", "a/", " a", "a\r", MANIFEST, SIGNATURE, "x" * 300_000]
)
def test_a_line_that_names_nothing_of_the_bundle_is_named(evidence: Evidence, name: str) -> None:
    with (evidence.last / MANIFEST).open("a", newline="") as file:
        file.write(f"{'0' * 64}  {name}\n")
    told = statement.load(evidence.last)
    digest = hashlib.sha256((evidence.last / MANIFEST).read_bytes()).hexdigest()
    (evidence.last / STATEMENT).write_bytes(statement.dump(digest, told.predicate))
    assert verify(evidence.last).problems
    assert list(standalone.problems(evidence.last)) != []


def test_a_folder_that_cannot_be_looked_into_hides_nothing(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refuse(path: str) -> Any:
        if str(path).endswith("hidden"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    (evidence.last / "record/hidden").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    [problem] = verify(evidence.last).problems
    assert problem.endswith("hidden cannot be read")
