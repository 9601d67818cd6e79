"""The walk request by request, and what it says of what it saw: which numbers, which checks, in which words."""

from dataclasses import replace

import pytest

from scimaudit.errors import Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Check, Plan, Refused
from scimaudit.sources.scim.verdict import honest_total
from scimaudit.sources.scim.walk import walk
from scimaudit.transport import ServerError

JOINED = "startIndex=0 begins with the first row; pages join"


class Asked:
    """A conforming server; ``odd`` overrides answers by their number, from 1. Keeps ``(startIndex, count)``."""

    def __init__(self, rows, odd=None, *, change=None):
        self.rows, self.odd, self.asked, self.change = rows, odd or {}, [], change

    def __call__(self, target):
        start, count = int(target.get("startIndex", "-1")), int(target.get("count", "-1"))
        self.asked.append((start, count) if target else ())
        answer = self.odd.get(len(self.asked))
        if self.change:
            answer = self.change(start, count, len(self.asked)) or answer
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        first = max(start, 1) - 1
        rows = self.rows[first : first + count] if target else self.rows
        return Page(total=len(self.rows), ids=list(rows))


def test_an_index_walk_is_told_request_by_request(users):
    fetch = Asked(users[:9])
    found = walk(fetch, Plan(count=5))
    first = [(1, 5), (5, 5), (9, 5), (10, 5), (0, 2)]
    assert fetch.asked == [*first, (1, 4), (4, 4), (7, 4), (9, 4), (10, 4)]
    assert (found.mode, found.pages, found.sizes, found.align) == ("index", 9, (5, 4), None)
    assert found.totals == [9] * 10
    assert (found.faults, found.notes, found.gone) == ([], [], ())
    assert found.contiguity == Check("passed", f"{JOINED}; a second pass with 4 rows a page gave the same ids")
    assert found.end == Check("passed", "the page past the last row is empty")


@pytest.mark.parametrize("more", [{"order_promised": True}, {"sort_by": "id"}])
def test_a_promised_order_is_not_walked_twice(users, more):
    fetch = Asked(users[:9])
    found = walk(fetch, Plan(count=5, **more))
    assert len(fetch.asked) == 5
    assert found.contiguity == Check("passed", JOINED)
    assert found.sizes == (5,)


@pytest.mark.parametrize(
    ("rows", "count", "second"),
    [(9, 5, 4), (3, 5, 2), (2, 5, 1), (1, 5, 2), (1, 2, 3), (9, 8, 6), (4, 3, 2), (50, 40, 30)],
)
def test_the_second_pass_asks_for_another_number_of_rows(users, rows, count, second):
    """Never for the number of rows itself: a total that is only the length of the page must differ from it."""
    found = walk(Asked(users[:rows]), Plan(count=count))
    assert found.sizes == (count, second)
    assert second not in (rows, count)


def test_quick_asks_for_nothing_twice(users):
    fetch = Asked(users[:9])
    found = walk(fetch, Plan(count=5, quick=True))
    assert fetch.asked == [(1, 5), (5, 5), (9, 5)]
    assert found.contiguity == Check("not-available", "second pass and origin probe were skipped (quick)")
    assert found.end == Check("not-available", "nobody looked past the last row")


def test_zero_based_by_profile_is_not_probed(users):
    asked = []

    def fetch(target):
        start, count = int(target["startIndex"]), int(target["count"])
        asked.append((start, count))
        return Page(total=9, ids=users[:9][start : start + count])

    found = walk(fetch, Plan(count=5, start_base=0))
    assert asked == [(0, 5), (4, 5), (8, 5), (9, 5), (0, 4), (3, 4), (6, 4), (8, 4), (9, 4)]
    assert found.contiguity.detail.startswith("the walk began at 0, as the profile says; a second pass")


