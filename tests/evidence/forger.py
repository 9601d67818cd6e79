"""What whoever may write a bundle can do without a key: a seal that fits whatever is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scimaudit.evidence import MANIFEST, OUTSIDE, STATEMENT, statement, sums, walk
from scimaudit.snapshot.store import file_digest


def put(path: Path, data: bytes) -> None:
    """Write a file that may have another name in the store, which keeps what it had."""
    path.unlink()
    path.write_bytes(data)


def resealed(bundle: Path) -> None:
    """A manifest of all that is there, and the rest of the seal."""
    due = [name for name in walk(bundle)[0] if name not in OUTSIDE]
    rewritten(bundle, "".join(f"{file_digest(bundle / name)}  {name}\n" for name in due))


def rewritten(bundle: Path, manifest: str) -> None:
    """A manifest as it is told, and the rest of the seal."""
    put(bundle / MANIFEST, manifest.encode("utf-8", "surrogateescape"))
    said(bundle)


def said(bundle: Path, /, **more: Any) -> None:
    """The statement, and what it is to say otherwise, over the manifest that is there; and the sums."""
    told = statement.load(bundle)
    put(bundle / STATEMENT, statement.dump(file_digest(bundle / MANIFEST), {**told.predicate, **more}))
    sums.write(bundle)
