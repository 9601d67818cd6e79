import pytest

from scimaudit.sources import Scope
from scimaudit.sources.scim.evidence import Check, Evidence, Plan
from scimaudit.sources.scim.verdict import Proof, honest_total, judge, judge_scope, walk_proofs

HELD = Check("passed", "held")


def evidence(rows=7, totals=(7, 7), **more):
    ids = {f"u{number}": None for number in range(rows)}
    return Evidence(**{"mode": "index", "ids": ids, "totals": list(totals), "contiguity": HELD, "end": HELD, **more})


def state(found, *proofs, **settings):
    plan = Plan(**settings)
    return judge(found, [*walk_proofs(found, plan), *proofs], plan).state


def test_w1_to_w3_are_complete():
    assert state(evidence()) == "complete"


def test_zero_rows_are_never_complete():
    assert state(evidence(0, [0]), Proof("W8", "passed")) == "unprovable"


@pytest.mark.parametrize("name", ["W4", "W5", "W6", "W7", "W8"])
def test_one_failure_cannot_be_outvoted(name):
    others = [Proof(other, "passed") for other in ("W4", "W5", "W6", "W7", "W8") if other != name]
    assert state(evidence(), Proof(name, "failed", "a hole"), *others) == "incomplete"


@pytest.mark.parametrize("name", ["W7", "W9"])
def test_a_failure_that_speaks_of_something_else_does_not_void_the_walk(name):
    assert state(evidence(), Proof(name, "failed", "x", voids_walk=False)) == "complete"


@pytest.mark.parametrize("name", ["W4", "W5", "W6", "W7", "W8"])
def test_without_a_total_one_independent_witness_is_needed(name):
    assert state(evidence(totals=[])) == "unprovable"
    assert state(evidence(totals=[]), Proof(name, "passed")) == "complete"
    assert state(evidence(totals=[]), Proof("W9", "passed")) == "unprovable"


@pytest.mark.parametrize("part", ["contiguity", "end"])
def test_w2_and_w3_cannot_be_replaced(part):
    found = evidence(**{part: Check("not-available", "x")})
    assert state(found, *[Proof(name, "passed") for name in ("W4", "W5", "W6", "W7", "W8")]) == "unprovable"


@pytest.mark.parametrize(
    ("name", "expected"), [("W5", "complete"), ("W8", "complete"), ("W4", "unprovable"), ("W6", "unprovable")]
)
def test_a_dump_needs_a_witness_from_outside(name, expected):
    found = evidence(mode="dump", end=Check("not-available", "x"))
    assert state(found, Proof(name, "passed")) == expected
    assert state(evidence(mode="dump", contiguity=Check())) == "unprovable"


def test_quick_is_unprovable():
    assert state(evidence(), quick=True) == "unprovable"


def test_a_fault_is_incomplete_and_the_first_are_shown():
    found = evidence(faults=["one", "two", "three", "four", "five"])
    verdict = judge(found, walk_proofs(found, Plan()), Plan())
    assert verdict.state == "incomplete"
    assert verdict.reason == "one; two; three; and 2 more"


@pytest.mark.parametrize(
    ("totals", "settings", "outcome"),
    [
        ([], {}, "not-available"),
        ([7], {}, "passed"),
        ([7, 8], {}, "failed"),
        ([6, 7], {}, "failed"),
        ([6], {}, "failed"),
        ([8], {}, "failed"),
        ([6], {"total_honest": False}, "not-available"),
        ([8], {"total_honest": False}, "failed"),
        ([7], {"round_caps": frozenset({7})}, "not-available"),
    ],
)
def test_honest_total(totals, settings, outcome):
    assert honest_total(evidence(totals=totals), Plan(**settings)).outcome == outcome


def test_a_total_equal_to_what_was_asked_or_without_end_is_no_witness():
    assert honest_total(evidence(sizes=(7,)), Plan()).outcome == "not-available"
    assert honest_total(evidence(end=Check()), Plan()).outcome == "not-available"
    assert honest_total(evidence(mode="dump"), Plan()).outcome == "not-available"


ALL, PARTIAL, UNKNOWN = Scope("all", "cited"), Scope("partial", "guests"), Scope("unknown", "")


@pytest.mark.parametrize(
    ("stated", "canary", "seats", "expected", "lifted"),
    [
        (ALL, None, "not-available", "all", ()),
        (ALL, "missing", "not-available", "partial", ()),
        (ALL, None, "failed", "unknown", ()),
        (PARTIAL, None, "not-available", "partial", ()),
        (PARTIAL, "seen", "not-available", "partial", ()),
        (PARTIAL, None, "passed", "all", ("W8",)),
        (UNKNOWN, None, "not-available", "unknown", ()),
        (UNKNOWN, "seen", "not-available", "all", ("W7",)),
        (UNKNOWN, "seen", "failed", "unknown", ()),
        (UNKNOWN, "missing", "passed", "partial", ()),
        (UNKNOWN, None, "passed", "all", ("W8",)),
    ],
)
def test_scope(stated, canary, seats, expected, lifted):
    scope, by = judge_scope(stated, canary, seats)
    assert (scope.state, by) == (expected, lifted)
