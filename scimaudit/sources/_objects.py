"""JSON objects as rows of a grid: every value under the path of keys that leads to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from scimaudit.errors import Malformed
from scimaudit.sources._grid import Cell, Fault

_DEPTH: Final = 32


class Number(str):
    """A number as the file spells it, so that no digit of an identifier is lost."""

    __slots__ = ()


def header(rows: Sequence[Mapping[str, Cell]]) -> tuple[str, ...]:
    """All paths in the order met, without those that are only ever empty where other rows hold objects."""
    filled: dict[str, bool] = {}
    for row in rows:
        for path, cell in row.items():
            filled[path] = filled.get(path, False) or (cell is not None and cell != [])
    outer = {path[:index] for path in filled for index, letter in enumerate(path) if letter == "."}
    return tuple(path for path, any_filled in filled.items() if any_filled or path not in outer)


def flat(item: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Cell]:
    """Path to cell. A list of texts stays a list; of a list of objects each path is a list, primary ones first."""
    if depth > _DEPTH:
        raise Malformed("it is nested too deeply", hint="export a flat list of objects")
    found: dict[str, Cell] = {}
    for key, value in item.items():
        path = prefix + key
        if isinstance(value, dict):
            inner = flat(value, path + ".", depth + 1)
        elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
            inner = _flat_list(value, path, depth + 1)
        else:
            inner = {path: _cell(value)}
        for name, cell in inner.items():
            found[name] = Fault(f"has two values in the file, as {name!r}") if name in found else cell
    return found


def _flat_list(parts: Sequence[Mapping[str, Any]], path: str, depth: int) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for part in sorted(parts, key=lambda part: part.get("primary") is not True):
        for name, cell in flat(part, path + ".", depth).items():
            before = found.get(name)
            if isinstance(cell, Fault) or isinstance(before, Fault):
                found[name] = before if isinstance(before, Fault) else cell
            elif cell is not None:
                found[name] = [*_as_list(before), *_as_list(cell)]
    return found


def _as_list(cell: Cell) -> list[str]:
    return cell if isinstance(cell, list) else [cell] if isinstance(cell, str) else []


def _cell(value: Any) -> Cell:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if all(isinstance(part, str) for part in value):
        return [str(part) for part in value]
    return Fault("is a list of other things than text")
