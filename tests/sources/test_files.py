"""Listings out of several files, and out of rows that are entitlements."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimaudit.errors import ConfigError, Malformed
from scimaudit.sources import csv, json
from scimaudit.sources._files import folded, on_disk, on_record
from scimaudit.sources._grid import Fault, Grid

HEAD = "id,email,enabled,groups\n"
ANA, BO = "1,ana@corp.example,true,staff\n", "2,bo@corp.example,false,\n"


def source(path="crm-*.csv", **settings) -> csv.Source:
    return csv.Source.model_validate({"path": path, "columns": {"active": "enabled"}, **settings})


@pytest.fixture
def write(sink):
    def written(**files: str) -> None:
        for name, text in files.items():
            (sink.base / f"{name.replace('_', '-')}.csv").write_text(text, "utf-8")

    return written


def ids(sink) -> list[str]:
    return [row["account_id"] for row in sink.row_list("accounts")]


def grants(sink) -> list[tuple[str, str]]:
    return [(row["account_id"], row["value"]) for row in sink.row_list("grants")]


@pytest.mark.parametrize("path", ["crm-*.csv", ["crm-a.csv", "crm-b.csv"], ["crm-a.csv", "crm-*.csv"], "**/crm-?.csv"])
def test_files_together_are_one_listing(sink, write, path):
    write(crm_a=HEAD + ANA, crm_b=HEAD + BO)
    listing = source(path, declared_total=2, exported_by="j.doe", exported_at="2026-11-20").collect(sink)
    assert ids(sink) == ["1", "2"]
    assert (listing.walk.state, listing.facts["files"]) == ("complete", "crm-a.csv (1 row), crm-b.csv (1 row)")
    assert [(row["raw_body"], row["raw_row"]) for row in sink.row_list("accounts")] == [(0, 1), (1, 1)]


def test_a_file_that_was_left_out_is_missed_by_the_total(sink, write):
    write(crm_a=HEAD + ANA)
    listing = source(declared_total=2, exported_by="j.doe", exported_at="2026-11-20").collect(sink)
    assert listing.walk.state == "incomplete"


@pytest.mark.parametrize(
    "pattern",
    ["*.csv", "a?.csv", "a[12].csv", "[!a]*.csv", "**/*.csv", "in/**/a*.csv", "in/*/a1.csv", "{base}/in/*.csv",
     "../{name}/a*.csv", "**/a[1].csv", "a[1].csv", "in/../a*.csv", "[z-a].csv", "**", "*/a1"],
)  # fmt: skip
def test_what_a_pattern_names_on_the_disk_it_names_on_record(tmp_path, pattern):
    base = tmp_path / "base"
    for name in ("a1.csv", "a2.csv", "b1.csv", "in/a1.csv", "in/deep/a1.csv", "in/deep/er/a3.csv", "a[1].csv"):
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text("x")
    paths = [Path(pattern.format(base=base, name=base.name))]
    try:
        named = on_disk(paths, base)
    except Malformed:
        with pytest.raises(Malformed, match="no file is called"):
            on_record(paths, [])
        return
    assert on_record(paths, [path.as_posix() for path in named]) == named
    strangers = ["else.txt", "up/else.txt", "/else.txt"]
    if pattern != "**":
        assert on_record(paths, [*strangers, *(path.as_posix() for path in named)]) == named


def test_a_pattern_without_files_is_an_error(sink):
    with pytest.raises(Malformed, match=r"no file is called crm-\*\.csv"):
        source().collect(sink)


def test_a_name_with_brackets_is_a_name(sink):
    (sink.base / "crm[1].csv").write_text(HEAD + ANA)
    source("crm[1].csv").collect(sink)
    assert ids(sink) == ["1"]


def test_files_with_other_headings_are_refused(sink, write):
    write(crm_a=HEAD + ANA, crm_b="id,email,enabled,roles\n" + BO)
    with pytest.raises(Malformed, match=r"crm-b\.csv: its headings are not those of crm-a\.csv: 'groups', 'roles'"):
        source().collect(sink)


def test_an_account_in_two_files_is_rejected_with_both_places(sink, write):
    write(crm_a=HEAD + ANA, crm_b=HEAD + BO + ANA)
    listing = source().collect(sink)
    assert [row.reason for row in listing.rejected] == ["crm-b.csv: account_id '1' already stands on crm-a.csv: line 2"]


def test_a_row_that_breaks_names_its_file(sink, write):
    write(crm_a=HEAD + ANA, crm_b=HEAD + BO + "3,too,many,cells,here\n")
    listing = source().collect(sink)
    assert [row.reason.partition(":")[0] for row in listing.rejected] == ["crm-b.csv"]


def test_the_totals_line_of_each_file_is_no_account(sink, write):
    write(crm_a=HEAD + ANA + "Total: 1,,,\n", crm_b=HEAD + BO + "Total: 1,,,\n")
    listing = source().collect(sink)
    assert ids(sink) == ["1", "2"]
    assert len(listing.rejected) == 2


def test_the_rejected_row_of_a_later_file_is_acknowledged_by_its_own_digest(sink, write):
    write(crm_a=HEAD + ANA, crm_b=HEAD + ",,true,\n")
    one = source().collect(sink).rejected[0].digest
    write(crm_a=HEAD + ANA + BO)
    assert source().collect(sink).rejected[0].digest == one


def test_one_row_per_entitlement(sink, write):
    rows = "1,ana@corp.example,true,staff\n2,bo@corp.example,false,\n1,ana@corp.example,,admins;staff\n"
    write(crm_a=HEAD + rows)
    said = {"declared_total": 3, "exported_by": "j.doe", "exported_at": "2026-11-20"}
    listing = source(rows="grants", **said).collect(sink)
    assert ids(sink) == ["1", "2"]
    assert sorted(set(grants(sink))) == [("1", "admins"), ("1", "staff")]
    assert (listing.walk.state, listing.received, listing.parsed) == ("complete", 2, 2)
    assert [row["active"] for row in sink.row_list("accounts")] == [True, False]


def test_an_account_may_go_on_in_the_next_file(sink, write):
    write(crm_a=HEAD + ANA, crm_b=HEAD + "1,ana@corp.example,true,admins\n")
    source(rows="grants").collect(sink)
    assert grants(sink) == [("1", "staff"), ("1", "admins")]


def test_rows_that_contradict_each_other_are_not_settled_by_their_order(sink, write):
    write(crm_a=HEAD + ANA + "1,ana@corp.example,false,admins\n")
    listing = source(rows="grants").collect(sink)
    assert [row.reason for row in listing.rejected] == ["enabled is not what line 2 says of the same account"]
    assert grants(sink) == [("1", "staff")]


def test_rows_without_a_key_are_rejected_one_by_one(sink, write):
    write(crm_a=HEAD + ANA + ",,true,admins\n,,true,staff\n")
    assert len(source(rows="grants").collect(sink).rejected) == 2


def test_a_person_is_one_row(roster_sink):
    (roster_sink.base / "hr.csv").write_text("employee_number,status\n1,active\n")
    with pytest.raises(ConfigError, match="is for apps"):
        csv.Source(path="hr.csv", rows="grants").collect(roster_sink)


def test_other_kinds_of_files_go_together_too(sink):
    for name in "ab":
        (sink.base / f"crm-{name}.json").write_text(f'[{{"id": "{name}", "email": "{name}@corp.example"}}]')
    json.Source.model_validate({"path": "crm-*.json"}).collect(sink)
    assert ids(sink) == ["a", "b"]


def test_a_cell_that_cannot_be_trusted_keeps_its_row():
    grid = Grid(("id", "groups"), [["1", "1", "1"], ["a", Fault("#REF!"), "b"]], [2, 3, 4], lambda _: b"", "row")
    told, kept = folded(grid, {"account_id": 0, "groups": 1}, ";")
    assert kept == [0, 1]
    assert [told.columns[1][0], type(told.columns[1][1])] == [["a", "b"], Fault]


@given(st.lists(st.tuples(st.sampled_from(["1", "2", "3"]), st.sampled_from(["a", "b", "c", "d"]))))
def test_no_entitlement_is_lost_in_folding(rows):
    columns = [[key for key, _ in rows], [value for _, value in rows]]
    grid = Grid(("id", "groups"), columns, range(2, len(rows) + 2), lambda _: b"", "row")
    told, kept = folded(grid, {"account_id": 0, "groups": 1}, ";")
    given_back = [(key, value) for key, values in zip(*told.columns, strict=True) for value in values]
    assert sorted(given_back) == sorted(rows)
    assert len(kept) == len({key for key, _ in rows}) == len(told.places)
