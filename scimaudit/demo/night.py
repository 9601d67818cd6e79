"""The second act: payroll's export broke off, and the token of one app sees less than it did the night before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scimaudit.config import Config
from scimaudit.demo.sample import copy
from scimaudit.demo.server import Running, serve
from scimaudit.snapshot.store import open_snapshot

FOLDER: Final = "broken-night"
"""Where it is played, inside the demonstration's folder, with a store of its own."""
ROSTER: Final = "hr.csv"
APP: Final = "crm"
_KEPT: Final = 2 / 3


@dataclass(frozen=True)
class Night:
    """What may be pulled while the night lasts."""

    config: Path
    running: Running


@contextmanager
def fall(folder: Path, evening: Config) -> Iterator[Night]:
    """Let the night fall on a copy of the sample company, whose apps answer until the block ends.

    :param evening: the company before; the copy's store gets its newest snapshot.
    """
    config, newest = folder / "scimaudit.toml", open_snapshot(evening.store).path
    copy(folder)
    shutil.rmtree(folder / "scimaudit-data", ignore_errors=True)
    shutil.copytree(newest, folder / "scimaudit-data" / "snapshots" / newest.name)
    roster, app = folder / ROSTER, folder / "apps" / f"{APP}.json"
    roster.write_text(_broken_off(roster.read_text("utf-8")), "utf-8", newline="")
    app.write_text(json.dumps(_seeing_less(json.loads(app.read_text("utf-8")))), "utf-8")
    with serve(folder) as running:
        # The other apps are not asked, and stay where they were.
        address = evening.app(APP).listings[0].settings.base_url
        text = evening.path.read_text("utf-8").replace(address, running.base_urls[APP])
        config.write_text(text, "utf-8", newline="\n")
        yield Night(config, running)


def _broken_off(text: str) -> str:
    """A file as far as it was written: its heading and the first of its lines."""
    head, *lines = text.splitlines(keepends=True)
    return "".join([head, *lines[: round(len(lines) * _KEPT)]])


def _seeing_less(app: dict[str, Any]) -> dict[str, Any]:
    """An app as a token sees it that may see only the first of its users: whole, by all that it says."""
    users = app["users"][: round(len(app["users"]) * _KEPT)]
    seen = {user["id"] for user in users}
    groups = [
        {**group, "members": [member for member in group["members"] if member["value"] in seen]}
        for group in app["groups"]
    ]
    return {**app, "users": users, "groups": groups}
