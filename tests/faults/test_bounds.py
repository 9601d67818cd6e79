"""A hostile server costs at most a GiB of memory and its deadline: each is pulled by a process that is measured."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests import figures
from tests.faults import server as servers
from tests.faults import wire
from tests.faults.compose import Behaviour, compose, instead, sent, told
from tests.faults.play import TOKEN, TOKEN_AT
from tests.faults.scenarios import ALL
from tests.faults.server import FaultServer
from tests.faults.world import make

MOST_MEBIBYTES: Final = 1024
SLACK: Final = 30.0
"""Seconds beyond the deadline for starting Python, reading the last page and writing, on a busy machine."""
ROOT: Final = Path(__file__).parents[2]

_OPENING: Final = (
    b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": %d, "Resources": ['
)


def _endless(page: int) -> Behaviour:
    """There is always another page of new accounts."""
    return told(
        lambda request, body: (
            body
            | {
                "totalResults": 9_999_999,
                "Resources": [
                    {"id": f"i{at}", "userName": f"user{at}"}
                    for at in range(request.number_of("startIndex", 1), request.number_of("startIndex", 1) + page)
                ],
            }
        )
    )


def _body(content: bytes) -> Behaviour:
    return instead(wire.body(content), "Users")


def _small_rows(number: int) -> bytes:
    rows = b",".join(b'{"id":"i%d"}' % at for at in range(number))
    return _OPENING % number + rows + b"]}"


# What a server does, and the seconds that its listing may take.
HOSTILE: Final[dict[str, tuple[Behaviour, float]]] = {
    "gzip-bomb": (sent("Users", body=lambda _a: wire.bomb(200), headers=wire.GZIP), 60),
    "endless-pages": (_endless(1000), 8),
    "giant-body": (sent("Users", body=lambda _a: _OPENING % 0 + b" " * 100_000_000, chunked=False), 60),
    "giant-string": (_body(_OPENING % 1 + b'{"id": "i1", "userName": "' + b"x" * 60_000_000 + b'"}]}'), 60),
    "deep-nesting": (_body(_OPENING % 1 + b'{"id": "i1", "x": ' + b"[" * 30_000_000 + b"]" * 30_000_000 + b"}]}"), 60),
    "million-rows": (_body(_small_rows(1_000_000)), 60),
    "many-rows": (_body(_small_rows(100_000)), 60),
    "empty-rows": (_body(_OPENING % 1 + b"{}," * 20_000_000 + b"{}]}"), 60),
    "null-rows": (_body(_OPENING % 1 + b"null," * 12_000_000 + b"null]}"), 60),
    "drip": (sent("Users", drip=0.2), 4),
    "headers-drip": (sent("Users", head_drip=0.2), 4),
    "silent": (sent("Users", delay=60), 4),
    "asks-for-a-pause": (instead(wire.slow_down(Retry_After="200"), None), 4),
}


@pytest.mark.reliability
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_is_bounded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    behaviour, seconds = HOSTILE[name]
    monkeypatch.setattr(servers, "MOST_REQUESTS", 1_000_000)
    with FaultServer(compose(make(5), [behaviour])) as server:
        config = _configured(tmp_path, server.url, seconds)
        mebibytes, took, words = _measured("pull", str(config))
        asked = len(server.requests)
    figures.record(
        "Bounds of a pull from hostile servers (own process)",
        counts={"hostile servers": 1, "past their bounds": _past(mebibytes, took, seconds)},
        most={"MiB at most": mebibytes, "seconds at most": took // 1000, "requests at most": asked},
    )
    assert asked > 0
    assert "Traceback" not in words
    assert not _past(mebibytes, took, seconds), (mebibytes, took, words)


@pytest.mark.reliability
def test_every_named_scenario_is_bounded() -> None:
    step = figures.size(8, 1)
    mebibytes, took, words = _measured(str(step))
    plays = int(words.split()[-1])
    figures.record(
        "Bounds of the named scenarios (one process, its servers in it)",
        counts={"plays": plays, "past their bounds": _past(mebibytes, took, 0)},
        most={"MiB at most": mebibytes, "milliseconds of a play at most": took},
    )
    assert plays == len(ALL[::step])
    assert not _past(mebibytes, took, 0), (mebibytes, took)


def _past(mebibytes: int, milliseconds: int, seconds: float) -> bool:
    return mebibytes > MOST_MEBIBYTES or milliseconds > 1000 * (seconds + SLACK)


def _measured(*told: str) -> tuple[int, int, str]:
    """MiB and milliseconds of a process, and everything it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.measured", *told],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, TOKEN_AT: TOKEN, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    mebibytes, milliseconds, _ = map(int, done.stdout.splitlines()[-1].split())
    return mebibytes, milliseconds, f"{done.stderr}\n{done.stdout}"


def _configured(folder: Path, url: str, seconds: float) -> Path:
    (folder / "hr.csv").write_text("employee_number,user_name,status\n1,ana,active\n", "utf-8")
    path = folder / "scimaudit.toml"
    path.write_text(
        '[rosters.hr]\nsource = "csv"\npath = "hr.csv"\n[apps.hostile]\n[[apps.hostile.listings]]\n'
        f'source = "scim"\nbase_url = "{url}"\ntoken = {{ env = "{TOKEN_AT}" }}\nmax_seconds = {seconds}\n',
        "utf-8",
    )
    return path
