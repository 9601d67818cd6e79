"""What the verifiers say of a bundle of three files, word by word, and of small chains of statements."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import (
    MANIFEST,
    SIGNATURE,
    STATEMENT,
    SUMS,
    TIMESTAMP,
    signing,
    standalone,
    statement,
    sums,
    timestamp,
)
from scimaudit.evidence.seal import newest
from scimaudit.evidence.statement import Statement
from scimaudit.evidence.verify import chain, verify
from tests.renderers.conftest import Story

FILES = {"a.txt": b"one", "b/c.txt": b"two", "b/d e.txt": b"x" * 3_000_000}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest(files: Mapping[str, bytes] = FILES) -> str:
    return "".join(f"{sha(data)}  {name}\n" for name, data in sorted(files.items()))


def speak(bundle: Path, parent: tuple[str, str] | None = None) -> Statement:
    told = {"bundle": bundle.name, "parent": {"bundle": parent[0], "sha256": parent[1]} if parent else None}
    (bundle / STATEMENT).write_bytes(statement.dump(sha((bundle / MANIFEST).read_bytes()), told))
    sums.write(bundle)
    return statement.load(bundle)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    for name, data in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(data)
    (made / MANIFEST).write_text(manifest(), newline="")
    speak(made)
    return made


def both(bundle: Path) -> tuple[str, ...]:
    """What the verifier says, and the small one too, word by word."""
    found = verify(bundle).problems
    assert tuple(standalone.problems(bundle)) == found
    return found


def test_a_bundle_that_is_what_was_sealed(bundle: Path) -> None:
    found = verify(bundle)
    assert (found.bundle, found.files, found.signer, found.problems) == (bundle, 3, "", ())
    assert found.statement == statement.load(bundle)
    assert list(standalone.problems(bundle)) == []


def test_what_lies_outside_the_manifest_is_no_addition_where_the_sums_name_it(bundle: Path) -> None:
    (bundle / SIGNATURE).write_text("x")
    assert both(bundle) == (f"{SIGNATURE} was added",)
    sums.write(bundle)
    assert both(bundle) == ()


def test_a_bit_of_each_byte_of_an_unsigned_statement_is_named(bundle: Path) -> None:
    """One bit makes another good statement of it: another day, another count, another verdict."""
    path = bundle / STATEMENT
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = verify(bundle).problems
        except IntegrityError as error:
            found = (error.message,)
        assert any(STATEMENT in problem for problem in found), place
        assert any(STATEMENT in problem for problem in standalone.problems(bundle)), place
    path.write_bytes(whole)
    assert both(bundle) == ()


def test_a_signature_that_was_taken_away_is_named_without_signers(bundle: Path) -> None:
    (bundle / SIGNATURE).write_text("x")
    sums.write(bundle)
    (bundle / SIGNATURE).unlink()
    assert both(bundle) == (f"{SIGNATURE} is missing",)


def test_the_sums_are_told_by_name(bundle: Path) -> None:
    text = (bundle / SUMS).read_text()
    one, two = text.splitlines(keepends=True)
    odd = f"{SUMS} is not as it is written"
    for spoilt, said in {
        text.removesuffix("\n"): (odd,),
        two + one: (odd,),
        one + two + two: (odd,),
        text + "\n": (odd,),
        "": (f"{MANIFEST} was added", f"{STATEMENT} was added"),
        one: (f"{STATEMENT} was added",),
        f"{text}{'0' * 64}  {SIGNATURE}\n": (f"{SIGNATURE} is missing",),
        f"{text}{'0' * 64}  {TIMESTAMP}\n": (f"{TIMESTAMP} is missing",),
        f"{text}{'0' * 64}  a.txt\n": (f"{SUMS} has a line that cannot be: {'0' * 64}  a.txt",),
        f"{'0' * 64}  {MANIFEST}\n{two}": (f"{MANIFEST} is not the one that {SUMS} speaks of",),
    }.items():
        (bundle / SUMS).write_text(spoilt, newline="")
        assert both(bundle) == said, spoilt


def test_a_seal_without_sums_is_none(bundle: Path) -> None:
    (bundle / SUMS).unlink()
    assert both(bundle) == (f"{SUMS} is missing",)
    assert chain(bundle.parent)[1] == (f"made: {SUMS} is missing",)


def test_nothing_goes_on_from_a_seal_that_changed(bundle: Path) -> None:
    """A child that named the digest of what it is now would lose its parent once that is put right."""
    path = bundle / STATEMENT
    path.write_bytes(path.read_bytes().replace(b'"made"', b'"mado"'))
    with pytest.raises(IntegrityError, match=f"{STATEMENT} is not the one"):
        newest(bundle.parent)


def test_of_a_seal_that_is_gone_but_for_its_sums_the_chain_tells(bundle: Path) -> None:
    (bundle / STATEMENT).unlink()
    (bundle / MANIFEST).unlink()
    assert "made has parts of a seal and no statement" in chain(bundle.parent)[1]


def test_each_change_is_said_once_in_the_order_of_the_paths(bundle: Path) -> None:
    (bundle / "a.txt").write_bytes(b"One")
    (bundle / "b/c.txt").unlink()
    (bundle / "b/cc").write_bytes(b"")
    data = bytearray(FILES["b/d e.txt"])
    data[-1] ^= 1
    (bundle / "b/d e.txt").write_bytes(data)
    assert both(bundle) == ("a.txt changed", "b/c.txt is missing", "b/cc was added", "b/d e.txt changed")


def test_a_manifest_that_is_another_one(bundle: Path) -> None:
    (bundle / "a.txt").write_bytes(b"One")
    (bundle / MANIFEST).write_text(manifest({**FILES, "a.txt": b"One"}), newline="")
    sums.write(bundle)
    assert both(bundle) == (f"{MANIFEST} is not the one that the statement speaks of",)
    speak(bundle)
    assert both(bundle) == ()


def test_a_statement_of_another_manifest(bundle: Path) -> None:
    (bundle / STATEMENT).write_bytes(statement.dump("0" * 64, {"bundle": "made", "parent": None}))
    sums.write(bundle)
    assert both(bundle) == (f"{MANIFEST} is not the one that the statement speaks of",)


def test_a_manifest_that_is_not_there(bundle: Path) -> None:
    (bundle / MANIFEST).unlink()
    assert verify(bundle).problems == (f"{MANIFEST} is missing",)
    assert list(standalone.problems(bundle)) == [f"{bundle / MANIFEST} cannot be read"]
    assert verify(bundle).files == 0


def test_a_manifest_that_is_no_text(bundle: Path) -> None:
    (bundle / MANIFEST).write_bytes(b"\xff\n")
    speak(bundle)
    assert verify(bundle).problems[0] == f"{MANIFEST} has a line that cannot be: \udcff"
    assert next(standalone.problems(bundle)) == f"{MANIFEST} has a line that cannot be: '\\udcff'"


def test_a_manifest_without_its_end(bundle: Path) -> None:
    text = manifest()
    (bundle / MANIFEST).write_text(text.removesuffix("\n"), newline="")
    speak(bundle)
    assert both(bundle) == (f"{MANIFEST} does not end with its last line", "b/d e.txt was added")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        f"{'0' * 63}  a",
        f"{'0' * 65}  a",
        f"{'A' * 64}  a",
        f"{'0' * 64} a",
        f"{'0' * 64}   a",
        f"{'0' * 64}  a.txt",
        f"{'0' * 64}  {MANIFEST}",
        f"{'0' * 64}  {STATEMENT}",
        f"{'0' * 64}  {SIGNATURE}",
        f"{'0' * 64}  /a",
        f"{'0' * 64}  b//a",
        f"{'0' * 64}  b/./a",
        f"{'0' * 64}  b/../a",
    ],
)
def test_a_line_that_cannot_be(bundle: Path, line: str) -> None:
    (bundle / MANIFEST).write_text(f"{manifest()}{line}\n", newline="")
    speak(bundle)
    assert verify(bundle).problems == (f"{MANIFEST} has a line that cannot be: {line}",)
    assert list(standalone.problems(bundle)) == [f"{MANIFEST} has a line that cannot be: {line!r}"]
    assert verify(bundle).files == 3


def test_a_manifest_out_of_order(bundle: Path) -> None:
    (bundle / MANIFEST).write_text("".join(reversed(manifest().splitlines(keepends=True))), newline="")
    speak(bundle)
    assert verify(bundle).problems == (f"{MANIFEST} is not in order",)


def test_a_link_is_neither_a_file_nor_a_folder(bundle: Path, tmp_path: Path) -> None:
    for kind, target in (("file", "a.txt"), ("folder", "b"), ("nothing", "nowhere")):
        (bundle / kind).symlink_to(bundle / target)
        assert verify(bundle).problems == (f"{bundle / kind} is neither a file nor a folder",)
        assert list(standalone.problems(bundle)) == [f"{kind} is neither a file nor a folder"]
        (bundle / kind).unlink()


def test_a_file_that_cannot_be_read_is_said_to_be_so(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def refuse(path: Path, *arguments: Any, **more: Any) -> Any:
        if path.name == "c.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert verify(bundle).problems == ("b/c.txt cannot be read",)


def test_without_a_statement_it_is_no_bundle(bundle: Path) -> None:
    (bundle / STATEMENT).unlink()
    with pytest.raises(IntegrityError, match="is not a sealed bundle") as caught:
        verify(bundle)
    assert STATEMENT in caught.value.hint
    assert list(standalone.problems(bundle)) == [f"{bundle / STATEMENT} cannot be read"]


def test_signers_are_asked_for_a_signature(bundle: Path, tmp_path: Path) -> None:
    signers = tmp_path / "signers"
    with pytest.raises(ConfigError):
        verify(bundle, signers=signers)
    signers.write_text("")
    assert verify(bundle, signers=signers).problems == (f"{bundle} is not signed",)


def test_full_looks_inside_only_where_the_files_are_right(bundle: Path) -> None:
    [inside] = verify(bundle, full=True).problems
    assert inside != "a.txt changed"
    (bundle / "a.txt").write_bytes(b"One")
    assert verify(bundle, full=True).problems == ("a.txt changed",)


def other(told: dict[str, Any]) -> None:
    told["_type"] = "x"


def other_predicate(told: dict[str, Any]) -> None:
    told["predicateType"] = "x"


def other_name(told: dict[str, Any]) -> None:
    told["subject"][0]["name"] = "x"


def nameless(told: dict[str, Any]) -> None:
    told["predicate"]["bundle"] = ""


@pytest.mark.parametrize("change", [other, other_predicate, other_name, nameless])
def test_a_statement_of_something_else_is_none_of_ours(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    told = orjson.loads((bundle / STATEMENT).read_bytes())
    change(told)
    (bundle / STATEMENT).write_bytes(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))
    with pytest.raises(IntegrityError, match="is no statement over"):
        statement.load(bundle)


PLACE = {"bundle": "b", "sha256": "0" * 64}


@pytest.mark.parametrize("name", ["parent", "tombstone", "pseudonymised"])
@pytest.mark.parametrize(
    "told", [{}, [], "", 0, False, "x", {"bundle": "b"}, PLACE | {"bundle": ""}, PLACE | {"bundle": 1}, PLACE | {"sha256": None},
             PLACE | {"sha256": "0" * 63}, PLACE | {"sha256": "G" * 64}, PLACE | {"sha256": "0" * 65}],
)  # fmt: skip
def test_a_statement_names_another_by_its_name_and_digest_or_none(bundle: Path, name: str, told: Any) -> None:
    (bundle / STATEMENT).write_bytes(statement.dump("ab", {"bundle": "b", "parent": None, name: PLACE}))
    assert statement.load(bundle).predicate[name] == PLACE
    (bundle / STATEMENT).write_bytes(statement.dump("ab", {"bundle": "b", "parent": None, name: told}))
    with pytest.raises(IntegrityError, match="is no statement over"):
        statement.load(bundle)


def test_a_statement_without_a_word_of_a_parent_is_none_of_ours(bundle: Path) -> None:
    (bundle / STATEMENT).write_bytes(statement.dump("ab", {"bundle": "b"}))
    with pytest.raises(IntegrityError, match="statement"):
        statement.load(bundle)


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"subject":[]}', b"\xff"], ids=range(4))
def test_what_is_no_statement_cannot_be_read_as_one(bundle: Path, data: bytes) -> None:
    (bundle / STATEMENT).write_bytes(data)
    sums.write(bundle)
    with pytest.raises(IntegrityError, match="cannot be read as a statement"):
        statement.load(bundle)
    assert list(standalone.problems(bundle)) == [f"{MANIFEST} is not the one that the statement speaks of"]


def test_a_statement_is_packed_and_read_as_it_was_told(bundle: Path) -> None:
    data = statement.dump("ab", {"bundle": "b", "a": "ü"})
    assert (
        data
        == (
            '{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":"ü","bundle":"b"},'
            '"predicateType":"urn:scimaudit:evidence:1",'
            '"subject":[{"digest":{"sha256":"ab"},"name":"MANIFEST.sha256"}]}'
        ).encode()
    )
    assert standalone.spoken_of(data) == ("ab", "b", False)
    assert standalone.spoken_of(statement.dump("ab", {"bundle": "b", "timestamp": "x"})) == ("ab", "b", True)
    assert standalone.spoken_of(data + b" ") == ("", "", False)
    found = speak(bundle, ("before", "0f" * 32))
    assert (found.bundle, found.parent) == ("made", ("before", "0f" * 32))
    assert found.digest == sha((bundle / STATEMENT).read_bytes())
    assert found.manifest == sha((bundle / MANIFEST).read_bytes())


def test_the_small_verifier_ends_with_what_it_found(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["verify.py", str(bundle)])
    assert standalone.main() == 0
    assert capsys.readouterr().out == "every file is what was sealed\n"
    (bundle / "a\u00e9\u20ac").write_text("x")
    assert standalone.main() == 5
    assert capsys.readouterr().out == "a\\xe9\\u20ac was added\nNOT WHAT WAS SEALED\n"
    monkeypatch.chdir(bundle)
    monkeypatch.setattr(sys, "argv", ["verify.py"])
    assert standalone.main() == 5
    assert capsys.readouterr().out == "a\\xe9\\u20ac was added\nNOT WHAT WAS SEALED\n"


def link(bundles: Path, name: str, parent: Statement | None = None, **more: str) -> Statement:
    made = bundles / name
    made.mkdir()
    (made / MANIFEST).write_text("")
    return speak(made, (parent.bundle, more.get("digest", parent.digest)) if parent else None)


def test_a_chain_is_told_from_the_first_to_the_last_whatever_the_names(tmp_path: Path) -> None:
    first = link(tmp_path, "c")
    second = link(tmp_path, "a", first)
    third = link(tmp_path, "b", second)
    (tmp_path / "d.partial").mkdir()
    assert chain(tmp_path) == ([first, second, third], ())
    assert chain(tmp_path, head=third.digest[:16].upper()) == ([first, second, third], ())
    assert newest(tmp_path) == third


def test_a_head_that_is_another_one_is_named(tmp_path: Path) -> None:
    first = link(tmp_path, "a")
    third = link(tmp_path, "c", link(tmp_path, "b", first))
    told = f"the last bundle is c ({third.digest[:16]}), not the one that begins with {first.digest}"
    assert chain(tmp_path, head=first.digest)[1] == (told,)


def test_no_bundle_is_no_chain(tmp_path: Path) -> None:
    assert chain(tmp_path) == ([], (f"{tmp_path} holds no sealed bundle",))
    assert chain(tmp_path, head="ab" * 8)[1] == (
        f"{tmp_path} holds no sealed bundle",
        "the last bundle is missing, not the one that begins with abababababababab",
    )
    assert newest(tmp_path) is None


def test_a_parent_that_is_missing_or_another_one_is_named(tmp_path: Path) -> None:
    first = link(tmp_path, "a")
    second = link(tmp_path, "b", first, digest="00" * 32)
    ordered, problems = chain(tmp_path)
    assert ordered == [first]
    assert problems == ("a, the parent of b, is missing, or its statement is another one now",)
    assert first != second


def test_a_second_beginning_and_a_fork_are_named(tmp_path: Path) -> None:
    first = link(tmp_path, "a")
    link(tmp_path, "b", first)
    link(tmp_path, "c", first)
    link(tmp_path, "d")
    assert chain(tmp_path)[1] == ("several bundles have no parent: a, d", "several bundles have one parent: b, c")
    with pytest.raises(IntegrityError, match="no single chain: b, c, d are all the last"):
        newest(tmp_path)


def test_a_bundle_that_is_there_twice_is_no_single_chain(tmp_path: Path) -> None:
    """The same statement under another name: one digest, and one bundle too many."""
    first = link(tmp_path, "a")
    link(tmp_path, "b", first)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / STATEMENT).write_bytes((tmp_path / "b" / STATEMENT).read_bytes())
    sums.write(tmp_path / "copy")
    assert chain(tmp_path)[1] == ("copy holds the bundle b", "several bundles have one parent: b, b")


def test_a_statement_says_of_an_audit_what_it_judged_and_what_came_of_it() -> None:
    audit = Story().audit()
    meta, zoom = audit.meta, next(each for each in audit.apps if each.app == "zoom")
    told = statement.of(audit)
    apps = told.pop("apps")
    assert told == {
        "organisation": meta.organisation,
        "audit": meta.audit_id,
        "snapshot": meta.snapshot_id,
        "as_of": meta.as_of,
        "collected": {"from": meta.collected_from, "to": meta.collected_to},
        "exit_code": meta.exit_code,
        "exit_reasons": list(meta.exit_reasons),
        "people": meta.people,
        "findings": len(audit.findings),
    }
    assert [each["app"] for each in apps] == [each.app for each in audit.apps]
    assert {"app": "zoom", "verdict": "clean", "walk": "complete", "scope": "all", "accounts": zoom.accounts} in apps


def test_a_timestamp_belongs_to_the_statement_that_speaks_of_one(bundle: Path) -> None:
    told = {"bundle": "made", "parent": None, "timestamp": "https://tsa.example"}
    said = statement.dump(sha((bundle / MANIFEST).read_bytes()), told)
    (bundle / STATEMENT).write_bytes(said)
    sums.write(bundle)
    assert both(bundle) == (f"{TIMESTAMP} is missing",)
    (bundle / TIMESTAMP).write_bytes(b"token " + hashlib.sha256(said).digest())
    sums.write(bundle)
    assert both(bundle) == ()
    (bundle / TIMESTAMP).write_bytes(b"token " + hashlib.sha256(b"other").digest())
    sums.write(bundle)
    assert both(bundle) == (f"{TIMESTAMP} is for another statement",)
    speak(bundle)
    assert both(bundle) == (f"{TIMESTAMP} was added",)


def test_a_folder_that_is_called_as_a_bundle_is_holds_that_one(bundle: Path) -> None:
    name = "2026-11-20T190000.018Z-67e46386"
    other = bundle.rename(bundle.with_name(name))
    assert both(other) == (f"{name} holds the bundle made",)
    speak(other)
    assert both(other) == ()
    assert both(other.rename(bundle.with_name("any other"))) == ()


@pytest.mark.parametrize("name", [MANIFEST, STATEMENT, SIGNATURE, SUMS])
def test_the_small_verifier_names_the_part_of_a_seal_that_is_no_file(bundle: Path, name: str) -> None:
    (bundle / name).unlink(missing_ok=True)
    (bundle / name).mkdir()
    assert list(standalone.problems(bundle)) == [f"{bundle / name} cannot be read"]


def test_sums_that_are_no_text_are_named(bundle: Path) -> None:
    (bundle / SUMS).write_bytes(b"\xff" + b"x" * 300 + b"\n")
    found = both(bundle)
    assert f"{MANIFEST} was added" in found
    assert f"{SUMS} has a line that cannot be: \ufffd{'x' * 199}" in found


def test_an_empty_folder_was_added(bundle: Path) -> None:
    (bundle / "b/empty").mkdir()
    assert both(bundle) == ("b/empty/ was added",)


def test_a_statement_whose_keys_stand_in_another_order_is_none_for_the_small_verifier(bundle: Path) -> None:
    told = b'{"subject":[{"digest":{"sha256":"ab"}}],"predicate":{"bundle":"b"}}'
    assert standalone.spoken_of(told) == ("", "", False)
    assert standalone.spoken_of(b'{"predicate":{"bundle":"b"},"subject":[{"digest":{"sha256":"ab"}}]}') == (
        "ab",
        "b",
        False,
    )


def test_a_digest_that_was_noted_is_compared(bundle: Path) -> None:
    digest = statement.load(bundle).digest
    assert verify(bundle, head=digest).problems == ()
    said = f"its digest is {digest[:16]}, not the one that begins with {'0' * 16}"
    assert verify(bundle, head="0" * 16).problems == (said,)


def test_who_is_asked_for_a_signature_or_a_timestamp_that_is_not_there_is_told(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "signers").write_text("")
    found = verify(bundle, signers=tmp_path / "signers", roots=tmp_path / "roots")
    assert found.problems == (f"{bundle} is not signed", f"{bundle} has no timestamp")
    assert (found.signer, found.stamped) == ("", None)


def test_who_signed_and_when_it_was_there_are_told_as_of_the_moment(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment, stamped = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 19, tzinfo=UTC)
    asked = []
    monkeypatch.setattr(signing, "signer", lambda *arguments: asked.append(arguments) or "ana@corp.example")
    monkeypatch.setattr(timestamp, "stamped", lambda *arguments: stamped)
    found = verify(bundle, signers=tmp_path / "signers", roots=tmp_path / "roots", at=moment)
    assert (found.signer, found.stamped) == ("ana@corp.example", stamped)
    assert asked == [(bundle, tmp_path / "signers", moment)]


def test_a_file_may_be_as_large_as_is_allowed_and_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standalone, "MOST", 5)
    (tmp_path / "a").write_bytes(b"12345")
    assert standalone.read(tmp_path / "a") == b"12345"
    (tmp_path / "a").write_bytes(b"123456")
    with pytest.raises(OSError, match="no plain file") as raised:
        standalone.read(tmp_path / "a")
    told = (raised.value.errno, raised.value.strerror, raised.value.filename)
    assert told == (0, "no plain file, or too large", str(tmp_path / "a"))


def test_of_a_line_that_cannot_be_as_much_is_shown_as_a_person_reads(bundle: Path) -> None:
    (bundle / MANIFEST).write_text("x" * 300 + "\n", "utf-8")
    assert f"MANIFEST.sha256 has a line that cannot be: {'x' * 200!r}" in standalone.problems(bundle)


def test_sums_that_cannot_be_read_are_named_with_the_systems_word(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path, name: str) -> bytes:
        raise PermissionError(13, "Permission denied", str(folder / name))

    monkeypatch.setattr(sums, "read", refuse)
    assert sums.amiss(bundle) == [f"{bundle / SUMS} cannot be read: Permission denied"]
    with pytest.raises(IntegrityError, match="Permission denied") as raised:
        sums.check(bundle)
    assert raised.value.hint == "scimaudit verify --chain"


def test_a_digest_that_is_none_tells_how_one_is_got(bundle: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        verify(bundle, head="3f2a")
    assert raised.value.message == "'3f2a' is no digest"
    assert raised.value.hint == "give at least 16 digits of it: seal prints as many"


def test_of_a_manifest_that_is_no_file_nothing_more_is_said(bundle: Path) -> None:
    (bundle / MANIFEST).unlink()
    (bundle / MANIFEST).mkdir()
    assert verify(bundle).problems == (f"{bundle / MANIFEST} is no plain file",)


def test_a_statement_whose_keys_stand_in_another_order_is_none_of_ours(bundle: Path) -> None:
    told = orjson.loads((bundle / STATEMENT).read_bytes())
    (bundle / STATEMENT).write_bytes(orjson.dumps(dict(reversed(told.items()))))
    with pytest.raises(IntegrityError, match="is no statement over"):
        statement.load(bundle)