@pytest.mark.parametrize(
    ("answer", "outcome", "detail"),
    [
        (Refused("no", status=400), "passed", "startIndex=0 is refused; pages join"),
        (Refused("no", status=422), "passed", "startIndex=0 is refused; pages join"),
        (Refused("no", status=404), "not-available", "origin probe: no"),
        (Unavailable("down"), "not-available", "origin probe: down"),
        (Page(total=9), "not-available", "origin probe: startIndex=0 gives no rows"),
    ],
)
def test_what_the_origin_probe_shows(users, answer, outcome, detail):
    found = walk(Asked(users[:9], {5: answer}), Plan(count=5, order_promised=True))
    assert found.contiguity == Check(outcome, detail)
    assert found.faults == []


def test_an_origin_probe_that_begins_elsewhere_is_a_fault(users):
    found = walk(Asked(users[:9], {5: Page(total=9, ids=["new", None])}), Plan(count=5, order_promised=True))
    said = "origin probe: startIndex=0 begins with new, startIndex=1 with u0001"
    assert found.contiguity == Check("failed", said)
    assert said in found.faults
    assert "new" in found.gone


def test_a_total_of_the_origin_probe_counts(users):
    found = walk(
        Asked(users[:9], {5: Page(total=8, ids=users[:2])}), Plan(count=5, order_promised=True, total_honest=False)
    )
    assert found.totals == [9, 9, 9, 9, 8]


def test_a_second_pass_that_differs_says_in_what(users):
    def change(start, count, number):
        if count != 4 or number < 6:
            return None
        rows = ["new1", "new2", *users[3:9]]
        return Page(total=9, ids=rows[start - 1 : start - 1 + 4])

    found = walk(Asked(users[:9], change=change), Plan(count=5, total_honest=False))
    said = "unstable: the second pass lacks 3 rows and brings 2 new ones (new1, new2, u0001, u0002, u0003)"
    assert found.faults == [said]
    assert found.contiguity == Check("failed", said)
    assert found.gone == ("new1", "new2")
    assert list(found.ids) == users[:9]


@pytest.mark.parametrize(("lost", "new"), [(0, 1), (1, 0)])
def test_one_row_of_difference_is_enough(users, lost, new):
    rows = [*users[lost:9], *["z"][:new]]

    def change(start, count, number):
        return Page(total=9, ids=rows[start - 1 : start - 1 + 4]) if count == 4 and number > 5 else None

    found = walk(Asked(users[:9], change=change), Plan(count=5, total_honest=False))
    assert found.faults[0].startswith(f"unstable: the second pass lacks {lost} rows and brings {new} new ones")
    assert found.contiguity.outcome == "failed"


def test_faults_of_the_second_pass_are_its_own(users):
    broken = walk(Asked(users[:9], {8: Unavailable("down")}), Plan(count=5))
    assert broken.faults[-1] == "second pass: startIndex 7: down"
    assert broken.contiguity == Check("failed", broken.faults[-1])
    none = walk(Asked(users[:9], {6: Unavailable("down")}), Plan(count=5))
    assert none.faults == ["second pass: down"]
    assert none.contiguity == Check("failed", "second pass: down")


def test_what_was_seen_once_and_not_again_is_gone_whatever_saw_it(users):
    def change(start, count, number):
        return Page(total=8, ids=users[1:9][max(start, 1) - 1 :][:count]) if number > 2 else None

    found = walk(Asked(users[:9], change=change), Plan(count=5))
    assert found.gone == ("u0001",)
    assert found.notes == ["the walk was begun again: totalResults changed (9, 8)"]
    assert found.totals == [8] * len(found.totals)


def test_the_walk_begun_again_does_not_use_the_old_first_page(users):
    fetch = Asked(users[:9], {2: Page(total=10, ids=users[4:9])})
    found = walk(fetch, Plan(count=5))
    assert fetch.asked.count((1, 5)) == 2
    assert found.faults == []


def moving(users, changes):
    """``totalResults`` differs within each of the first walks, and never in the same way."""
    walks = [0]

    def change(start, count, number):
        walks[0] += (start, count) == (1, 5)
        odd = walks[0] <= changes and start == 5
        rows = users[:9][max(start, 1) - 1 :][:count]
        return Page(total=9 + walks[0] if odd else 9, ids=rows)

    return Asked(users[:9], change=change)


