"""Timestamps of a real authority: what is sealed with one, what is refused, and that a lost or forged one is named."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scimaudit import config, workflow
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import (
    MANIFEST,
    SIGNATURE,
    STATEMENT,
    SUMS,
    TIMESTAMP,
    sealed,
    standalone,
    statement,
    sums,
    timestamp,
)
from scimaudit.evidence.timestamp import Authority, obtain, proven
from scimaudit.evidence.verify import verify
from scimaudit.transport import tls_context
from tests.evidence.conftest import Evidence, asks
from tests.evidence.forger import said
from tests.servers import tls, tsa
from tests.servers.tsa import Desk, Server

SAID = b'{"said":"something"}'


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    made = Server(desk)
    yield made
    made.close()


def at(server: Server, roots: Path | None = None) -> Authority:
    return Authority(server.url, roots or server.desk.roots, tls_context())


def test_a_bundle_is_sealed_with_a_token_that_everybody_can_check(stamped: Evidence, desk: Desk) -> None:
    found = verify(stamped.last, signers=stamped.firm.folder / "signers", roots=desk.roots, full=True)
    assert found.problems == ()
    assert found.stamped is not None
    assert abs(found.stamped - datetime.now(UTC)) < timedelta(hours=1)
    told = ["-in", stamped.last / TIMESTAMP, "-data", stamped.last / STATEMENT, "-CAfile", desk.roots]
    subprocess.run(["openssl", "ts", "-verify", *told], check=True, capture_output=True)
    subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS, MANIFEST], cwd=stamped.last, check=True, capture_output=True
    )
    subprocess.run([sys.executable, "-I", "verify.py", "."], cwd=stamped.last, check=True)


def test_the_command_line_seals_and_tells_the_time(waiting: Evidence, server: Server, desk: Desk) -> None:
    asks(waiting.firm.folder, server.url, desk.roots)
    main = [sys.executable, "-c", "from scimaudit.cli import main; main()"]
    told = [*main, "seal", "--config", waiting.firm.folder / "scimaudit.toml"]
    said = subprocess.run(told, capture_output=True, text=True, check=True).stdout
    assert f"time-stamped by {server.url}" in " ".join(said.split())
    [asked] = server.asked
    assert len(asked) < 100, "the authority learns the hash alone"
    bundle = sealed(waiting.folder)[-1]
    assert statement.load(bundle).predicate["timestamp"] == server.url
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    seen = subprocess.run(
        [*main, "verify", bundle, "--timestamp-ca", desk.roots], capture_output=True, text=True, check=True
    )
    assert f"there at {day} " in " ".join(seen.stdout.split())
    plain = subprocess.run([*main, "verify", bundle], capture_output=True, text=True, check=True)
    assert "its timestamp was not looked at (--timestamp-ca)" in " ".join(plain.stdout.split())
    more = ["verify", bundle, "--json", "--timestamp-ca", desk.roots]
    as_json = subprocess.run([*main, *more], capture_output=True, text=True, check=True)
    assert f'"stamped": "{day}T' in as_json.stdout


def test_over_tls_with_a_private_authority(desk: Desk, tmp_path: Path) -> None:
    ours = tls.made_in(tmp_path / "tls")
    server = Server(desk, ours)
    try:
        token = obtain(SAID, Authority(server.url, desk.roots, tls_context(ours.ca)))
        assert proven(token, SAID, desk.roots)
        with pytest.raises(ConfigError, match="no timestamp could be had"):
            obtain(SAID, Authority(server.url, desk.roots, ssl.create_default_context()))
        assert len(server.asked) == 1
    finally:
        server.close()


def test_an_authority_between_is_followed(tmp_path: Path) -> None:
    desk = tsa.made_in(tmp_path / "desk", between=True)
    assert proven(desk.token(SAID), SAID, desk.roots)


def wrong_hash(desk: Desk, tmp_path: Path) -> bytes:
    long = tsa.made_in(tmp_path / "long", digests="sha512")
    (desk.folder / "data").write_bytes(SAID)
    asked = desk.folder / "asked"
    tsa.openssl("ts", "-query", "-data", desk.folder / "data", "-sha512", "-cert", "-out", asked)
    token = long.reply(asked.read_bytes())
    shutil.copyfile(long.roots, tmp_path / "roots.pem")
    return token


BAD = {
    "of another statement": (lambda desk, _: desk.token(b"another"), "for another statement"),
    "of another authority": (lambda _, folder: tsa.made_in(folder / "other").token(SAID), "not to be trusted"),
    "by a key for something else": (lambda desk, _: desk.by_another_key(SAID), "not to be trusted"),
    "cut": (lambda desk, _: desk.token(SAID)[:-40], "cannot be read"),
    "with more behind it": (lambda desk, _: desk.token(SAID) + b"\0", "cannot be read"),
    "nothing": (lambda *_: b"", "cannot be read"),
    "no answer of an authority": (lambda *_: b"<html>", "cannot be read"),
    "a refusal": (
        lambda _, folder: tsa.made_in(folder / "long", digests="sha512").reply(
            tsa.made_in(folder / "asks").query(SAID)
        ),
        "refused",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_token_for_it_is_refused(case: str, desk: Desk, tmp_path: Path) -> None:
    make, why = BAD[case]
    with pytest.raises(IntegrityError, match=why):
        proven(make(desk, tmp_path), SAID, desk.roots)
    assert proven(desk.token(SAID), SAID, desk.roots)


def test_a_weaker_or_another_hash_is_refused(desk: Desk, tmp_path: Path) -> None:
    token = wrong_hash(desk, tmp_path)
    with pytest.raises(IntegrityError, match="not SHA-256"):
        proven(token, SAID, tmp_path / "roots.pem")


def test_a_signer_that_had_expired_when_it_stamped_is_refused(tmp_path: Path) -> None:
    desk = tsa.made_in(tmp_path / "desk", days=-1)
    with pytest.raises(IntegrityError, match="not to be trusted"):
        proven(desk.token(SAID), SAID, desk.roots)


def test_roots_that_are_none_are_named(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "roots").write_text("nothing")
    for path in (tmp_path / "roots", tmp_path / "gone"):
        with pytest.raises(ConfigError, match="cannot be read as certificates"):
            proven(desk.token(SAID), SAID, path)


OLD = "old"
DOWN = "down"
SAYS = {
    "refuses": lambda desk, body: (200, {"Content-Type": tsa.REPLY}, bytes.fromhex("30053003020102")),
    "answers for an old question": OLD,
    "answers for another statement": lambda desk, body: (200, {"Content-Type": tsa.REPLY}, desk.token(b"another")),
    "cuts": lambda desk, body: (200, {"Content-Type": tsa.REPLY}, desk.reply(body)[:-9]),
    "sends a page": lambda desk, body: (200, {"Content-Type": "text/html"}, desk.reply(body)),
    "fails": lambda desk, body: (500, {"Content-Type": tsa.REPLY}, desk.reply(body)),
    "redirects": lambda desk, body: (307, {"Content-Type": tsa.REPLY, "Location": "/tsr"}, b""),
    "floods": lambda desk, body: (200, {"Content-Type": tsa.REPLY}, b"x" * (1 << 21)),
    "is another": lambda desk, body: (200, {"Content-Type": tsa.REPLY}, b"other"),
    "is down": DOWN,
}


@pytest.mark.parametrize("case", SAYS)
def test_an_authority_that_gives_no_token_is_told_of(case: str, server: Server, desk: Desk) -> None:
    say = SAYS[case]
    if say == OLD:
        server.say = lambda body: (200, {"Content-Type": tsa.REPLY}, without_nonce(desk, body))
    elif say == DOWN:
        server.close()
    else:
        server.say = lambda body: say(desk, body)
    with pytest.raises(ConfigError, match="no timestamp could be had") as told:
        obtain(SAID, at(server))
    assert "nothing is sealed" in told.value.hint
    assert len(server.asked) <= 1, "it is asked once, and no redirect is followed"


def without_nonce(desk: Desk, body: bytes) -> bytes:
    """A good token over the very statement, got with another question than the one that was asked."""
    digest = body[body.index(b"\x04\x20") + 2 :][:32].hex()
    tsa.openssl("ts", "-query", "-digest", digest, "-sha256", "-cert", "-out", desk.folder / "asked")
    return desk.reply((desk.folder / "asked").read_bytes())


def test_where_no_token_is_had_nothing_is_sealed(waiting: Evidence, server: Server, desk: Desk) -> None:
    loaded = asks(waiting.firm.folder, server.url, desk.roots)
    good, server.say = server.say, lambda body: (503, {}, b"")
    before = sealed(waiting.folder)
    with pytest.raises(ConfigError, match="no timestamp could be had"):
        workflow.seal(loaded, now=waiting.firm.now)
    assert sealed(waiting.folder) == before
    server.say = good
    bundle = workflow.seal(loaded, now=waiting.firm.now)
    assert verify(bundle, roots=desk.roots, full=True).problems == ()


def lost(bundle: Path) -> None:
    (bundle / TIMESTAMP).unlink()


def lost_and_summed(bundle: Path) -> None:
    lost(bundle)
    sums.write(bundle)


def turned(bundle: Path) -> None:
    """A bit that the authority's signature does not cover: the status text's place, or a parameter of an algorithm."""
    path = bundle / TIMESTAMP
    data = bytearray(path.read_bytes())
    data[data.rindex(b"\x05\x00") if b"\x05\x00" in data else -1] ^= 1
    path.write_bytes(data)


def linked(bundle: Path) -> None:
    shutil.move(bundle / TIMESTAMP, bundle.parent / "elsewhere")
    (bundle / TIMESTAMP).symlink_to(bundle.parent / "elsewhere")


@pytest.mark.parametrize("edit", [lost, lost_and_summed, turned, linked])
def test_a_token_that_is_gone_or_changed_is_named_without_knowing_the_authority(
    stamped: Evidence, edit: Callable[[Path], None]
) -> None:
    assert verify(stamped.last).problems == ()
    assert list(standalone.problems(stamped.last)) == []
    edit(stamped.last)
    assert any(TIMESTAMP in problem for problem in verify(stamped.last).problems)
    assert any(TIMESTAMP in problem for problem in standalone.problems(stamped.last))


def test_a_token_of_another_statement_is_named_by_all(stamped: Evidence, desk: Desk) -> None:
    token = desk.token(b"another")
    (stamped.last / TIMESTAMP).write_bytes(token)
    sums.write(stamped.last)
    assert verify(stamped.last).problems == (f"{TIMESTAMP} is for another statement",)
    assert list(standalone.problems(stamped.last)) == [f"{TIMESTAMP} is for another statement"]
    assert any("does not hold" in problem for problem in verify(stamped.last, roots=desk.roots).problems)


def test_a_token_of_another_authority_is_named_where_one_is_asked_for(
    stamped: Evidence, desk: Desk, tmp_path: Path
) -> None:
    token = tsa.made_in(tmp_path / "other").token((stamped.last / STATEMENT).read_bytes())
    (stamped.last / TIMESTAMP).write_bytes(token)
    sums.write(stamped.last)
    [problem] = verify(stamped.last, roots=desk.roots).problems
    assert "does not hold" in problem
    assert verify(stamped.last).problems == ()


def test_a_bundle_that_never_had_one_fails_where_one_is_asked_for(evidence: Evidence, desk: Desk) -> None:
    [problem] = verify(evidence.last, roots=desk.roots).problems
    assert "has no timestamp" in problem


def test_a_token_that_nobody_asked_for_was_added(evidence: Evidence, desk: Desk) -> None:
    (evidence.last / TIMESTAMP).write_bytes(desk.token((evidence.last / STATEMENT).read_bytes()))
    assert verify(evidence.last).problems == (f"{TIMESTAMP} was added",)
    assert list(standalone.problems(evidence.last)) == [f"{TIMESTAMP} was added"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('timestamp = "https://tsa.example/"', "both of timestamp, timestamp_ca"),
        ('timestamp_ca = "roots.pem"', "both of timestamp, timestamp_ca"),
        ('timestamp = "http://tsa.example/"\ntimestamp_ca = "r"', "evidence.timestamp is plain http"),
        ('timestamp = "https://me:secret@tsa.example/"\ntimestamp_ca = "r"', "evidence.timestamp must be"),
        ('timestamp = "ftp://tsa.example/"\ntimestamp_ca = "r"', "evidence.timestamp must be"),
    ],
)
def test_an_authority_that_cannot_be_used_is_refused_at_once(evidence: Evidence, text: str, why: str) -> None:
    path = evidence.firm.config().path
    path.write_text(f"{path.read_text()}\n[evidence]\n{text}\n")
    with pytest.raises(ConfigError, match=why):
        config.load(path)


def test_without_the_package_it_is_said_what_to_install(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = desk.token(SAID)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(ConfigError, match="rfc3161-client") as told:
        proven(token, SAID, desk.roots)
    assert "scimaudit[timestamp]" in told.value.hint


def test_the_signature_is_over_the_statement_that_names_the_authority(stamped: Evidence) -> None:
    """Who takes the token away, and the word of it from the statement, breaks the signature."""
    lost(stamped.last)
    said(stamped.last, timestamp=None)
    assert verify(stamped.last).problems == ()
    assert verify(stamped.last, signers=stamped.firm.folder / "signers").problems
    assert (stamped.last / SIGNATURE).is_file()
    assert timestamp.amiss(stamped.last, b"", asked=False) == []
