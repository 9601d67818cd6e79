"""Graph users as a grid: each column of ours from its property, and what Graph's odd values mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from scimaudit.sources._grid import Cell, Fault, Grid
from scimaudit.sources._keys import row_keys
from scimaudit.sources.entra.graph import Row

LAST_LOGIN: Final = "signInActivity.lastSuccessfulSignInDateTime"
COLUMNS: Final[Mapping[str, str]] = {
    "user_name": "userPrincipalName",
    "emails": "mail",
    "aliases": "proxyAddresses",
    "given_name": "givenName",
    "family_name": "surname",
    "display_name": "displayName",
    "employee_number": "employeeId",
    "department": "department",
    "title": "jobTitle",
    "location": "officeLocation",
    "company": "companyName",
    "worker_type": "employeeType",
    "start_date": "employeeHireDate",
    "end_date": "employeeLeaveDateTime",
    "user_type": "userType",
    "created": "createdDateTime",
    "last_login": LAST_LOGIN,
    "external_id": "onPremisesImmutableId",
}
_MANAGER: Final = {"people": "manager_id", "accounts": "manager"}
_LISTS: Final = frozenset({"emails", "aliases"})
_DAYS: Final = frozenset({"start_date", "end_date"})
_TIMES: Final = frozenset({"created", "last_modified", "last_login"})


def grid(rows: Sequence[Row], columns: Mapping[str, str], fills: str) -> Grid:
    """Users as rows.

    :param columns: column of people or accounts (or an extra one) to property, dots where it stands in another.
    """
    key = "person_id" if fills == "people" else "account_id"
    told = {key: "id", **{name: path for name, path in columns.items() if path}}
    cells: dict[str, list[Cell]] = {
        name: [_cell(_at(row.data, path), name) for row in rows] for name, path in told.items()
    }
    flag = "status" if fills == "people" else "active"
    if flag not in told:
        cells[flag] = [_state(row.data.get("accountEnabled"), fills) for row in rows]
    if fills == "accounts":
        cells["account_kind"] = ["guest" if _guest(row.data) else None for row in rows]
    cells[_MANAGER[fills]] = _managers(rows, cells, fills)
    return Grid(
        header=tuple(cells),
        columns=list(cells.values()),
        places=range(1, len(rows) + 1),
        raw=lambda index: orjson.dumps(rows[index].data, option=orjson.OPT_SORT_KEYS),
        unit="row",
    )


def _at(data: Mapping[str, Any], path: str) -> Any:
    here: Any = data
    for part in path.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def _cell(value: Any, column: str) -> Cell:
    if value is None or value == "":
        return None
    if column in _LISTS:
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        return [text.partition(":")[2] if text[:5].lower() == "smtp:" else text for text in texts]
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return Fault(f"{column} is not text")
    return _time(value, column) if column in _TIMES or column in _DAYS else value


def _time(text: str, column: str) -> Cell:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    if found.year == 1:
        # Microsoft's own sample has year 1 for a user who never signed in.
        return None
    return (found.astimezone(UTC) if found.tzinfo else found).date().isoformat() if column in _DAYS else found


def _state(enabled: Any, fills: str) -> str | None:
    if not isinstance(enabled, bool):
        return None
    if fills == "people":
        return "enabled" if enabled else "disabled"
    return "true" if enabled else "false"


def _guest(data: Mapping[str, Any]) -> bool:
    return data.get("userType") == "Guest" or "#EXT#" in str(data.get("userPrincipalName") or "").upper()


def _managers(rows: Sequence[Row], cells: Mapping[str, list[Cell]], fills: str) -> list[Cell]:
    """The manager of each user as the key of the manager's own row."""
    ids = [str(row.data.get("id")) for row in rows]
    own = dict(zip(ids, row_keys(cells, fills, len(rows)), strict=True))
    said = [_at(row.data, "manager.id") for row in rows]
    return [own.get(boss, boss) if isinstance(boss, str) else None for boss in said]
