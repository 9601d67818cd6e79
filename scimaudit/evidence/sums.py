"""The sums of a seal: manifest, statement, timestamp and signature, which no manifest lists.

A byte of a statement that changed may give another good statement, and not every byte of a signature or a timestamp is
under its own check. With these sums, ``sha256sum`` alone finds a byte that changed in any other file; what it reads
over in the sums themselves (a comment, large digits) is found here. Whoever may write the folder can write new ones:
only a signature, or a digest that is kept elsewhere, stands against that.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from scimaudit.errors import IntegrityError
from scimaudit.evidence import OUTSIDE, SUMS, read
from scimaudit.snapshot.store import write_bytes

_SUMMED: Final = sorted(OUTSIDE - {SUMS})
_HEX: Final = 64
_SHOWN: Final = 200


def write(folder: Path) -> None:
    """Write the sums of the seal of a bundle or a tombstone, which is complete.

    :raises OSError: the file cannot be written.
    :raises IntegrityError: a part of it is nothing that we write.
    """
    write_bytes("".join(f"{line}\n" for line in _lines(folder).values()).encode(), folder / SUMS)


def amiss(folder: Path) -> list[str]:
    """What of a seal is not what its sums say, one sentence each."""
    try:
        told, lines = read(folder, SUMS).decode("utf-8", "replace").split("\n"), _lines(folder)
    except FileNotFoundError as error:
        return [f"{Path(error.filename).name} is missing"]
    except IntegrityError as error:
        return [error.message]
    except OSError as error:
        return [f"{error.filename} cannot be read: {error.strerror or error}"]
    due = {line[_HEX + 2 :]: line for line in told if line}
    found = []
    for name in sorted({*due, *lines}):
        if name not in _SUMMED:
            found.append(f"{SUMS} has a line that cannot be: {due[name][:_SHOWN]}")
        elif name not in lines or name not in due:
            found.append(f"{name} was added" if name in lines else f"{name} is missing")
        elif due[name] != lines[name]:
            found.append(f"{name} is not the one that {SUMS} speaks of")
    return found if found or told == [*lines.values(), ""] else [f"{SUMS} is not as it is written"]


def check(folder: Path) -> None:
    """Refuse to go on from a seal that is not what its sums say.

    :raises IntegrityError: it is not.
    """
    if problems := amiss(folder):
        raise IntegrityError(f"{folder}: {problems[0]}", hint="scimaudit verify --chain")


def _lines(folder: Path) -> dict[str, str]:
    """Name to line of each part of a seal that is there, sorted."""
    there = [name for name in _SUMMED if (folder / name).exists() or (folder / name).is_symlink()]
    return {name: f"{hashlib.sha256(read(folder, name)).hexdigest()}  {name}" for name in there}