@pytest.mark.parametrize(("changes", "fault"), [(3, False), (4, True)])
def test_a_moving_walk_is_begun_again_three_times(users, changes, fault):
    fetch = moving(users, changes)
    found = walk(fetch, Plan(count=5))
    assert fetch.asked.count((1, 5)) == 4
    assert len(found.notes) == 3
    assert found.faults == (["moving: totalResults still changed after 3 restarts: 9, 13"] if fault else [])


def test_the_same_contradiction_twice_is_no_movement(users):
    def change(start, count, number):
        rows = users[:9][max(start, 1) - 1 :][:count]
        return Page(total=len(rows), ids=rows)

    fetch = Asked(users[:9], change=change)
    found = walk(fetch, Plan(count=5))
    assert fetch.asked.count((1, 5)) == 2
    assert "totalResults contradicts itself: 5, 1, 0" in found.faults


def test_a_walk_that_cannot_be_begun_again_keeps_what_it_has(users):
    found = walk(Asked(users[:9], {2: Page(total=10, ids=users[4:9]), 5: Unavailable("down")}), Plan(count=5))
    assert list(found.ids) == users[:9]
    assert found.faults[-1] == "the walk was begun again and failed: down"


def test_pages_without_order_are_sorted_where_that_is_a_cure(users):
    asked = []

    def fetch(target):
        asked.append(target.get("sortBy"))
        rows = users[:9] if target.get("sortBy") else [*users[4:9], *users[:4]] if len(asked) % 2 else users[:9]
        start, count = max(1, int(target["startIndex"])), int(target["count"])
        return Page(total=9, ids=rows[start - 1 : start - 1 + count])

    found = walk(fetch, Plan(count=5, sort_cure="userName"))
    assert found.notes == ["pages came in no order, so they were asked for again sorted by userName"]
    assert (list(found.ids), found.faults) == (users[:9], [])
    assert asked.count("userName") > 4
    begun = asked.index("userName")
    assert set(asked[begun:]) == {"userName"}


@pytest.mark.parametrize("more", [{"sort_cure": None}, {"sort_cure": "userName", "quick": True}])
def test_pages_without_order_are_not_sorted_where_that_is_no_cure_or_nobody_waits(users, more):
    def change(start, count, number):
        rows = users[:9] if number == 1 else [*users[4:9], *users[:4]]
        return Page(total=9, ids=rows[max(start, 1) - 1 :][:count])

    fetch = Asked(users[:9], change=change)
    found = walk(fetch, Plan(count=5, **more))
    assert found.notes == []
    assert found.faults
    assert found.contiguity.outcome == "failed"


@pytest.mark.parametrize("status", [400, 422, 500, 501])
def test_smaller_pages_are_asked_for_where_one_is_refused(users, status):
    error = Refused("much", status=status) if status < 500 else ServerError("much", status=status)
    fetch = Asked(users[:9], {1: error, 2: error})
    found = walk(fetch, Plan(count=60, order_promised=True))
    assert [count for _, count in fetch.asked[:4]] == [60, 50, 20, 20]
    assert found.sizes == (20,)


@pytest.mark.parametrize("error", [Refused("no", status=403), ServerError("no", status=503), Unavailable("no")])
def test_other_trouble_with_the_first_page_is_raised(users, error):
    fetch = Asked(users[:9], {1: error})
    with pytest.raises(type(error)):
        walk(fetch, Plan(count=60))
    assert len(fetch.asked) == 1


def test_a_server_without_paging_is_asked_without_and_that_is_noted(users):
    def change(start, count, number):
        return Refused(f"no {count}", status=400) if count >= 0 else None

    fetch = Asked(users[:9], change=change)
    found = walk(fetch, Plan(count=20))
    assert fetch.asked == [(1, 20), (1, 10), (), ()]
    assert found.notes == ["the server refuses startIndex and count, so it was asked without them"]
    assert (found.mode, found.pages, found.totals) == ("dump", 2, [9, 9])


