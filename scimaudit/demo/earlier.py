"""The sample company as it was on earlier days: the present files, with what ``earlier.toml`` says was otherwise."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from scimaudit.demo.sample import copy, sample_folder

STORY: Final = "earlier.toml"
"""What was otherwise on earlier days, in the sample company's folder."""
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_DAY: Final = re.compile(r"\b20\d\d-\d\d-\d\d\b")
Edit = Mapping[str, Any]


@dataclass(frozen=True)
class Days:
    """The days that the demonstration plays: ``earlier`` ones, oldest first, and the present one."""

    earlier: tuple[datetime, ...]
    today: datetime


def days() -> Days:
    """When the earlier days are, and when the present one is."""
    told = _told()
    return Days(tuple(told["days"]), told["today"])


def turn_back(target: Path, day: datetime) -> None:
    """Make ``target`` the company's folder as it was on ``day``; what else lies there, such as snapshots, stays.

    :raises ConfigError: ``target`` holds something that is not the demonstration.
    """
    copy(target)
    told = _told()
    config = target / "scimaudit.toml"
    text = config.read_text("utf-8")
    for edit in _holding(told["texts"], day):
        for now, then in edit["replace"].items():
            text = text.replace(now, then.replace("{day}", f"{day:%Y-%m-%d}"))
    config.write_text(text, "utf-8", newline="\n")
    for edit in _holding(told["rows"], day):
        path = target / edit["file"]
        path.write_text(_rows(path.read_text("utf-8"), edit), "utf-8", newline="")
    for path in sorted((target / "exports").glob("*.csv")):
        path.write_text(_DAY.sub(lambda found: min(found[0], f"{day:%Y-%m-%d}"), path.read_text("utf-8")), "utf-8")
    edits = list(_holding(told["accounts"], day))
    for path in sorted((target / "apps").glob("*.json")):
        app = _app(json.loads(path.read_text("utf-8")), day, [edit for edit in edits if edit["app"] == path.stem])
        path.write_text(json.dumps(app, ensure_ascii=False), "utf-8", newline="\n")


def _told() -> dict[str, Any]:
    return tomllib.loads((sample_folder() / STORY).read_text("utf-8"))


def _holding(edits: Iterable[Edit], day: datetime) -> list[Edit]:
    """The edits that count on the day, the one that ended last first: nearer ones are laid over it."""
    counting = [edit for edit in edits if edit.get("since", _ALWAYS) <= day < edit["until"]]
    return sorted(counting, key=lambda edit: edit["until"], reverse=True)


def _rows(text: str, edit: Edit) -> str:
    head, *rows = list(csv.reader(io.StringIO(text)))
    lines = [head]
    for row in rows:
        if row[0] in edit["rows"]:
            if edit.get("absent"):
                continue
            row = [edit["set"].get(name, cell) for name, cell in zip(head, row, strict=True)]  # noqa: PLW2901
        lines.append(row)
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue()


def _app(app: dict[str, Any], day: datetime, edits: Sequence[Edit]) -> dict[str, Any]:
    users = [user for user in app["users"] if datetime.fromisoformat(user["meta"]["created"]) <= day]
    named = {user["userName"]: user for user in users}
    for edit in edits:
        user = named[edit["account"]]
        user["active"] = edit.get("active", user["active"])
        member = {"value": user["id"], "type": "User", "display": user["displayName"]}
        for group in app["groups"]:
            others = [each for each in group["members"] if each["value"] != user["id"]]
            group["members"] = [*others, member] if group["displayName"] in edit["groups"] else others
    known = {user["id"] for user in users} | {group["id"] for group in app["groups"]}
    groups = [
        {**group, "members": [each for each in group["members"] if each["value"] in known]} for group in app["groups"]
    ]
    return {**app, "users": users, "groups": groups}
