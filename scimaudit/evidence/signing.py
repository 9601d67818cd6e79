"""SSH signatures over statements, with a key that the signer has anyway.

``ssh-keygen -Y`` makes and checks them wherever it is installed: hardware keys and keys in an agent work as they do for
ssh. Where it is not, :mod:`scimaudit.evidence.sshsig` does the same for keys in plain files. The namespace keeps a
signature made for something else from being passed off as one over evidence.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Final

from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import SIGNATURE, STATEMENT, allowed, read, sshsig

NAMESPACE: Final = "scimaudit-evidence"
_PROGRAM: Final = "ssh-keygen"
_PATIENCE: Final = 120
"""Seconds: somebody may have to touch a hardware key."""
_HINT: Final = "ssh-keygen -t ed25519 makes a key"


def sign(bundle: Path, key: Path) -> None:
    """Sign a bundle's statement; the signature stands beside it.

    :param key: private key, or, with ssh-keygen, public key of one that an agent holds.
    :raises ConfigError: the key is not there, is open to others, or cannot sign.
    :raises OSError: the signature cannot be written.
    """
    private = _usable(key)
    program = shutil.which(_PROGRAM)
    if program is None:
        _sign_here(bundle, key, private)
        return
    done = _run([program, "-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, str(bundle / STATEMENT)])
    if done.returncode or not (bundle / SIGNATURE).is_file():
        raise ConfigError(f"{key} cannot sign: {_said(done)}", hint=_HINT)
    try:
        sshsig.parse(read(bundle, SIGNATURE))
    except ValueError as error:
        raise ConfigError(f"what ssh-keygen signed with {key} cannot be used: {error}") from error


def signer(bundle: Path, signers: Path, at: datetime | None = None) -> str:
    """Who signed a bundle's statement, by a file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).

    :param at: the time, to judge lines by that are bounded in time; ssh-keygen goes by the machine's clock.
    :raises IntegrityError: it is not signed, or by nobody whom the file allows, or over other bytes.
    :raises ConfigError: the file cannot be read.
    """
    if not signers.is_file():
        raise ConfigError(f"there is no file {signers}", hint="a line of it: ana@corp.example ssh-ed25519 AAAA…")
    try:
        signature = sshsig.parse(read(bundle, SIGNATURE))
        statement = read(bundle, STATEMENT)
    except FileNotFoundError as error:
        raise IntegrityError(f"{bundle} is not signed") from error
    except (OSError, ValueError) as error:
        raise IntegrityError(f"the signature of {bundle} cannot be read: {error}") from error
    if signature.namespace != NAMESPACE.encode():
        raise IntegrityError(f"the signature of {bundle} was made for something else")
    program = shutil.which(_PROGRAM)
    if program is None:
        return _checked_here(bundle, signers, signature, statement, at)
    found = _run([program, "-Y", "find-principals", "-s", str(bundle / SIGNATURE), "-f", str(signers)])
    told = found.stdout.decode("utf-8", "replace").split("\n")[0].strip()
    name = next((each for each in told.split(",") if not each.startswith("!")), "")
    if found.returncode or not name:
        raise IntegrityError(f"{bundle} is signed by nobody whom {signers} allows")
    checked = _run(
        [program, "-Y", "verify", "-f", str(signers), "-I", name, "-n", NAMESPACE, "-s", str(bundle / SIGNATURE)],
        given=statement,
    )
    if checked.returncode:
        raise IntegrityError(f"the signature of {bundle} does not hold: {_said(checked)}")
    return name


def _usable(key: Path) -> bytes:
    """The bytes of a key file; ssh passes one over that others can read, and then speaks of something else.

    :raises ConfigError: there is none, or others can read it.
    """
    try:
        mode, data = key.stat().st_mode, key.read_bytes()
    except OSError as error:
        raise ConfigError(f"{key} cannot sign: {error.strerror or error}", hint=_HINT) from error
    if os.name == "posix" and b"PRIVATE KEY" in data and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{key} cannot sign: others can read it, and ssh uses no such key", hint=f"chmod 600 {key}")
    return data


def _sign_here(bundle: Path, key: Path, data: bytes) -> None:
    try:
        private = sshsig.private(data)
    except ValueError as error:
        hint = "install OpenSSH, or make a key without a passphrase: ssh-keygen -t ed25519 -N ''"
        raise ConfigError(f"{key} cannot sign: {error}", hint=hint) from error
    made = sshsig.sign(private, read(bundle, STATEMENT), NAMESPACE.encode())
    with (bundle / SIGNATURE).open("xb") as file:
        file.write(made)


def _checked_here(
    bundle: Path, signers: Path, signature: sshsig.Signature, statement: bytes, at: datetime | None
) -> str:
    try:
        text = signers.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{signers} cannot be read: {error}") from error
    name, why = allowed.who(text, signature.public, NAMESPACE, at)
    if not name:
        raise IntegrityError(f"{bundle} is signed by nobody whom {signers} allows" + (f" ({why})" if why else ""))
    try:
        sshsig.check(signature, statement)
    except ValueError as error:
        raise IntegrityError(f"the signature of {bundle} does not hold: {error}") from error
    return name


def _run(command: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell; every argument is a path or a word of ours
            command, input=given, capture_output=True, timeout=_PATIENCE, check=False
        )
    except OSError as error:
        raise ConfigError(f"{command[0]} cannot be run: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError("ssh-keygen did not answer", hint="does it wait for a passphrase or a touch?") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode("utf-8", "replace").strip() or done.stdout.decode("utf-8", "replace").strip()
    return text.splitlines()[-1] if text else f"exit code {done.returncode}"
