"""The demonstration's reports against ``sample-data/expected``; ``make golden`` writes them anew."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from scimaudit import renderers, workflow
from scimaudit.demo.sample import sample_folder
from scimaudit.result import Audit
from tests.golden.conftest import Pulled

EXPECTED = sample_folder() / "expected"
NIGHT = "broken-night.json"
SHRUNK = ("app-shrunk", "roster-shrunk")
FILES = ("over_time.json", "findings.csv", "orphans.csv", "drift.csv", "excess.csv", "apps.json", "checks.json", NIGHT)
# What a run's moment or an unordered server would change is not what an audit found.
VOLATILE = ("first_seen",)


@pytest.fixture(scope="module")
def made(pulled: Pulled, broken: Audit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("golden")
    workflow.report(pulled.stored, ["csv", "json"], folder / "reports")
    report = json.loads((folder / "reports" / "report.json").read_text("utf-8"))
    apps = [{key: value for key, value in app.items() if key != "as_of"} for app in report["apps"]]
    texts = {name: table(folder / "reports" / name) for name in FILES if name.endswith(".csv")}
    texts["apps.json"] = json.dumps(apps, indent=1, ensure_ascii=False) + "\n"
    texts["checks.json"] = "".join(json.dumps(check, ensure_ascii=False) + "\n" for check in report["checks"])
    texts["over_time.json"] = json.dumps(plain(report["over_time"]), indent=1, ensure_ascii=False) + "\n"
    texts[NIGHT] = json.dumps(told(broken), indent=1, ensure_ascii=False) + "\n"
    return {name: text.replace(pulled.origin, "http://127.0.0.1:0") for name, text in texts.items()}


def plain(over_time: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    """What came of reviews, without when each listing was read to the millisecond."""
    times = {"proven_by", "proven_at", "still_there"}
    cut = {name: rows for name, rows in over_time.items() if isinstance(rows, list)}
    return {
        name: [{key: rough(value) for key, value in row.items() if key not in times} for row in rows]
        for name, rows in cut.items()
    }


def rough(value: object) -> object:
    """Times to the minute and hours to a hundredth: the apps answer a little faster or slower each time."""
    if isinstance(value, list):
        return [rough(each) for each in value]
    if isinstance(value, float):
        return round(value, 2)
    return re.sub(r"(T\d\d:\d\d):\d\d(\.\d+)?Z$", r"\1Z", value) if isinstance(value, str) else value


def told(night: Audit) -> dict[str, object]:
    """What only the night after shows: the gates, how it ends, and the two kinds that speak of it."""
    stream = io.BytesIO()
    renderers.load("json").render(night, stream)
    plain = json.loads(stream.getvalue())
    return {
        "exit_code": night.meta.exit_code,
        "gates": plain["gates"],
        "checks": [check for check in plain["checks"] if check["kind"] in SHRUNK],
        "findings": [
            {key: value for key, value in finding.items() if key not in VOLATILE}
            for finding in plain["findings"]
            if finding["kind"] in SHRUNK
        ],
    }


def table(path: Path) -> str:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [{key: value for key, value in row.items() if key not in VOLATILE} for row in csv.DictReader(file)]
    lines = [",".join(rows[0])] if rows else []
    return "\n".join(lines + [json.dumps(list(row.values()), ensure_ascii=False) for row in rows]) + "\n"


@pytest.mark.parametrize("name", FILES)
def test_the_report_is_as_expected(name: str, made: dict[str, str], update_golden: bool) -> None:
    path = EXPECTED / name
    if update_golden:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made[name], "utf-8")
    assert made[name] == path.read_text("utf-8")
