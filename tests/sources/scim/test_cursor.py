import pytest

from scimaudit.errors import Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Cursor, Refused


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


def test_a_row_that_an_offset_skips_is_seen_by_the_second_pass(users, listed):
    rows = list(users)
    answer = paged(rows, total=300)

    def fetch(target):
        if target.get("cursor") == "50" and rows[0] == users[0]:
            del rows[0]
            rows.append("made-meanwhile")
        return answer(target)

    found, verdict = listed(fetch, mode="cursor")
    assert users[50] not in found.ids
    assert len(found.ids) == 300
    assert verdict.state == "incomplete"
    assert "second pass differs in 2 rows" in verdict.reason
    assert found.gone == (users[50],)


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
    totals = iter([300, 301, 300, 300, 300, 300])

    def fetch(target):
        page = paged(users)(target)
        page.total = next(totals)
        return page

    assert listed(fetch, mode="cursor")[1].state == "incomplete"


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
