"""The sample company: its files agree with each other, and every story that its README tells is in the data."""

from __future__ import annotations

import csv
import json
import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scimaudit import policy
from scimaudit.config import load
from scimaudit.correlate import decisions
from scimaudit.demo import TOKEN_VARIABLE, Running, prepare, sample_folder
from scimaudit.errors import ConfigError

RUNNING = Running("http://127.0.0.1:4711", {}, "token")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def apps(sample: Path) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in (sample / "apps").glob("*.json")}


def everything(sample: Path) -> str:
    paths = [*sample.glob("*.csv"), *sample.glob("apps/*.json"), *sample.glob("exports/*.csv"), *sample.glob("*.toml")]
    return "\n".join(path.read_text("utf-8") for path in paths)


def test_files_are_what_the_script_makes_of_the_rosters(sample: Path) -> None:
    made = runpy.run_path(str(sample / "build.py"))["files"]()
    assert set(made) == {
        f"{path.parent.name}/{path.name}" for folder in ("apps", "exports") for path in (sample / folder).iterdir()
    }
    for name, text in made.items():
        assert (sample / name).read_text("utf-8") == text, f"run python sample-data/build.py: {name} is out of date"


def test_the_configuration_loads_and_names_every_app(sample: Path) -> None:
    config = load(sample / "scimaudit.toml")
    assert [app.name for app in config.apps] == ["chat", "crm", "erp", "wiki", "code", "helpdesk", "fax"]
    assert not config.app("fax").listings
    assert config.app("fax").reason


def test_declared_totals_and_seats_are_true_except_where_the_story_says_otherwise(sample: Path) -> None:
    data = tomllib.loads((sample / "scimaudit.toml").read_text("utf-8"))
    files = [*data["rosters"].values(), *(item for app in data["apps"].values() for item in app["listings"])]
    counted = {item["path"]: item["declared_total"] for item in files if item["source"] == "csv"}
    assert counted == {path: len(rows(sample / path)) for path in counted}
    seats = {name: app["seats"] for name, app in data["apps"].items() if "seats" in app}
    assert seats == {name: len(apps(sample)[name]["users"]) for name in seats}
    assert set(seats) == {"chat", "erp"}


def test_policy_files_are_read(sample: Path) -> None:
    found = policy.load(sample / "policy")
    assert found.rules
    assert found.conflicts
    assert found.nhi


def test_policy_names_only_entitlements_and_accounts_that_exist(sample: Path) -> None:
    held = {(name, group["displayName"]) for name, app in apps(sample).items() for group in app["groups"]}
    held |= {
        (name, role["value"])
        for name, app in apps(sample).items()
        for user in app["users"]
        for role in user.get("roles", ())
    }
    found = policy.load(sample / "policy")
    whats = [rule.what for rule in found.rules] + [side for pair in found.conflicts for side in (pair.left, pair.right)]
    assert {(what.app, value) for what in whats for value in what.exact} <= held
    names = {(name, user["userName"]) for name, app in apps(sample).items() for user in app["users"]}
    plain = {(line.app, line.account) for line in found.nhi if "?" not in line.account and line.app != "helpdesk"}
    assert plain <= names


def test_decided_links_name_accounts_and_people_that_exist(sample: Path) -> None:
    said = decisions.read(sample / "policy" / "links.csv")
    ids = {user["id"] for name in ("wiki", "crm") for user in apps(sample)[name]["users"]}
    numbers = {row["Personalnummer"] for row in rows(sample / "hr.csv")} | {decisions.NOBODY}
    assert set(said["account_id"]) <= ids
    assert set(said["person_id"]) <= numbers
    assert {"is", "is-not"} == set(said["relation"])
    assert decisions.NOBODY in set(said["person_id"])


def test_members_and_managers_are_listed(sample: Path) -> None:
    for name, app in apps(sample).items():
        ids = {user["id"] for user in app["users"]} | {group["id"] for group in app["groups"]}
        members = {member["value"] for group in app["groups"] for member in group["members"]}
        managers = {
            part["manager"]["value"]
            for user in app["users"]
            for part in user.values()
            if isinstance(part, dict) and "manager" in part
        }
        assert members | managers <= ids, name
        assert len({user["id"] for user in app["users"]}) == len(app["users"])


def test_the_wiki_cuts_off_accounts_of_people_who_left(sample: Path) -> None:
    wiki = apps(sample)["wiki"]
    assert wiki["behaviour"] == "cut-short"
    hidden = [user["userName"] for user in wiki["users"][wiki["cap"] :]]
    assert {"sven.olsen", "viktor.novak"} <= set(hidden)


def test_every_domain_is_reserved_for_examples(sample: Path) -> None:
    domains = set(re.findall(r"@([\w.-]+)", everything(sample)))
    assert domains
    assert {domain for domain in domains if not domain.endswith(".example")} == set()


def test_everybody_in_the_story_exists(sample: Path) -> None:
    text = (sample / "README.md").read_text("utf-8")
    told = set(re.findall(r"\((\d{5}|[KG]-\d{4})\)", text))
    known = {row["Personalnummer"] for row in rows(sample / "hr.csv")} | {
        row["Contract"] for row in rows(sample / "contractors.csv")
    }
    assert len(told) > 25
    assert told <= known
    for name, number in re.findall(r"([^\W\d_][^|(,;]*?) \((\d{5})\)", text):
        row = next(row for row in rows(sample / "hr.csv") if row["Personalnummer"] == number)
        assert name.endswith(row["Nachname"]), (name, number)


def test_a_working_copy_points_at_the_running_apps(tmp_path: Path) -> None:
    path = prepare(tmp_path / "demo", RUNNING)
    text = path.read_text("utf-8")
    assert path == tmp_path / "demo" / "scimaudit.toml"
    assert text.count("http://127.0.0.1:4711/") == 5
    assert "127.0.0.1:0" not in text
    assert TOKEN_VARIABLE in text
    assert not list(tmp_path.rglob("*.py"))
    assert load(path).audit.organisation == "Tindvik Freight"


def test_a_working_copy_is_refreshed_and_keeps_what_else_is_there(tmp_path: Path) -> None:
    path = prepare(tmp_path, RUNNING)
    kept = tmp_path / "scimaudit-data" / "latest"
    kept.parent.mkdir()
    kept.write_text("x")
    (tmp_path / "hr.csv").write_text("changed")
    prepare(tmp_path, Running("http://127.0.0.1:4712", {}, "token"))
    assert "127.0.0.1:4712/" in path.read_text("utf-8")
    assert (tmp_path / "hr.csv").read_text("utf-8").startswith("Personalnummer")
    assert kept.exists()


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "scimaudit.toml").write_text("[audit]\n")
    with pytest.raises(ConfigError, match="not empty"):
        prepare(tmp_path, RUNNING)
    with pytest.raises(ConfigError, match="not a folder"):
        prepare(tmp_path / "scimaudit.toml", RUNNING)
    assert [path.name for path in tmp_path.iterdir()] == ["scimaudit.toml"]


def test_an_installation_without_the_sample_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("scimaudit.demo.sample.__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(ConfigError, match="not part of this installation"):
        sample_folder()


def test_the_wheel_has_the_sample_inside_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside = tmp_path / "scimaudit" / "sample_data"
    inside.mkdir(parents=True)
    (inside / "scimaudit.toml").touch()
    monkeypatch.setattr("scimaudit.demo.sample.__file__", str(tmp_path / "scimaudit" / "demo" / "sample.py"))
    assert sample_folder() == inside
