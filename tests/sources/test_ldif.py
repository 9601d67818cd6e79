from __future__ import annotations

import base64

import pytest

from scimaudit.errors import Malformed
from scimaudit.sources import ldif

BASE = """version: 1

# Ana
dn: uid=ana,dc=corp
uid: ana
employeeNumber: 00123
mail: ana@corp.example
mail: ana.old@corp.example
description: a line that is fol
 ded
employeeStatus: active

dn:: {}
uid: zoe
employeeNumber: 7
employeeStatus: terminated
""".format(base64.b64encode("uid=zoë,dc=corp".encode()).decode())


@pytest.fixture
def read(tmp_path, roster_sink):
    def run(text: str | bytes, **more):
        (tmp_path / "hr.ldif").write_bytes(text if isinstance(text, bytes) else text.encode())
        settings = {"path": "hr.ldif", "columns": {"user_name": "uid", "status": "employeeStatus"}, **more}
        listing = ldif.Source.model_validate(settings).collect(roster_sink)
        return listing, roster_sink.row_list("people")

    return run


def test_entries_become_people(read):
    listing, people = read(BASE)
    assert (listing.walk.state, listing.parsed) == ("complete", 2)
    assert [(row["user_name"], row["employee_number"], row["status"]) for row in people] == [
        ("ana", "00123", "active"),
        ("zoe", "7", "terminated"),
    ]
    assert people[0]["emails"] == ["ana@corp.example", "ana.old@corp.example"]


def test_folded_lines_are_joined(read):
    _, people = read(BASE, columns={"status": "employeeStatus", "title": "description"})
    assert people[0]["title"] == "a line that is folded"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("dn: uid=x,dc=corp\nchangetype: delete\n", "is a change"),
        ("uid: nobody\n", "has no dn"),
        ("dn: uid=x,dc=corp\nuid:: !!!\n", "not base64"),
        ("dn: uid=x,dc=corp\njpegPhoto:< file:///etc/passwd\n", "names a file"),
        ("dn: uid=x,dc=corp\nnonsense\n", "without a colon"),
    ],
)
def test_a_record_that_is_no_entry_is_rejected_with_its_line(read, record, reason):
    listing, people = read(BASE + "\n" + record)
    assert (listing.received, listing.parsed, len(people)) == (3, 2, 2)
    assert (listing.rejected[0].place, reason in listing.rejected[0].reason) == (18, True)


def test_bytes_that_are_no_text_cost_their_row(read):
    binary = base64.b64encode(b"\xff\xfe").decode()
    listing, _ = read(BASE + f"\ndn: uid=x,dc=corp\nuid:: {binary}\nemployeeNumber: 9\n")
    assert (listing.parsed, "is not text" in listing.rejected[0].reason) == (2, True)


def test_an_export_that_says_it_was_cut_is_incomplete(read):
    listing, _ = read(BASE + "\n# search result\nsearch: 2\nresult: 4 Size limit exceeded\n")
    assert (listing.walk.state, listing.walk.reason) == (
        "incomplete",
        "the export itself ends with: 4 Size limit exceeded",
    )


def test_an_export_that_says_it_was_whole(read):
    assert read(BASE + "\n# search result\nsearch: 2\nresult: 0 Success\n")[0].walk.state == "complete"


def test_a_comment_that_names_a_limit_is_heard(read):
    listing, _ = read(BASE + "\n# Size limit exceeded (4)\n")
    assert (listing.walk.state, "Size limit exceeded" in listing.walk.reason) == ("incomplete", True)


@pytest.mark.parametrize(("counted", "walk"), [(2, "complete"), (3, "incomplete")])
def test_the_number_that_ldapsearch_counted_is_held_against_the_entries(read, counted, walk):
    listing, _ = read(
        BASE + f"\n# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: 9\n# numEntries: {counted}\n"
    )
    assert listing.walk.state == walk
    assert (f"counts {counted} entries, 2 are in it" in listing.walk.reason) is (walk == "incomplete")


@pytest.mark.parametrize("text", ["", "version: 1\n", "# nothing\n"])
def test_nothing_is_no_export(read, text):
    with pytest.raises(Malformed, match="no entry"):
        read(text)


def test_windows_line_ends_and_a_byte_order_mark(read):
    listing, _ = read(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert listing.parsed == 2


def test_an_attribute_in_two_spellings_is_one(read):
    _, people = read("dn: uid=a,dc=corp\nuid: a\nmail: a@corp.example\nMail: b@corp.example\nemployeeStatus: active\n")
    assert people[0]["emails"] == ["a@corp.example", "b@corp.example"]


def test_two_entries_without_a_blank_line_between_them_are_two_rejected_rows(read):
    listing, people = read(
        BASE.replace("\n\ndn::", "\ndn::") + "\ndn: uid=eva,dc=corp\nuid: eva\nemployeeStatus: active\n"
    )
    assert [row["user_name"] for row in people] == ["eva"]
    assert (listing.received, listing.parsed, len(listing.rejected)) == (3, 1, 2)
    assert "holds 2 entries" in listing.rejected[0].reason
