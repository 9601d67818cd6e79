"""Sealed evidence: a folder with everything that a verdict rests on, and hashes over all of it.

A bundle holds the raw bodies, the configuration, the policy, what reviews decided, the findings, and the ledger of what
could not be judged. ``sha256sum -c`` checks it without scimaudit; its statement names its parent, so that bundles form
a chain; :mod:`scimaudit.evidence.replay` makes the same findings from it again.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from scimaudit.errors import IntegrityError

MANIFEST: Final = "MANIFEST.sha256"
"""One line a file: SHA-256, two spaces, path; sorted by path. What ``sha256sum -c`` reads."""
STATEMENT: Final = "statement.json"
"""An in-toto Statement v1 over :data:`MANIFEST`."""
SIGNATURE: Final = "statement.json.sig"
"""An SSH signature over :data:`STATEMENT`."""
TIMESTAMP: Final = "statement.json.tsr"
"""A timestamp authority's answer over :data:`STATEMENT` (RFC 3161), where the statement says that there is one."""
SUMS: Final = "SEAL.sha256"
"""The SHA-256 of each of these that there is, in the format of :data:`MANIFEST`; see :mod:`scimaudit.evidence.sums`."""
OUTSIDE: Final = frozenset({MANIFEST, STATEMENT, SIGNATURE, TIMESTAMP, SUMS})
"""The files that :data:`MANIFEST` does not list."""
PARTIAL: Final = ".partial"
"""Ending of a folder that is not sealed yet."""
_LARGEST: Final = {
    MANIFEST: 64 << 20,
    STATEMENT: 16 << 20,
    SIGNATURE: 1 << 16,
    TIMESTAMP: 1 << 20,
    SUMS: 1 << 10,
}
"""Bytes beyond which none of these was written by us; a stranger's is not read into memory."""

SNAPSHOT, EARLIER, FORMER = "snapshot", "earlier", "former"
RECORD, CONFIG, CAMPAIGNS, REPORTS, PACK = "record", "config", "campaigns", "reports", "pack"
TABLES: Final = "tables.json"
"""For each table of the snapshot its number of rows, and the SHA-256 over its rows as canonical JSON Lines."""


def read(bundle: Path, name: str) -> bytes:
    """One of the files of :data:`OUTSIDE`, which are read whole: a plain file of a size that can be, and no link.

    :raises FileNotFoundError: there is none.
    :raises IntegrityError: it is something else, which could lead elsewhere, never end, or fill the memory.
    """
    path, most = bundle / name, _LARGEST[name]
    told = path.lstat()
    if not stat.S_ISREG(told.st_mode):
        raise IntegrityError(f"{path} is no plain file")
    if told.st_size > most:
        raise IntegrityError(f"{path} is larger than any that scimaudit writes ({most} bytes)")
    # Whatever is put there meanwhile: a link is not followed, a pipe is not waited for, and no more is read.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        return file.read(most)


def walk(folder: Path) -> tuple[list[str], list[str]]:
    """Every file below a folder, and every folder that holds nothing, as paths with slashes, each sorted.

    :raises IntegrityError: something in it is neither a plain file nor a folder: a link may point anywhere; or a folder
        cannot be looked into, and so may hide what was added.
    """

    def refuse(error: OSError) -> None:
        raise IntegrityError(f"{error.filename} cannot be read") from error

    found: list[Path] = []
    empty: list[Path] = []
    for base, folders, names in os.walk(folder, onerror=refuse):
        for name in (*folders, *names):
            path = Path(base, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise IntegrityError(f"{path} is neither a file nor a folder")
        found += [Path(base, name) for name in names]
        empty += [Path(base)] if not folders and not names else []
    return _below(folder, found), _below(folder, empty)


def _below(folder: Path, paths: Iterable[Path]) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def twins(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names that some file systems take for one: equal but for case, or for how letters are composed.

    Unpacked there, one file stands for both, and which one is chance.
    """
    first: dict[str, str] = {}
    found = set()
    for path in paths:
        for each in (path, *map(str, PurePosixPath(path).parents)):
            other = first.setdefault(_folded(each), each)
            if other != each:
                found.add((other, each))
    return sorted(found)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def sealed(bundles: Path) -> list[Path]:
    """The sealed bundles of a folder, by name."""
    if not bundles.is_dir():
        return []
    found = (path for path in bundles.iterdir() if not path.name.endswith(PARTIAL))
    return sorted(path for path in found if (path / STATEMENT).is_file())
