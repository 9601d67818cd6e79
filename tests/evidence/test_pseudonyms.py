"""Evidence without names: nothing of a person is left in any spelling, what joined joins, and only the key tells."""

from __future__ import annotations

import base64
import csv
import dataclasses
import html
import io
import json
import re
import shutil
import subprocess
import sys
import typing
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimaudit import identifiers, result, tables, workflow
from scimaudit.demo.season import Played
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import EARLIER, MANIFEST, RECORD, SNAPSHOT, STATEMENT, standalone, statement
from scimaudit.evidence.pack import SHEETS
from scimaudit.evidence.pseudonyms import columns, leaks, tokens
from scimaudit.evidence.pseudonyms.export import Exported, export
from scimaudit.evidence.pseudonyms.originals import Originals
from scimaudit.evidence.pseudonyms.rewriting import Known, Rewriter
from scimaudit.evidence.pseudonyms.tokens import Tokens
from scimaudit.evidence.replay import replay
from scimaudit.evidence.verify import verify
from scimaudit.result import over_time
from scimaudit.snapshot.store import Snapshot
from scimaudit.transport.secret import Secret
from tests import figures
from tests.evidence.conftest import Evidence

KEY, OTHER = Tokens(b"k" * 32), Tokens(b"o" * 32)
LEAST = 4


def exported(bundle: Path, target: Path, made: Tokens = KEY, **more: Any) -> Exported:
    return export(bundle, target, made, **more)


def columns_of(bundle: Path, wanted: dict[str, tuple[str, ...]]) -> set[str]:
    """The values of columns in the tables of a bundle, its earlier snapshots included."""
    folders = [bundle / SNAPSHOT, *sorted((bundle / EARLIER).glob("*"))]
    found: set[str] = set()
    for snapshot in (Snapshot(path) for path in folders if (path / "manifest.json").is_file()):
        read = [("people", snapshot.people())]
        read += [("accounts", snapshot.accounts(line.app)) for line in snapshot.manifest.apps]
        for name, table in read:
            for column in wanted[name]:
                for value in table.column(column).to_pylist():
                    found.update(value if isinstance(value, list) else [value])
    return {each for each in found - {None} if len(each) >= LEAST}


def identities(bundle: Path) -> set[str]:
    """Mail addresses, user names, ids and full names of everybody, read anew from the tables."""
    return columns_of(
        bundle,
        {
            "people": ("person_id", "employee_number", "user_name", "emails", "aliases", "display_name"),
            "accounts": ("account_id", "external_id", "user_name", "emails", "display_name", "manager"),
        },
    )


def spellings(text: str) -> dict[str, str]:
    """A text in every encoding that it is looked for in."""
    units = text.encode("utf-16-be", "surrogatepass")
    escaped = "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
    return {
        "plain": text,
        "casefold": text.casefold(),
        "URL": quote(text, safe=""),
        "JSON": json.dumps(text)[1:-1],
        "JSON escapes": escaped,
        "HTML": html.escape(text),
        "HTML references": "".join(f"&#{ord(letter)};" for letter in text),
        "base64": base64.b64encode(text.encode()).decode().rstrip("="),
    }


def written(folder: Path) -> dict[str, str]:
    """Everything in a folder as text, parts of zip files too, and the names of the files."""
    found = {"names": "\n".join(path.relative_to(folder).as_posix() for path in folder.rglob("*"))}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                found |= {f"{path.name}/{name}": parts.read(name).decode() for name in parts.namelist()}
        else:
            found[path.relative_to(folder).as_posix()] = path.read_text("utf-8")
    return found