def test_a_server_that_refuses_everything_says_what_it_said_first(users):
    def change(start, count, number):
        return Refused(f"no {count}", status=400)

    with pytest.raises(Refused, match="no 20"):
        walk(Asked(users[:9], change=change), Plan(count=20))


def test_a_dump_is_told(users):
    fetch = Asked(users[:9])
    found = walk(fetch, Plan(mode="dump"))
    assert fetch.asked == [(), ()]
    assert (found.mode, found.pages, found.totals, found.sizes) == ("dump", 2, [9, 9], ())
    assert found.contiguity == Check("passed", "two requests gave the same rows")
    assert found.end == Check("not-available", "one reply without paging; nothing shows where it ends")
    quick = walk(Asked(users[:9]), Plan(mode="dump", quick=True))
    assert (quick.pages, quick.contiguity) == (1, Check("not-available", "the second request was skipped (quick)"))


def dumped(*pages):
    replies = iter(pages)
    return walk(lambda target: next(replies), Plan(mode="dump"))


def test_what_speaks_against_a_dump_is_counted():
    page = Page(ids=["a", "b", "a", "a", None, None], next_cursor="x")
    found = dumped(page, page)
    assert found.faults == [
        "2 rows of the page at startIndex 1 had come before",
        "2 rows have no id",
        "2 rows came twice in one reply",
        "the reply is not the whole: it names a next page",
    ]
    found = dumped(Page(ids=["a", "b"]), Page(ids=["b", "c", "d"]))
    assert found.faults == ["unstable: two requests differ in 3 rows"]
    assert found.contiguity == Check("failed", found.faults[0])
    assert dumped(Page(ids=["a"], next_link="x"), Page(ids=["a"])).faults != []


def test_a_dump_that_cannot_be_asked_again_says_so(users):
    found = walk(Asked(users[:9], {2: Unavailable("down")}), Plan(mode="dump"))
    assert found.faults == ["asked again: down"]
    assert (found.pages, found.contiguity.outcome) == (1, "not-available")


def same(rows, total=None):
    """Gives the same rows whatever is asked for."""
    asked = []

    def fetch(target):
        asked.append((int(target["startIndex"]), int(target["count"])))
        return Page(total=len(rows) if total is None else total, ids=list(rows))

    return fetch, asked


def test_a_server_that_ignores_paging_gives_one_list(users):
    fetch, asked = same(users[:9])
    found = walk(fetch, Plan(count=5))
    assert asked == [(1, 5), (9, 5), (1, 2)]
    assert (found.mode, found.pages, found.sizes, found.totals) == ("dump", 2, (5,), [9, 9, 9])
    assert found.faults == []
    assert found.contiguity == Check("passed", "every request gives the same rows, whatever page is asked for")
    assert found.end == Check("not-available", "the server ignores paging; one list, whose end nothing shows")


@pytest.mark.parametrize("last", [{}, {"next_cursor": "c"}], ids=["by pages", "by cursor"])
def test_a_larger_total_of_a_page_that_is_not_counted_is_remembered(users, last):
    """The second request was told of 300 rows, and whatever counts in the end was told of nine."""
    plain, asked = same(users[:9])

    def fetch(target):
        page = plain({"startIndex": "1", "count": "1", **target})
        if "startIndex" in target and len(asked) == 3:
            return replace(page, total=300, **last)
        return page

    found = walk(fetch, Plan(count=9))
    assert max(found.told, *found.totals) == 300
    assert honest_total(found, Plan(count=9)).outcome != "passed"


def test_a_server_that_shows_by_a_second_request_that_it_links_its_pages_is_walked_by_links(users):
    def fetch(target):
        if isinstance(target, str):
            return Page(total=9, ids=users[2:9])
        more = target["count"] == "2"
        return Page(total=9, ids=users[:2] if more else users[:9], next_link="next" if more else None)

    found = walk(fetch, Plan(count=9))
    assert (found.mode, found.linked, found.told) == ("cursor", True, 9)


