"""Texts that nobody thought of, through every encoder and back: what is inert must still be exact.

Each text goes through every encoder alone, where hypothesis can shrink it, and then all of them through the files.
"""

from __future__ import annotations

import base64
import csv as stdlib
import gzip
import io
import json
import os
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from rich.console import Console
from rich.text import Text

from scimaudit import renderers
from scimaudit.policy.writing import quoted
from scimaudit.remediation import writing
from scimaudit.renderers import _openmetrics
from scimaudit.renderers import csv as csv_files
from scimaudit.renderers.encode import csv, file, hide, oscal, show, utf8
from scimaudit.renderers.encode import json as json_text
from scimaudit.result import MetricLine
from scimaudit.transport import segment
from tests import figures
from tests.renderers.conftest import Story
from tests.renderers.corpus import CORPUS
from tests.renderers.test_html import Page

SEED: Final = int(os.environ.get("SCIMAUDIT_SEED", "20261129"))
CHUNKS: Final = 10 if figures.NIGHTLY else 1
EACH: Final = figures.size(2_000, 10_000)
_SGR: Final = re.compile(r"\x1b\[[0-9;]*m")
_TRICKY: Final = [
    *"=+-@＝＋－＠'\",;| \t\r\n\0⟦⟧U+3D\u202e\u200b\u00a0\u3000aé\u2028\x1b\x9b\x7f<>&`*_[]()#\\$!%~{}:.😀", "_x0041_", "</script>",
    "<!--", "[/bold]", "[link=https://evil.example]x", "{{7*7}}", "&amp;", "%2e%2e/", "\x1b]52;c;", "```", "]]>", "\ufeff",
]  # fmt: skip
TEXT: Final = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=24),
    st.lists(st.sampled_from(_TRICKY), max_size=12).map("".join),
    st.sampled_from(CORPUS),
)


def _cell(text: str) -> str:
    """What a reader of RFC 4180 finds in a file of one cell."""
    stream = io.BytesIO()
    csv_files.write(pa.table({"a": pa.array([text], pa.string())}), stream)
    rows = list(stdlib.reader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline=""), strict=True))
    assert len(rows) == 2
    return csv.decode(rows[1][0])


def _label(text: str) -> str:
    """The value of a label as a scraper reads it: after ``\\\\``, ``\\"`` and ``\\n`` are undone."""
    told = _openmetrics.text([MetricLine("x", {"app": text}, 1.0, "", "said")])
    found = re.search(r'^scimaudit_x\{app="((?:[^"\\\n]|\\["\\n])*)"\} 1\.0$', told, re.MULTILINE)
    assert found, told
    return hide(re.sub(r"\\(.)", lambda each: "\n" if each[1] == "n" else each[1], found[1]))


def _word(text: str) -> str:
    """The account's id as a shell reads the command that speaks of it, and as a server reads its URL."""
    url = f"https://crm.example/v2/Users/{segment(text)}"
    request = writing.Request("crm", url, {"value": text}, "disable", rfc=True)
    words = shlex.split(writing.command(request, "f1"))
    assert json.loads(words[words.index("--data-raw") + 1])["value"] == text
    asked = words[words.index("PATCH") + 1]
    assert asked.count("/") == 5
    return unquote(asked.rpartition("/")[2])


def _file_name(text: str) -> str:
    stem = writing._stem(text)
    if "~" in stem:
        # Too long, or a device: what is plain of it and a digest, from which nothing comes back.
        assert stem == file.stem(text)
        return text
    assert re.fullmatch(r"(?!\.)[a-z0-9.@_-]*", stem)
    return re.sub(r"_([0-9a-f]+)_", lambda found: chr(int(found[1], 16)), stem)


def _ticket(text: str) -> str:
    from tests.remediation.test_writing import task

    first = writing.ticket(task(title=text)).split("\n")[0]
    return hide(first.removeprefix("[high] "))


def _on_screen(text: str) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=10_000, highlight=False, emoji=False, markup=False)
    console.print(Text(show(text)), soft_wrap=True)
    shown = _SGR.sub("", stream.getvalue()).removesuffix("\n")
    assert all(
        letter.isprintable() or letter in " \u1680\u2000-\u200a\u202f\u205f\u3000\u00a0" or show(letter) == letter
        for letter in shown
    )
    return hide(shown)


