from itertools import chain, count, cycle, repeat

import pytest

from scimaudit.errors import Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Check, Cursor, Refused


def paged(users, *, size=50, total=None, cap=None):
    """RFC 9865: a cursor on every page but the last."""

    def fetch(target):
        start = int(target.get("cursor") or "0")
        after = start + min(int(target["count"]), cap or size)
        rows = users if cap is None else users[:cap]
        return Page(total=total, ids=rows[start:after], next_cursor=str(after) if after < len(rows) else None)

    return fetch


def test_all_pages_and_a_total_are_complete(users, listed):
    found, verdict = listed(paged(users, total=300), mode="cursor")
    assert (list(found.ids), verdict.state) == (users, "complete")


def one_goes_and_one_comes(rows, times):
    """So often, each time in the middle of another walk: an offset behind a cursor skips a row, and the total stands."""
    answer, left, begun = paged(rows, total=len(rows)), [times], [False]

    def fetch(target):
        begun[0] = begun[0] or "cursor" not in target
        if "cursor" in target and begun[0] and left[0]:
            left[0] -= 1
            begun[0] = False
            del rows[0]
            rows.append(f"made-meanwhile-{left[0]}")
        return answer(target)

    return fetch


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_row_that_an_offset_skips_is_seen_by_another_pass_and_had_by_the_next(users, listed, times):
    rows = list(users)
    found, verdict = listed(one_goes_and_one_comes(rows, times), mode="cursor")
    assert verdict.state == "complete"
    assert set(found.ids) == set(rows)
    assert set(found.gone) == set(users[:times])
    assert found.notes
    assert set(found.notes) <= {
        f"the walk was begun again: unstable: the second pass differs in {number} rows" for number in (2, 3, 4)
    }
    assert (set(found.totals), found.contiguity.outcome) == ({300}, "passed")


def test_a_list_that_never_holds_still_is_incomplete(users, listed):
    asked = []
    answer = one_goes_and_one_comes(list(users), 99)

    def fetch(target):
        asked.append("cursor" not in target)
        return answer(target)

    found, verdict = listed(fetch, mode="cursor")
    assert verdict.state == "incomplete"
    assert sum(asked) == 5
    assert found.faults[0].startswith("unstable: the second pass differs in ")
    assert found.faults[-1] == "moving: of 5 passes no two in a row were the same"
    assert found.contiguity == Check("failed", found.faults[0])


def test_an_account_that_is_deleted_between_two_passes_is_not_listed(users, listed):
    rows = list(users)

    def fetch(target):
        if target["count"] == "38" and len(rows) == 300:
            del rows[7]
        return paged(rows, total=len(rows))(target)

    found, verdict = listed(fetch, mode="cursor")
    assert (verdict.state, list(found.ids), found.gone) == ("complete", rows, (users[7],))
    assert set(found.totals) == {299}


def test_a_pass_that_breaks_off_is_not_begun_again(users, listed):
    asked = []

    def fetch(target):
        asked.append(target)
        if target == {"count": "38", "cursor": "76"}:
            raise Unavailable("down")
        return paged(users, total=300)(target)

    found, verdict = listed(fetch, mode="cursor")
    assert verdict.state == "incomplete"
    assert found.faults == ["page 3: down"]
    assert found.contiguity == Check("failed", "page 3: down")
    assert (len(asked), found.notes) == (9, [])


def test_what_is_wrong_beside_a_total_that_moved_is_not_forgiven(listed):
    def fetch(target):
        asked.append(target)
        if "cursor" in target:
            return Page(total=4, ids=["c", None], next_cursor=None)
        return Page(total=3, ids=["a", "b"], next_cursor="x")

    asked = []
    found, verdict = listed(fetch, mode="cursor")
    assert verdict.state == "incomplete"
    assert found.faults == ["1 rows have no id", "totalResults changed during the walk"]
    assert len(asked) == 2


def test_a_list_that_grows_as_it_is_read_is_left_off(users, listed):
    asked = []

    def fetch(target):
        asked.append(target)
        users.append(f"new{len(asked)}")
        return paged(users, size=1, total=len(users))(target)

    found, verdict = listed(fetch, mode="cursor")
    assert verdict.state == "incomplete"
    assert found.faults[0] == "moving: totalResults grew 10 times during one pass"
    assert len(asked) == 11