def test_a_second_pass_that_cannot_be_made_or_fails_is_no_movement(users):
    """What failed is not forgiven for a total that moved: the walk is broken, not begun again."""
    for odd in (6, 7):
        found = walk(Asked(users[:9], {odd: Unavailable("down")}), Plan(count=5))
        assert (found.broken, found.contiguity.outcome) == (True, "failed")


def test_a_second_pass_with_a_row_without_id_is_broken(users):
    without = Page(total=9, ids=[*users[:3], None])
    assert walk(Asked(users[:9], {6: without}), Plan(count=5)).broken
    assert not walk(Asked(users[:9]), Plan(count=5)).broken


@pytest.mark.parametrize("last", [{}, {"next_cursor": "c"}], ids=["by pages", "by cursor"])
def test_a_row_of_a_page_that_is_not_counted_is_asked_for(users, last):
    """The third request shows a row that nothing else does: it was deleted, or it is not listed."""
    plain, asked = same(users[:9])

    def fetch(target):
        page = plain({"startIndex": "1", "count": "1", **target})
        return replace(page, ids=[*page.ids[:8], "x"], **last) if len(asked) == 3 else page

    assert walk(fetch, Plan(count=9)).gone == ("x",)


def test_a_row_of_the_pass_that_showed_whole_pages_is_asked_for(users):
    asked = []

    def fetch(target):
        asked.append(target)
        start = (int(target["startIndex"]) - 1) // 3 * 3
        rows = list(users[start : min(start + 3, 9)])
        return Page(total=9, ids=["x", *rows[1:]] if len(asked) < 3 and start == 0 else rows)

    found = walk(fetch, Plan(count=3))
    assert (found.mode, list(found.ids), found.gone) == ("aligned", users[:9], ("x",))


def test_a_larger_total_of_the_pass_that_showed_whole_pages_is_remembered(users):
    asked = []

    def fetch(target):
        asked.append(target)
        start = (int(target["startIndex"]) - 1) // 3 * 3
        return Page(total=300 if len(asked) == 2 else 9, ids=list(users[start : min(start + 3, 9)]))

    found = walk(fetch, Plan(count=3))
    assert found.mode == "aligned"
    assert list(found.ids) == users[:9]
    assert max(found.told, *found.totals) == 300


@pytest.mark.parametrize(("rows", "asked"), [(2, 3), (3, 2), (4, 2), (9, 2)])
def test_it_is_asked_for_another_number_of_rows_than_it_gave(users, rows, asked):
    fetch, requests = same(users[:rows], total=rows)
    walk(fetch, Plan(count=1))
    assert requests[-1] == (1, asked)


@pytest.mark.parametrize(
    ("rows", "more", "total"),
    [(9, {"count": 9}, 9), (9, {"round_caps": frozenset({9})}, 9), (9, {}, 10), (9, {}, 300)],
)
def test_one_list_that_may_be_the_first_page_of_more_is_a_fault(users, rows, more, total):
    fetch, _ = same(users[:rows], total=total)
    found = walk(fetch, Plan(**{"count": 5, **more}))
    assert found.mode == "index"
    said = f"paging is ignored: every page is the first one of {rows} rows"
    assert said in found.faults
    assert found.contiguity == Check("failed", found.faults[0])


def test_one_list_without_a_total_is_one_list(users):
    found = walk(lambda target: Page(ids=users[:9]), Plan(count=5))
    assert (found.mode, found.faults) == ("dump", [])


def test_one_list_with_rows_without_id_is_a_fault(users):
    found = walk(lambda target: Page(total=9, ids=[None, *users[:8]]), Plan(count=5))
    assert found.faults == ["2 rows have no id"]


