import pytest

from scimaudit.sources import Scope, Witness
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


@pytest.mark.parametrize(
    ("totals", "settings", "outcome", "detail"),
    [
        ([], {}, "not-available", "the server gives no totalResults"),
        ([7, 7], {}, "passed", "totalResults is 7 throughout and 7 distinct rows came"),
        ([8], {}, "failed", "totalResults is 8 and 7 distinct rows came"),
        ([7, 8], {}, "failed", "totalResults is 8 and 7 distinct rows came"),
        ([6], {}, "failed", "totalResults is 6 and 7 distinct rows came"),
        ([6, 7], {}, "failed", "totalResults is not constant: 6 to 7"),
        ([6, 7], {"total_honest": False}, "not-available", "the profile says that totalResults is not the number of"),
        ([7], {"round_caps": frozenset({7})}, "not-available", "totalResults is 7, which may as well be a limit of"),
    ],
)
def test_the_words_of_an_honest_total(totals, settings, outcome, detail):
    found = honest_total(evidence(totals=totals), Plan(**settings))
    assert (found.name, found.outcome) == ("W1", outcome)
    assert found.detail.startswith(detail)


@pytest.mark.parametrize(
    ("cap", "totals", "outcome"),
    [
        (5, [5, 5], "not-available"),
        (5, [6], "failed"),
        (5, [4, 5], "failed"),
        (5, [7], "failed"),
        (10, [7], "not-available"),
        (10, [6], "failed"),
        (7, [7], "not-available"),
    ],
)
def test_a_total_that_is_said_to_stop_stops_there_or_at_the_rows(cap, totals, outcome):
    found = honest_total(evidence(totals=totals), Plan(total_cap=cap, total_honest=False))
    assert (found.name, found.outcome) == ("W1", outcome)
    if outcome == "failed":
        said = ", ".join(str(total) for total in totals)
        assert found.detail == f"the profile says totalResults stops at {cap}; it is {said} for 7 rows"


def test_a_total_that_cannot_be_used_says_why():
    assert honest_total(evidence(mode="dump"), Plan()).detail == "totalResults is 7, but nothing can be asked past it"
    assert honest_total(evidence(end=Check()), Plan()).detail == "totalResults is 7; the end is not shown"
    assert {honest_total(evidence(**more), Plan()).name for more in ({"mode": "dump"}, {"end": Check()})} == {"W1"}


def test_the_proofs_of_a_walk_are_its_checks():
    found = evidence(contiguity=Check("failed", "a gap"), end=Check("not-available", "no end"))
    assert walk_proofs(found, Plan())[1:] == (Proof("W2", "failed", "a gap"), Proof("W3", "not-available", "no end"))
    assert Proof("W4", "passed", "seen").witness == Witness("W4", "passed", "seen")


@pytest.mark.parametrize(("cap", "expected"), [(6, "incomplete"), (7, "incomplete"), (8, "complete")])
def test_as_many_rows_as_the_server_ever_gives_may_be_a_part(cap, expected):
    found = evidence()
    verdict = judge(found, walk_proofs(found, Plan()), Plan(row_cap=cap))
    assert verdict.state == expected
    if expected == "incomplete":
        assert verdict.reason == f"the server gives at most {cap} rows, and 7 came"


def reason(found, *proofs, **settings):
    plan = Plan(**settings)
    return judge(found, [*walk_proofs(found, plan), *proofs], plan).reason


def test_the_reason_names_what_holds_and_what_is_missing():
    assert reason(evidence(), Proof("W4", "passed"), Proof("W9", "not-available")) == "proven by W1, W2, W3, W4"
    assert reason(evidence(totals=[]), Proof("W4", "not-available", "x")) == (
        "W1 is missing: the server gives no totalResults"
    )
    assert reason(evidence(end=Check("not-available", "no end"))) == (
        "W1 is missing: totalResults is 7; the end is not shown; W3 is missing: no end"
    )
    assert reason(evidence(contiguity=Check("not-available", "no order"))) == "W2 is missing: no order"
    dump = evidence(mode="dump", end=Check())
    assert reason(dump, Proof("W5", "passed"), Proof("W4", "passed")) == "proven by W2, W4, W5"
    assert reason(dump).startswith("one list without paging, and neither a roster probe")
    assert reason(evidence(0, [0])).startswith("no rows came")
    assert reason(evidence(), quick=True).endswith("(quick)")


def test_a_dump_that_changed_is_not_saved_by_a_witness():
    found = evidence(mode="dump", contiguity=Check(), end=Check())
    assert state(found, Proof("W5", "passed"), Proof("W8", "passed")) == "unprovable"


@pytest.mark.parametrize(("faults", "more"), [(3, ""), (4, "; and 1 more"), (6, "; and 3 more")])
def test_three_faults_are_shown_and_the_others_counted(faults, more):
    found = evidence(faults=[f"f{number}" for number in range(faults)])
    assert reason(found) == "f0; f1; f2" + more


def test_what_failed_is_told_once_and_by_its_name():
    found = evidence(faults=["a gap"], contiguity=Check("failed", "a gap"))
    assert reason(found, Proof("W4", "failed", "a hole"), Proof("W9", "failed", "x", voids_walk=False)) == (
        "a gap; W4: a hole"
    )


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


def test_a_scope_says_what_it_rests_on():
    assert judge_scope(UNKNOWN, "missing", "passed")[0].reason == "an account made by hand is not listed (W7)"
    assert judge_scope(UNKNOWN, "seen", "not-available")[0].reason == "an account made by hand is listed (W7)"
    assert judge_scope(PARTIAL, None, "passed")[0].reason.endswith("as many accounts as were listed (W8)")
    assert judge_scope(ALL, "seen", "failed")[0].reason.endswith("another number of accounts than were listed (W8)")
    assert judge_scope(PARTIAL, "seen", "failed") == (PARTIAL, ())
    assert judge_scope(ALL, "seen", "not-available") == (ALL, ())