def left(folder: Path, originals: set[str], excused: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Originals that are left, by a search that has nothing in common with the product's: as plain substrings.

    Numbers, and what is a word of the program too, are left to the product's own search, which knows cells.
    """
    texts = written(folder)
    whole = {name: text.casefold() for name, text in texts.items()}
    sought = {each for each in originals if not each.isdigit() and each.casefold() not in excused}
    return [
        (name, original, kind)
        for original in sorted(sought)
        for kind, spelled in spellings(original).items()
        for name, text in (whole if kind == "casefold" else texts).items()
        if spelled in text
    ]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def check(bundle: Path, made: Exported, name: str) -> None:
    """Nothing is left, everything joins as before, and the same is found as often."""
    folder, originals = made.folder, identities(bundle)
    # Names of apps and words of the program alone, and no address.
    assert not [each for each in made.excused if "@" in each]
    found = left(folder, originals, made.excused)
    encodings = len(spellings("x"))
    counts = {"originals": len(originals), "encodings": encodings, "left": len(found)}
    figures.record(f"Pseudonymised: {name}", counts=counts)
    assert found == []
    assert len(originals) > 10
    before, after = (rows(each / RECORD / "findings.jsonl") for each in (bundle, folder))
    assert Counter(each["kind"] for each in before) == Counter(each["kind"] for each in after)
    for column in ("finding_id", "account_id", "person_id", "covered_by", "exception_id"):
        assert len({each[column] for each in before}) == len({each[column] for each in after}), column
    snapshot = Snapshot(bundle / SNAPSHOT)
    people = rows(folder / "tables/people.jsonl")
    assert len({each["person_id"] for each in people}) == snapshot.people().num_rows == len(people)
    assert {each["manager_id"] for each in people} - {None} <= {each["person_id"] for each in people}
    links = rows(folder / RECORD / "links.jsonl")
    for line in snapshot.manifest.apps:
        accounts = rows(folder / f"tables/accounts/{line.app}.jsonl")
        ids = {each["account_id"] for each in accounts}
        assert len(ids) == len(accounts) == line.accounts
        assert {each["account_id"] for each in rows(folder / f"tables/grants/{line.app}.jsonl")} <= ids
        assert {each["account_id"] for each in links if each["app"] == line.app} == ids
        # What correlation compared and found equal is equal still.
        numbers = {each["employee_number_key"] for each in people} - {None}
        known = set(snapshot.people().column("employee_number_key").to_pylist()) - {None}
        held = [each for each in snapshot.accounts(line.app).column("external_id_key").to_pylist() if each in known]
        assert len([each for each in accounts if each["external_id_key"] in numbers]) == len(held)
    owners = {each["person_id"] for each in links} - {None}
    assert owners <= {each["person_id"] for each in people}
    assert verify(folder, full=True).problems == ()
    assert list(standalone.problems(folder)) == []


@pytest.fixture
def bundle(evidence: Evidence) -> Path:
    return evidence.last


@pytest.mark.reliability
def test_nothing_of_a_person_is_left_of_a_small_company(bundle: Path, tmp_path: Path) -> None:
    check(bundle, exported(bundle, tmp_path / "shared"), "a small company")


@pytest.mark.reliability
def test_nothing_of_a_person_is_left_of_the_demonstration(first_act: Played, tmp_path: Path) -> None:
    told = first_act.config.evidence.model_copy(update={"bundles": tmp_path / "evidence"})
    config = first_act.config.model_copy(update={"evidence": told})
    sealed = workflow.seal(config, now=datetime(2026, 12, 1, tzinfo=UTC))
    made = exported(sealed, tmp_path / "shared")
    check(sealed, made, "the demonstration")
    # Most sentences are still sentences: what is left out is what may hold a name.
    said = [each["expected"] for each in rows(made.folder / RECORD / "findings.jsonl")]
    assert sum("t-" not in each for each in said) > len(said) / 2
    with (made.folder / "pack/population.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {each["app"] for each in csv.DictReader(file)} == {
            app.app for app in first_act.stored.audit.apps if app.accounts
        }


def test_one_key_writes_the_same_bytes_and_another_key_other_tokens(bundle: Path, tmp_path: Path) -> None:
    one, again, other = (exported(bundle, tmp_path / name, key) for name, key in
                         (("one", KEY), ("again", KEY), ("other", OTHER)))  # fmt: skip
    assert (one.folder / MANIFEST).read_bytes() == (again.folder / MANIFEST).read_bytes()
    assert (one.folder / STATEMENT).read_bytes() == (again.folder / STATEMENT).read_bytes()
    mine, theirs = ({each["person_id"] for each in rows(each.folder / "tables/people.jsonl")} for each in (one, other))
    assert len(mine) == len(theirs) > 0
    assert not mine & theirs


def test_it_names_its_bundle_and_cannot_be_replayed_or_made_again(bundle: Path, tmp_path: Path) -> None:
    made = exported(bundle, tmp_path / "shared", key=bundle.parent.parent / "ana")
    told = statement.load(made.folder)
    assert told.pseudonymised == bundle.name
    assert told.predicate["pseudonymised"]["sha256"] == statement.load(bundle).digest
    assert verify(made.folder, signers=bundle.parent.parent / "signers").signer == "ana@corp.example"
    with pytest.raises(IntegrityError, match="is a pseudonymised export, which cannot be replayed"):
        replay(made.folder)
    with pytest.raises(IntegrityError, match="is a pseudonymised export itself"):
        exported(made.folder, tmp_path / "twice")
    assert not (made.folder / SNAPSHOT).exists()
    done = subprocess.run([sys.executable, made.folder / "verify.py", made.folder], check=False, capture_output=True)
    assert done.returncode == 0


def test_it_is_not_put_among_the_bundles_or_over_something(bundle: Path, tmp_path: Path) -> None:
    for target in (bundle.parent / "shared", bundle / "shared"):
        with pytest.raises(ConfigError, match="would lie among the bundles"):
            exported(bundle, target)
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigError, match="already"):
        exported(bundle, tmp_path / "there")


NAMES = {**vars(result), **vars(over_time), "pd": pd}


def lines_of(kind: Any) -> set[type]:
    """The kinds of lines that an audit is made of."""
    found: set[type] = set()
    for told in typing.get_type_hints(kind, NAMES).values():
        for each in (told, *typing.get_args(told)):
            if dataclasses.is_dataclass(each) and isinstance(each, type):
                found |= {each, *lines_of(each)}
    return found


def test_every_column_is_classified() -> None:
    assert {name: set(schema.names) for name, schema in tables.ALL.items()} == {
        name: set(told) for name, told in columns.TABLES.items()
    }
    assert {name: set(fields) for name, fields in SHEETS.items()} == {
        name: set(told) for name, told in columns.SHEETS.items()
    }
    kinds = {result.Audit, *lines_of(result.Audit)}
    assert len(kinds) > 15
    assert {kind.__name__: {each.name for each in dataclasses.fields(kind)} for kind in kinds} == {
        name: set(told) for name, told in columns.LINES.items()
    }


def test_a_column_that_nobody_classified_is_refused_and_an_added_one_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    people = tables.build(
        tables.PEOPLE,
        {"person_id": ["1"], "status": ["active"], "roster": ["hr"], "raw_row": [0], "badge": ["Ana Ames"]},
    )
    assert "badge" not in Rewriter(KEY).table("people", people).column_names
    told = {column: kind for column, kind in columns.TABLES["people"].items() if column != "title"}
    monkeypatch.setitem(columns.TABLES, "people", told)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match="title of people"):
        Rewriter(KEY).table("people", people)
    with pytest.raises(IntegrityError, match="badge of roster"):
        Rewriter(KEY).sheet("roster", ["badge"], [["1"]])


def test_rows_do_not_stand_in_the_order_of_names(bundle: Path, tmp_path: Path) -> None:
    made = exported(bundle, tmp_path / "shared").folder
    people = [each["person_id"] for each in rows(made / "tables/people.jsonl")]
    assert people == sorted(people)
    assert "raw_row" not in (made / "tables/people.jsonl").read_text()


@given(one=st.text(), other=st.text())
def test_equal_is_equal_and_different_is_different(one: str, other: str) -> None:
    assert (KEY.exact(one) == KEY.exact(other)) == (one == other)
    same = identifiers.key(one) == identifiers.key(other)
    if identifiers.key(one) is not None and identifiers.key(other) is not None:
        assert (KEY.name(one) == KEY.name(other)) == same
    assert (
        KEY.name(" Ana.AMES@Corp.example ") == KEY.name("ana.ames@corp.example") != KEY.exact("Ana.AMES@Corp.example")
    )
    assert KEY.exact(one) != OTHER.exact(one)
    assert KEY.exact(one)[1:] != KEY.words(one)[1:]


TEXTS = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=LEAST)
"""HTML has no reference for a control character."""


@given(TEXTS.filter(lambda text: any(letter.isalnum() for letter in text)))
def test_an_identifier_is_found_in_every_spelling(text: str) -> None:
    originals = Originals([text])
    if not len(originals):
        return  # a short number among marks
    for kind, spelled in spellings(text).items():
        around = f"x: {spelled} y"
        assert any(originals.holds(each) for each in leaks.spellings(around)), kind


@given(st.lists(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), min_size=1), min_size=1, max_size=4))
def test_no_sentence_keeps_a_word_that_is_not_the_programs(names: list[str]) -> None:
    known = Known(Originals([]), frozenset({"active", "holds", "since"}), frozenset({"admins"}))
    told = Rewriter(KEY, known).cell(columns.SENTENCE, f"active: {' '.join(names)}, holds admins; since 2026-11-20")
    for word in re.findall(r"[^\W_]+", re.sub(r"t-[a-z2-7]{16}", "", told).casefold()):
        assert word in ("active", "holds", "since", "admins") or re.fullmatch(r"\d{1,4}", word)


def test_a_left_identifier_is_found_in_a_part_of_a_workbook(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/sharedStrings.xml", "<sst><si><t>An&#97; Ames</t></si><si><t>4711</t></si></sst>")
        parts.writestr("xl/worksheets/sheet1.xml", '<row r="4712"><c><v>4713</v></c></row>')
    (tmp_path / "report.xlsx").write_bytes(stream.getvalue())
    found = [each for _, each in leaks.left(tmp_path, Originals(["Ana Ames", "4711", "4712", "4713"]))]
    assert found == ["4711", "ana ames"]


def test_what_is_left_refuses_the_export(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that is classified wrongly: addresses pass as words of the program, and the last net holds them."""
    told = {**columns.TABLES["accounts"], "emails": columns.CODE}
    monkeypatch.setitem(columns.TABLES, "accounts", told)  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match=r"an identifier is left in tables/accounts/crm\.jsonl") as refused:
        exported(bundle, tmp_path / "shared")
    assert "@corp.example" in refused.value.hint
    assert not (tmp_path / "shared").exists()
    assert not [*tmp_path.glob("*.partial")]


def test_a_right_that_is_called_after_somebody_becomes_a_token() -> None:
    known = Known(Originals(["Ana Ames"]))
    rewriter = Rewriter(KEY, known)
    assert rewriter.cell(columns.RIGHT, "admins") == "admins"
    assert rewriter.cell(columns.RIGHT, "Private of ANA AMES").startswith("t-")
    table = pa.table({"app": ["crm"], "account_id": ["1"], "value": ["private-ana ames"]})
    assert rewriter.table("grants", table).column("value").to_pylist()[0].startswith("t-")


def test_the_key_is_a_private_file_of_32_bytes(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    tokens.make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(tokens.key(Secret(file=path).resolve(tmp_path).get_secret_value())) == 32
    with pytest.raises(ConfigError, match="already"):
        tokens.make_key(path)
    for wrong in ("", "zz" * 32, "ab" * 31):
        with pytest.raises(ConfigError, match="not 32 bytes"):
            tokens.key(wrong)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        Secret(file=path).resolve(tmp_path)


def test_a_bundle_that_lacks_its_record_is_refused(bundle: Path, tmp_path: Path) -> None:
    shutil.rmtree(bundle / RECORD)
    with pytest.raises(IntegrityError):
        exported(bundle, tmp_path / "shared")
