"""What a file proves: the walk, the scope and the entitlements, and when it was true."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from scimaudit.errors import Malformed
from scimaudit.sources import NO_ENTITLEMENTS, Scope, Walk, Witness, _verdict
from scimaudit.sources.csv import Source

ROWS = "username,Groups,day\nana,staff,2026-11-20\nbob,,2026-11-18\n"
SAID = {"exported_by": "j.doe", "exported_at": "2026-11-20", "declared_total": 2}


@pytest.fixture
def pull(sink):
    def pull(text=ROWS, **keys):
        (sink.base / "a.csv").write_text(text)
        return Source(path="a.csv", **keys).collect(sink)

    return pull


@pytest.fixture
def hire(roster_sink):
    def hire(text=ROWS, **keys):
        (roster_sink.base / "hr.csv").write_text(text)
        return Source(path="hr.csv", **keys).collect(roster_sink)

    return hire


def test_an_export_with_its_declared_total_is_complete(pull):
    listing = pull(**SAID)
    assert (listing.walk.state, listing.walk.reason) == ("complete", "2 rows, as j.doe on 2026-11-20 declared")
    assert [(each.name, each.outcome) for each in listing.witnesses] == [("declared total", "passed")]
    assert listing.facts["exported by"] == "j.doe"
    assert listing.facts["exported at"] == "2026-11-20"


@pytest.mark.parametrize("total", [0, 1, 3])
def test_another_total_is_incomplete_with_both_figures(pull, total):
    listing = pull(**SAID | {"declared_total": total})
    assert listing.walk.state == "incomplete"
    assert "2 rows" in listing.walk.reason
    assert f"declared {total}" in listing.walk.reason
    assert listing.witnesses[0].outcome == "failed"


def test_rejected_rows_count_as_received(pull):
    listing = pull(ROWS + "cem\n", **SAID | {"declared_total": 3})
    assert (listing.walk.state, len(listing.rejected)) == ("complete", 1)
    assert "1 of them rejected" in listing.walk.reason


def test_without_a_total_an_export_is_unprovable(pull):
    listing = pull(exported_by="j.doe", exported_at="2026-11-20")
    assert (listing.walk.state, listing.walk.reason) == ("unprovable", "no declared total")
    assert listing.witnesses[0].outcome == "not-available"


@pytest.mark.parametrize("keys", [{"declared_total": 2}, {"declared_total": 2, "exported_by": "j.doe"}])
def test_a_total_that_nobody_dated_and_signed_proves_nothing(pull, keys):
    assert pull(**keys).walk.state == "unprovable"


def test_a_header_alone_proves_nothing_even_of_a_roster(hire):
    listing = hire("username\n")
    assert (listing.walk.state, listing.walk.reason) == ("unprovable", "there is a header and no row")


def test_a_roster_read_whole_is_complete_and_says_that_no_total_was_declared(hire):
    listing = hire()
    assert listing.walk.state == "complete"
    assert "total was not declared" in listing.walk.reason


def test_a_roster_with_another_total_is_incomplete(hire):
    assert hire(declared_total=2).walk.state == "complete"
    assert hire(declared_total=3).walk.state == "incomplete"


def test_a_roster_of_which_no_row_could_be_read_is_incomplete(hire):
    assert hire("username,x\nana\nbob\n").walk.reason == "none of the 2 rows could be read"


def test_scope_is_unknown_until_somebody_speaks(pull):
    assert pull().scope.state == "unknown"


def test_what_an_export_hides_makes_its_scope_partial(pull):
    scope = pull(**SAID, hides="guests").scope
    assert (scope.state, scope.reason) == ("partial", "the export does not show: guests")


def test_shows_all_counts_with_a_total_that_matches(pull):
    assert pull(**SAID, shows_all=True).scope.state == "all"


@pytest.mark.parametrize("total", [None, 3])
def test_shows_all_counts_for_nothing_without_one(pull, total):
    assert pull(**SAID | {"declared_total": total}, shows_all=True).scope.state == "unknown"


def test_shows_all_of_a_roster_needs_the_total_too(hire):
    assert hire(exported_by="j.doe", shows_all=True).scope.state == "unknown"


def test_shows_all_needs_somebody_to_answer_for_it():
    with pytest.raises(ValidationError, match="needs exported_by"):
        Source(path="a.csv", shows_all=True)


def test_hiding_and_showing_all_contradict():
    with pytest.raises(ValidationError, match="contradict"):
        Source(path="a.csv", shows_all=True, hides="guests", exported_by="j")


def test_entitlements_are_as_proven_as_the_rows_they_stand_in(pull):
    assert pull(**SAID).entitlements.state == "complete"
    assert pull().entitlements.state == "unprovable"
    assert "groups (Groups)" in pull().entitlements.reason


def test_without_a_grant_column_their_absence_means_nothing(pull):
    assert pull(columns={"groups": ""}, **SAID).entitlements.state == "unprovable"


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        (date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC)),
        (datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T10:00:00+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_the_day_a_file_was_true_can_be_declared(pull, said, seen):
    assert pull(as_of=said).as_of == seen


def test_a_column_can_say_it_and_the_oldest_day_counts(pull):
    assert pull(as_of="Day").as_of == datetime(2026, 11, 18, tzinfo=UTC)


def test_a_column_that_says_nothing_leaves_it_unknown(pull):
    listing = pull("username,day\nana,\n", as_of="day", exported_at="2026-11-20")
    assert listing.as_of is None
    assert any("not known" in note for note in listing.notes)


def test_a_column_that_is_not_there_is_an_error(pull):
    with pytest.raises(Malformed, match=r"there is no heading '20\.11\.2026' \(as_of\)"):
        pull(as_of="20.11.2026")


def test_the_export_is_as_old_as_its_day(pull):
    assert pull(**SAID).as_of == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_file_from_the_future_is_refused(pull):
    with pytest.raises(Malformed, match="in the future"):
        pull(as_of="2027-11-20")
    with pytest.raises(Malformed, match="in the future"):
        pull("username,day\nana,2027-01-01\n", as_of="day")


def test_a_file_from_tomorrow_morning_in_the_east_is_not(pull):
    assert pull(as_of="2026-11-24").as_of == datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize("key", ["as_of", "exported_at"])
def test_a_bare_number_is_no_date(key):
    with pytest.raises(ValidationError, match="write a date"):
        Source(path="a.csv", **{key: 20261120})


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Source(path="a.csv", seperator=";")


DAY = date(2026, 11, 20)
SILENT = _verdict.Statement("", None, None, "", shows_all=False)


def said(total, by="j.doe", when=DAY, hides="", *, shows_all=False):
    return _verdict.Statement(by, when, total, hides, shows_all)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (said(2), "j.doe on 2026-11-20"),
        (said(2, when=datetime(2026, 11, 20, 23, tzinfo=UTC)), "j.doe on 2026-11-20"),
        (said(2, when=None), "j.doe"),
        (said(2, by=""), "the configuration on 2026-11-20"),
        (SILENT, "the configuration"),
    ],
    ids=["who and day", "who and time", "who", "day", "nobody"],
)
def test_a_statement_is_called_by_who_made_it_and_when(statement, words):
    assert str(statement) == words


DOUBT = "its last line breaks off"


@pytest.mark.parametrize(
    ("fills", "rows", "statement", "doubt", "walk"),
    [
        ("accounts", (2, 2), said(3), DOUBT, ("incomplete", "2 rows stand in the file, j.doe on 2026-11-20 declared 3")),
        ("people", (0, 0), said(1), "", ("incomplete", "0 rows stand in the file, j.doe on 2026-11-20 declared 1")),
        ("accounts", (2, 2), said(2), DOUBT, ("incomplete", DOUBT)),
        ("people", (0, 0), SILENT, DOUBT, ("incomplete", DOUBT)),
        ("people", (0, 0), said(0), "", ("unprovable", "there is a header and no row")),
        ("accounts", (0, 0), SILENT, "", ("unprovable", "there is a header and no row")),
        ("people", (2, 0), SILENT, "", ("incomplete", "none of the 2 rows could be read")),
        ("accounts", (2, 0), said(2), "", ("incomplete", "none of the 2 rows could be read")),
        ("people", (3, 3), SILENT, "", ("complete", "the file was read whole, 3 rows; its total was not declared")),
        (
            "people", (3, 1), SILENT, "",
            ("complete", "the file was read whole, 3 rows; its total was not declared; 2 of them rejected"),
        ),
        ("accounts", (3, 3), said(None), "", ("unprovable", "no declared total")),
        *(
            ("accounts", (3, 3), said(3, by, when), "",
             ("unprovable", "declared_total stands without exported_by and exported_at"))
            for by, when in (("", DAY), ("j.doe", None), ("", None))
        ),
        ("people", (3, 3), said(3, "", None), "", ("complete", "3 rows, as the configuration declared")),
        ("accounts", (3, 3), said(3), "", ("complete", "3 rows, as j.doe on 2026-11-20 declared")),
        ("accounts", (3, 2), said(3), "", ("complete", "3 rows, as j.doe on 2026-11-20 declared; 1 of them rejected")),
    ],
)  # fmt: skip
def test_whether_every_row_was_received(fills, rows, statement, doubt, walk):
    assert _verdict.walk(fills, *rows, statement, doubt) == Walk(*walk)


@pytest.mark.parametrize(
    ("state", "statement", "state_of_scope", "reason"),
    [
        ("complete", said(2, hides="guests", shows_all=True), "partial", "the export does not show: guests"),
        ("complete", said(2), "unknown", "nobody has said whether the export shows everything"),
        *(
            (state, said(total, shows_all=True), "unknown",
             "shows_all counts only with a declared_total that the rows equal")
            for state, total in (("incomplete", 2), ("unprovable", 2), ("complete", None))
        ),
        ("complete", said(0, shows_all=True), "all",
         "j.doe on 2026-11-20 says that the export shows everything, and the rows equal the declared total"),
    ],
)  # fmt: skip
def test_whether_the_file_shows_every_account(state, statement, state_of_scope, reason):
    assert _verdict.scope(Walk(state, ""), statement) == Scope(state_of_scope, reason)


def test_grants_are_as_proven_as_their_rows_and_name_their_headings():
    grants = {"groups": "Teams", "roles": "Role"}
    listed = "listed with the rows: groups (Teams), roles (Role)"
    assert _verdict.entitlements(Walk("incomplete", "cut"), grants) == Walk("incomplete", f"{listed}; cut")
    assert _verdict.entitlements(Walk("complete", ""), grants) == Walk("complete", listed)
    assert _verdict.entitlements(Walk("complete", "cut"), {}) == NO_ENTITLEMENTS


@pytest.mark.parametrize(
    ("received", "statement", "outcome", "detail"),
    [
        (2, SILENT, "not-available", "nobody declared one"),
        (2, said(2), "passed", "2 declared by j.doe on 2026-11-20, 2 received"),
        (0, said(0, "", None), "passed", "0 declared by the configuration, 0 received"),
        (3, said(2), "failed", "2 declared by j.doe on 2026-11-20, 3 received"),
    ],
)
def test_the_declared_total_is_a_witness(received, statement, outcome, detail):
    assert _verdict.witness(received, statement) == Witness("declared total", outcome, detail)