WAYS: Final[dict[str, Callable[[str], str]]] = {
    "show": lambda text: hide(show(text)),
    "UTF-8": lambda text: utf8(text).encode().decode(),
    "CSV": _cell,
    "JSON": lambda text: json.loads(json_text.encode(text)),
    "OSCAL property": lambda text: oscal.unprop(oscal.prop(text)),
    "OSCAL markup": lambda text: oscal.uncode(oscal.code(text)),
    "OpenMetrics": _label,
    "TOML": lambda text: tomllib.loads(f"a = {quoted(text)}")["a"],
    "shell and URL": _word,
    "file name": _file_name,
    "ticket": _ticket,
    "terminal": _on_screen,
}


@pytest.mark.reliability
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_text_comes_back_from_every_sink(chunk: int, tmp_path: Path) -> None:
    texts: list[str] = []
    tried: Counter[str] = Counter()

    @seed(SEED + chunk)
    @settings(
        max_examples=EACH, deadline=None, database=None, phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(TEXT)
    def each(text: str) -> None:
        texts.append(text)
        for name, back in WAYS.items():
            tried[name] += 1
            assert back(text) == text, name

    each()
    lost = _lost_in_files(texts, tmp_path, tried)
    figures.record(
        "Texts through every sink and back",
        counts={"texts": len(texts), "of them distinct in their part": len(set(texts)), "not exact": len(lost),
                **{f"by {name}": count for name, count in tried.items()}},
        told={"seed": str(SEED)},
    )  # fmt: skip
    assert lost == []
    assert len(texts) >= EACH * 0.9


def _lost_in_files(texts: list[str], folder: Path, tried: Counter[str]) -> list[tuple[str, str]]:
    """The texts that a report of findings about them does not give back, each with the format."""
    story = Story(size=len(texts))
    story.changes = {"user_name": list(texts)}
    audit = story.audit()
    renderers.write(audit, folder, ["csv", "xlsx", "html", "json"])
    wanted = dict(zip(audit.findings["finding_id"], texts, strict=True))
    found = {
        "CSV file": _in_csv(folder), "JSON file": _in_json(folder), "HTML page": _in_html(folder),
        "XLSX workbook": _in_xlsx(folder),
    }  # fmt: skip
    lost = []
    for name, rows in found.items():
        tried[name] += len(rows)
        lost += [(name, text) for key, text in wanted.items() if rows.get(key) != text]
    return lost


def _in_csv(folder: Path) -> dict[str, str]:
    with (folder / "findings.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {row["finding_id"]: csv.decode(row["user_name"]) for row in stdlib.DictReader(stream, strict=True)}


def _in_json(folder: Path) -> dict[str, str]:
    rows = json.loads((folder / "report.json").read_bytes())["findings"]
    return {row["finding_id"]: row["user_name"] for row in rows}


def _in_html(folder: Path) -> dict[str, str]:
    packed = Page((folder / "report.html").read_text("utf-8")).raw["script"][0]
    columns = orjson.loads(gzip.decompress(base64.b64decode(packed)))["columns"]
    ids, names = (
        [column["values"][code] if "values" in column else code for code in column["rows"]]
        for column in (columns["finding_id"], columns["user_name"])
    )
    return {key: hide(text) for key, text in zip(ids, names, strict=True)}


def _in_xlsx(folder: Path) -> dict[str, str]:
    book = load_workbook(folder / "report.xlsx", read_only=True)
    found = {}
    for sheet in ("Orphan", "Drift", "Excess", "Control", "Data"):
        head, *rows = book[sheet].iter_rows(values_only=True)
        key, name = head.index("finding_id"), head.index("user_name")
        # A cell without letters is no cell to a reader.
        found |= {str(row[key]): hide(_unescaped(str(row[name] or ""))) for row in rows}
    return found


def _unescaped(text: str) -> str:
    """``_x005F_`` is how a workbook writes the underscore of what would be such an escape (ECMA-376, ST_Xstring).

    Excel undoes it, openpyxl does not.
    """
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
