from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from scimaudit.cli import app


@pytest.mark.parametrize(("total", "code"), [(1, 0), (2, 3)])
def test_pull_ends_with_3_when_a_roster_is_cut_short(tmp_path: Path, total: int, code: int) -> None:
    (tmp_path / "hr.csv").write_text("employee_number,user_name,status\n1,ana,active\n", "utf-8")
    path = tmp_path / "scimaudit.toml"
    path.write_text(f'[rosters.hr]\nsource = "csv"\npath = "hr.csv"\ndeclared_total = {total}\n', "utf-8")
    assert CliRunner().invoke(app, ["pull", "--quiet", "--config", str(path)]).exit_code == code
