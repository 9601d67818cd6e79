"""The walk over in-memory servers: one conforming, the others each wrong in a way that was seen in the field."""

import random

import pytest

from scimaudit.errors import Incomplete, Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Plan, Refused
from scimaudit.sources.scim.walk import walk
from scimaudit.transport import ServerError


def conforming(users):
    return lambda start, count: (users[start - 1 : start - 1 + count], len(users))


def test_conforming_server_is_complete(server, users, listed):
    fake = server(conforming(users))
    found, verdict = listed(fake)
    assert verdict.state == "complete"
    assert list(found.ids) == users
    assert found.mode == "index"


def test_pages_overlap_by_one_row_and_advance_by_what_came(server, users, listed):
    fake = server(conforming(users), cap=70)
    listed(fake, order_promised=True)
    starts = [int(asked["startIndex"]) for asked in fake.asked]
    assert starts == [1, 70, 139, 208, 277, 300, 301, 0]


def test_a_promised_order_needs_one_pass(server, users, listed):
    once, twice = server(conforming(users)), server(conforming(users))
    assert listed(once, order_promised=True)[1].state == "complete"
    listed(twice)
    assert len(twice.asked) > len(once.asked) + 3


def test_quick_is_unprovable(server, users, listed):
    fake = server(conforming(users))
    found, verdict = listed(fake, quick=True)
    assert (verdict.state, len(found.ids)) == ("unprovable", 300)
    assert len(fake.asked) == 5


def test_total_capped_does_not_end_the_walk(server, users, listed):
    found, verdict = listed(server(lambda s, c: (users[s - 1 : s - 1 + c], 50)))
    assert len(found.ids) == 300
    assert verdict.state == "incomplete"
    assert "totalResults is 50" in verdict.reason


def test_total_known_to_be_capped_counts_as_absent(server, users, listed):
    _, verdict = listed(server(lambda s, c: (users[s - 1 : s - 1 + c], 50)), total_honest=False)
    assert verdict.state == "unprovable"


def test_paging_ignored_at_a_cap(server, users, listed):
    found, verdict = listed(server(lambda s, c: (users[:100], 100)))
    assert (len(found.ids), verdict.state) == (100, "incomplete")
    assert "paging is ignored" in verdict.reason


