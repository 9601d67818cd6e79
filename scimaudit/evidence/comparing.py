"""What was made again beside what was sealed, file by file and byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from scimaudit.evidence import PACK, RECORD, REPORTS, TABLES, walk

_FOLDERS: Final = (RECORD, REPORTS, PACK)
_ALONE: Final = ("README.txt", TABLES, "verify.py")


def compared(made: Path) -> Iterator[str]:
    """The files below a folder that are compared."""
    yield from _ALONE
    for folder in _FOLDERS:
        yield from (f"{folder}/{name}" for name in (walk(made / folder)[0] if (made / folder).is_dir() else ()))


def unlike(sealed: Path, made: Path) -> Iterator[str]:
    """Each file that was made otherwise, one sentence each; of tables and of the report also what is other in them."""
    due, there = set(compared(made)), set(compared(sealed))
    for name in sorted(due | there):
        was, now = _bytes(sealed / name), _bytes(made / name)
        if was == now and name in due:
            continue
        if name not in due:
            yield f"{name} was sealed and is not made again"
        elif was is None:
            yield f"{name} is missing or cannot be read"
        else:
            yield f"{name} is another one when it is made again"
            parts = _PARTS.get(name)
            yield from parts(_object(was), _object(now)) if parts else ()


def _bytes(path: Path) -> bytes | None:
    """A file; nothing where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _object(data: bytes | None) -> dict[str, Any]:
    """A JSON object; an empty one where it is none, for its file is named anyhow."""
    try:
        found = orjson.loads(data or b"")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _tables(sealed: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(sealed.keys() | made.keys()):
        if sealed.get(name) != made.get(name):
            yield f"the table {name} is another one when it is made again"


def _report(sealed: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    """In which parts of the report two audits differ; of findings, which ones."""
    for name in sorted(sealed.keys() | made.keys()):
        if sealed.get(name) == made.get(name):
            continue
        if name != "findings":
            yield f"{name} of the audit is another one when it is made again"
            continue
        was, now = _by_id(sealed.get(name)), _by_id(made.get(name))
        for key in sorted(was.keys() | now.keys()):
            if was.get(key) != now.get(key):
                said = "is not made again" if key not in now else "was not sealed" if key not in was else "differs"
                yield f"the finding {key} {said}"


def _by_id(rows: Any) -> dict[str, Any]:
    """Findings by their ids; rows that are none are left out, for their file is named anyhow."""
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {str(row.get("finding_id")): row for row in found}


_PARTS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[str]]]] = {
    TABLES: _tables,
    f"{REPORTS}/report.json": _report,
}
"""Files of which what is other in them can be named."""
