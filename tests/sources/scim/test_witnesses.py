"""Each witness alone: what passes, what fails, what is not available, in which words; and that no budget is overdrawn."""

import pytest

from scimaudit.sources.scim.verdict import Proof
from scimaudit.sources.scim.witnesses import Budget, Canary, ask, canaries, closure, memory, same_name, seats

THERE = {"a": True, "b": True, "c": True, "gone": False, "dead": False, "fog": None}


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
    found = ask(["a", "gone", "fog", "b", "dead", "c"], get, Budget(4))
    assert (found.found, found.gone, found.unclear, found.unasked) == (("a", "b"), ("gone",), 1, 2)
    assert get.asked == ["a", "gone", "fog", "b"]


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


def remembered(get, *last, listed=("a", "x"), budget=9, get_works=True):
    return memory(last, dict.fromkeys(listed), get, Budget(budget), get_works=get_works)


def test_w6_without_an_earlier_listing_says_nothing(get):
    assert remembered(get) == Proof("W6", "not-available", "there is no earlier complete listing")


def test_w6_holds_where_all_are_here_or_gone(get):
    said = "all 2 ids of the last complete listing are here"
    assert remembered(get, "a", "x", get_works=False) == Proof("W6", "passed", said)
    assert remembered(get, "a", "gone", "dead") == Proof("W6", "passed", "the 2 earlier ids absent now are gone")
    assert get.asked == ["gone", "dead"]


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
        ([("s", True, "scim")], Proof("W7", "passed", "all 1 canaries are listed"), None),
        ([("h", True, "hand"), ("s", True, "scim")], Proof("W7", "passed", "all 2 canaries are listed"), "seen"),
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
