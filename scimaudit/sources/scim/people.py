"""A SCIM service provider as a roster: the walk and its proofs are those of an app, the columns those of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa

from scimaudit.errors import Malformed
from scimaudit.sources import Reply, Sink
from scimaudit.sources._grid import Cell, Grid
from scimaudit.sources._keys import row_keys
from scimaudit.sources._objects import Number, flat, header
from scimaudit.sources.scim.columns import ENTERPRISE

COLUMNS: Final[Mapping[str, str]] = {
    "person_id": "id",
    "user_name": "userName",
    "emails": "emails.value",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "display_name": "displayName",
    "employee_number": f"{ENTERPRISE}.employeeNumber",
    "department": f"{ENTERPRISE}.department",
    "title": "title",
    "manager_id": f"{ENTERPRISE}.manager.value",
    "worker_type": "userType",
    "status": "active",
}
STATUS: Final = {"active": ("true",), "terminated": ("false",)}
"""Whoever is deactivated in the roster counts as left, unless ``status`` says otherwise."""


class Watched:
    """A sink that takes the rows of accounts in and lets everything else through; see :class:`Sink`.

    ``places`` are the accounts that were handed over, each with the number of its body and its row there; ``bodies``
    the answers by number.
    """

    fills: Literal["people", "accounts"] = "accounts"

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.name, self.app, self.base, self.quick = sink.name, sink.app, sink.base, sink.quick
        self.people: pa.Table | None = None
        self.last_ids, self.last_whole = sink.last_ids, sink.last_whole
        self.now, self.progress, self.tell = sink.now, sink.progress, sink.tell
        self.places: dict[str, tuple[int, int]] = {}
        self.bodies: dict[int, bytes] = {}

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        """See :meth:`Sink.exchange`."""
        reply, number = self._sink.exchange(method, url, send)
        if reply.status == 200:
            self.bodies[number] = reply.body
        return reply, number

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """See :meth:`Sink.files`."""
        return self._sink.files(paths)

    def read(self, path: Path) -> tuple[bytes, int]:
        """See :meth:`Sink.read`."""
        return self._sink.read(path)

    def rows(self, table: pa.Table) -> None:
        """Keep where accounts stand; grants of a roster mean nothing here."""
        if table.schema.metadata[b"name"] == b"accounts":
            ids, bodies, rows = (table[name].to_pylist() for name in ("account_id", "raw_body", "raw_row"))
            self.places.update(zip(ids, zip(bodies, rows, strict=True), strict=True))


def grid(watched: Watched, declared: Mapping[str, str]) -> tuple[Grid, dict[str, int]]:
    """The listed users as a grid, and where its columns stand.

    :param declared: column or extra column to path, as configured; an empty path switches a column off.
    :raises Malformed: a declared path is in no user.
    """
    found = _users(watched)
    rows = [flat(row) for row in found]
    told = header(rows)
    wanted = {name: path for name, path in {**COLUMNS, **declared}.items() if path}
    for name, path in declared.items():
        if path and path not in told:
            raise Malformed(
                f"no user has {path}, which is to be {name}",
                hint="paths here are: " + ", ".join(told),
            )
    present = {name: path for name, path in wanted.items() if path in told}
    cells: dict[str, list[Cell]] = {name: [row.get(path) for row in rows] for name, path in present.items()}
    if "manager_id" in cells:
        ids = [str(row.get("id")) for row in rows]
        own = dict(zip(ids, row_keys(cells, "people", len(rows)), strict=True))
        cells["manager_id"] = [own.get(cell, cell) if isinstance(cell, str) else cell for cell in cells["manager_id"]]
    made = Grid(
        header=tuple(cells),
        columns=list(cells.values()),
        places=range(1, len(rows) + 1),
        raw=lambda index: json.dumps(rows[index], sort_keys=True, default=str).encode(),
        unit="row",
    )
    return made, {name: place for place, name in enumerate(cells)}


def _users(watched: Watched) -> list[dict[str, Any]]:
    """The raw rows of the accounts, without those that cannot be read as their own."""
    answers: dict[int, list[Any]] = {}
    found = []
    for name, (number, place) in watched.places.items():
        if number not in answers:
            answers[number] = _rows(watched.bodies[number])
        row = answers[number][place] if place < len(answers[number]) else None
        if isinstance(row, dict) and row.get("id") == name:
            found.append(row)
    return found


def _rows(body: bytes) -> list[Any]:
    """The rows of an answer: those of a list, or the one resource that it is."""
    try:
        answer = json.loads(body, parse_int=Number, parse_float=Number)
    except ValueError:
        return []
    rows = answer.get("Resources") if isinstance(answer, dict) else None
    return rows if isinstance(rows, list) else [answer]
