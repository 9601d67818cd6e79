"""Each witness alone: what passes, what fails, what is not available, in which words; and that no budget is overdrawn."""

import json
from types import SimpleNamespace

import pytest

from scimaudit.errors import Malformed
from scimaudit.sources.scim import profile
from scimaudit.sources.scim.verdict import Proof
from scimaudit.sources.scim.witnesses import (
    Budget,
    Canary,
    Parity,
    ask,
    canaries,
    closure,
    memory,
    parity,
    same_name,
    seats,
)

THERE = {"a": True, "b": True, "c": True, "gone": False, "dead": False, "fog": None, "mist": None}


class Get:
    """GET by id, answered from a table; counts what was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, identifier):
        self.asked.append(identifier)
        return THERE[identifier]


@pytest.fixture
def get():
    return Get()


def test_a_budget_ends():
    budget = Budget(2)
    assert [budget.take() for _ in range(4)] == [True, True, False, False]
    assert budget.left == 0
    assert not Budget(0).take()


def test_ids_are_asked_for_as_far_as_the_budget_goes(get):
    found = ask(["a", "gone", "fog", "b", "mist", "dead", "c"], get, Budget(5))
    assert (found.found, found.gone, found.unclear, found.unasked) == (("a", "b"), ("gone",), 2, 2)
    assert get.asked == ["a", "gone", "fog", "b", "mist"]


def closed(get, members, *unresolved, budget=9, get_works=True):
    return closure(members, unresolved, get, Budget(budget), get_works=get_works)


def test_w4_without_references_says_nothing(get):
    assert closed(get, 0, "a") == Proof("W4", "not-available", "no group member or manager is named")
    assert get.asked == []


def test_w4_holds_where_all_are_listed_or_do_not_exist(get):
    said = "all accounts that groups and managers name (1 references) are listed"
    assert closed(get, 1, get_works=False) == Proof("W4", "passed", said)
    assert closed(get, 5, "gone", "dead") == Proof("W4", "passed", "5 references; the 2 not listed do not exist")
    assert get.asked == ["gone", "dead"]


def test_w4_fails_where_one_exists_whatever_the_others_are(get):
    assert closed(get, 5, "gone", "fog", "a") == Proof("W4", "failed", "a can be fetched and are not listed")
    assert closed(get, 5, "a", "b", "c").detail == "a, b and 1 more can be fetched and are not listed"
    assert closed(get, 5, "a", "b").detail == "a, b can be fetched and are not listed"
    assert closed(get, 5, "a", "gone", budget=1).outcome == "failed"


def test_w4_is_not_available_where_one_is_unclear_or_was_not_asked_for(get):
    assert closed(get, 5, "gone", "fog") == Proof(
        "W4",
        "not-available",
        "of 2 references not listed 1 do not exist, 1 are unclear, 0 were not asked for",
    )
    assert closed(get, 5, "gone", "a", budget=1) == Proof(
        "W4",
        "not-available",
        "of 2 references not listed 1 do not exist, 0 are unclear, 1 were not asked for",
    )
    assert closed(get, 5, "a", get_works=False) == Proof(
        "W4", "not-available", "1 references are not listed, and GET by id does not work"
    )


def remembered(get, *last, listed=("a", "x"), budget=9, get_works=True, **more):
    return memory(last, dict.fromkeys(listed), get, Budget(budget), get_works=get_works, **more)


def test_w6_without_an_earlier_listing_says_nothing(get):
    assert remembered(get) == Proof("W6", "not-available", "there is no earlier listing")


def test_w6_holds_where_all_are_here_or_gone(get):
    said = "all 2 ids of the last complete listing are here"
    assert remembered(get, "a", "x", get_works=False) == Proof("W6", "passed", said)
    assert remembered(get, "a", "gone", "dead") == Proof(
        "W6", "passed", "the 2 ids of the last complete listing absent now are gone"
    )
    assert get.asked == ["gone", "dead"]


def test_w6_does_not_fetch_what_another_probe_found(get):
    found = remembered(get, "a", "b", "gone", known=("b",))
    assert (found.outcome, get.asked) == ("failed", ["gone"])


def test_w6_holds_for_nobody_where_none_of_them_is_here(get):
    """Another tenant knows none of them either."""
    assert remembered(get, "gone", "dead").outcome == "not-available"
    assert remembered(get, "b", "dead").outcome == "failed"


def test_w6_shows_holes_of_a_listing_that_was_not_complete_and_no_more(get):
    all_here = "all 2 ids of the last listing, which was not complete, are here"
    assert remembered(get, "a", "x", whole=False) == Proof("W6", "not-available", all_here)
    assert remembered(get, "a", "gone", whole=False).outcome == "not-available"
    assert remembered(get, "a", "b", whole=False).outcome == "failed"


def test_w6_fails_where_one_exists(get):
    assert remembered(get, "a", "gone", "fog", "b") == Proof(
        "W6", "failed", "b of the last complete listing exist and are not listed"
    )
    assert remembered(get, "b", "gone", budget=1).outcome == "failed"


def test_w6_is_not_available_where_one_is_unclear_or_was_not_asked_for(get):
    assert remembered(get, "gone", "fog") == Proof(
        "W6", "not-available", "of 2 earlier ids absent now 1 are gone, 1 are unclear, 0 were not asked for"
    )
    assert remembered(get, "gone", "b", budget=1) == Proof(
        "W6", "not-available", "of 2 earlier ids absent now 1 are gone, 0 are unclear, 1 were not asked for"
    )
    assert remembered(get, "b", get_works=False) == Proof(
        "W6", "not-available", "1 earlier ids are absent, and GET by id does not work"
    )


def canary(name, listed, made):
    return Canary(name, listed, made)


@pytest.mark.parametrize(
    ("named", "proof", "state"),
    [
        ([], Proof("W7", "not-available", "no canaries are configured"), None),
        ([("s", True, "scim")], Proof("W7", "passed", "1 canary is listed"), None),
        ([("h", True, "hand"), ("s", True, "scim")], Proof("W7", "passed", "2 canaries are listed"), "seen"),
        ([("s", False, "scim")], Proof("W7", "failed", "s must be listed and are not"), None),
        ([("h", False, "hand")], Proof("W7", "failed", "h must be listed and are not", False), "missing"),
        (
            [("h", False, "hand"), ("i", True, "hand"), ("s", True, "scim")],
            Proof("W7", "failed", "h must be listed and are not", False),
            "missing",
        ),
        (
            [("h", True, "hand"), ("s", False, "scim"), ("t", True, "scim")],
            Proof("W7", "failed", "s must be listed and are not"),
            "seen",
        ),
        (
            [("h", False, "hand"), ("s", False, "scim")],
            Proof("W7", "failed", "h, s must be listed and are not"),
            "missing",
        ),
    ],
)
def test_w7(named, proof, state):
    assert canaries([canary(*each) for each in named]) == (proof, state)


def test_w8_knows_no_tolerance():
    assert seats(None, 5) == Proof("W8", "not-available", "no seat count is configured")
    assert seats(0, 0) == Proof("W8", "passed", "the console shows 0 accounts, as many as were listed")
    assert seats(5, 5) == Proof("W8", "passed", "the console shows 5 accounts, as many as were listed")
    for listed in (4, 6):
        assert seats(5, listed) == Proof("W8", "failed", f"the console shows 5 accounts and {listed} were listed")


def test_names_are_the_same_by_their_keys():
    assert same_name("Ana@Corp.example", "ana@corp.example")
    assert not same_name("ana@corp.example", "bo@corp.example")
    assert not same_name(None, "bo@corp.example")


UNKNOWN = profile.load("unknown")
PAGE = [{"id": "a", "userName": "ana"}, {"id": "b", "userName": "bo", "title": "x"}, {"id": "c", "userName": "cy"}]
SAMPLE = [(0, "a"), (1, "b"), (2, "c")]


class Single:
    """GET by id, answered from a table of bodies, statuses and errors; counts what was asked."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def single(self, identifier):
        self.asked.append(identifier)
        answer = self.answers[identifier]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return SimpleNamespace(status=answer, body=b"{}")
        return SimpleNamespace(status=200, body=json.dumps(answer).encode())


