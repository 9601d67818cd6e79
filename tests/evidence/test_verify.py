"""Every change of a sealed bundle is found and named: bytes, files, the manifest, the statement, the chain."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import MANIFEST, SIGNATURE, STATEMENT, SUMS, standalone, statement, sums
from scimaudit.evidence.verify import chain, verify
from tests.evidence.conftest import Evidence, key
from tests.evidence.forger import resealed, rewritten, said
from tests.evidence.test_tampering import remade


def test_what_is_remade_without_the_key_passes_only_where_no_signature_is_asked_for(evidence: Evidence) -> None:
    remade(evidence.last)
    assert verify(evidence.last).problems == ()
    [problem] = verify(evidence.last, signers=evidence.firm.folder / "signers").problems
    assert "signature" in problem or "signed by nobody" in problem


def test_who_signed_is_told(evidence: Evidence) -> None:
    assert verify(evidence.last, signers=evidence.firm.folder / "signers").signer == "ana@corp.example"


def test_a_bundle_without_a_signature_fails_where_signers_are_given(evidence: Evidence) -> None:
    (evidence.last / SIGNATURE).unlink()
    assert verify(evidence.last).problems == (f"{SIGNATURE} is missing",)
    sums.write(evidence.last)
    [problem] = verify(evidence.last, signers=evidence.firm.folder / "signers").problems
    assert "is not signed" in problem


def test_a_key_that_is_not_allowed_signs_for_nobody(evidence: Evidence, tmp_path: Path) -> None:
    stranger = key(tmp_path, "mallory")
    (evidence.last / SIGNATURE).unlink()
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", stranger, "-n", "scimaudit-evidence", evidence.last / STATEMENT],
        check=True,
    )
    sums.write(evidence.last)
    [problem] = verify(evidence.last, signers=evidence.firm.folder / "signers").problems
    assert "signed by nobody" in problem


def test_a_signature_made_for_something_else_does_not_count(evidence: Evidence) -> None:
    (evidence.last / SIGNATURE).unlink()
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-q", "-f", evidence.firm.folder / "ana", "-n", "file", evidence.last / STATEMENT],
        check=True,
    )
    sums.write(evidence.last)
    [problem] = verify(evidence.last, signers=evidence.firm.folder / "signers").problems
    assert "was made for something else" in problem


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
    said(copy, bundle="copy")
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
    resealed(evidence.last)
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
    "name", ["a//b", "./a", "a/../b", "/a", "a\0b", "a/", " a", "a\r", MANIFEST, SIGNATURE, SUMS, "x" * 300_000]
)
def test_a_line_that_names_nothing_of_the_bundle_is_named(evidence: Evidence, name: str) -> None:
    rewritten(evidence.last, f"{(evidence.last / MANIFEST).read_text()}{'0' * 64}  {name}\n")
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


@pytest.mark.parametrize(
    ("name", "other"), [("Findings.jsonl", "findings.jsonl"), ("e\u0301", "\u00e9"), ("MASSE", "maße")]
)
def test_names_that_some_file_systems_take_for_one_are_refused(evidence: Evidence, name: str, other: str) -> None:
    """Even where manifest and statement list both: unpacked elsewhere one stands for the other."""
    for each in (name, other):
        (evidence.last / "record" / each).write_text(each)
    resealed(evidence.last)
    assert any("are one name on some file systems" in problem for problem in verify(evidence.last).problems)
    assert any("are one name on some file systems" in problem for problem in standalone.problems(evidence.last))


def test_folders_that_some_file_systems_take_for_one_are_refused(evidence: Evidence) -> None:
    (evidence.last / "Record").mkdir()
    (evidence.last / "Record/more.jsonl").write_text("{}")
    resealed(evidence.last)
    assert any("Record and record are one name" in problem for problem in verify(evidence.last).problems)
    assert any("Record and record are one name" in problem for problem in standalone.problems(evidence.last))


def test_folders_that_hold_nothing_were_added(evidence: Evidence) -> None:
    (evidence.last / "record/one/two").mkdir(parents=True)
    assert verify(evidence.last).problems == ("record/one/two/ was added",)
    assert list(standalone.problems(evidence.last)) == ["record/one/two/ was added"]


@pytest.mark.parametrize("name", [MANIFEST, STATEMENT, SIGNATURE, SUMS])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "large", "device"])
def test_a_part_of_the_seal_that_is_no_plain_file_is_not_read(evidence: Evidence, name: str, kind: str) -> None:
    """A pipe is waited for for ever, and a device or a large file fills the memory."""
    path = evidence.last / name
    path.rename(evidence.firm.folder / "aside")
    if kind == "link":
        path.symlink_to(evidence.firm.folder / "aside")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)  # a hole: it takes no room
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from scimaudit.evidence.verify import verify; from scimaudit.errors import IntegrityError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "try: print(verify(Path(sys.argv[1]), signers=Path(sys.argv[2])).problems)\n"
        "except IntegrityError as error: print(error)"
    )
    told = [sys.executable, "-c", code, evidence.last, evidence.firm.folder / "signers"]
    done = subprocess.run(told, capture_output=True, text=True, timeout=60, check=True)
    assert "no plain file" in done.stdout or "larger than any" in done.stdout
    small = subprocess.run(
        [sys.executable, standalone.__file__, evidence.last], capture_output=True, timeout=60, check=False
    )
    assert (small.returncode, small.stderr) == (5, b"")


def test_a_line_as_long_as_a_book_is_told_in_short(evidence: Evidence) -> None:
    with (evidence.last / MANIFEST).open("a") as file:
        file.write("0" * 64 + "  " + "x" * 1_000_000 + "\n")
    found = [*verify(evidence.last).problems, *standalone.problems(evidence.last)]
    assert sum("a line that cannot be" in problem for problem in found) == 2
    assert max(map(len, found)) < 400


@pytest.mark.parametrize("head", ["", "3f2a90c1", "0", "g" * 16, "0" * 65])
def test_a_digest_too_short_to_tell_statements_apart_is_refused(evidence: Evidence, head: str) -> None:
    """An empty one too: it is what a variable of the shell gives that was never set."""
    with pytest.raises(ConfigError, match="is no digest"):
        chain(evidence.folder, head=head)
    with pytest.raises(ConfigError, match="is no digest"):
        verify(evidence.last, head=head)


def test_one_bundle_is_compared_with_the_digest_that_was_noted(evidence: Evidence) -> None:
    digest = statement.load(evidence.last).digest
    assert verify(evidence.last, head=digest[:16].upper()).problems == ()
    other = statement.load(evidence.bundles[0]).digest
    [problem] = verify(evidence.last, head=other).problems
    assert problem == f"its digest is {digest[:16]}, not the one that begins with {other}"


def test_a_copy_may_be_called_as_one_likes(evidence: Evidence, tmp_path: Path) -> None:
    shutil.copytree(evidence.last, tmp_path / "for the auditor")
    assert verify(tmp_path / "for the auditor").problems == ()
    assert list(standalone.problems(tmp_path / "for the auditor")) == []


WATCH = """
import os, sys
from pathlib import Path
from scimaudit.evidence.verify import verify
import scimaudit.evidence.replay, pyarrow.parquet
bundle, seen = Path(sys.argv[1]), []

