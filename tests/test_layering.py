"""Who may import whom, read from the source; and what the command line must not import before a command runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "scimaudit"

# What each room may import of ours, beside itself. A room that is not named here may not exist.
ALLOWED = {
    "errors": set(),
    "plural": set(),
    "tables": {"errors"},
    "identifiers": set(),
    "result": {"tables", "plural"},
    "transport": {"errors", "sources"},
    "sources": {"transport", "tables", "identifiers", "errors", "plural"},
    "config": {"sources", "rules", "errors", "identifiers", "tables", "transport"},
    "snapshot": {"sources", "tables", "config", "errors", "identifiers", "plural"},
    "correlate": {"tables", "identifiers", "errors"},
    "policy": {"tables", "identifiers", "errors"},
    "view": {"tables", "policy", "identifiers", "errors"},
    "rules": {"frameworks", "view", "policy", "tables", "identifiers", "errors", "plural"},
    "frameworks": set(),
    "findings": {"rules", "view", "tables"},
    "doubts": {"config", "plural", "rules", "snapshot", "view"},
    "verdicts": {"config", "doubts", "findings", "plural", "result", "snapshot", "tables", "view"},
    "safety_gates": {"config", "errors", "result", "rules", "view"},
    "facts": {"config", "snapshot", "verdicts", "view"},
    "history": {"policy", "result", "rules", "snapshot", "tables", "verdicts", "view", "plural"},
    "timeline": {"history", "snapshot", "tables"},
    "review": {"errors", "policy", "renderers", "result", "snapshot", "summaries", "tables", "view", "plural"},
    "drill": {
        "archive",
        "audit",
        "config",
        "correlate",
        "errors",
        "history",
        "identifiers",
        "policy",
        "result",
        "safety_gates",
        "snapshot",
        "sources",
        "tables",
        "transport",
        "verdicts",
    },
    "summaries": {"frameworks", "identifiers", "policy", "result", "rules", "tables", "view", "plural"},
    "settle": {"errors", "identifiers", "policy", "result", "view"},
    "audit": {
        "config",
        "metrics",
        "over_time",
        "review",
        "correlate",
        "doubts",
        "facts",
        "findings",
        "history",
        "policy",
        "result",
        "rules",
        "safety_gates",
        "settle",
        "snapshot",
        "summaries",
        "tables",
        "verdicts",
        "view",
    },
    "over_time": {"result", "review", "snapshot", "summaries", "view"},
    "metrics": {"result", "view"},
    "policy_review": {"policy", "view"},
    "register": {"errors", "frameworks", "result", "tables"},
    "ledger": {"errors", "result", "rules", "plural"},
    "targets": {"errors", "inquiry", "policy", "result"},
    "policy_check": {"policy", "view"},
    "answers": {"errors", "frameworks", "result", "rules"},
    "drafts": {"errors", "inquiry", "policy", "tables"},
    "archive": {"errors", "result", "snapshot", "tables"},
    "inquiry": {"errors", "findings", "identifiers", "policy", "result", "snapshot", "tables"},
    "explain": {
        "audit",
        "config",
        "correlate",
        "facts",
        "history",
        "inquiry",
        "policy",
        "result",
        "rules",
        "summaries",
        "tables",
        "targets",
        "view",
    },
    "checkup": {"audit", "config", "correlate", "evidence", "snapshot", "tables", "transport"},
    "scaffold": {"errors", "sources"},
    "schema": {"config", "rules", "sources", "tables"},
    "renderers": {"answers", "frameworks", "ledger", "register", "result", "tables", "errors", "plural"},
    "demo": {"archive", "config", "errors", "review", "snapshot", "workflow"},
    "evidence": {
        "answers",
        "archive",
        "audit",
        "config",
        "doubts",
        "errors",
        "facts",
        "history",
        "identifiers",
        "ledger",
        "plural",
        "policy",
        "remediation",
        "renderers",
        "result",
        "review",
        "safety_gates",
        "snapshot",
        "sources",
        "tables",
        "transport",
        "view",
    },
    "remediation": {
        "config",
        "errors",
        "policy",
        "renderers",
        "result",
        "rules",
        "snapshot",
        "sources",
        "tables",
        "transport",
    },
    "workflow": {
        "archive",
        "audit",
        "config",
        "doubts",
        "drill",
        "errors",
        "evidence",
        "facts",
        "history",
        "identifiers",
        "inquiry",
        "policy",
        "policy_check",
        "remediation",
        "renderers",
        "result",
        "review",
        "rules",
        "safety_gates",
        "settle",
        "snapshot",
        "tables",
        "timeline",
        "verdicts",
        "view",
    },
}
ROOMS = sorted(path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file())


def files(room: str) -> list[Path]:
    module = PACKAGE / f"{room}.py"
    return [module] if module.is_file() else sorted((PACKAGE / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The rooms a file imports at run time; what it imports only for the type checker teaches it no behaviour."""
    tree = ast.parse(path.read_text("utf-8"))
    hidden = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if node in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "scimaudit":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scimaudit."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("scimaudit.")}
    return {name for name in found if not name.startswith("__")}


@pytest.mark.parametrize("room", [room for room in ROOMS if room not in ("__init__", "cli")])
def test_a_room_imports_only_what_it_may(room: str) -> None:
    assert room in ALLOWED, f"{room} is a new room: say in this table what it may import"
    for path in files(room):
        assert imported(path) - {room} <= ALLOWED[room], path


def test_nobody_imports_the_command_line() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "cli" not in path.relative_to(PACKAGE).parts:
            assert "cli" not in imported(path), path


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['scimaudit', '--help']\n"
        "import scimaudit.cli\n"
        "try: scimaudit.cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'pyarrow', 'numpy', 'pydantic', 'httpx', 'jinja2', 'rich', 'openpyxl', 'xlsxwriter', 'msgspec', 'orjson'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout
    assert "Commands:" in done.stdout


def test_no_file_is_long() -> None:
    long = {
        path.name: count for path in PACKAGE.rglob("*.py") if (count := len(path.read_text("utf-8").splitlines())) > 420
    }
    assert long == {}


def test_no_clock_outside_the_command_line() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "cli" in path.relative_to(PACKAGE).parts:
            continue
        text = path.read_text("utf-8")
        assert "datetime.now(" not in text, path
        assert "date.today(" not in text, path