def test_a_total_that_changes_in_every_walk_alike_contradicts_itself(users, listed):
    asked = []

    def fetch(target):
        asked.append(target)
        return paged(users, total=300 - int(target.get("cursor") or 0))(target)

    found, verdict = listed(fetch, mode="cursor", count=50)
    assert verdict.state == "incomplete"
    assert found.faults[0] == "totalResults changed during the walk"
    assert found.faults[-1] == "totalResults contradicts itself"
    assert sum("cursor" not in target for target in asked) == 3


def test_without_totals_two_passes_must_still_be_equal(users, listed):
    rows = list(users)
    answer = one_goes_and_one_comes(rows, 1)

    def fetch(target):
        page = answer(target)
        page.total = None
        return page

    found, verdict = listed(fetch, mode="cursor")
    assert (verdict.state, found.contiguity.outcome, set(found.ids)) == ("unprovable", "passed", set(rows))


def test_a_later_pass_that_cannot_begin_proves_nothing(users, listed):
    answer = one_goes_and_one_comes(list(users), 1)
    begun = []

    def fetch(target):
        if "cursor" not in target:
            begun.append(target)
        if len(begun) == 3:
            raise Unavailable("down")
        return answer(target)

    found, verdict = listed(fetch, mode="cursor")
    assert (verdict.state, found.faults) == ("incomplete", ["second pass: down"])


def test_a_second_pass_that_fails_proves_nothing(users, listed):
    def fetch(target):
        if target["count"] == "38":
            raise Unavailable("down")
        return paged(users, total=300)(target)

    _, verdict = listed(fetch, mode="cursor")
    assert verdict.state == "incomplete"
    assert "second pass: down" in verdict.reason


def test_a_total_that_changes_between_two_passes_proves_nothing(users, listed):
    def fetch(target):
        return paged(users, total=300 if target["count"] == "100" else 299)(target)

    _, verdict = listed(fetch, mode="cursor")
    assert verdict.state == "incomplete"


def test_a_quick_walk_passes_once(users, listed):
    asked = []

    def fetch(target):
        asked.append(target["count"])
        return paged(users, total=300)(target)

    assert listed(fetch, mode="cursor", quick=True)[1].state == "unprovable"
    assert set(asked) == {"100"}


def test_without_a_total_a_witness_is_needed(users, listed):
    found, verdict = listed(paged(users), mode="cursor")
    assert (found.end.outcome, verdict.state) == ("passed", "unprovable")


def test_the_first_request_carries_no_cursor_unless_opted_in(users, listed):
    asked = []

    def fetch(target):
        asked.append(dict(target))
        return paged(users)(target)

    listed(fetch, mode="cursor")
    listed(fetch, mode="cursor", cursor=Cursor(first=""))
    firsts = [params for params in asked if params.get("cursor") in (None, "")]
    assert firsts == [{"count": "100"}, {"count": "38"}, {"count": "100", "cursor": ""}, {"count": "38", "cursor": ""}]


def test_one_page_must_name_a_next_one_when_halved(users, listed):
    found, verdict = listed(paged(users[:40], total=40), mode="cursor")
    assert found.end.outcome == "passed"
    assert verdict.state == "complete"


def test_a_cut_list_without_cursor_is_incomplete(users, listed):
    def fetch(target):
        return Page(total=None, ids=users[:100][: int(target["count"])])

    _, verdict = listed(fetch, mode="cursor", cursor=Cursor(first=""))
    assert verdict.state == "incomplete"
    assert "neither does half of it" in verdict.reason


def test_one_row_cannot_be_halved(users, listed):
    assert listed(paged(users[:1], total=1), mode="cursor")[1].state == "unprovable"


def test_quick_does_not_halve(users, listed):
    found, verdict = listed(paged(users[:40], total=40), mode="cursor", quick=True)
    assert (found.end.outcome, verdict.state) == ("not-available", "unprovable")


