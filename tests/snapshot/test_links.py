"""Links that wait where scimaudit is about to write: none is followed, and what they point at stays as it was."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from scimaudit import renderers, scaffold
from scimaudit.errors import ConfigError
from scimaudit.snapshot.store import write_bytes, write_table
from tests.cli.conftest import _run
from tests.renderers.conftest import Story


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere"
    path.write_text("precious")
    return path


@pytest.mark.parametrize("place", ["x", "x.draft"])
@pytest.mark.parametrize("kind", ["bytes", "table"])
def test_a_link_in_the_store_is_replaced(tmp_path: Path, victim: Path, place: str, kind: str) -> None:
    (tmp_path / "store").mkdir()
    path = tmp_path / "store" / "x"
    path.with_name(place).symlink_to(victim)
    if kind == "bytes":
        write_bytes(b"ours", path)
    else:
        write_table(pa.table({"a": [1]}), path)
    assert victim.read_text() == "precious"
    assert path.is_file()
    assert not path.is_symlink()
    assert list(path.parent.iterdir()) == [path]


def test_a_link_in_the_place_of_a_report_is_replaced(tmp_path: Path, victim: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    names = ["report.json", "report.html", "report.xlsx", "findings.csv"]
    for name in names:
        (out / name).symlink_to(victim)
    renderers.write(Story(size=3).audit(), out, ["json", "html", "xlsx", "csv"])
    assert victim.read_text() == "precious"
    assert [name for name in names if (out / name).is_symlink()] == []


def test_a_first_configuration_does_not_go_where_a_link_leads(tmp_path: Path) -> None:
    path, nowhere = tmp_path / "scimaudit.toml", tmp_path / "nowhere"
    path.symlink_to(nowhere)
    with pytest.raises(ConfigError, match="is there already"):
        scaffold.write(path, roster="hr.csv", organisation="x", force=False)
    assert not nowhere.exists()
    scaffold.write(path, roster="hr.csv", organisation="x", force=True)
    assert not path.is_symlink()
    assert not nowhere.exists()


def test_an_added_app_does_not_go_where_a_link_leads(tmp_path: Path, victim: Path) -> None:
    path = tmp_path / "scimaudit.toml"
    scaffold.write(path, roster="hr.csv", organisation="x", force=False)
    (tmp_path / "scimaudit.toml.draft").symlink_to(victim)
    scaffold.add(path, {"crm": "[apps.crm]\n"})
    assert victim.read_text() == "precious"
    assert "[apps.crm]" in path.read_text()


def test_a_first_plan_does_not_go_where_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "hr.csv").write_text("employee_number,status\n1,active\n")
    (tmp_path / "scimaudit.toml").write_text('[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n')
    (tmp_path / "plan.toml").symlink_to(tmp_path / "nowhere")
    done = _run("drill", "plan", "plan.toml", "--kind", "leaver", cwd=tmp_path)
    assert done.returncode == 2
    assert not (tmp_path / "nowhere").exists()