def hook(event, told):
    if event == "open" and isinstance(told[0], (str, Path)) and (told[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        seen.append(f"writes {told[0]}")
    elif event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork"):
        seen.append(f"runs {told[0]}")
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "shutil.unpack_archive"):
        seen.append(f"{event} {told[0]}")
    elif event in ("import", "exec", "compile") and str(bundle) in str(told):
        seen.append(f"{event} {told}")

sys.addaudithook(hook)
print(verify(bundle, signers=Path(sys.argv[2]), full=True).problems)
print(sorted(set(seen)))
"""


def test_verifying_writes_nothing_and_runs_nothing_but_ssh_keygen(evidence: Evidence) -> None:
    (evidence.last / "sitecustomize.py").write_text("raise SystemExit('ran')")
    (evidence.last / "hashlib.py").write_text("raise SystemExit('ran')")
    resealed(evidence.last)
    (evidence.last / SIGNATURE).unlink()
    told = ["ssh-keygen", "-Y", "sign", "-q", "-f", evidence.firm.folder / "ana", "-n", "scimaudit-evidence"]
    subprocess.run([*told, evidence.last / STATEMENT], check=True)
    sums.write(evidence.last)
    watched = [sys.executable, "-c", WATCH, evidence.last, evidence.firm.folder / "signers"]
    problems, seen = subprocess.run(watched, capture_output=True, text=True, check=True).stdout.splitlines()
    assert problems == "()"
    assert seen == f"['runs {shutil.which('ssh-keygen')}']"
