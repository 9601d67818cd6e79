"""What holds for every format, found the moment its file exists."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from scimaudit import renderers, tables
from scimaudit.result import AppLine, Audit, Meta

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def app(verdict: str, walk: str, scope: str) -> AppLine:
    return AppLine("crm", "CRM", "", (), {}, 3, 2, 1, 0, 3, 0, 0, 0, {}, {}, walk, "", scope, "", None, verdict, "")  # type: ignore[arg-type]


def audit(*apps: AppLine, findings: int = 0) -> Audit:
    meta = Meta("0.1.0", "", "a", "s", NOW, "UTC", NOW, NOW, 3, 3, "high", 0, (), {})
    columns = {
        "finding_id": [f"f{number}" for number in range(findings)],
        "kind": "unmatched",
        "family": "orphan",
        "severity": "high",
        "severity_why": "base high",
        "app": "crm",
        "expected": "a person",
        "actual": "none",
        "first_seen": NOW,
        "disposition": "open",
        "lead": True,
        "gated": False,
        "action": "look",
        "controls": ["ISO 27001 A.5.18"],
    }
    filled = {name: value if name == "finding_id" else [value] * findings for name, value in columns.items()}
    found = tables.frame(tables.build(tables.FINDINGS, filled, rows=findings))
    checks = tables.frame(tables.empty(tables.CHECKS))
    return Audit(meta, apps, (), (), (), (), (), found, checks)


@pytest.fixture(params=renderers.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_it_says_what_it_is(name: str) -> None:
    module = renderers.load(name)
    assert module.__doc__
    # A format within JSON says so behind its name.
    assert module.SUFFIX in (f".{name}", f".{name}.json")
    assert module.render.__doc__


@pytest.mark.parametrize(
    "whole", [audit(), audit(app("clean", "complete", "all")), audit(app("findings", "complete", "all"), findings=3)]
)
def test_it_writes_bytes_and_leaves_the_audit_and_the_stream_alone(name: str, whole: Audit) -> None:
    findings, checks = whole.findings.copy(), whole.checks.copy()
    stream = io.BytesIO()
    renderers.load(name).render(whole, stream)
    assert stream.getvalue()
    assert not stream.closed
    assert_frame_equal(whole.findings, findings)
    assert_frame_equal(whole.checks, checks)


def test_same_audit_same_bytes(name: str, tmp_path: Path) -> None:
    written = [
        [
            path.read_bytes()
            for path in renderers.write(audit(app("clean", "complete", "all"), findings=2), tmp_path / day, [name])
        ]
        for day in ("monday", "tuesday")
    ]
    assert written[0] == written[1]


@pytest.mark.parametrize(
    "unproven",
    [
        ("clean", "incomplete", "all"),
        ("clean", "complete", "unknown"),
        ("not proven", "complete", "partial"),
        ("failed", "failed", "unknown"),
    ],
)
def test_an_unproven_app_without_findings_is_never_silent(
    name: str, unproven: tuple[str, str, str], tmp_path: Path
) -> None:
    written = renderers.write(audit(app(*unproven)), tmp_path, [name])
    told = b"\n".join(_plain(path) for path in written)
    assert (unproven[0].encode() if unproven[0] == "failed" else b"not proven") in told
    assert b'"verdict":"clean"' not in told
    assert b">proven clean<" not in told
    assert b'"proven clean"' not in told
    assert b"1 proven clean" not in told


def _plain(path: Path) -> bytes:
    if path.suffix != ".xlsx":
        return path.read_bytes()
    import zipfile

    with zipfile.ZipFile(path) as parts:
        return b"\n".join(parts.read(part) for part in parts.namelist())
