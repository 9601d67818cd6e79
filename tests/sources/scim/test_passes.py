"""One pass, request by request: where it asks, when it stops, and what it keeps of what it saw."""

import pytest

from scimaudit.errors import Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Check, Refused
from scimaudit.sources.scim.passes import Pass, aligned_pass, index_pass, sorting, window


class Rows:
    """Answers by startIndex; keeps where it was asked. ``odd`` overrides an answer."""

    def __init__(self, rows, *, cap=100, odd=None, total=None):
        self.rows, self.cap, self.odd, self.total, self.asked = rows, cap, odd or {}, total, []

    def __call__(self, target):
        start, count = int(target["startIndex"]), int(target["count"])
        self.asked.append(start)
        answer = self.odd.get(start)
        if isinstance(answer, Exception):
            raise answer
        rows = self.rows[start - 1 : start - 1 + min(count, self.cap)] if answer is None else answer
        return Page(total=len(self.rows) if self.total is None else self.total, ids=list(rows))


def abc(number):
    return [f"r{place}" for place in range(1, number + 1)]


def test_parameters():
    assert sorting(None) == {}
    assert sorting("id") == {"sortBy": "id", "sortOrder": "ascending"}
    assert window(3, 5, {"x": "y"}) == {"x": "y", "startIndex": "3", "count": "5"}


def test_a_pass_overlaps_and_looks_past_the_last_row():
    fetch = Rows(abc(7), cap=3)
    seen = index_pass(fetch, 3, {})
    assert fetch.asked == [1, 3, 5, 7, 8]
    assert list(seen.ids) == abc(7)
    assert (seen.totals, seen.pages, seen.largest, seen.tail) == ([7] * 5, 5, 3, "empty")
    assert (seen.first, seen.moved, seen.repeated, seen.ceiling) == (["r1", "r2", "r3"], True, False, False)
    assert seen.faults == []


def test_a_first_page_that_is_there_is_not_asked_for_again():
    fetch = Rows(abc(4), cap=3)
    index_pass(fetch, 3, {}, first=Page(total=4, ids=abc(3)))
    assert fetch.asked == [3, 4, 5]


def test_nobody_looks_past_the_end_where_it_is_not_wanted():
    fetch = Rows(abc(4), cap=3)
    seen = index_pass(fetch, 3, {}, probe_tail=False)
    assert (fetch.asked, seen.tail, list(seen.ids)) == ([1, 3, 4], "", abc(4))


@pytest.mark.parametrize(("ceiling", "asked", "stopped"), [(4, [1, 3], True), (5, [1, 3, 5, 6], False)])
def test_a_pass_ends_at_the_ceiling(ceiling, asked, stopped):
    fetch = Rows(abc(5), cap=3)
    seen = index_pass(fetch, 3, {}, ceiling=ceiling)
    assert (fetch.asked, seen.ceiling) == (asked, stopped)


def test_pages_of_one_row_do_not_overlap():
    fetch = Rows(abc(3), cap=1)
    seen = index_pass(fetch, 1, {})
    assert (fetch.asked, list(seen.ids), seen.tail, seen.faults) == ([1, 2, 3, 4], abc(3), "empty", [])


def test_a_row_that_was_not_due_again_had_come_before():
    seen = index_pass(Rows(abc(2), cap=1, odd={2: ["r1", "r2"]}), 1, {})
    assert seen.disorder[0] == "1 rows of the page at startIndex 2 had come before"


@pytest.mark.parametrize("cap", [1, 3])
@pytest.mark.parametrize(("error", "tail"), [(Refused("no", status=404), "404"), (Refused("no", status=400), "400")])
def test_a_refusal_past_the_last_row_is_a_tail(cap, error, tail):
    seen = index_pass(Rows(abc(3), cap=cap, odd={4: error}), cap, {})
    assert (seen.tail, seen.breaks, seen.failed) == (tail, [], False)


@pytest.mark.parametrize("cap", [1, 3])
@pytest.mark.parametrize("error", [Refused("no", status=403), Unavailable("no")])
def test_any_other_trouble_past_the_last_row_is_a_break(cap, error):
    seen = index_pass(Rows(abc(3), cap=cap, odd={4: error}), cap, {})
    assert (seen.tail, seen.failed) == ("", True)
    assert seen.breaks == ["startIndex 4: no" if cap == 1 else "past the end, startIndex 4: no"]


@pytest.mark.parametrize("error", [Refused("no", status=404), Refused("no", status=400), Unavailable("no")])
def test_a_refusal_where_rows_are_due_is_a_break(error):
    seen = index_pass(Rows(abc(7), cap=3, odd={3: error}), 3, {})
    assert (seen.tail, seen.breaks, list(seen.ids)) == ("", ["startIndex 3: no"], abc(3))
    assert seen.failed


def test_an_empty_page_where_a_row_was_due_is_a_break_and_the_rest_is_still_fetched():
    fetch = Rows(abc(7), cap=3, odd={3: []})
    seen = index_pass(fetch, 3, {})
    assert fetch.asked == [1, 3, 4, 6, 7, 8]
    assert seen.breaks == [
        "the page at startIndex 3 is empty where row r3 was due",
        "the page at startIndex 4, past the end, holds 3 unseen rows",
    ]
    assert list(seen.ids) == abc(7)


