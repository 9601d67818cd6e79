"""What the demonstration's apps hold and how each one pages: read from ``apps/<app>.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from scimaudit.errors import ConfigError

Resource = Mapping[str, Any]
Behaviour = Literal["index", "cursor", "capped-total", "cut-short", "dropped-row"]


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and what the app says of the whole."""

    rows: Sequence[Resource]
    total: int


@dataclass(frozen=True)
class App:
    """One app's users and groups, in the order it lists them.

    :param behaviour: ``index`` pages as RFC 7644 section 3.4.2.4 says, ``cursor`` as RFC 9865 says and in no other way.
        The rest page by index and do not tell the truth about users: ``capped-total`` never counts beyond ``cap``,
        ``cut-short`` neither counts nor lists beyond it, ``dropped-row`` counts the row at ``cap`` and leaves it out.
        A look-up by id or by filter is always honest, as it is in the field.
    :param page_max: most rows on a page.
    """

    name: str
    users: tuple[Resource, ...]
    groups: tuple[Resource, ...]
    behaviour: Behaviour = "index"
    page_max: int = 100
    cap: int = 0

    def resources(self, kind: str) -> tuple[Resource, ...]:
        """The app's ``Users`` or ``Groups``."""
        return self.users if kind == "Users" else self.groups

    def find(self, kind: str, resource_id: str) -> Resource | None:
        """The resource of that id."""
        return next((resource for resource in self.resources(kind) if resource["id"] == resource_id), None)

    def slice(self, kind: str, rows: Sequence[Resource], start: int, count: int, *, whole: bool) -> Page:
        """Rows ``start`` to ``start + count`` (from 0) as this app would list them.

        :param whole: the rows are the entire list, not the hits of a filter; only then does a liar lie.
        """
        lie = _LIES.get(self.behaviour) if whole and kind == "Users" else None
        shown, total = lie(rows, self.cap) if lie else (rows, len(rows))
        return Page(tuple(row for row in shown[start : start + count] if row is not _DROPPED), total)


def read(folder: Path) -> tuple[App, ...]:
    """Every app in ``folder``, by name.

    :raises ConfigError: a file says something unknown.
    """
    return tuple(_read(path) for path in sorted(folder.glob("*.json")))


def _read(path: Path) -> App:
    data = json.loads(path.read_text("utf-8"))
    unknown = set(data) - {"behaviour", "page_max", "cap", "users", "groups"}
    if unknown or data.get("behaviour", "index") not in get_args(Behaviour):
        raise ConfigError(f"{path} says something unknown", hint="behaviours: " + ", ".join(get_args(Behaviour)))
    return App(path.stem, **{**data, "users": tuple(data["users"]), "groups": tuple(data["groups"])})


_DROPPED: Final[Resource] = {}

_Lie = Callable[[Sequence[Resource], int], tuple[Sequence[Resource], int]]
_LIES: Final[Mapping[str, _Lie]] = {
    "capped-total": lambda rows, cap: (rows, min(len(rows), cap)),
    "cut-short": lambda rows, cap: (rows[:cap], min(len(rows), cap)),
    "dropped-row": lambda rows, cap: ([*rows[: cap - 1], _DROPPED, *rows[cap:]], len(rows)),
}
