"""One app's failure never hides another: of a company's fifty apps seven fail, each in its own way."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from scimaudit import config, workflow
from scimaudit.transport import Client
from tests import figures
from tests.faults import paging, wire
from tests.faults.compose import Behaviour, compose, instead, sent
from tests.faults.directory import error
from tests.faults.play import TOKEN, TOKEN_AT
from tests.faults.server import FaultServer
from tests.faults.world import make
from tests.silence import Silence

PEOPLE: Final = 6
LEAVER: Final = 3
WELL: Final[tuple[tuple[Behaviour, ...], ...]] = ((), (paging.cap(2),), (paging.cursor(2),), (paging.cap(4),))
FAILING: Final[dict[str, tuple[Behaviour, ...]]] = {
    "refuses": (instead(wire.says(error(401, "bad token")), None),),
    "log-in-page": (instead(wire.page_of_html(), None),),
    "busy": (instead(wire.slow_down(503), None),),
    "cut-off": (sent(None, cut=200, end="reset"),),
    "bomb": (sent(None, body=lambda _a: wire.bomb(80), headers=wire.GZIP),),
    "too-deep": (instead(wire.body(wire.nested(100_000)), None),),
    "same-page": (paging.cap(2), paging.ignore("startIndex")),
}
APPS: Final = 50


@pytest.mark.reliability
def test_seven_failing_apps_of_fifty_hide_none_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_AT, TOKEN)
    monkeypatch.setitem(Client.__init__.__kwdefaults__, "sleep", lambda _seconds: None)
    well = {f"well-{number}": WELL[number % len(WELL)] for number in range(APPS - len(FAILING))}
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(FaultServer(compose(make(PEOPLE, seed=place), behaviours)))
            for place, (name, behaviours) in enumerate((well | FAILING).items())
        }
        loaded = _configured(tmp_path, {name: server.url for name, server in servers.items()})
        now = datetime(2026, 11, 20, tzinfo=UTC)
        workflow.pull(loaded, now=lambda: now, watcher=Silence())
    audit = workflow.audit(loaded).audit
    lines = {line.app: line for line in audit.apps}
    reported = [
        name
        for name in well
        if (lines[name].walk, lines[name].accounts, lines[name].findings.get("high", 0) > 0)
        == ("complete", PEOPLE, True)
    ]
    leavers = audit.leading[audit.leading["kind"].astype("str") == "leaver-active"]["app"].astype("str").tolist()
    said = " ".join(audit.meta.exit_reasons)
    named = [name for name in FAILING if lines[name].verdict != "clean" and lines[name].walk_reason and name in said]
    figures.record(
        "One company, seven apps failing in seven ways (real sockets)",
        counts={
            "apps": len(lines),
            "failing": len(FAILING),
            "others audited and reported": len(reported),
            "others with their leaver found": len(set(leavers) & set(well)),
            "failing apps named": len(named),
            "failing apps called clean": sum(lines[name].verdict == "clean" for name in FAILING),
        },
    )
    assert len(lines) == APPS
    assert sorted(set(leavers) & set(well)) == sorted(well)
    assert sorted(reported) == sorted(well), {name: lines[name] for name in well if name not in reported}
    assert sorted(named) == sorted(FAILING), (said, {name: lines[name].walk_reason for name in FAILING})


def _configured(folder: Path, apps: dict[str, str]) -> config.Config:
    rows = [
        f"{number},user{number:04d}@corp.example,{'terminated' if number == LEAVER else 'active'}"
        for number in range(1, PEOPLE + 1)
    ]
    (folder / "hr.csv").write_text("\n".join(["employee_number,user_name,status", *rows, ""]), "utf-8")
    roster = f'[rosters.hr]\nsource = "csv"\npath = "hr.csv"\nas_of = "2026-11-20"\ndeclared_total = {PEOPLE}\n'
    listings = "".join(
        f"[apps.{name}]\n[[apps.{name}.listings]]\n"
        f'source = "scim"\nbase_url = "{url}"\ntoken = {{ env = "{TOKEN_AT}" }}\n'
        for name, url in apps.items()
    )
    (folder / "scimaudit.toml").write_text(roster + listings, "utf-8")
    return config.load(folder / "scimaudit.toml")
