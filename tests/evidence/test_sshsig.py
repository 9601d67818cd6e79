"""SSH signatures without ssh-keygen: the real one accepts what we sign, we accept what it signs, and nobody else's."""

from __future__ import annotations

import base64
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import SIGNATURE, STATEMENT, allowed, signing, sshsig
from tests import figures

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KINDS = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa384": ["-t", "ecdsa", "-b", "384"],
    "ecdsa521": ["-t", "ecdsa", "-b", "521"],
    "rsa": ["-t", "rsa", "-b", "2048"],
}
SEED = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
FILES = figures.size(150, 4_000)


def made(path: Path, *told: str, phrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", *(told or KINDS["ed25519"]), "-N", phrase, "-C", "x", "-f", path], check=True)
    return path


def public(key: Path) -> str:
    return " ".join(key.with_suffix(".pub").read_text().split()[:2])


def by_ssh(key: Path, bundle: Path, namespace: str = signing.NAMESPACE, *more: str) -> None:
    (bundle / SIGNATURE).unlink(missing_ok=True)
    told = ["ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", namespace, *more, bundle / STATEMENT]
    subprocess.run(told, check=True, capture_output=True)


def ssh_accepts(bundle: Path, signers: Path, who: str = "ana@corp.example", at: datetime = NOW) -> bool:
    told = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", who, "-n", signing.NAMESPACE, "-s", bundle / SIGNATURE]
    done = subprocess.run(
        [*told, f"-Overify-time={at:%Y%m%d%H%M%S}Z"], input=(bundle / STATEMENT).read_bytes(), capture_output=True,
        check=False,
    )  # fmt: skip
    return done.returncode == 0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: made(folder / name, *told) for name, told in KINDS.items()}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / STATEMENT).write_bytes(b'{"predicate":"something"}')
    return folder


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without OpenSSH; ``undo`` brings it back."""
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return monkeypatch


def signers(bundle: Path, key: Path, *, who: str = "ana@corp.example", options: str = "") -> Path:
    path = bundle.parent / "signers"
    path.write_text(" ".join(filter(None, (who, options, public(key)))) + "\n")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_ssh_keygen_accepts_what_is_signed_without_it(
    kind: str, keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    signing.sign(bundle, keys[kind])
    bare.undo()
    who = signers(bundle, keys[kind], options='namespaces="scimaudit-evidence"')
    assert ssh_accepts(bundle, who)
    assert signing.signer(bundle, who) == "ana@corp.example"
    (bundle / STATEMENT).write_bytes(b"something else")
    assert not ssh_accepts(bundle, who)


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_ssh_keygen_signed_is_accepted_without_it(
    kind: str, digest: str, keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    bare.undo()
    by_ssh(keys[kind], bundle, signing.NAMESPACE, f"-Ohashalg={digest}")
    bare.setenv("PATH", str(bundle))
    who = signers(bundle, keys[kind], options='namespaces="scimaudit-evidence"')
    assert signing.signer(bundle, who) == "ana@corp.example"
    (bundle / STATEMENT).write_bytes(b"something else")
    with pytest.raises(IntegrityError, match="does not hold"):
        signing.signer(bundle, who)


@pytest.mark.parametrize("form", ["PEM", "PKCS8"])
@pytest.mark.parametrize("kind", ["ecdsa256", "rsa"])
def test_older_files_of_keys_sign_too(
    kind: str, form: str, bundle: Path, tmp_path: Path, bare: pytest.MonkeyPatch
) -> None:
    bare.undo()
    key = made(tmp_path / "old", *KINDS[kind], "-m", form)
    bare.setenv("PATH", str(bundle))
    signing.sign(bundle, key)
    bare.undo()
    assert ssh_accepts(bundle, signers(bundle, key))


def test_the_same_key_signs_the_same_with_and_without(
    keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    """Ed25519 leaves nothing to chance, so the two files are equal in every byte."""
    signing.sign(bundle, keys["ed25519"])
    ours = (bundle / SIGNATURE).read_bytes()
    bare.undo()
    by_ssh(keys["ed25519"], bundle)
    assert (bundle / SIGNATURE).read_bytes() == ours


REFUSED = {
    "another namespace": ("file", "", "", "made for something else"),
    "not for evidence": ("", 'namespaces="file,git"', "", "namespaces are file,git"),
    "no longer": ("", 'valid-before="20261101Z"', "", "valid until 2026-11-01"),
    "not yet": ("", 'valid-after="20270101Z"', "", "valid from 2027-01-01"),
    "unknown option": ("", "no-touch-required", "", "not understood"),
    "unknown among known": ("", 'namespaces="scimaudit-evidence",zone="x"', "", "not understood"),
    "authority": ("", "cert-authority", "", "certificates of an authority"),
    "nobody": ("", "", "!ana@corp.example", "names nobody"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_who_may_not_sign_is_refused_and_told_why(
    case: str, keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    namespace, options, name, why = REFUSED[case]
    bare.undo()
    by_ssh(keys["ed25519"], bundle, namespace or signing.NAMESPACE)
    who = signers(bundle, keys["ed25519"], who=name or "ana@corp.example", options=options)
    with pytest.raises(IntegrityError):
        signing.signer(bundle, who, NOW)
    bare.setenv("PATH", str(bundle))
    with pytest.raises(IntegrityError, match=why):
        signing.signer(bundle, who, NOW)


def test_another_key_is_refused(keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch) -> None:
    signing.sign(bundle, keys["ecdsa256"])
    with pytest.raises(IntegrityError, match="signed by nobody"):
        signing.signer(bundle, signers(bundle, keys["ed25519"]))


def test_a_line_that_is_bounded_in_time_needs_the_time(
    keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    signing.sign(bundle, keys["ed25519"])
    who = signers(bundle, keys["ed25519"], options='valid-before="20300101Z"')
    assert signing.signer(bundle, who, NOW)
    with pytest.raises(IntegrityError, match="what time it is"):
        signing.signer(bundle, who)


@pytest.mark.parametrize("with_ssh", [True, False])
def test_bytes_that_ssh_keygen_reads_over_are_no_signature(
    with_ssh: bool, keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    signing.sign(bundle, keys["ed25519"])
    path, who = bundle / SIGNATURE, signers(bundle, keys["ed25519"])
    good = path.read_bytes()
    if with_ssh:
        bare.undo()
    assert signing.signer(bundle, who)
    place = good.index(b"\n", 40)
    for bad in (
        good + b"x",
        good[:-1] + b"\x0b",
        good[:place] + b"\x0b" + good[place + 1 :],
        good[:place] + b"\n" + good[place:],
    ):
        path.write_bytes(bad)
        if with_ssh:
            assert ssh_accepts(bundle, who)
        with pytest.raises(IntegrityError, match="cannot be read"):
            signing.signer(bundle, who)


@pytest.mark.reliability
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa256", "rsa"])
def test_no_bit_of_a_signature_can_be_turned(
    kind: str, keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    signing.sign(bundle, keys[kind])
    path, who = bundle / SIGNATURE, signers(bundle, keys[kind])
    good = path.read_bytes()
    bits = range(0, len(good) * 8, 1 if figures.NIGHTLY else 5)
    accepted = 0
    for bit in bits:
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        try:
            signing.signer(bundle, who)
        except IntegrityError:
            continue
        accepted += 1
    path.write_bytes(good)
    assert signing.signer(bundle, who)
    figures.record("Bits turned in SSH signatures", counts={"turned": len(bits), "accepted": accepted})
    assert accepted == 0


def test_what_is_in_a_signature_beside_its_parts_is_refused(keys: dict[str, Path]) -> None:
    good = sshsig.sign(sshsig.private(keys["ed25519"].read_bytes()), b"x", b"n")
    blob = base64.b64decode(b"".join(good.splitlines()[1:-1]))
    sshsig.check(sshsig.parse(good), b"x")
    for bad in (blob[:-1], blob + b"\0", blob.replace(b"sha512", b"sha000"), b"SSHSIG\0\0\0\2" + blob[10:]):
        with pytest.raises(ValueError, match=r"SSH signature|cut short|more in it"):
            sshsig.parse(sshsig._armoured(bad))


def test_a_number_that_ssh_would_not_read_is_refused(keys: dict[str, Path]) -> None:
    """Another way to write the same two numbers would be a second signature over the same statement."""
    good = sshsig.parse(sshsig.sign(sshsig.private(keys["ecdsa256"].read_bytes()), b"x", b"n"))
    inner = sshsig._whole(good.value)
    r, s = sshsig._strings(inner, 2)
    for wrong in (b"\0" + r, b"\xff" + r, b""):
        value = sshsig._string(sshsig._string(wrong) + sshsig._string(s))
        with pytest.raises(ValueError, match="cannot be"):
            sshsig.check(sshsig.Signature(good.public, good.namespace, good.digest, good.kind, value), b"x")


def test_a_key_of_one_kind_with_a_signature_of_another_is_refused(keys: dict[str, Path]) -> None:
    one, other = (
        sshsig.parse(sshsig.sign(sshsig.private(keys[k].read_bytes()), b"x", b"n")) for k in ("rsa", "ed25519")
    )
    with pytest.raises(ValueError, match="of one kind"):
        sshsig.check(sshsig.Signature(one.public, b"n", b"sha512", other.kind, other.value), b"x")
    with pytest.raises(ValueError, match="of one kind"):
        sshsig.check(sshsig.Signature(one.public, b"n", b"sha512", b"ssh-rsa", one.value), b"x")
    with pytest.raises(ValueError, match="without ssh-keygen"):
        strange = sshsig._string(b"sk-ssh-ed25519@openssh.com")
        sshsig.check(sshsig.Signature(strange, b"n", b"sha512", other.kind, other.value), b"x")


def test_a_key_that_cannot_sign_is_told_why(
    bundle: Path, tmp_path: Path, keys: dict[str, Path], bare: pytest.MonkeyPatch
) -> None:
    bare.undo()
    locked, short = made(tmp_path / "locked", phrase="secret"), made(tmp_path / "short", "-t", "rsa", "-b", "1024")
    bare.setenv("PATH", str(bundle))
    (tmp_path / "text").write_text("no key")
    for key, why in (
        (locked, "it is encrypted, and only ssh-keygen"),
        (short, "too short"),
        (tmp_path / "text", "cannot be read as a private key"),
        (keys["ed25519"].with_suffix(".pub"), "cannot be read as a private key, or needs ssh-keygen"),
        (tmp_path / "gone", "No such file"),
    ):
        with pytest.raises(ConfigError, match=why):
            signing.sign(bundle, key)
        assert not (bundle / SIGNATURE).exists()


@pytest.mark.parametrize("with_ssh", [True, False])
def test_a_key_that_others_can_read_is_told_to_be_one(
    with_ssh: bool, bundle: Path, tmp_path: Path, bare: pytest.MonkeyPatch
) -> None:
    bare.undo()
    key = made(tmp_path / "open")
    if not with_ssh:
        bare.setenv("PATH", str(bundle))
    key.chmod(0o640)
    with pytest.raises(ConfigError, match="others can read it") as told:
        signing.sign(bundle, key)
    assert told.value.hint == f"chmod 600 {key}"
    key.chmod(0o600)
    signing.sign(bundle, key)


def test_an_encrypted_key_with_ssh_keygen_says_so_and_asks_nobody_for_ever(bundle: Path, tmp_path: Path) -> None:
    locked = made(tmp_path / "locked", phrase="secret")
    code = (
        "import sys; from pathlib import Path; from scimaudit.evidence import signing\n"
        "try: signing.sign(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, bundle, locked],
        capture_output=True, text=True, check=True, start_new_session=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stdout.startswith("ConfigError")
    assert "passphrase" in done.stdout


# Lines of allowed signers: who, options, and whether a line for the key itself stands there.
PRINCIPALS = [
    "ana@corp.example", "*@corp.example", "ana@*", "?na@corp.example", "bo@corp.example", "!ana@corp.example",
    "*@corp.example,!ana@corp.example", "!bo@corp.example,ana@corp.example", "bo@corp.example,ana@corp.example",
    "ANA@corp.example", "", '"ana@corp.example"', '"ana@corp.example', "ana@corp.example,", "*", "!*", "a[n]a@corp.example",
    "ana@corp.example\\", "#ana@corp.example", "[!x]na@corp.example", "ana@corp.example,!*", "a" * 1100 + "*,*",
]  # fmt: skip
OPTIONS = [
    "", 'namespaces="scimaudit-evidence"', 'namespaces="file"', 'namespaces="*"', 'namespaces="scimaudit-*,!file"',
    'namespaces="!scimaudit-evidence,*"', 'namespaces=""', "namespaces=scimaudit-evidence", 'namespaces="scimaudit-evidence',
    'NAMESPACES="scimaudit-evidence"', 'namespaces="file",namespaces="scimaudit-evidence"', 'namespaces="a b"',
    'namespaces="scimaudit-evidence",', ',namespaces="*"', 'namespaces="scimaudit\\"-evidence"', 'namespaces=*',
    "cert-authority", 'cert-authority,namespaces="*"', "unknown", 'unknown="x"', "no-touch-required",
    'valid-after="20200101"', 'valid-after="20200101Z"', 'valid-after="20290101"', 'valid-before="20200101"',
    'valid-before="20290101Z"', 'valid-before="202901011200"', 'valid-after="20261129115959Z"', 'valid-before="20261129120000Z"',
    'valid-before="20261129115959Z"', 'valid-after="20261129120000Z"', 'valid-after="20261129120001Z"',
    'valid-after="20200101",valid-before="20290101"', 'valid-after="20290101",valid-before="20200101"',
    'valid-after="2020"', 'valid-after=""', 'valid-before="20291332"', 'valid-before="2029-01-01"', 'valid-before="never"',
    'valid-after="20200101",valid-after="20290101"', "valid-after=20200101", 'valid-before="20290101z"',
    'valid-before="99991231"', 'valid-after="00000101"', 'valid-before="20290101 "', 'namespaces="scimaudit-evidence";x',
    'restrict', 'valid-before="20290101",unknown', 'namespaces = "*"', 'valid-before="٢٠٢٩٠١٠١"',
]  # fmt: skip
FORMS = ["{who} {options} {key}", "  {who}\t{options}  {key} a comment", "{who} {options} {key}\r", "{who}  {options}\t{key}", "{who} {options}", "{who} {key} {options}"]  # fmt: skip
KEYS = ["{own}", "{own}", "{own}", "{other}", "ssh-ed25519 AAAA", "ssh-foo AAAA", "{own}=", "ssh-rsa {blob}", "ssh-ed25519 {blob}==AA", "ssh-ed25519"]  # fmt: skip


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(4))
def test_nobody_is_accepted_whom_ssh_keygen_refuses(
    chunk: int, keys: dict[str, Path], bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of lines, good and bad in every mixture: whom we let sign, the real ssh-keygen lets sign too."""
    monkeypatch.setenv("TZ", "UTC")
    by_ssh(keys["ed25519"], bundle)
    own, other = public(keys["ed25519"]), public(keys["ecdsa256"])
    blob = own.split()[1]
    key = sshsig.parse((bundle / SIGNATURE).read_bytes()).public
    dice = random.Random(SEED + chunk)
    path = bundle.parent / "signers"
    tried = accepted = stricter = 0
    falsely: list[tuple[str, str]] = []
    singles = [(who, options, "{own}", FORMS[0]) for who in PRINCIPALS[:1] for options in OPTIONS]
    singles += [(who, "", "{own}", FORMS[0]) for who in PRINCIPALS]
    files = [[each] for each in singles] if chunk == 0 else []
    files += [
        [tuple(dice.choice(part) for part in (PRINCIPALS, OPTIONS, KEYS, FORMS)) for _ in range(dice.randrange(1, 4))]
        for _ in range(FILES // 4)
    ]
    for lines in files:
        text = "".join(
            form.format(who=who, options=options, key=told.format(own=own, other=other, blob=blob)) + "\n"
            for who, options, told, form in lines
        )
        path.write_text(text)
        name, _ = allowed.who(text, key, signing.NAMESPACE, NOW)
        tried += 1
        accepted += bool(name)
        if name and not ssh_accepts(bundle, path, name):
            falsely.append((name, text))
        stricter += not name and ssh_accepts(bundle, path)
    figures.record(
        "Files of allowed signers, ours against ssh-keygen",
        counts={"tried": tried, "accepted by both": accepted - len(falsely), "accepted by us alone": len(falsely), "refused by us alone": stricter},
        told={"seed": str(SEED)},
    )  # fmt: skip
    assert falsely == []
    assert accepted > tried // 20


UNDERSTOOD = [
    "", 'namespaces="scimaudit-evidence"', 'NAMESPACES="*"', 'namespaces="git,scimaudit-*"', 'valid-after="20200101"',
    'valid-after="202001010000Z",valid-before="20290101"', 'valid-before="20290101",namespaces="scimaudit-evidence"',
]  # fmt: skip


@pytest.mark.parametrize("options", UNDERSTOOD)
@pytest.mark.parametrize("who", ["ana@corp.example", "*@corp.example", "bo@corp.example,ana@corp.example"])
def test_what_both_understand_both_accept(who: str, options: str, keys: dict[str, Path], bundle: Path) -> None:
    by_ssh(keys["ed25519"], bundle)
    path = signers(bundle, keys["ed25519"], who=who, options=options)
    key = sshsig.parse((bundle / SIGNATURE).read_bytes()).public
    assert allowed.who(path.read_text(), key, signing.NAMESPACE, NOW)[0] == who.partition(",")[0]
    assert ssh_accepts(bundle, path)


def test_a_later_line_allows_what_an_earlier_one_does_not(
    keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    signing.sign(bundle, keys["ed25519"])
    own = public(keys["ed25519"])
    path = bundle.parent / "signers"
    path.write_text(f'# keys\n\nold@corp.example valid-before="20200101" {own}\nrubbish\nana@corp.example {own}\n')
    assert signing.signer(bundle, path, NOW) == "ana@corp.example"


def test_a_file_of_signers_that_is_no_text_is_refused(
    keys: dict[str, Path], bundle: Path, bare: pytest.MonkeyPatch
) -> None:
    signing.sign(bundle, keys["ed25519"])
    path = bundle.parent / "signers"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        signing.signer(bundle, path, NOW)
