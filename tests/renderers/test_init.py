from __future__ import annotations

import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from scimaudit import renderers
from scimaudit.cli.options import USUAL_REPORTS, ReportFormat
from scimaudit.errors import ConfigError, RenderError
from scimaudit.renderers import html
from scimaudit.result import Audit


def test_formats_are_found_in_the_folder() -> None:
    assert renderers.names() == ("csv", "html", "json", "oscal", "xlsx")


def test_what_is_written_on_demand_is_not_usual() -> None:
    assert renderers.usual() == ("csv", "html", "json", "xlsx")
    assert set(USUAL_REPORTS) == set(renderers.usual())
    assert {each.value for each in ReportFormat} == set(renderers.names())


def test_every_file_of_every_format_is_written_in_order(audit: Audit, tmp_path: Path) -> None:
    written = renderers.write(audit, tmp_path / "new" / "folder", ["xlsx", "csv"])
    assert [path.name for path in written] == [
        "report.xlsx", "findings.csv", "orphans.csv", "drift.csv", "excess.csv", "completeness.csv",
    ]  # fmt: skip
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(written)


def test_an_unknown_format_lists_the_known_and_writes_nothing(audit: Audit, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'pdf'") as caught:
        renderers.write(audit, tmp_path / "out", ["json", "pdf"])
    assert caught.value.hint == "known formats: csv, html, json, oscal, xlsx"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["terminal", "encode", "_words", "__init__"])
def test_workings_are_not_formats(name: str) -> None:
    with pytest.raises(ConfigError):
        renderers.load(name)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_reports_are_readable_by_their_owner_alone(audit: Audit, tmp_path: Path) -> None:
    (path,) = renderers.write(audit, tmp_path, ["json"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_report_replaces_the_one_before(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("old")
    (path,) = renderers.write(audit, tmp_path, ["json"])
    assert path.read_bytes().startswith(b"{\n")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a bug"), KeyboardInterrupt()])
def test_a_partial_file_is_deleted_and_the_one_before_kept(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    (tmp_path / "report.html").write_text("old")

    def broken(audit: Audit, stream: BinaryIO) -> None:
        stream.write(b"half")
        raise error

    monkeypatch.setattr(html, "render", broken)
    expected = RenderError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        renderers.write(audit, tmp_path, ["html"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "old"


def test_a_folder_that_cannot_be_made_is_named(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderError, match=r"file.report\.json could not be written") as caught:
        renderers.write(audit, tmp_path / "file", ["json"])
    assert "folder" in caught.value.hint


@pytest.mark.parametrize("name", renderers.names())
def test_same_audit_same_bytes(audit: Audit, tmp_path: Path, name: str) -> None:
    one = renderers.write(audit, tmp_path / "one", [name])
    other = renderers.write(replace(audit), tmp_path / "other", [name])
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
