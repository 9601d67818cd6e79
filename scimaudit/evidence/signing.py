"""Signatures by OpenSSH: ``ssh-keygen -Y sign`` and ``-Y verify``, with a key that the signer has anyway.

The namespace keeps a signature made for something else from being passed off as one over evidence. Hardware keys and
keys in an agent work as they do for ssh.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import SIGNATURE, STATEMENT

NAMESPACE: Final = "scimaudit-evidence"
_PROGRAM: Final = "ssh-keygen"
_PATIENCE: Final = 120
"""Seconds: somebody may have to touch a hardware key."""


def sign(bundle: Path, key: Path) -> None:
    """Sign a bundle's statement; the signature stands beside it.

    :param key: private key, or public key of one that an agent holds.
    :raises ConfigError: ssh-keygen is not installed or cannot use the key.
    """
    done = _run(["-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, str(bundle / STATEMENT)])
    if done.returncode or not (bundle / SIGNATURE).is_file():
        raise ConfigError(f"{key} cannot sign: {_said(done)}", hint="ssh-keygen -t ed25519 makes a key")


def signer(bundle: Path, signers: Path) -> str:
    """Who signed a bundle's statement, by a file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).

    :raises IntegrityError: it is not signed, or by nobody whom the file allows, or over other bytes.
    :raises ConfigError: ssh-keygen is not installed, or the file cannot be read.
    """
    statement, signature = bundle / STATEMENT, bundle / SIGNATURE
    if not signers.is_file():
        raise ConfigError(f"there is no file {signers}", hint="a line of it: ana@corp.example ssh-ed25519 AAAA…")
    if not signature.is_file():
        raise IntegrityError(f"{bundle} is not signed")
    found = _run(["-Y", "find-principals", "-s", str(signature), "-f", str(signers)])
    names = found.stdout.decode("utf-8", "replace").split("\n")[0].strip()
    if found.returncode or not names:
        raise IntegrityError(f"{bundle} is signed by nobody whom {signers} allows")
    name = names.split(",")[0]
    checked = _run(
        ["-Y", "verify", "-f", str(signers), "-I", name, "-n", NAMESPACE, "-s", str(signature)],
        given=statement.read_bytes(),
    )
    if checked.returncode:
        raise IntegrityError(f"the signature of {bundle} does not hold: {_said(checked)}")
    return name


def _run(arguments: list[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell; every argument is a path or a word of ours
            [_PROGRAM, *arguments], input=given, capture_output=True, timeout=_PATIENCE, check=False
        )
    except FileNotFoundError as error:
        raise ConfigError("ssh-keygen is not installed", hint="it comes with OpenSSH") from error
    except subprocess.TimeoutExpired as error:
        raise ConfigError("ssh-keygen did not answer", hint="does it wait for a passphrase or a touch?") from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    text = done.stderr.decode("utf-8", "replace").strip() or done.stdout.decode("utf-8", "replace").strip()
    return text.splitlines()[-1] if text else f"exit code {done.returncode}"