def test_page_floor_is_walked_by_whole_pages(server, users, listed):
    def floor(start, count):
        page = max(start // 20, 1)
        return users[(page - 1) * 20 : page * 20], 300

    found, verdict = listed(server(floor))
    assert (found.mode, len(found.ids)) == ("aligned", 300)
    assert verdict.state in {"complete", "unprovable"}


def test_page_floor_known_by_profile(server, users, listed):
    def floor(start, count):
        page = max(start // 20, 1)
        return users[(page - 1) * 20 : page * 20], 300

    found, verdict = listed(server(floor), mode="aligned", align=20)
    assert (found.mode, len(found.ids), verdict.state) == ("aligned", 300, "complete")


@pytest.mark.parametrize("claim", [lambda s, n, t: n, lambda s, n, t: t - s + 1], ids=["page length", "minus offset"])
def test_total_of_the_page_contradicts_itself(server, users, listed, claim):
    def answer(start, count):
        rows = users[start - 1 : start - 1 + count]
        return rows, max(0, claim(start, len(rows), 300))

    found, verdict = listed(server(answer))
    assert (len(found.ids), verdict.state) == (300, "incomplete")
    assert "totalResults" in verdict.reason


@pytest.mark.parametrize("shift", [-2, -1, 1, 2])
def test_shifted_pages(server, users, listed, shift):
    def answer(start, count):
        begin = max(0, start - 1 + (shift if start > 1 else 0))
        return users[begin : begin + count], 300

    _, verdict = listed(server(answer))
    assert verdict.state == "incomplete"


def test_clamping_past_the_end_is_unprovable_unless_the_profile_says_so(server, users, listed):
    def clamp(start, count):
        return (users[start - 1 : start - 1 + count] or users[-count:]), 300

    assert listed(server(clamp))[1].state == "unprovable"
    assert listed(server(clamp), past_end="clamp")[1].state == "complete"


def test_a_profile_that_is_contradicted_voids_complete(server, users, listed):
    assert listed(server(conforming(users)), past_end="clamp")[1].state == "incomplete"


def test_a_row_dropped_inside_a_page(server, users, listed):
    def answer(start, count):
        return [user for user in users[start - 1 : start - 1 + count] if user != "u0150"], 300

    found, verdict = listed(server(answer))
    assert "u0150" not in found.ids
    assert verdict.state == "incomplete"


def test_zero_based_is_seen_by_the_origin_probe(users, listed):
    def fetch(target):
        start, count = int(target["startIndex"]), int(target["count"])
        return Page(total=300, ids=users[start : start + count])

    _, verdict = listed(fetch)
    assert verdict.state == "incomplete"
    assert "origin probe" in verdict.reason


def test_zero_based_by_profile_is_walked_from_zero(users, listed):
    def fetch(target):
        start, count = int(target["startIndex"]), int(target["count"])
        return Page(total=300, ids=users[start : start + count])

    found, verdict = listed(fetch, start_base=0)
    assert (list(found.ids), verdict.state) == (users, "complete")


def test_start_as_page_number(server, users, listed):
    _, verdict = listed(server(lambda s, c: (users[(s - 1) * c : s * c], 300)))
    assert verdict.state == "incomplete"
    assert "empty where row u0100 was due" in verdict.reason


def test_no_order_is_incomplete(server, users, listed):
    chance = random.Random(3)

    def answer(start, count):
        mixed = chance.sample(users, len(users))
        return mixed[start - 1 : start - 1 + count], 300

    assert listed(server(answer))[1].state == "incomplete"


def test_no_order_is_cured_by_sorting(users, listed):
    chance = random.Random(3)

    def fetch(target):
        rows = users if target.get("sortBy") == "userName" else chance.sample(users, len(users))
        start, count = max(1, int(target["startIndex"])), int(target["count"])
        return Page(total=300, ids=rows[start - 1 : start - 1 + count])

    found, verdict = listed(fetch, sort_cure="userName")
    assert (len(found.ids), verdict.state) == (300, "complete")
    assert any("sorted by userName" in note for note in found.notes)


def test_a_dump_needs_a_witness_from_outside(server, users, listed):
    found, verdict = listed(server(lambda s, c: (users, 300)))
    assert (found.mode, len(found.ids), verdict.state) == ("dump", 300, "unprovable")


def test_an_empty_page_in_the_middle(server, users, listed):
    def answer(start, count):
        return ([] if 190 <= start <= 210 else users[start - 1 : start - 1 + count]), 300

    _, verdict = listed(server(answer))
    assert verdict.state == "incomplete"


def test_rows_after_a_gap_are_still_collected(server, users, listed):
    def answer(start, count):
        return ([] if start == 199 else users[start - 1 : start - 1 + count]), 300

    found, verdict = listed(server(answer))
    assert verdict.state == "incomplete"
    assert "u0300" in found.ids


def test_zero_rows_are_never_complete(server, listed):
    assert listed(server(lambda s, c: ([], 0)))[1].state == "unprovable"
    assert listed(server(lambda s, c: ([], 7)))[1].state == "incomplete"


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_small_listings(server, users, listed, size):
    found, verdict = listed(server(conforming(users[:size])))
    assert (list(found.ids), verdict.state) == (users[:size], "complete")


def test_one_row_a_page(server, users, listed):
    found, _ = listed(server(conforming(users[:5]), cap=1))
    assert list(found.ids) == users[:5]


@pytest.mark.parametrize("size", [100, 200])
def test_a_total_equal_to_a_limit_proves_nothing_alone(server, users, listed, size):
    assert listed(server(conforming(users[:size])))[1].state == "unprovable"


def test_a_row_cap_reached_is_incomplete(server, users, listed):
    assert listed(server(conforming(users[:200])), row_cap=200)[1].state == "incomplete"


def test_rows_without_id(server, users, listed):
    rows = [None if user == "u0005" else user for user in users]
    _, verdict = listed(server(conforming(rows)))
    assert verdict.state == "incomplete"
    assert "no id" in verdict.reason


def test_an_account_created_during_the_walk_restarts_it(users, listed):
    calls = []

    def fetch(target):
        calls.append(target)
        rows = users if len(calls) < 3 else [*users, "new"]
        start, count = max(1, int(target["startIndex"])), int(target["count"])
        return Page(total=len(rows), ids=rows[start - 1 : start - 1 + count])

    found, verdict = listed(fetch)
    assert verdict.state == "complete"
    assert "new" in found.ids
    assert any("begun again" in note for note in found.notes)


def test_an_account_deleted_during_the_walk_is_named_gone(users, listed):
    calls = []

    def fetch(target):
        calls.append(target)
        rows = users if len(calls) < 3 else users[1:]
        start, count = max(1, int(target["startIndex"])), int(target["count"])
        return Page(total=len(rows), ids=rows[start - 1 : start - 1 + count])

    found, _ = listed(fetch)
    assert found.gone == ("u0001",)


def test_data_that_never_rest_are_incomplete_and_bounded(users, listed):
    rows = list(users)
    calls = []

    def fetch(target):
        calls.append(target)
        rows.append(f"n{len(rows)}")
        start, count = max(1, int(target["startIndex"])), int(target["count"])
        return Page(total=len(rows), ids=rows[start - 1 : start - 1 + count])

    _, verdict = listed(fetch)
    assert verdict.state == "incomplete"
    assert "moving" in verdict.reason
    assert len(calls) < 100


@pytest.mark.parametrize("error", [Unavailable("down"), Incomplete("the budget of 3 requests ran out")])
@pytest.mark.parametrize("failing", [2, 4, 5, 6, 8])
def test_an_error_after_the_first_page_keeps_the_rows(server, users, listed, error, failing):
    fake = server(conforming(users))

    def fetch(target):
        if len(fake.asked) + 1 >= failing:
            raise error
        return fake(target)

    found, verdict = listed(fetch)
    assert verdict.state in {"incomplete", "unprovable"}
    assert found.ids


def test_an_error_on_the_first_page_is_raised():
    def fetch(target):
        raise Unavailable("down")

    with pytest.raises(Unavailable):
        walk(fetch, Plan())


def test_a_count_too_large_is_lowered(users, listed):
    def fetch(target):
        start, count = int(target["startIndex"]), int(target["count"])
        if count > 50 or start < 1:
            raise Refused("too many", status=400)
        return Page(total=300, ids=users[start - 1 : start - 1 + count])

    found, verdict = listed(fetch)
    assert (len(found.ids), verdict.state) == (300, "complete")


def test_a_server_that_refuses_any_count_is_asked_without(users, listed):
    def fetch(target):
        if "count" in target:
            raise ServerError("broken", status=500)
        return Page(total=300, ids=users)

    found, verdict = listed(fetch)
    assert (found.mode, verdict.state) == ("dump", "unprovable")


def test_a_refusal_of_everything_is_the_first_one():
    def fetch(target):
        raise Refused("first" if target.get("count") == "100" else "other", status=400)

    with pytest.raises(Refused, match="first"):
        walk(fetch, Plan())


def test_not_found_on_the_first_page_is_not_tried_again():
    asked = []

    def fetch(target):
        asked.append(target)
        raise Refused("missing", status=404)

    with pytest.raises(Refused):
        walk(fetch, Plan())
    assert len(asked) == 1


@pytest.mark.parametrize("status", [404, 400])
def test_a_refusal_past_the_end_needs_the_profile(users, listed, status):
    def fetch(target):
        start, count = max(1, int(target["startIndex"])), int(target["count"])
        if start > len(users):
            raise Refused("past", status=status)
        return Page(total=300, ids=users[start - 1 : start - 1 + count])

    assert listed(fetch)[1].state == "unprovable"
    assert listed(fetch, past_end=str(status))[1].state == "complete"


@pytest.mark.parametrize("answer", [Refused("x", status=404), Unavailable("x"), Page()])
def test_an_origin_probe_without_answer_is_not_passed(server, users, listed, answer):
    fake = server(conforming(users))

    def fetch(target):
        if target["startIndex"] != "0":
            return fake(target)
        if isinstance(answer, Page):
            return answer
        raise answer

    assert listed(fetch)[1].state == "unprovable"


def test_a_profile_dump_is_asked_twice(users, listed):
    found, verdict = listed(lambda target: Page(total=300, ids=users), mode="dump")
    assert (found.mode, found.pages, verdict.state) == ("dump", 2, "unprovable")


@pytest.mark.parametrize(
    "pages",
    [
        [Page(ids=["a", "b"]), Page(ids=["a"])],
        [Page(ids=["a", "a"]), Page(ids=["a", "a"])],
        [Page(ids=["a", "b"], next_link="https://x/"), Page(ids=["a", "b"])],
        [Page(ids=["a", None]), Page(ids=["a", None])],
    ],
    ids=["differs", "repeats", "goes on", "without id"],
)
def test_a_dump_with_counter_evidence(listed, pages):
    replies = iter(pages)
    assert listed(lambda target: next(replies), mode="dump")[1].state == "incomplete"


def test_a_dump_that_fails_the_second_time(listed):
    replies = iter([Page(ids=["a"])])

    def fetch(target):
        page = next(replies, None)
        if page is None:
            raise Unavailable("down")
        return page

    assert listed(fetch, mode="dump")[1].state == "incomplete"
    assert listed(lambda target: Page(ids=["a"]), mode="dump", quick=True)[1].state == "unprovable"


def test_a_cursor_nobody_asked_for_is_followed(users, listed):
    def fetch(target):
        start = int(target.get("cursor", "0"))
        return Page(ids=users[start : start + 50], next_cursor=str(start + 50) if start + 50 < 300 else None)

    found, _ = listed(fetch)
    assert (found.mode, len(found.ids)) == ("cursor", 300)


def test_a_cursor_server_whose_rows_fit_one_page(users, listed):
    def fetch(target):
        start, count = int(target.get("cursor", "0")), int(target["count"])
        rows = users[:30]
        after = start + count
        return Page(ids=rows[start:after], next_cursor=str(after) if after < 30 else None)

    found, _ = listed(fetch)
    assert (found.mode, len(found.ids), found.end.outcome) == ("cursor", 30, "passed")
