"""What columns mean: headings, words, dates, names, keys, lists and grants, for people and for accounts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from scimaudit.errors import ConfigError, Malformed
from scimaudit.sources._columns import Columns
from scimaudit.sources._grid import Grid
from scimaudit.sources.csv import Source


@pytest.fixture
def hire(roster_sink):
    """Collect CSV text as the roster hr; gives the listing and the people."""

    def hire(text, **keys):
        (roster_sink.base / "hr.csv").write_text(text, "utf-8")
        listing = Source(path="hr.csv", **keys).collect(roster_sink)
        return listing, roster_sink.row_list("people")

    return hire


@pytest.fixture
def pull(sink):
    """Collect CSV text as a listing of acme; gives the listing and the accounts."""

    def pull(text, **keys):
        (sink.base / "a.csv").write_text(text, "utf-8")
        listing = Source(path="a.csv", **keys).collect(sink)
        return listing, sink.row_list("accounts")

    return pull


def reasons(listing):
    return {row.place: row.reason for row in listing.rejected}


# headings


def test_declared_headings_match_without_regard_to_case_and_spaces(hire):
    _, people = hire("personnel no;MAIL address\n00123;a@x.example\n",
                     columns={"employee_number": "Personnel No", "emails": "Mail Address"})  # fmt: skip
    assert (people[0]["employee_number"], people[0]["emails"]) == ("00123", ["a@x.example"])


def test_an_exact_heading_wins_over_a_similar_one(hire):
    _, people = hire("Login,login\nA,b\n", columns={"user_name": "login"})
    assert people[0]["user_name"] == "b"


def test_an_absent_declared_heading_is_an_error_with_a_suggestion(hire):
    with pytest.raises(Malformed, match=r"there is no heading 'Personel No'.*'Personnel No', 'Mail'") as caught:
        hire("Personnel No,Mail\n1,a@x.example\n", columns={"employee_number": "Personel No"})
    assert caught.value.hint == "did you mean 'Personnel No'?"
    assert caught.value.source == "rosters.hr"


def test_an_absent_heading_like_no_other_has_another_hint(hire):
    with pytest.raises(Malformed) as caught:
        hire("Mail,x\na@x.example,\n", columns={"title": "Stelle"})
    assert "by name" in caught.value.hint


def test_a_heading_used_twice_is_an_error(hire):
    with pytest.raises(Malformed, match="stands there 2 times"):
        hire("Mail,Mail\na,b\n", columns={"emails": "Mail"})


def test_headings_twice_that_nobody_uses_do_no_harm(hire):
    _, people = hire("Mail,x,x\na@x.example,1,2\n")
    assert len(people) == 1


def test_two_common_headings_for_one_column_are_an_error(hire):
    with pytest.raises(Malformed, match="emails could be any of the headings 'E-Mail', 'Work Email'") as caught:
        hire("ID,E-Mail,Work Email\n1,a,b\n")
    assert "E-Mail" in caught.value.hint


def test_declaring_one_of_them_settles_it(hire):
    _, people = hire("E-Mail,Work Email\na@x.example,b@x.example\n", columns={"emails": "Work Email"})
    assert people[0]["emails"] == ["b@x.example"]


def test_a_recognised_column_can_be_switched_off(hire):
    listing, people = hire("Mail,Department\na@x.example,Sales\n", columns={"department": ""})
    assert people[0]["department"] is None
    assert "department" not in listing.attributes


def test_a_file_without_any_key_column_is_an_error(pull):
    with pytest.raises(Malformed, match="no column is known to be account_id, external_id, user_name or emails"):
        pull("Department,Title\nSales,x\n")


def test_an_unknown_column_is_refused_with_the_known_ones():
    with pytest.raises(ValidationError, match=r"no column 'e_mail'; the columns are account_id"):
        Source(path="x.csv", columns={"e_mail": "Mail"})


def test_a_column_of_the_other_table_is_refused(pull):
    with pytest.raises(ConfigError, match=r"columns\.status is no column of accounts"):
        pull("username,s\nana,x\n", columns={"status": "s"})


def test_the_facts_say_which_heading_fills_which_column(hire):
    listing, _ = hire("Mail,Login\na@x.example,ana\n", columns={"user_name": "Login"})
    assert listing.facts["columns"] == "emails = Mail (recognised), user_name = Login"


# people


def test_a_person_is_complete_with_keys(hire):
    _, people = hire(
        "Employee ID,Username,E-mail,Proxy Addresses,First Name,Last Name,Status,Worker Type,Hire Date,End Date,"
        "Department,Job Title,Manager ID,Location,Company,"
        "Previous Department,Previous Title,Moved On,Previous End Date\n"
        " 00123 ,Ana,Ana@X.example; b@x.example,Old@x.example,Ana,Ames,Active,Employee,2020-01-31,2026-12-31,"
        "Sales,Rep,00007,Oslo,Acme,Finance,Clerk,2025-04-01,2018-06-30\n"
    )
    assert people[0] == {
        "person_id": "00123", "employee_number": "00123", "user_name": "Ana",
        "emails": ["Ana@X.example", "b@x.example"],
        "aliases": ["Old@x.example"], "given_name": "Ana", "family_name": "Ames", "display_name": "Ana Ames",
        "status": "active", "status_raw": "Active", "worker_type": "Employee", "start_date": date(2020, 1, 31),
        "end_date": date(2026, 12, 31), "department": "Sales", "title": "Rep", "manager_id": "00007",
        "location": "Oslo", "previous_department": "Finance", "previous_title": "Clerk",
        "moved_on": date(2025, 4, 1), "previous_end_date": date(2018, 6, 30),
        "company": "Acme", "roster": "hr", "raw_row": 2, "employee_number_key": "00123", "user_name_key": "ana",
        "email_keys": ["ana@x.example", "b@x.example"], "alias_keys": ["old@x.example"],
    }  # fmt: skip


def test_the_key_is_the_first_that_is_filled(hire):
    _, people = hire("Person ID,Employee ID,Username,Mail\np,e,u,m@x\n,e2,u,m@x\n,,u3,m@x\n,,,m4@x\n")
    assert [person["person_id"] for person in people] == ["p", "e2", "u3", "m4@x"]


def test_a_person_without_a_key_is_rejected(hire):
    listing, people = hire("Employee ID,Mail,Department\n,,Sales\n1,,Sales\n")
    assert reasons(listing) == {2: "has no employee_number and no emails"}
    assert len(people) == 1


def test_a_later_row_with_a_known_person_id_is_rejected_with_both_lines(hire):
    listing, people = hire("Employee ID,Department\n1,Sales\n2,Ops\n1,IT\n")
    assert reasons(listing) == {4: "person_id '1' already stands on line 2"}
    assert [person["department"] for person in people] == ["Sales", "Ops"]


def test_a_faulty_row_does_not_take_the_place_of_a_good_one(hire):
    listing, people = hire("Employee ID,Hire Date\n1,soon\n1,2026-01-01\n")
    assert list(reasons(listing)) == [2]
    assert len(people) == 1


def test_a_line_break_in_a_key_rejects_the_row(hire):
    listing, _ = hire('x,Employee ID,Title\ny,"1\n2",z\ny,3,z\n')
    assert reasons(listing) == {2: "employee_number holds a line break or a NUL character"}


def test_a_repeated_header_is_no_person(hire):
    listing, people = hire("Employee ID,Mail\n1,a@x\nEmployee ID,Mail\n2,b@x\n")
    assert (len(people), reasons(listing)) == (2, {3: "repeats the header"})


def test_a_totals_line_is_no_person(hire):
    listing, people = hire("Employee ID,Mail,Department\n1,a@x,\n2,b@x,\nTotal: 2,,\n")
    assert (len(people), reasons(listing)) == (2, {4: "reads like a totals line, not like a row"})


def test_a_person_called_total_is_a_person(hire):
    _, people = hire("Employee ID,Mail,Department\nTotal,a@x.example,Sales\n")
    assert len(people) == 1


def test_extras_are_text_columns_of_people(hire, roster_sink):
    listing, _ = hire("Mail,Kostenstelle\na@x.example,0042\n", extras={"cost_centre": "Kostenstelle"})
    assert roster_sink.table("people")["cost_centre"].to_pylist() == ["0042"]
    assert listing.attributes["cost_centre"] == 1


@pytest.mark.parametrize("name", ["emails", "name", "as_of", "Cost", "cost centre"])
def test_extras_must_be_new_names(name):
    with pytest.raises(ValidationError, match="must be a new name"):
        Source(path="x.csv", extras={name: "Cost"})


def test_accounts_have_no_extras(pull):
    with pytest.raises(ConfigError, match="only people have extra columns"):
        pull("username,c\nana,1\n", extras={"cost": "c"})


# status and activity


def test_status_words_have_defaults(hire):
    listing, people = hire("Mail,Status\na@x,Aktiv\nb@x,A\nc@x,On  Leave\nd@x,TERMINATED\ne@x,Pre-Hire\nf@x,T\ng@x,\n")
    assert [person["status"] for person in people] == [
        "active", "active", "leave", "terminated", "prehire", "unknown", "unknown",
    ]  # fmt: skip
    assert listing.unmapped_status == {"": 1, "T": 1}
    assert listing.attributes["status"] == 5


def test_declared_status_words_replace_the_defaults(hire):
    listing, people = hire("Mail,Status\na@x,L\nb@x,active\n", status={"terminated": ["L"]})
    assert [person["status"] for person in people] == ["terminated", "unknown"]
    assert listing.unmapped_status == {"active": 1}


def test_an_empty_word_gives_a_meaning_to_empty_cells(hire):
    listing, people = hire("Mail\na@x\n", status={"active": [""]})
    assert (people[0]["status"], people[0]["status_raw"], listing.unmapped_status) == ("active", None, {})


def test_a_roster_without_status_is_counted_as_unmapped(hire):
    listing, people = hire("Mail\na@x\n")
    assert (people[0]["status"], listing.unmapped_status) == ("unknown", {"": 1})


def test_rejected_rows_do_not_count_as_unmapped(hire):
    listing, _ = hire("Employee ID,Status\n1,odd\n1,odd\n")
    assert listing.unmapped_status == {"odd": 1}


def test_a_word_with_two_meanings_is_refused():
    with pytest.raises(ValidationError, match="under both"):
        Source(path="x.csv", status={"active": ["X"], "leave": ["x "]})


def test_activity_is_true_false_or_unknown(pull):
    listing, accounts = pull("username,Status\na,Enabled\nb,suspended\nc,invited\nd,\n")
    assert [account["active"] for account in accounts] == [True, False, None, None]
    assert listing.unmapped_status == {"": 1, "invited": 1}
    assert listing.attributes["active"] == 2


def test_a_column_that_says_the_reverse_can_be_declared(pull):
    _, accounts = pull("username,Disabled\na,no\nb,yes\n",
                       columns={"active": "Disabled"}, active={"true": ["no"], "false": ["yes"]})  # fmt: skip
    assert [account["active"] for account in accounts] == [True, False]


def test_without_an_activity_column_it_is_unknown_and_not_supplied(pull):
    listing, accounts = pull("username\na\n")
    assert accounts[0]["active"] is None
    assert "active" not in listing.attributes
    assert listing.unmapped_status == {}


# dates


def test_an_ambiguous_day_rejects_its_row(hire):
    listing, people = hire("Mail,End Date\na@x,03/04/2026\nb@x,2026-04-03\n")
    assert [person["end_date"] for person in people] == [date(2026, 4, 3)]
    assert "end_date: '03/04/2026' is not ISO 8601 and could mean more than one day" in reasons(listing)[2]


def test_a_declared_format_is_the_only_one(hire):
    listing, people = hire("Mail,End Date\na@x,03.04.2026\nb@x,2026-04-03\n", date_format="%d.%m.%Y")
    assert [person["end_date"] for person in people] == [date(2026, 4, 3)]
    assert reasons(listing) == {3: "end_date: '2026-04-03' is not a date in the format %d.%m.%Y"}


def test_several_formats_may_not_disagree(hire):
    listing, people = hire("Mail,End Date\na@x,03/04/2026\nb@x,25/04/2026\n", date_format=["%d/%m/%Y", "%m/%d/%Y"])
    assert [person["end_date"] for person in people] == [date(2026, 4, 25)]
    assert "fits more than one" in reasons(listing)[2]


def test_no_date_is_no_date(pull):
    _, accounts = pull("username,Last Login\na,Never\nb,-\nc,\nd,2026-01-01\n")
    assert [account["last_login"] is None for account in accounts] == [True, True, True, False]


def test_the_words_for_no_date_can_be_declared(pull):
    listing, accounts = pull("username,Last Login\na,noch nie\nb,never\n", no_date=["Noch nie"])
    assert len(accounts) == 1
    assert list(reasons(listing)) == [3]


def test_a_time_in_a_zone_is_no_day(hire):
    listing, people = hire("Mail,End Date\na@x,2026-04-03T23:00:00Z\nb@x,2026-04-03T00:00:00+00:00\n")
    assert [person["end_date"] for person in people] == [date(2026, 4, 3)]
    assert "a time in a zone where a day is due" in reasons(listing)[2]


def test_a_far_future_end_is_a_date(hire):
    _, people = hire("Mail,End Date\na@x,9999-12-31\n")
    assert people[0]["end_date"] == date(9999, 12, 31)


def test_a_moment_outside_the_calendar_rejects_its_row(pull):
    listing, _ = pull("username,Last Login\na,0001-01-01T00:00:00+14:00\nb,\n")
    assert list(reasons(listing)) == [2]


def test_moments_are_utc_and_those_without_a_zone_are_noted(pull):
    listing, accounts = pull("username,Last Login\na,2026-11-20T10:00:00+02:00\nb,2026-11-20 10:00\n")
    assert [account["last_login"] for account in accounts] == [
        datetime(2026, 11, 20, 8, tzinfo=UTC),
        datetime(2026, 11, 20, 10, tzinfo=UTC),
    ]
    assert "last_login states no time zone and was read as UTC" in listing.notes


@pytest.mark.parametrize(("form", "text"), [("epoch", "1795168800"), ("epoch-ms", "1795168800000")])
def test_seconds_since_1970_can_be_declared(pull, form, text):
    _, accounts = pull(f"username,Last Login\na,{text}\n", date_format=form)
    assert accounts[0]["last_login"] == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_absurd_seconds_reject_their_row(pull):
    listing, _ = pull("username,Last Login\na,1e300\nb,inf\nc,nan\n", date_format="epoch")
    assert list(reasons(listing)) == [2, 3, 4]


@pytest.mark.parametrize("form", ["%d.%m", "today", "%Q", "%"])
def test_a_format_that_names_no_day_is_refused(form):
    with pytest.raises(ValidationError, match="date_format"):
        Source(path="x.csv", date_format=form)


def test_no_format_at_all_is_refused():
    with pytest.raises(ValidationError, match="at least one"):
        Source(path="x.csv", date_format=[])


# names


@pytest.mark.parametrize(
    ("name", "order", "given", "family"),
    [
        ('"Ames, Ana"', None, "Ana", "Ames"),
        ('"Ames, Ana Maria"', "last-first", "Ana Maria", "Ames"),
        ("Ana Ames", None, None, None),
        ("Ana Ames", "first-last", "Ana", "Ames"),
        ("Ames Ana", "last-first", "Ana", "Ames"),
        ("Ana Maria Ames", "first-last", None, None),
        ('"Ana Ames, PhD"', "first-last", None, None),
        ('"Ames, Ana, PhD"', None, None, None),
        ("", "first-last", None, None),
    ],
)
def test_a_whole_name_is_split_only_where_that_is_certain(hire, name, order, given, family):
    _, people = hire(f"Mail,Name\na@x,{name}\n", name_order=order)
    assert (people[0]["given_name"], people[0]["family_name"]) == (given, family)
    assert people[0]["display_name"] == (name.strip('"') or None)


def test_columns_of_their_own_win_over_the_split(hire):
    _, people = hire('Mail,Name,First Name\na@x,"Ames, Ana",Anna\n')
    assert (people[0]["given_name"], people[0]["family_name"]) == ("Anna", "Ames")


# lists and grants


def test_lists_are_split_and_emptied_of_repeats(pull):
    _, accounts = pull(
        "username,Emails\nana,a@x.example| A@x.example ||a@x.example\n", list_separator="|", separator=","
    )
    assert accounts[0]["emails"] == ["a@x.example", "A@x.example"]
    assert accounts[0]["email_keys"] == ["a@x.example"]


def test_addresses_that_are_none_are_noted(pull):
    listing, _ = pull('username,Emails\nana,"a@x.example, b@x.example"\n')
    assert "1 of 1 entries in emails do not look like one mail address; check list_separator" in listing.notes


def test_grants_come_from_the_list_columns(pull, sink):
    listing, _ = pull("username,Groups,Role,Licences\nana,staff;ops,admin,\nbob,,,E5\n")
    assert [(row["account_id"], row["attribute"], row["value"], row["display"], row["type"], row["privileged"])
            for row in sink.row_list("grants")] == [
        ("ana", "groups", "staff", "staff", "direct", None),
        ("ana", "groups", "ops", "ops", "direct", None),
        ("ana", "roles", "admin", "admin", "direct", None),
        ("bob", "licenses", "E5", "E5", "direct", None),
    ]  # fmt: skip
    assert {name: listing.attributes[name] for name in ("groups", "roles", "licenses")} == {
        "groups": 1,
        "roles": 1,
        "licenses": 1,
    }


def test_a_rejected_account_brings_no_grants(pull, sink):
    pull("username,Groups\nana,staff\nana,admins\n")
    assert [row["value"] for row in sink.row_list("grants")] == ["staff"]


# accounts


def test_an_account_id_is_the_first_key_that_is_filled(pull):
    listing, accounts = pull("id,external id,username,mail\ni,e,u,m@x\n,e2,u,m@x\n,,u3,m@x\n,,,m4@x\n,,,\ni,,,\n")
    assert [account["account_id"] for account in accounts] == ["i", "e2", "u3", "m4@x"]
    assert reasons(listing) == {7: "account_id 'i' already stands on line 2"}


def test_ids_that_differ_in_case_are_different_accounts(pull):
    _, accounts = pull("id\n00Dx\n00DX\n")
    assert len(accounts) == 2


def test_the_last_sign_in_says_where_it_came_from(pull):
    listing, accounts = pull("username,last active\na,2026-11-20\nb,\n", columns={"last_login": "last active"})
    assert [account["last_login_source"] for account in accounts] == ["apps.acme.listings[0]:last active", None]
    assert listing.attributes["last_login"] == 1


def test_an_empty_column_was_never_supplied(pull):
    listing, _ = pull("username,last login\na,\nb,never\n")
    assert "last_login" not in listing.attributes


def test_account_kinds_are_ours_or_unknown(pull):
    _, accounts = pull("username,Account kind\na,Service\nb,robot\n")
    assert [account["account_kind"] for account in accounts] == ["service", "unknown"]


# cells that only other formats can hold


def test_a_fault_outside_the_columns_used_costs_nothing():
    grid = Grid(("a",), [["x"]], [1], lambda _: b"", "row")
    columns = Columns(grid, {}, formats=("iso",), no_date=(), separator=";")
    assert columns.text("emails").to_pylist() == [None]
    assert columns.texts("emails").to_pylist() == [None]
    assert columns.faults == {}