def test_whole_pages_by_profile_are_told(users):
    def change(start, count, number):
        at = (max(start, 1) - 1) // 3
        return Page(total=9, ids=users[:9][at * 3 : at * 3 + 3])

    fetch = Asked(users[:9], change=change)
    found = walk(fetch, Plan(count=5, mode="aligned", align=3))
    assert fetch.asked == [(1, 5), (4, 5), (7, 5), (10, 5), (0, 2), (2, 5), (1, 2), (4, 2), (7, 2), (10, 2)]
    assert (found.mode, found.align, found.sizes, found.pages) == ("aligned", 3, (5, 2), 8)
    assert found.contiguity.detail.endswith("a second pass with 2 rows a page gave the same ids")
    found = walk(Asked(users[:9], change=change), Plan(count=5, mode="aligned"))
    assert (found.align, list(found.ids)) == (3, users[:9])


def by_page(users, second):
    """A server of whole pages of three rows, which says so many rows as the first has; ``second``: startIndex=2."""

    def change(start, count, number):
        if start == 2:
            return second
        return Page(total=3, ids=users[:3] if start < 2 else [])

    return change


def test_pages_that_are_counted_are_found_out(users):
    fetch = Asked([], change=by_page(users, Page(total=3, ids=[None, users[0], users[7], users[8]])))
    found = walk(fetch, Plan(count=5, mode="aligned", align=3, sort_cure="userName"))
    said = f"startIndex=2 is taken for the number of a page: {users[7]} stands there"
    assert (found.faults, found.contiguity) == ([said], Check("failed", said))
    assert fetch.asked == [(1, 5), (4, 5), (0, 2), (2, 5)]
    assert (found.totals, found.gone) == ([3, 3, 3, 3], (users[7], users[8]))


@pytest.mark.parametrize("second", [Refused("no such page", status=400), Page(ids=[]), Page(ids=[None])])
def test_a_second_row_that_nobody_gives_says_nothing(users, second):
    found = walk(Asked([], change=by_page(users, second)), Plan(count=5, mode="aligned", align=3))
    assert (found.faults, found.contiguity.outcome, list(found.ids)) == ([], "passed", users[:3])
    assert None not in found.totals


def test_the_page_size_of_the_profile_counts_where_the_first_page_is_shorter(users):
    def change(start, count, number):
        at = (max(start, 1) - 1) // 4
        return Page(total=10, ids=[users[:2], users[2:6], users[6:10], []][min(at, 3)])

    fetch = Asked(users[:10], change=change)
    found = walk(fetch, Plan(count=5, mode="aligned", align=4))
    assert fetch.asked[:4] == [(1, 5), (5, 5), (9, 5), (13, 5)]
    assert (list(found.ids), found.align) == (users[:10], 4)


def test_whole_pages_are_found_out(users):
    def change(start, count, number):
        at = (max(start, 1) - 1) // 3
        return Page(total=9, ids=users[:9][at * 3 : at * 3 + 3])

    fetch = Asked(users[:9], change=change)
    found = walk(fetch, Plan(count=5))
    assert (found.mode, found.align, list(found.ids), found.faults) == ("aligned", 3, users[:9], [])


def test_another_paging_that_cannot_be_asked_for_is_told(users):
    def change(start, count, number):
        if number > 2:
            return Unavailable("down")
        return Page(total=9, ids=users[:3])

    found = walk(Asked(users[:9], change=change), Plan(count=5))
    assert list(found.ids) == users[:3]
    assert "asking in another way: down" in found.faults


def test_links_nobody_asked_for_are_followed_as_links(users):
    def fetch(target):
        if target == "https://app.example/2":
            return Page(total=9, ids=users[5:9])
        return Page(total=9, ids=users[:5], next_link="https://app.example/2")

    asked = []

    def counted(target):
        asked.append(target)
        return fetch(target)

    found = walk(counted, Plan(count=5))
    assert (found.mode, list(found.ids)) == ("cursor", users[:9])
    assert len(asked) == 5  # one look at the first page, the walk itself, and the second pass


def test_a_profile_that_says_index_is_believed_though_a_cursor_is_offered(users):
    def change(start, count, number):
        return Page(total=9, ids=users[:9][max(start, 1) - 1 :][:count], next_cursor="x")

    assert walk(Asked(users[:9], change=change), Plan(count=5, mode="index")).mode == "index"