def test_halving_that_fails_is_not_available(users, listed):
    def fetch(target):
        if target["count"] != "100":
            raise Unavailable("down")
        return Page(total=40, ids=users[:40])

    assert listed(fetch, mode="cursor")[0].end.outcome == "not-available"


def test_a_repeated_cursor_is_incomplete(users, listed):
    def fetch(target):
        return Page(ids=users[:50] if "cursor" not in target else users[50:60], next_cursor="again")

    _, verdict = listed(fetch, mode="cursor")
    assert verdict.state == "incomplete"
    assert "cursor" in verdict.reason


def test_a_row_that_comes_twice_is_incomplete(users, listed):
    def fetch(target):
        return Page(ids=users[40:60]) if "cursor" in target else Page(ids=users[:50], next_cursor="x")

    assert listed(fetch, mode="cursor")[1].state == "incomplete"


def test_rows_without_id_are_incomplete(listed):
    pages = iter([Page(ids=["a", None], next_cursor="x"), Page(ids=["b"])])
    assert "no id" in listed(lambda target: next(pages), mode="cursor")[1].reason


def test_an_empty_page_with_a_cursor_goes_on(users, listed):
    def fetch(target):
        cursor = target.get("cursor")
        if cursor is None:
            return Page(total=60, ids=users[:50], next_cursor="gap")
        return Page(total=60, ids=[], next_cursor="rest") if cursor == "gap" else Page(total=60, ids=users[50:60])

    found, verdict = listed(fetch, mode="cursor")
    assert (len(found.ids), verdict.state) == (60, "complete")


def test_empty_pages_without_end_are_incomplete(listed):
    numbers = iter(range(1000))
    _, verdict = listed(lambda target: Page(ids=[], next_cursor=str(next(numbers))), mode="cursor")
    assert "empty pages" in verdict.reason


def test_an_expired_cursor_restarts_the_walk(users, listed):
    troubles = [Refused("expired", status=400, scim_type="expiredCursor")]

    def fetch(target):
        if target.get("cursor") == "50" and troubles:
            raise troubles.pop()
        return paged(users, total=300)(target)

    found, verdict = listed(fetch, mode="cursor")
    assert (list(found.ids), verdict.state) == (users, "complete")


def test_a_cursor_that_always_expires_is_incomplete(users, listed):
    def fetch(target):
        if "cursor" in target:
            raise Refused("expired", status=400, scim_type="expiredCursor")
        return paged(users)(target)

    assert "expired" in listed(fetch, mode="cursor")[1].reason


def test_any_other_refusal_in_the_middle_is_incomplete(users, listed):
    def fetch(target):
        if "cursor" in target:
            raise Refused("broken", status=400, scim_type="invalidCursor")
        return paged(users)(target)

    found, verdict = listed(fetch, mode="cursor")
    assert (len(found.ids), verdict.state) == (50, "incomplete")


def test_a_total_that_changes_is_incomplete(users, listed):
    totals = cycle([300, 301, 300, 300, 300, 300])

    def fetch(target):
        page = paged(users)(target)
        page.total = next(totals)
        return page

    assert listed(fetch, mode="cursor")[1].state == "incomplete"


@pytest.mark.parametrize(("told", "state"), [([299, 300], "complete"), ([301, 300], "unprovable")])
def test_a_total_that_changed_during_a_walk_begins_it_again(users, listed, told, state):
    totals = chain(told, repeat(300))

    def fetch(target):
        page = paged(users)(target)
        page.total = next(totals)
        return page

    found, verdict = listed(fetch, mode="cursor")
    assert found.notes == ["the walk was begun again: totalResults changed during the walk"]
    assert verdict.state == state
    # Of the row that was told of and never came nobody knows whether it was deleted, or is kept from us.
    assert ("an earlier pass was told of 301 rows" in verdict.reason) is (state == "unprovable")