def compared(answers, sample=SAMPLE, *, page=None, budget=9):
    """What W9 says of a page (PAGE unless given) and of what GET by id answers, and the ids asked for."""
    body = json.dumps({"totalResults": 3, "Resources": PAGE}).encode() if page is None else page
    endpoint = Single({row["id"]: row for row in PAGE} | answers)
    return parity(endpoint, UNKNOWN, body, sample, Budget(budget)), endpoint.asked


NOTHING = Parity(Proof("W9", "not-available", "no row could be compared with its GET by id"))


def same(rows):
    return Parity(Proof("W9", "passed", f"GET of {rows} rows shows nothing that the list lacks"), True)


def test_w9_holds_where_get_shows_what_the_list_shows():
    assert compared({}) == (same(3), ["a", "b", "c"])


def test_w9_holds_where_get_shows_less_or_what_every_answer_carries():
    more = {"id": "a", "schemas": ["urn:x"], "meta": {"version": "1", "location": "/a"}}
    assert compared({"a": more}) == (same(3), ["a", "b", "c"])


def test_w9_names_what_the_list_lacks_of_any_row():
    told, _ = compared({"a": {"id": "a", "active": True}, "b": {"id": "b", "title": "y", "metadata": "m"}})
    detail = "GET by id shows active, metadata, which the list lacks"
    assert told == Parity(Proof("W9", "failed", detail, False), True, frozenset({"active", "metadata"}))


def test_w9_compares_a_row_with_the_answer_for_its_own_id():
    assert compared({}, [(0, "b"), (1, "b")])[0].lacking == {"title"}


def test_w9_says_nothing_where_nothing_could_be_compared():
    assert compared({"a": 404, "b": Malformed("no answer"), "c": {"id": "z", "active": True}}) == (
        NOTHING, ["a", "b", "c"],
    )  # fmt: skip
    assert compared({}, []) == (NOTHING, [])


@pytest.mark.parametrize("answer", [404, Malformed("no answer"), {"id": "z", "active": True}])
def test_w9_goes_on_after_a_row_that_could_not_be_compared(answer):
    assert compared({"a": answer}) == (same(2), ["a", "b", "c"])


def test_w9_asks_no_more_than_its_budget():
    assert compared({}, budget=2) == (same(2), ["a", "b"])
    assert compared({}, budget=0) == (NOTHING, [])


def test_w9_leaves_out_rows_that_are_not_on_the_page():
    assert compared({"c": 404}, [(3, "c"), (2, "a"), (0, "a")]) == (same(2), ["a", "a"])


@pytest.mark.parametrize(
    ("page", "rows"),
    [
        (b"\xef\xbb\xbf" + json.dumps({"resources": PAGE}).encode(), 3),
        (json.dumps({"RESOURCES": PAGE, "rows": []}).encode(), 3),
        (json.dumps({"totalResults": 3}).encode(), 0),
        (b"{", 0),
    ],
    ids=["byte order mark", "capitals", "no rows", "no JSON"],
)
def test_w9_reads_the_page_as_the_listing_does(page, rows):
    assert compared({}, page=page)[0] == (same(rows) if rows else NOTHING)
