"""Who of the roster has no listed account, and what to ask for them."""

import threading

import pytest

from scimaudit import tables
from scimaudit.sources.scim import roster as rosters


@pytest.fixture
def people():
    """A roster of ``(user name, addresses, status)``."""

    def build(*rows):
        count = len(rows)
        return tables.build(
            tables.PEOPLE,
            {
                "person_id": [str(place) for place in range(count)],
                "user_name": [name for name, _, _ in rows],
                "user_name_key": [name and name.lower() for name, _, _ in rows],
                "emails": [mails for _, mails, _ in rows],
                "email_keys": [mails and [mail.lower() for mail in mails] for _, mails, _ in rows],
                "status": [status for _, _, status in rows],
                "roster": ["hr"] * count,
                "raw_row": list(range(count)),
            },
            rows=count,
        )

    return build


def test_leavers_and_others_without_an_account_are_told_apart(people):
    found = rosters.Roster(
        people(("ana", None, "active"), ("bo", None, "terminated"), ("cy", None, "leave"), ("di", None, "terminated"))
    ).unlisted(["ana", "di", "zoe", None])
    assert (found.leavers.tolist(), found.others.tolist(), found.nameless) == ([1], [2], 0)


def test_any_name_or_address_makes_a_person_listed(people):
    found = rosters.Roster(
        people(("Ana", ["a@x", "B@x"], "active"), (None, ["c@x"], "active"), ("dee", [], "active"))
    ).unlisted(["b@x", "c@x"])
    assert found.others.tolist() == [2]


def test_a_name_that_two_people_share_lists_both(people):
    found = rosters.Roster(people(("ana", ["team@x"], "active"), ("bo", ["team@x"], "active"))).unlisted(["team@x"])
    assert not len(found.others)


def test_who_has_no_name_is_counted_and_never_listed(people):
    found = rosters.Roster(people((None, None, "terminated"), (None, [], "active"), ("ana", None, "active"))).unlisted(
        [None, "ana"]
    )
    assert (len(found.leavers), len(found.others), found.nameless) == (0, 0, 2)


@pytest.mark.parametrize(("as_mail", "names"), [(False, ["ana", "b@x", "cy"]), (True, ["a@x", "b@x", "cy"])])
def test_the_name_to_ask_for(people, as_mail, names):
    roster = rosters.Roster(people(("ana", ["a@x", "z@x"], "active"), (None, ["b@x"], "active"), ("cy", [], "active")))
    assert [roster.name(row, as_mail=as_mail) for row in range(3)] == names


def test_an_empty_roster(people):
    found = rosters.Roster(people()).unlisted(["ana"])
    assert (len(found.leavers), len(found.others), found.nameless) == (0, 0, 0)


def test_a_table_is_indexed_once_whichever_thread_asks(people):
    table, other, found = people(("ana", None, "active")), people(("ana", None, "active")), []
    threads = [threading.Thread(target=lambda: found.append(rosters.roster(table))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1
    assert rosters.roster(other) is not found[0]