@pytest.mark.parametrize(("mode", "expires"), [(None, False), ("cursor", True)])
def test_a_larger_total_of_a_walk_that_was_left_wants_another_witness(users, listed, mode, expires):
    asked = []

    def fetch(target):
        asked.append(target)
        if expires and len(asked) == 2:
            raise Refused("expired", status=400, scim_type="expiredCursor")
        return paged(users, total=301 if len(asked) == 1 else 300)(target)

    _, verdict = listed(fetch, mode=mode)
    assert verdict.state == "unprovable"
    assert "an earlier pass was told of 301 rows" in verdict.reason


def test_moved_and_quiet_passes_in_turn_are_left_off_too(users, listed):
    begun = []

    def fetch(target):
        if "cursor" not in target:
            begun.append(target)
        moving = len(begun) % 2 and "cursor" in target
        return paged(users, total=300 + moving * len(begun))(target)

    found, verdict = listed(fetch, mode="cursor")
    assert (verdict.state, len(begun)) == ("incomplete", 5)
    assert found.faults == [
        "totalResults changed during the walk", "moving: of 5 passes no two in a row were the same",
    ]  # fmt: skip


def marked(users, marker):
    def fetch(target):
        start = 0 if target["startId"] == "initial" else int(target["startId"])
        return Page(total=300, ids=users[start : start + 50], next_id=str(start + 50) if start + 50 < 300 else marker)

    return fetch


def test_an_end_marker_ends_the_walk(users, listed):
    cursor = Cursor("startId", "initial", "next_id", "end")
    found, verdict = listed(marked(users, "end"), mode="cursor", cursor=cursor)
    assert (list(found.ids), verdict.state) == (users, "complete")


def test_a_missing_end_marker_is_incomplete(users, listed):
    cursor = Cursor("startId", "initial", "next_id", "end")
    assert listed(marked(users, None), mode="cursor", cursor=cursor)[1].state == "incomplete"


def test_next_links_are_followed_as_they_are(users, listed):
    asked = []

    def fetch(target):
        asked.append(target)
        if isinstance(target, str):
            return Page(total=80, ids=users[50:80])
        return Page(total=80, ids=users[:50], next_link="https://app.example/Users?skip=50")

    found, verdict = listed(fetch)
    assert (len(found.ids), verdict.state) == (80, "complete")
    assert asked[-1] == "https://app.example/Users?skip=50"


def test_a_count_that_is_refused_is_lowered(users, listed):
    def fetch(target):
        if int(target["count"]) > 50:
            raise Refused("invalidCount", status=400)
        return paged(users, total=300)(target)

    found, verdict = listed(fetch, mode="cursor", count=200)
    assert (found.sizes, verdict.state) == ((50, 38), "complete")


@pytest.mark.parametrize("status", [400, 404])
def test_a_refusal_of_the_first_page_is_raised(listed, status):
    def fetch(target):
        raise Refused("no", status=status)

    with pytest.raises(Refused):
        listed(fetch, mode="cursor")


def expiring(users, times):
    """Its cursor expires so often, each time in the middle of another walk."""
    left = [times]

    def fetch(target):
        if target.get("cursor") == "50" and left[0]:
            left[0] -= 1
            raise Refused("expired", status=400, scim_type="EXPIREDCURSOR")
        return paged(users, total=300)(target)

    return fetch


@pytest.mark.parametrize(("times", "state"), [(3, "complete"), (4, "incomplete")])
def test_a_walk_is_begun_again_three_times(users, listed, times, state):
    found, verdict = listed(expiring(users, times), mode="cursor")
    assert verdict.state == state
    if state == "incomplete":
        assert found.faults == ["the cursor expired in each of 4 walks"]
        assert list(found.ids) == users[:50]
        assert found.totals == [300]


def test_rows_of_an_expired_walk_that_are_not_there_again_are_gone(users, listed):
    walks = [users[:300], users[10:300]]

    def fetch(target):
        if "cursor" in target and len(walks) == 2:
            del walks[0]
            raise Refused("expired", status=400, scim_type="expiredCursor")
        return paged(walks[0])(target)

    found, _ = listed(fetch, mode="cursor")
    assert found.gone == tuple(users[:10])
    assert list(found.ids) == users[10:]