def test_a_page_that_begins_with_another_row_is_disorder():
    seen = index_pass(Rows(abc(5), cap=3, odd={3: ["r4", "r5"]}), 3, {})
    assert seen.disorder[0] == "the page at startIndex 3 begins with r4 where r3 was due"
    seen = index_pass(Rows(["r1", None, None], cap=2), 2, {})
    assert seen.disorder == ["the page at startIndex 2 begins with None where None was due"]


def test_rows_that_came_before_are_counted_with_the_page_they_came_on():
    seen = index_pass(Rows(abc(9), cap=4, odd={4: ["r4", "r1", "r2", "r5"]}), 4, {})
    assert seen.disorder[0] == "2 rows of the page at startIndex 4 had come before"
    seen = index_pass(Rows(abc(9), cap=4, odd={4: ["r5", "r4", "r6"]}), 4, {})
    assert seen.disorder[:2] == [
        "1 rows of the page at startIndex 4 had come before",
        "the page at startIndex 4 begins with r5 where r4 was due",
    ]


def test_a_page_of_known_rows_alone_is_a_repetition():
    seen = index_pass(Rows(abc(9), cap=3, odd={3: ["r3", "r1"]}), 3, {})
    assert (seen.repeated, seen.breaks) == (True, ["the page at startIndex 3 repeats known rows only"])
    seen = index_pass(Rows(abc(3), cap=3, odd={3: ["r1"]}), 3, {})
    assert seen.repeated


def test_known_rows_past_the_end_are_a_tail():
    for cap in (1, 3):
        seen = index_pass(Rows(abc(3), cap=cap, odd={4: ["r2"]}), cap, {})
        assert (seen.tail, seen.breaks, seen.repeated) == ("known", [], False)


def growing(by_page):
    pages = iter(by_page)
    seen = Pass(3)
    for total in pages:
        seen.add(Page(total=total, ids=[]), 1)
    return seen


def test_growth_is_counted_between_pages():
    assert growing([5, 5, 4, 5, None, 6]).grown == 2
    assert growing([5]).grown == 0
    assert (growing(range(10)).grows, growing(range(11)).grows) == (False, True)
    assert [growing(totals).steady for totals in ([], [5], [5, 5], [5, None], [5, 6])] == [True] * 4 + [False]


def test_a_pass_that_runs_after_growing_data_gives_up():
    class Growing(Rows):
        def __call__(self, target):
            self.rows.append(f"r{len(self.rows) + 1}")
            return super().__call__(target)

    fetch = Growing(abc(40), cap=2)
    seen = index_pass(fetch, 2, {})
    assert seen.breaks == ["moving: totalResults grew 10 times during one pass"]
    assert len(fetch.asked) == 11


def test_what_a_pass_saw_of_its_pages():
    seen = Pass(3)
    assert seen.add(Page(ids=["a", None, "b"]), 1) == 2
    assert (seen.moved, seen.without_id, seen.largest, seen.totals) == (False, 1, 3, [])
    assert seen.add(Page(total=9, ids=["a", None, "b"]), 4) == 0
    assert (seen.moved, seen.without_id, seen.disorder) == (False, 2, [])
    assert seen.add(Page(total=9, ids=[]), 4) == 0
    assert not seen.moved
    assert seen.add(Page(total=9, ids=["c"]), 4, "b") == 1
    assert (seen.moved, seen.last, seen.pages, seen.totals) == (True, ["c"], 4, [9, 9, 9])
    assert (seen.first, list(seen.ids), seen.largest) == (["a", None, "b"], ["a", "b", "c"], 3)


def test_the_first_faults_are_shown_and_the_others_counted():
    seen = Pass(3, breaks=["b1", "b2", "b3", "b4"], disorder=["d1", "d2", "d3", "d4", "d5"], without_id=2)
    assert seen.faults == ["b1", "b2", "b3", "d1", "d2", "d3", "3 more page faults", "2 rows have no id"]
    assert Pass(3, breaks=["b1", "b2", "b3"]).faults == ["b1", "b2", "b3"]
    assert Pass(3, breaks=["b1"], disorder=["d1"]).faults == ["b1", "d1"]


EMPTY, KNOWN = "the page past the last row is empty", "past the last row the server repeats known rows"


