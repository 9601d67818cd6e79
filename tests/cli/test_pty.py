"""The commands as somebody at a terminal sees them, over texts that terminals obey."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scimaudit.renderers.encode import show
from tests import figures
from tests.renderers.corpus import CORPUS

ROOT = Path(__file__).parents[2]
PEOPLE = [
    {"employee_number": str(number), "user_name": f"u{number}", "given_name": text, "family_name": text,
     "display_name": text, "title": text, "department": text, "location": text,
     "status": "active" if number % 2 else "terminated"}
    for number, text in enumerate(CORPUS)
]  # fmt: skip
ACCOUNTS = [
    {"id": f"a{number}", "login": f"u{number}" if number % 3 else text, "display": text, "title": text[::-1],
     "department": text, "groups": [text, "Admins"], "active": "true"}
    for number, text in enumerate(CORPUS)
]  # fmt: skip
CONFIG = """
[audit]
organisation = "\\u001b[2J0 findings"
[rosters.hr]
source = "json"
path = "hr.json"
[apps.crm]
title = "\\u001b]0;title\\u0007"
owner = "\\u202eowner@corp.example"
privileged = ["*"]
[[apps.crm.listings]]
source = "json"
path = "crm.json"
shows_all = true
exported_by = "eve@corp.example"
columns = { account_id = "id", user_name = "login", display_name = "display", title = "title", department = "department", groups = "groups", active = "active" }
"""
NASTY = "\x1b[2J\x9b31m\u202e0 findings[/bold]"
COMMANDS = [
    ["check"], ["pull"], ["audit"], ["findings"], ["orphans"], ["drift"], ["excess"], ["access", "crm"], ["links"],
    ["account", "crm", "a2"], ["explain", "crm/a2"], ["explain", f"crm/{NASTY}"], ["who", "u2"], ["who", NASTY],
    ["timeline", "u2"], ["holders", "u2"], ["ledger"], ["register"], ["feeds"], ["spans"], ["metrics"], ["exceptions"],
    ["approvals"], ["controls"], ["rules"], ["seal"], ["diff"], ["remediation", "--output", "to-do"], ["report", "--format", NASTY],
    ["findings", "--app", NASTY], ["pull", "--config", f"{NASTY}.toml"], ["replay", NASTY], ["verify", NASTY],
]  # fmt: skip
COLOURED = re.compile(r"\x1b\[[0-9;]*m")
PLAIN = re.compile(r"\x1b\[(?:[0-79]|2[1-79])(?:;(?:[0-79]|2[1-79]))*m")
"""Bold, dim, underlined and the like: no colour, and nothing concealed."""
LIVE = re.compile(r"\x1b\[\?25[lh]|\x1b\[2K|\x1b\[\d*A|\r")
"""What rich's progress bars do: hide the cursor, and write a line again."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hr.json").write_text(json.dumps(PEOPLE))
    (tmp_path / "crm.json").write_text(json.dumps(ACCOUNTS))
    (tmp_path / "scimaudit.toml").write_text(CONFIG)
    tmp_path.chmod(0o700)
    return tmp_path


def seen(folder: Path, colour: bool) -> tuple[str, list[int]]:
    """What came to a terminal of 240 columns, and the exit codes."""
    ours, theirs = pty.openpty()
    heard = bytearray()

    def listen() -> None:
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                return
            heard.extend(piece)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    codes = folder / "codes"
    codes.unlink(missing_ok=True)
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "240", "HOME": str(folder),
        "LC_ALL": "C.UTF-8", **({} if colour else {"NO_COLOR": "1"}),
    }  # fmt: skip
    orders = "".join(json.dumps({"argv": each}) + "\n" for each in COMMANDS)
    subprocess.run(
        [sys.executable, "-m", "tests.canaries.drive", codes], cwd=folder, env=environment, input=orders.encode(),
        stdout=theirs, stderr=theirs, check=True, timeout=600,
    )  # fmt: skip
    os.close(theirs)
    listener.join(timeout=30)
    os.close(ours)
    return heard.decode(), [int(code) for code in codes.read_text().split()]


@pytest.mark.reliability
@pytest.mark.parametrize("colour", [True, False] if figures.NIGHTLY else [False])
def test_nothing_that_a_stranger_wrote_reaches_a_terminal_as_a_command(folder: Path, colour: bool) -> None:
    text, codes = seen(folder, colour)
    rest = LIVE.sub("", (COLOURED if colour else PLAIN).sub("", text))
    acting = sorted({letter for letter in rest if letter != "\n" and letter not in "⟦⟧" and show(letter) != letter})
    shown = len(re.findall("⟦U\\+[0-9A-F]{4,6}⟧", rest))
    figures.record(
        "Commands in a pseudo-terminal over the corpus",
        counts={"command lines": len(codes), "characters": len(text), "characters shown as marks": shown,
                "characters that act": len(acting)},
        most={"texts in the corpus": len(CORPUS)},
    )  # fmt: skip
    assert acting == []
    assert "\x1b[8m" not in text
    assert shown > len(CORPUS)
    assert len(codes) == len(COMMANDS)
    assert 70 not in codes