@pytest.mark.parametrize(("gaps", "state"), [(20, "complete"), (21, "incomplete")])
def test_twenty_empty_pages_in_a_row_are_followed_and_counted_anew_after_rows(users, listed, gaps, state):
    pages = [["a"], *[[] for _ in range(20)], ["b"], *[[] for _ in range(gaps)], ["c"]]

    def fetch(target):
        at = int(target.get("cursor", "0"))
        return Page(total=3, ids=pages[at], next_cursor=str(at + 1) if at + 1 < len(pages) else None)

    found, verdict = listed(fetch, mode="cursor")
    assert verdict.state == state
    assert list(found.ids) == (["a", "b", "c"] if state == "complete" else ["a", "b"])
    if state == "incomplete":
        assert found.faults == ["more than 20 empty pages in a row"]
        assert found.contiguity == Check("failed", found.faults[0])


def test_what_is_wrong_with_a_walk_is_counted(listed):
    pages = [
        Page(total=6, ids=["a", None, "b"], next_cursor="x"),
        Page(total=6, ids=["b", "a", None], next_cursor="y"),
        Page(total=7, ids=["a"]),
    ]
    found, verdict = listed(lambda target: pages.pop(0), mode="cursor", quick=True)
    assert found.faults == ["3 rows came twice", "2 rows have no id", "totalResults changed during the walk"]
    assert found.contiguity == Check("failed", "3 rows came twice")
    assert found.end == Check()
    assert (found.totals, found.pages) == ([6, 6, 7], 3)
    assert verdict.state == "incomplete"


def test_a_total_that_is_known_to_lie_may_change(users, listed):
    totals = count(1)

    def fetch(target):
        page = paged(users)(target)
        page.total = next(totals)
        return page

    found, _ = listed(fetch, mode="cursor", total_honest=False)
    assert (found.faults, found.contiguity.outcome) == ([], "passed")


def test_a_walk_says_how_it_was_walked(users, listed):
    asked = []

    def fetch(target):
        asked.append(target)
        return paged(users, total=300)(target)

    found, _ = listed(fetch, mode="cursor", sort_by="userName", count=70)
    order = {"sortBy": "userName", "sortOrder": "ascending"}
    first, second = {**order, "count": "70"}, {**order, "count": "38"}
    assert asked[:6] == [first, *({**first, "cursor": str(at)} for at in range(50, 300, 50))]
    assert asked[6:] == [second, *({**second, "cursor": str(at)} for at in range(38, 300, 38))]
    assert (found.mode, found.sizes, found.pages, found.totals) == ("cursor", (70, 38), 14, [300] * 14)
    assert found.contiguity == Check("passed", "no cursor and no row came twice; a second pass gave the same ids")
    assert found.end == Check("passed", "the last of 8 pages names no next one")
    assert (found.faults, found.gone) == ([], ())


def test_a_page_that_fails_is_named_by_its_number(users, listed):
    def fetch(target):
        if target.get("cursor") == "100":
            raise Unavailable("down")
        return paged(users)(target)

    found, verdict = listed(fetch, mode="cursor")
    assert found.faults == ["page 3: down"]
    assert (len(found.ids), verdict.state) == (100, "incomplete")


def test_a_cursor_named_before_ends_the_walk_at_once(users, listed):
    asked = []

    def fetch(target):
        asked.append(target)
        at = len(asked)
        return Page(ids=[f"r{at}"], next_cursor="a" if at % 2 else "b")

    found, _ = listed(fetch, mode="cursor")
    assert len(asked) == 3
    assert found.faults == ["the server names a cursor it had named before"]


