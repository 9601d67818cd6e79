"""Sealed evidence: a folder with everything that a verdict rests on, and hashes over all of it.

A bundle holds the raw bodies, the configuration, the policy, what reviews decided, the findings, and the ledger of what
could not be judged. ``sha256sum -c`` checks it without scimaudit; its statement names its parent, so that bundles form
a chain; :mod:`scimaudit.evidence.replay` makes the same findings from it again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scimaudit.errors import IntegrityError

MANIFEST: Final = "MANIFEST.sha256"
"""One line a file: SHA-256, two spaces, path; sorted by path. What ``sha256sum -c`` reads."""
STATEMENT: Final = "statement.json"
"""An in-toto Statement v1 over :data:`MANIFEST`; written last but for its signature."""
SIGNATURE: Final = "statement.json.sig"
"""An SSH signature over :data:`STATEMENT`."""
OUTSIDE: Final = frozenset({MANIFEST, STATEMENT, SIGNATURE})
"""The files that :data:`MANIFEST` does not list."""
PARTIAL: Final = ".partial"
"""Ending of a folder that is not sealed yet."""

SNAPSHOT, EARLIER, FORMER = "snapshot", "earlier", "former"
RECORD, CONFIG, CAMPAIGNS, REPORTS, PACK = "record", "config", "campaigns", "reports", "pack"
TABLES: Final = "tables.json"
"""For each table of the snapshot its number of rows, and the SHA-256 over its rows as canonical JSON Lines."""


def files(folder: Path) -> Iterator[str]:
    """Every file below a folder, as a path with slashes, sorted.

    :raises IntegrityError: something in it is neither a plain file nor a folder: a link may point anywhere; or a folder
        cannot be looked into, and so may hide what was added.
    """

    def refuse(error: OSError) -> None:
        raise IntegrityError(f"{error.filename} cannot be read") from error

    found: list[str] = []
    for base, folders, names in os.walk(folder, onerror=refuse):
        for name in (*folders, *names):
            path = Path(base, name)
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise IntegrityError(f"{path} is neither a file nor a folder")
        found += [Path(base, name).relative_to(folder).as_posix() for name in names]
    yield from sorted(found)


def sealed(bundles: Path) -> list[Path]:
    """The sealed bundles of a folder, by name."""
    if not bundles.is_dir():
        return []
    found = (path for path in bundles.iterdir() if not path.name.endswith(PARTIAL))
    return sorted(path for path in found if (path / STATEMENT).is_file())
