"""The company as it was: only what the story says is otherwise, and nothing of it is later than its day."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from scimaudit.demo import earlier

DAYS = earlier.days().earlier


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day:%m-%d}")
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[datetime, Path]:
    folder = tmp_path_factory.mktemp("earlier") / "company"
    earlier.turn_back(folder, request.param)
    return request.param, folder


def users(folder: Path, app: str) -> dict[str, dict]:
    return {
        user["userName"]: user for user in json.loads((folder / "apps" / f"{app}.json").read_text("utf-8"))["users"]
    }


def groups(folder: Path, app: str, account: str) -> set[str]:
    data = json.loads((folder / "apps" / f"{app}.json").read_text("utf-8"))
    wanted = users(folder, app)[account]["id"]
    return {group["displayName"] for group in data["groups"] if wanted in {m["value"] for m in group["members"]}}


def test_the_days_come_in_order_and_before_the_present_one() -> None:
    days = earlier.days()
    assert [*days.earlier, days.today] == sorted({*days.earlier, days.today})


def test_every_entry_changes_something(sample: Path, tmp_path: Path) -> None:
    told = tomllib.loads((sample / "earlier.toml").read_text("utf-8"))
    config = (sample / "scimaudit.toml").read_text("utf-8")
    assert [now for edit in told["texts"] for now in edit["replace"] if now not in config] == []
    for edit in told["rows"]:
        with (sample / edit["file"]).open(encoding="utf-8", newline="") as file:
            rows = {row[0]: row for row in csv.reader(file)}
        assert set(edit["rows"]) <= set(rows)
    for edit in told["accounts"]:
        assert edit["account"] in users(sample, edit["app"])
        assert any(edit.get("since", DAYS[0]) <= day < edit["until"] for day in DAYS)


def test_nobody_was_there_before_they_were_made(there: tuple[datetime, Path]) -> None:
    day, folder = there
    for path in (folder / "apps").glob("*.json"):
        data = json.loads(path.read_text("utf-8"))
        assert all(datetime.fromisoformat(user["meta"]["created"]) <= day for user in data["users"])
        known = {each["id"] for each in (*data["users"], *data["groups"])}
        assert {member["value"] for group in data["groups"] for member in group["members"]} <= known


def test_no_export_tells_of_a_later_day(there: tuple[datetime, Path]) -> None:
    day, folder = there
    text = "".join(path.read_text("utf-8") for path in (folder / "exports").glob("*.csv"))
    assert max(re.findall(r"\d{4}-\d\d-\d\d", text)) <= f"{day:%Y-%m-%d}"


def test_declared_totals_and_seats_are_true(there: tuple[datetime, Path]) -> None:
    _, folder = there
    data = tomllib.loads((folder / "scimaudit.toml").read_text("utf-8"))
    files = [*data["rosters"].values(), *(item for app in data["apps"].values() for item in app["listings"])]
    for item in files:
        if item["source"] == "csv":
            lines = (folder / item["path"]).read_text("utf-8").splitlines()[1:]
            assert item["declared_total"] == len(lines), item["path"]
    for name in ("chat", "erp"):
        assert data["apps"][name]["seats"] == len(users(folder, name))


def test_what_became_of_people_had_not_happened_yet(tmp_path: Path) -> None:
    earlier.turn_back(tmp_path / "company", DAYS[0])
    folder = tmp_path / "company"
    assert users(folder, "chat")["henrik.dahl@tindvik.example"]["active"]
    assert groups(folder, "chat", "henrik.dahl@tindvik.example") == {"Everyone", "IT"}
    assert groups(folder, "crm", "tuva.strand@tindvik.example") == {"Sales", "Credit Notes"}
    roster = (folder / "hr.csv").read_text("utf-8")
    assert "00142" not in roster
    assert re.search("^00116,.*,aktiv,", roster, re.MULTILINE)


def test_a_right_that_was_away_for_a_while_is_there_before_and_after(sample: Path, tmp_path: Path) -> None:
    camille = "camille.dubois@tindvik.example"
    held = []
    for day in DAYS:
        earlier.turn_back(tmp_path / "company", day)
        held.append("Sales" in groups(tmp_path / "company", "crm", camille))
    assert [*held, "Sales" in groups(sample, "crm", camille)] == [True, False, False, True]
