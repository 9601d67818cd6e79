"""Rules of our own over the source: what no file of the product may do, found by reading it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "scimaudit"
TEMPLATES = Path(__file__).parent.parent / "reports" / "templates"
FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES}


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def named(node: ast.Call) -> str:
    """The last name of what is called: ``merge`` of ``left.merge(…)``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def keywords(node: ast.Call) -> dict[str, ast.expr]:
    return {word.arg: word.value for word in node.keywords if word.arg}


def is_(value: ast.expr | None, what: object) -> bool:
    return isinstance(value, ast.Constant) and value.value is what


def unverified(tree: ast.AST) -> Iterator[int]:
    """TLS that is not verified."""
    for node in calls(tree):
        words = keywords(node)
        if is_(words.get("verify"), False) or named(node) == "_create_unverified_context":
            yield node.lineno
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and each.attr in {"CERT_NONE", "CERT_OPTIONAL"}:
            yield each.lineno
        if isinstance(each, ast.Assign) and is_(each.value, False):
            yield from (each.lineno for target in each.targets if getattr(target, "attr", "") == "check_hostname")


def redirects(tree: ast.AST) -> Iterator[int]:
    """Redirects that are followed."""
    for node in calls(tree):
        words = keywords(node)
        if is_(words.get("follow_redirects"), True) or is_(words.get("allow_redirects"), True):
            yield node.lineno


def environment(tree: ast.AST) -> Iterator[int]:
    """HTTP clients that read proxies and credentials from the environment."""
    for node in calls(tree):
        if named(node) in {"HTTPTransport", "Client", "AsyncClient"} and isinstance(node.func, ast.Attribute):
            owner = getattr(node.func.value, "id", "")
            if owner == "httpx" and not is_(keywords(node).get("trust_env"), False):
                yield node.lineno


def deserialised(tree: ast.AST) -> Iterator[int]:
    """What runs code while it reads."""
    for node in calls(tree):
        if named(node) in {"read_pickle", "to_pickle", "Unpickler", "eval", "exec", "compile_expression"}:
            yield node.lineno
    for each in ast.walk(tree):
        if isinstance(each, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in each.names] + [getattr(each, "module", None) or ""]
            if {name.partition(".")[0] for name in names} & {"pickle", "shelve", "marshal", "joblib", "yaml", "dill"}:
                yield each.lineno


def half_written(tree: ast.AST) -> Iterator[int]:
    """Files that a reader can see half written: opened to be written over."""
    for node in calls(tree):
        modes = [word for word in (*node.args, *keywords(node).values()) if isinstance(word, ast.Constant)]
        if named(node) == "open" and any(
            isinstance(mode.value, str) and mode.value in {"w", "w+", "wt"} for mode in modes
        ):
            yield node.lineno


def unvalidated(tree: ast.AST) -> Iterator[int]:
    """Joins that may multiply rows unseen."""
    for node in calls(tree):
        told = keywords(node)
        crossed = getattr(told.get("how"), "value", "") == "cross"  # multiplies, as it says
        joins = (
            isinstance(node.func, ast.Attribute)
            and {"on", "left_on", "left_index", "how"} & told.keys()
            and not crossed
        )
        if named(node) == "merge" and joins and "validate" not in told:
            yield node.lineno


def pandas_writers(tree: ast.AST) -> Iterator[int]:
    """Writers of pandas, which neutralise nothing."""
    for node in calls(tree):
        if named(node) in {"to_csv", "to_excel", "to_html", "Styler"}:
            yield node.lineno


def shells(tree: ast.AST) -> Iterator[int]:
    """Commands that a shell reads."""
    for node in calls(tree):
        if is_(keywords(node).get("shell"), True) or named(node) in {"system", "popen"}:
            yield node.lineno


def swallowed(tree: ast.AST) -> Iterator[int]:
    """Errors that nobody named, caught and not raised again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            kind = getattr(node.type, "id", None)
            if (node.type is None or kind in {"Exception", "BaseException"}) and not any(
                isinstance(inner, ast.Raise) for inner in ast.walk(node)
            ):
                yield node.lineno


def markup(tree: ast.AST) -> Iterator[int]:
    """Texts in which rich would read markup."""
    for node in calls(tree):
        if is_(keywords(node).get("markup"), True) or named(node) == "from_markup":
            yield node.lineno


def clocks(tree: ast.AST) -> Iterator[int]:
    """The time of day, asked for outside the command line."""
    for node in calls(tree):
        if named(node) in {"utcnow", "today"} or (
            named(node) == "now" and getattr(getattr(node.func, "value", None), "id", "") in {"datetime", "Timestamp"}
        ):
            yield node.lineno


RULES: tuple[Callable[[ast.AST], Iterator[int]], ...] = (
    unverified, redirects, environment, deserialised, half_written, unvalidated, pandas_writers, shells, swallowed, markup,
)  # fmt: skip

BITE = {
    unverified: "httpx.get('x', verify=False)\nssl.CERT_NONE\ncontext.check_hostname = False",
    redirects: "client.get('x', follow_redirects=True)",
    environment: "httpx.Client()",
    deserialised: "pandas.read_pickle('x')\nimport pickle",
    half_written: "open('x', 'w')\nPath('x').open('w')",
    unvalidated: "left.merge(right, on='x')",
    pandas_writers: "frame.to_csv('x')",
    shells: "run('x', shell=True)\nos.system('x')",
    swallowed: "try:\n    x()\nexcept Exception:\n    pass",
    markup: "Text.from_markup(name)",
    clocks: "datetime.now()\ndate.today()",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_file_breaks_it(rule: Callable[[ast.AST], Iterator[int]]) -> None:
    found = [f"{path.relative_to(PACKAGE)}:{line}" for path, tree in TREES.items() for line in rule(tree)]
    assert found == [], rule.__doc__


def test_the_clock_is_the_command_lines_alone() -> None:
    found = {path.relative_to(PACKAGE).parts[0] for path, tree in TREES.items() for _ in clocks(tree)}
    assert found <= {"cli"}


@pytest.mark.parametrize("rule", BITE, ids=lambda rule: rule.__name__)
def test_each_rule_bites(rule: Callable[[ast.AST], Iterator[int]]) -> None:
    for text in BITE[rule].split("\n") if rule is not swallowed else [BITE[rule]]:
        assert list(rule(ast.parse(text))), text


def test_no_template_marks_text_as_safe_or_runs_it() -> None:
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = path.read_text("utf-8")
        assert "|safe" not in text.replace(" ", ""), path.name
        assert "autoescape false" not in text, path.name
        assert " onclick=" not in text, path.name