@pytest.mark.parametrize("more", [{}, {"mode": "aligned", "align": 5}, {"quick": True}])
def test_every_request_asks_for_the_order_that_the_profile_names(users, more):
    orders = []

    def fetch(target):
        orders.append(target.get("sortBy"))
        start, count = max(1, int(target["startIndex"])), int(target["count"])
        return Page(total=9, ids=users[:9][start - 1 : start - 1 + count])

    walk(fetch, Plan(count=5, sort_by="id", **more))
    assert set(orders) == {"id"}


def test_few_things_are_named_and_the_others_hinted_at(users):
    def change(start, count, number):
        rows = users[:9][max(start, 1) - 1 :][:count]
        return Page(total=100 + start, ids=rows)

    found = walk(Asked(users[:9], change=change), Plan(count=2))
    assert "totalResults contradicts itself: 101, 102, 103, 104, 105, …" in found.faults


def test_a_walk_that_broke_off_or_does_not_join_says_so(users):
    found = walk(Asked(users[:9], {2: Unavailable("down")}), Plan(count=5))
    assert found.contiguity == Check("not-available", "the walk broke off")
    found = walk(Asked(users[:9], {2: Page(total=9, ids=users[5:9])}), Plan(count=5, mode="index"))
    assert found.contiguity == Check("failed", "the page at startIndex 5 begins with u0006 where u0005 was due")
    assert found.mode == "index"


class Sorted:
    """A server that gives rows in another order where nobody asks for one; keeps what it was asked for."""

    def __init__(self, rows, *, origin=None):
        self.rows, self.origin, self.asked = rows, origin, []

    def __call__(self, target):
        self.asked.append(target)
        start, size = int(target["startIndex"]), int(target["count"])
        rows = list(self.rows[max(start, 1) - 1 : max(start, 1) - 1 + size])
        if self.origin and start == 0 and "sortBy" not in target:
            rows[0] = self.origin
        return Page(total=len(self.rows), ids=rows)

    @property
    def orders(self):
        return {target.get("sortBy") for target in self.asked}


def test_rows_that_came_in_order_are_not_asked_for_sorted(users):
    fetch = Sorted(users[:9])
    found = walk(fetch, Plan(count=5, sort_cure="id"))
    assert (found.faults, found.notes, fetch.orders) == ([], [], {None})


def test_a_first_row_that_is_another_one_twice_is_asked_for_sorted(users):
    fetch = Sorted(users[:9], origin="x")
    found = walk(fetch, Plan(count=5, sort_cure="id"))
    assert found.notes == ["pages came in no order, so they were asked for again sorted by id"]
    assert (found.faults, found.gone, fetch.orders) == ([], ("x",), {None, "id"})


def test_a_total_that_moves_without_disorder_is_no_reason_to_sort(users):
    asked = []

    def fetch(target):
        asked.append(target)
        start = max(int(target["startIndex"]), 1) - 1
        return Page(total=10 if len(asked) == 1 else 9, ids=list(users[start : min(start + int(target["count"]), 9)]))

    found = walk(fetch, Plan(count=5, sort_cure="id"))
    assert {target.get("sortBy") for target in asked} == {None}
    assert found.told == 10


def test_the_largest_total_of_all_walks_that_were_begun_again_is_told(users):
    totals = iter([12, 11, 11, 11, 10, 9, 9, 9])

    def fetch(target):
        start = max(int(target["startIndex"]), 1) - 1
        return Page(total=next(totals, 9), ids=list(users[start : min(start + int(target["count"]), 9)]))

    found = walk(fetch, Plan(count=5))
    assert (len(found.notes), found.told, set(found.totals)) == (2, 12, {9})


def test_a_list_without_rows_was_never_told_of_more():
    found = walk(Asked([]), Plan(count=5))
    assert (found.told, list(found.ids), found.faults) == (0, [], [])