@pytest.mark.parametrize("rows", [2, 3, 40])
def test_one_page_is_halved_to_see_a_cursor(users, listed, rows):
    asked = []

    def fetch(target):
        asked.append(int(target["count"]))
        return paged(users[:rows], total=rows)(target)

    found, verdict = listed(fetch, mode="cursor", cursor=Cursor(first="0"))
    assert asked == [100, rows // 2]
    assert found.end == Check("passed", "the only page names no next one, and half of it does")
    assert verdict.state == "complete"


def test_what_keeps_the_end_from_being_shown_is_told(users, listed):
    assert listed(paged(users[:1]), mode="cursor")[0].end == Check(
        "not-available", "too few rows to show that the server names a next page"
    )
    assert listed(paged(users[:9]), mode="cursor", quick=True)[0].end.detail.endswith("was skipped (quick)")

    def fetch(target):
        if target["count"] != "100":
            raise Unavailable("down")
        return Page(ids=users[:40])

    assert listed(fetch, mode="cursor")[0].end.detail == "a smaller page was not answered: down"


def test_an_end_that_nothing_shows_is_a_fault(users, listed):
    found, verdict = listed(lambda target: Page(total=9, ids=users[:9]), mode="cursor")
    assert verdict.state == "incomplete"
    assert found.end.outcome == "failed"
    assert found.faults == [found.end.detail]


def test_an_end_marker_counts_alone(users, listed):
    cursor = Cursor("startId", "initial", "next_id", "end")
    found, _ = listed(marked(users, "end"), mode="cursor", cursor=cursor)
    assert found.end == Check("passed", "the server said end")
    found, _ = listed(marked(users, None), mode="cursor", cursor=cursor)
    assert found.end == Check("failed", "the walk ended without the end marker end")
    assert found.faults == [found.end.detail]


@pytest.mark.parametrize(("count", "asked"), [(200, [200, 100, 50, 20, 10, 200]), (50, [50, 20, 10, 50])])
def test_smaller_pages_are_tried_and_the_first_refusal_is_told(listed, count, asked):
    seen = []

    def fetch(target):
        seen.append(int(target["count"]))
        raise Refused(f"no {target['count']}", status=422)

    with pytest.raises(Refused, match=f"no {count}"):
        listed(fetch, mode="cursor", count=count)
    assert seen == asked


def test_another_refusal_is_raised_at_once(listed):
    seen = []

    def fetch(target):
        seen.append(target)
        raise Refused("no", status=403)

    with pytest.raises(Refused):
        listed(fetch, mode="cursor")
    assert len(seen) == 1


def test_a_total_that_changed_between_two_passes_begins_the_walk_again(users, listed):
    """The same rows, and another total: a row was told of that never came, so a third pass is made and says so."""
    begun = []

    def fetch(target):
        begun.extend([target] if "cursor" not in target else [])
        return paged(users, total=301 if len(begun) == 1 else 300)(target)

    found, verdict = listed(fetch, mode="cursor")
    assert found.notes == ["the walk was begun again: totalResults changed between two passes"]
    assert (len(begun), found.told, set(found.totals), verdict.state) == (3, 301, {300}, "unprovable")


def test_a_list_without_rows_was_never_told_of_more(listed):
    found, _ = listed(lambda target: Page(total=0, ids=[]), mode="cursor")
    assert (found.told, found.totals, found.faults) == (0, [0], [])


def test_later_passes_ask_for_pages_of_other_sizes_down_to_one_row(users, listed):
    asked = []

    def fetch(target):
        asked.extend([target["count"]] if "cursor" not in target else [])
        return paged(users[:3], total=3, size=1)(target)

    listed(fetch, mode="cursor")
    assert asked == ["100", "1"]
    asked.clear()
    listed(lambda target: asked.append(target["count"]) or paged(users[:6], total=6, size=3)(target), mode="cursor")
    assert asked == ["100", "100", "2", "2", "2"]


def test_twenty_empty_pages_at_the_beginning_are_followed(listed):
    pages = [*[[] for _ in range(20)], ["a"]]

    def fetch(target):
        at = int(target.get("cursor", "0"))
        return Page(total=1, ids=pages[at], next_cursor=str(at + 1) if at + 1 < len(pages) else None)

    found, _ = listed(fetch, mode="cursor")
    assert (list(found.ids), found.faults) == (["a"], [])


@pytest.mark.parametrize("linked", [True, False])
def test_a_walk_by_links_says_so(users, listed, linked):
    def by_link(target):
        return Page(total=2, ids=["b"]) if isinstance(target, str) else Page(total=2, ids=["a"], next_link="next")

    found, _ = listed(by_link) if linked else listed(paged(users, total=300), mode="cursor")
    assert found.linked is linked
