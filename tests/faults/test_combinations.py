"""Faults in combination: whatever is put together, a walk called complete holds every account.

Left out are combinations no client can see through: a row that is hidden always, by a server whose total hides it too.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults import paging, shapes
from tests.faults.compose import Behaviour, asked
from tests.faults.directory import error
from tests.faults.scenario import Scenario
from tests.faults.test_scenarios import assert_nothing_is_claimed_that_is_not_true, assert_read_only_and_bounded
from tests.faults.world import make

SIZES = st.sampled_from([1, 2, 5, 7, 8, 13, 14, 20, 21, 23])
SMALL = st.integers(1, 24)


def told(name: str) -> st.SearchStrategy[tuple[str, Behaviour]]:
    """One behaviour with drawn settings, and its name."""
    made = {
        "unordered": st.builds(paging.unordered, sortable=st.booleans(), each_request=st.booleans()),
        "clamps": st.just(paging.past_end(paging.clamp)),
        "wraps": st.just(paging.past_end(paging.wrap_around)),
        "cursor": st.builds(paging.cursor, st.sampled_from([2, 3, 7]), opt_in=st.booleans()),
        "cap": st.builds(paging.cap, st.sampled_from([1, 2, 3, 5, 7, 10, 20])),
        "holes": st.builds(paging.holes, st.sets(SMALL, min_size=1, max_size=2), least=st.sampled_from([0, 2, 7])),
        "blank": st.builds(lambda low, more: paging.blank(low, low + more), SMALL, st.integers(0, 6)),
        "shifted": st.builds(paging.shifted, st.sampled_from([-2, -1, 1, 2])),
        "zero-based": st.just(asked(paging.zero_based)),
        "ignores": st.builds(paging.ignore, st.sampled_from(["startIndex", "count", "sortBy", "cursor"])),
        "page-floor": st.builds(paging.page_floor, st.sampled_from([5, 20])),
        "page-number": st.builds(paging.page_number, st.sampled_from([3, 7])),
        "count-refused": st.builds(paging.count_over, st.sampled_from([5, 10])),
        "no-filter": st.just(paging.refuse(shapes.is_filtered, error(400, "no", "invalidFilter"))),
        "no-groups": st.just(shapes.without("/Groups")),
    }
    return st.tuples(st.just(name), made[name])


INNER = st.sampled_from(["unordered", "clamps", "wraps", "cursor"]).flatmap(told)
OUTER = st.sampled_from(
    [
        "holes",
        "blank",
        "shifted",
        "zero-based",
        "ignores",
        "page-floor",
        "page-number",
        "count-refused",
        "no-filter",
        "no-groups",
    ]
).flatmap(told)


@settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SIZES, st.lists(INNER, max_size=1), told("cap"), st.lists(OUTER, min_size=1, max_size=3))
def test_no_combination_is_called_complete_falsely(play, size, inner, cap, outer):
    behaviours = tuple(behaviour for _, behaviour in (*inner, cap, *outer))
    story = " ".join(name for name, _ in (*inner, cap, *outer))
    played = play(Scenario("combined", "", "paging", story, behaviours, lambda: make(size), requests=600))
    assert_read_only_and_bounded(played)
    if played.listing is not None:
        assert_nothing_is_claimed_that_is_not_true(played)
