"""Several files, or several rows of one account, as one grid."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from glob import glob
from itertools import accumulate, chain
from pathlib import Path
from typing import Final

from scimaudit.errors import Malformed
from scimaudit.plural import count
from scimaudit.sources import Rejected
from scimaudit.sources._grid import Cell, Fault, Grid, Part, reject
from scimaudit.sources._headings import GRANT_COLUMNS, KEYS

_WILD: Final = frozenset("*?[")


def named(paths: Sequence[Path], there: Callable[[str], bool], match: Callable[[str], Iterable[str]]) -> list[Path]:
    """The files that paths and patterns (``*``, ``?``, ``[…]``, ``**``) name, each once, in order of their names.

    :param there: whether there is a file of that very name. ``match``: the names of files that fit a pattern.
    :raises Malformed: a pattern names none; nothing is then known, which is not the same as nobody.
    """
    found: dict[Path, None] = {}
    for path in paths:
        text = path.as_posix()
        if not _WILD & set(text) or there(text):
            found[path] = None
            continue
        files = [Path(name) for name in sorted(match(text))]
        if not files:
            raise Malformed(f"no file is called {text}", hint="patterns are relative to scimaudit.toml")
        found |= dict.fromkeys(files)
    return list(found)


def on_disk(paths: Sequence[Path], base: Path) -> list[Path]:
    """:func:`named`, of what lies in a folder or, where a path begins at the root, anywhere.

    :raises Malformed: a pattern names none.
    """

    def there(name: str) -> bool:
        return (base / name).is_file()

    def match(pattern: str) -> Iterable[str]:
        return filter(there, glob(pattern, root_dir=base, recursive=True))  # noqa: PTH207 - takes absolute patterns too

    return named(paths, there, match)


def on_record(paths: Sequence[Path], names: Collection[str]) -> list[Path]:
    """:func:`named`, of files that were read before: nothing is looked for on the disk.

    :param names: what they were called when they were read.
    :raises Malformed: a pattern names none.
    """

    def match(pattern: str) -> Iterable[str]:
        steps = pattern.casefold().split("/")
        return (name for name in names if _fits(name.casefold().split("/"), steps))

    return named(paths, names.__contains__, match)


def _fits(parts: Sequence[str], steps: Sequence[str]) -> bool:
    """Whether a path fits a pattern; ``**`` goes down any number of folders, the other signs stay in one.

    Letters fit whatever their case: whether they do on a disk depends on whose disk it is.
    """
    if not steps:
        return not parts
    if steps[0] == "**":
        return bool(parts) if len(steps) == 1 else any(_fits(parts[down:], steps[1:]) for down in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], steps[0]) and _fits(parts[1:], steps[1:])


def together(grids: Mapping[str, Grid]) -> Grid:
    """One grid of the rows of all files.

    :param grids: file name to what the file holds.
    :raises Malformed: their headings differ.
    """
    (first, grid), *others = grids.items()
    if not others:
        return grid
    for name, other in others:
        if other.header != grid.header:
            odd = sorted(set(grid.header) ^ set(other.header)) or ["their order"]
            raise Malformed(
                f"its headings are not those of {first}: {', '.join(map(repr, odd[:5]))}",
                source=name,
                hint="export them alike, or give each file a listing of its own",
            )
    all_of = list(grids.values())
    starts = [0, *accumulate(len(each.places) for each in all_of)]

    def raw(index: int) -> bytes:
        part = bisect_right(starts, index) - 1
        return all_of[part].raw(index - starts[part])

    return Grid(
        header=grid.header,
        columns=[
            list(chain.from_iterable(each.columns[place] for each in all_of)) for place in range(len(grid.header))
        ],
        places=list(chain.from_iterable(each.places for each in all_of)),
        raw=raw,
        unit=grid.unit,
        rejected=tuple(
            replace(row, reason=f"{name}: {row.reason}") for name, each in grids.items() for row in each.rejected
        ),
        notes=tuple(f"{name}: {note}" for name, each in grids.items() for note in each.notes),
        doubt="; ".join(f"{name}: {each.doubt}" for name, each in grids.items() if each.doubt),
        facts={
            **grid.facts,
            "files": ", ".join(f"{name} ({count(len(each.places), 'row')})" for name, each in grids.items()),
        },
        parts=tuple(Part(name, len(each.places)) for name, each in grids.items()),
    )


def folded(grid: Grid, places: Mapping[str, int], separator: str) -> tuple[Grid, list[int]]:
    """One row per account out of one row per entitlement, and of each the row it was first met in.

    A later row of an account that contradicts the first in anything but its entitlements is rejected. A row with a cell
    that cannot be trusted stays a row of its own, so that whoever reads the cells rejects it.

    :param places: column to its place in the grid.
    :param separator: what separates several entitlements in one cell.
    """
    keys = [grid.columns[places[name]] for name in KEYS["accounts"] if name in places]
    held = {places[name] for name in GRANT_COLUMNS if name in places}
    told = [place for place in places.values() if place not in held]
    columns = [list(column) for column in grid.columns]
    first: dict[str, int] = {}
    rejected: list[Rejected] = []
    kept: list[int] = []
    for row in range(len(grid.places)):
        key = next((repr(column[row]) for column in keys if column[row]), None)
        faulty = any(isinstance(grid.columns[place][row], Fault) for place in places.values())
        home = row if key is None or faulty else first.setdefault(key, row)
        if home == row:
            kept.append(row)
            for place in () if faulty else held:
                columns[place][row] = _listed(grid.columns[place][row], separator)
            continue
        odd = next((place for place in told if _differ(columns[place][home], grid.columns[place][row])), None)
        if odd is not None:
            reason = f"{grid.header[odd]} is not what {grid.unit} {grid.places[home]} says of the same account"
            rejected.append(reject(grid.places[row], reason, grid.raw(row)))
            continue
        for place in told:
            columns[place][home] = columns[place][home] or grid.columns[place][row]
        for place in held:
            columns[place][home] = [
                *_listed(columns[place][home], separator),
                *_listed(grid.columns[place][row], separator),
            ]
    return (
        replace(
            grid,
            columns=[[column[row] for row in kept] for column in columns],
            places=[grid.places[row] for row in kept],
            raw=lambda index: grid.raw(kept[index]),
            rejected=(*grid.rejected, *rejected),
            parts=(),
        ),
        kept,
    )


def _differ(one: Cell, other: Cell) -> bool:
    return bool(one) and bool(other) and one != other


def _listed(cell: Cell, separator: str) -> list[str]:
    if isinstance(cell, list):
        return cell
    return [part.strip() for part in cell.split(separator) if part.strip()] if isinstance(cell, str) else []