@pytest.mark.parametrize(
    ("tail", "moved", "past_end", "expected"),
    [
        ("empty", True, "empty", Check("passed", EMPTY)),
        ("empty", True, "unknown", Check("passed", EMPTY)),
        ("empty", True, "404", Check("failed", f"{EMPTY}, where the profile says 404")),
        ("empty", True, "clamp", Check("failed", f"{EMPTY}, where the profile says clamp")),
        ("404", True, "404", Check("passed", "past the last row the server answers 404, as its profile says")),
        ("400", True, "400", Check("passed", "past the last row the server answers 400, as its profile says")),
        ("404", True, "400", Check("not-available", "past the last row the server answers 404")),
        ("400", True, "unknown", Check("not-available", "past the last row the server answers 400")),
        ("known", True, "clamp", Check("passed", f"{KNOWN}, as its profile says")),
        ("known", True, "repeat", Check("passed", f"{KNOWN}, as its profile says")),
        ("known", False, "clamp", Check("not-available", KNOWN)),
        ("known", True, "unknown", Check("not-available", KNOWN)),
        ("known", True, "empty", Check("not-available", KNOWN)),
        ("", True, "empty", Check("not-available", "nobody looked past the last row")),
    ],
)
def test_the_end_is_the_end_where_the_profile_does_not_say_otherwise(tail, moved, past_end, expected):
    assert Pass(3, tail=tail, moved=moved).end(past_end) == expected


class Floor(Rows):
    """Gives whole pages: ``page(start)`` tells which, from 1."""

    def __init__(self, rows, size, page, **more):
        super().__init__(rows, **more)
        self.size, self.page = size, page

    def __call__(self, target):
        start = int(target["startIndex"])
        self.asked.append(start)
        answer = self.odd.get(start)
        if isinstance(answer, Exception):
            raise answer
        at = max(self.page(start), 1)
        return Page(
            total=len(self.rows), ids=self.rows[(at - 1) * self.size : at * self.size] if answer is None else answer
        )


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        (lambda start: (start - 1) // 3 + 1, [1, 4, 7, 10]),
        (lambda start: start // 3 + 1, [1, 4, 7, 10]),
        (lambda start: (start - 3) // 3 + 1 if start % 3 == 0 else 1, [1, 4, 3, 6, 9, 12]),
    ],
    ids=["k*size + 1", "either", "(k + 1)*size"],
)
def test_whole_pages_are_found_wherever_they_begin(page, asked):
    fetch = Floor(abc(8), 3, page)
    seen = aligned_pass(fetch, 100, {})
    assert list(seen.ids) == abc(8)
    assert (seen.tail, seen.faults) == ("empty", [])
    assert fetch.asked[:2] == asked[:2]


def test_whole_pages_are_asked_for_in_three_places_before_it_is_given_up():
    fetch = Floor(abc(8), 3, lambda start: 1)
    seen = aligned_pass(fetch, 100, {})
    assert fetch.asked == [1, 4, 3, 6]
    assert (list(seen.ids), seen.tail) == (abc(3), "known")


def test_once_whole_pages_are_found_no_other_place_is_tried():
    fetch = Floor(abc(6), 3, lambda start: min((start - 1) // 3 + 1, 2))
    seen = aligned_pass(fetch, 100, {})
    assert (fetch.asked, list(seen.ids), seen.tail) == ([1, 4, 7], abc(6), "known")


def test_a_known_page_size_counts_and_a_first_page_that_is_there():
    fetch = Floor(abc(8), 4, lambda start: (start - 1) // 4 + 1)
    seen = aligned_pass(fetch, 100, {}, first=Page(total=8, ids=abc(4)), align=4)
    assert (fetch.asked, list(seen.ids)) == ([5, 9], abc(8))
    fetch = Floor(abc(8), 4, lambda start: (start - 1) // 4 + 1)
    aligned_pass(fetch, 100, {}, first=Page(total=8, ids=abc(2)), align=4)
    assert fetch.asked == [5, 9]


def test_rows_that_come_twice_on_the_first_whole_page_are_told_with_it():
    seen = aligned_pass(Floor(["r1", "r1", "r2"], 3, lambda start: (start - 1) // 3 + 1), 100, {})
    assert seen.disorder == ["1 rows of the page at startIndex 1 had come before"]


def test_no_rows_are_no_pages():
    fetch = Floor([], 3, lambda start: 1)
    seen = aligned_pass(fetch, 100, {}, align=3)
    assert (fetch.asked, seen.tail, seen.pages) == ([1], "", 1)


def test_an_empty_second_page_is_the_end():
    fetch = Floor(abc(3), 3, lambda start: (start - 1) // 3 + 1)
    seen = aligned_pass(fetch, 100, {})
    assert (fetch.asked, seen.tail) == ([1, 4], "empty")


@pytest.mark.parametrize(("status", "tail"), [(404, "404"), (400, "400"), (403, "")])
def test_a_refusal_after_the_second_whole_page_is_a_tail(status, tail):
    fetch = Floor(abc(6), 3, lambda start: (start - 1) // 3 + 1, odd={7: Refused("no", status=status)})
    seen = aligned_pass(fetch, 100, {})
    assert (seen.tail, seen.failed) == (tail, not tail)
    assert seen.breaks == ([] if tail else ["startIndex 7: no"])


@pytest.mark.parametrize("error", [Refused("no", status=404), Refused("no", status=400), Unavailable("no")])
def test_a_refusal_of_the_second_whole_page_is_a_break(error):
    seen = aligned_pass(Floor(abc(6), 3, lambda start: 1, odd={4: error}), 100, {})
    assert (seen.tail, seen.breaks, seen.failed) == ("", ["startIndex 4: no"], True)
