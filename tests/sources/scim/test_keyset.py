import json
import re

import pytest

from scimaudit.errors import Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Check, Plan, Refused
from scimaudit.sources.scim.walk import walk


class Ceiling:
    """Refuses a startIndex above 120, as a server with a ceiling does; filters by ``id gt``."""

    def __init__(self, users, *, skip=None):
        self.users, self.skip, self.asked = users, skip, []

    def __call__(self, target):
        self.asked.append(target)
        assert target["sortBy"] == "id"
        start, count = int(target["startIndex"]), int(target["count"])
        if start > 120:
            raise Refused("startIndex too large", status=400)
        found = re.fullmatch(r'id gt "(.*)"', target.get("filter", ""))
        rows = [user for user in self.users if found is None or user > found[1]]
        if found and self.skip:
            rows = rows[self.skip :]
        return Page(total=len(rows), ids=rows[start - 1 : start - 1 + count])


def test_shards_meet_and_are_complete(users, listed):
    fake = Ceiling(users)
    found, verdict = listed(fake, mode="keyset", start_ceiling=120, count=40)
    assert (list(found.ids), verdict.state) == (users, "complete")
    assert any("filter" in asked for asked in fake.asked)


def test_shards_that_do_not_meet_are_incomplete(users, listed):
    _, verdict = listed(Ceiling(users, skip=1), mode="keyset", start_ceiling=120, count=40)
    assert verdict.state == "incomplete"
    assert "meet" in verdict.reason


def test_a_filter_that_is_ignored_is_incomplete(users, listed):
    def fetch(target):
        start, count = int(target["startIndex"]), int(target["count"])
        return Page(total=300, ids=users[start - 1 : start - 1 + count])

    assert listed(fetch, mode="keyset", start_ceiling=120, count=40)[1].state == "incomplete"


def test_a_listing_below_the_ceiling_is_one_shard(users, listed):
    found, verdict = listed(Ceiling(users[:30]), mode="keyset", start_ceiling=120)
    assert (list(found.ids), verdict.state) == (users[:30], "complete")


def test_quick_is_unprovable(users, listed):
    assert listed(Ceiling(users), mode="keyset", start_ceiling=120, count=40, quick=True)[1].state == "unprovable"


def test_an_error_in_a_later_shard_keeps_the_rows(users, listed):
    def fetch(target):
        if "filter" in target:
            raise Unavailable("down")
        return Ceiling(users)(target)

    found, verdict = listed(fetch, mode="keyset", start_ceiling=120, count=40)
    assert verdict.state == "incomplete"
    assert len(found.ids) > 100


def test_an_error_on_the_first_page_is_raised(listed):
    def fetch(target):
        raise Unavailable("down")

    with pytest.raises(Unavailable):
        listed(fetch, mode="keyset")


def test_quotes_in_ids_are_escaped(listed):
    users = sorted(f'a"{number:03d}\\' for number in range(200))
    asked = []

    def fetch(target):
        asked.append(target.get("filter"))
        rows = users if "filter" not in target else [user for user in users if user >= users[118]]
        start, count = int(target["startIndex"]), int(target["count"])
        return Page(total=len(rows), ids=rows[start - 1 : start - 1 + count])

    listed(fetch, mode="keyset", start_ceiling=120, count=60)
    assert any(text and '\\"' in text and "\\\\" in text for text in asked)


def test_a_whole_listing_by_shards_is_told_request_by_request(users):
    fake = Ceiling(users)
    found = walk(fake, Plan(mode="keyset", start_ceiling=120, count=40))
    filters = list(dict.fromkeys(asked.get("filter") for asked in fake.asked))
    assert filters == [None, 'id gt "u0156"', 'id gt "u0299"']
    assert (found.mode, found.sizes, found.pages) == ("keyset", (40,), len(fake.asked))
    assert found.totals == [300] * found.pages
    assert (found.faults, found.gone) == ([], ())
    said = "pages join, and each shard begins with the last row of the one before"
    assert found.contiguity == Check("passed", said)
    assert found.end == Check("passed", "the page past the last row is empty")


def test_quick_does_not_look_past_the_end(users, listed):
    fake = Ceiling(users[:30])
    found, _ = listed(fake, mode="keyset", start_ceiling=120, quick=True)
    assert [int(asked["startIndex"]) for asked in fake.asked] == [1, 30]
    assert found.contiguity == Check("not-available", "probes were skipped (quick)")


class Spoiled(Ceiling):
    """Changes the rows of one shard, told by what its filter holds."""

    def __init__(self, users, shard, change):
        super().__init__(users)
        self.shard, self.change, self.seen = shard, change, []

    def __call__(self, target):
        page = super().__call__(target)
        told = target.get("filter")
        if told not in self.seen:
            self.seen.append(told)
        start = int(target["startIndex"])
        if self.seen.index(told) == self.shard:
            rows = [user for user in self.users if told is None or user > re.fullmatch(r'id gt "(.*)"', told)[1]]
            rows = self.change(rows)
            page = Page(total=len(rows), ids=rows[start - 1 : start - 1 + int(target["count"])])
        return page


def test_a_shard_in_the_middle_that_does_not_meet_is_not_forgotten(users, listed):
    """The shards after it are without fault."""
    found, verdict = listed(
        Spoiled(users, 1, lambda rows: rows[1:]), mode="keyset", start_ceiling=120, count=40, total_honest=False
    )
    assert verdict.state == "incomplete"
    assert found.faults[0].startswith("shards do not meet: the next one does not begin with u0157")
    assert found.end == Check("failed", found.faults[0])
    assert found.contiguity == Check("failed", found.faults[0])
    assert "u0300" in found.ids


@pytest.mark.parametrize("more", [1, 2])
def test_a_shard_that_brings_rows_again_overlaps(users, listed, more):
    def change(rows):
        return [rows[0], *users[:more], *rows[1:]]

    found, verdict = listed(Spoiled(users, 1, change), mode="keyset", start_ceiling=120, count=40, total_honest=False)
    assert verdict.state == "incomplete"
    assert f"shards overlap in {more} rows" in found.faults


def test_a_shard_without_rows_does_not_meet_and_ends_the_walk(users, listed):
    found, verdict = listed(Spoiled(users, 1, lambda rows: []), mode="keyset", start_ceiling=120, count=40)
    assert verdict.state == "incomplete"
    assert found.faults[0].startswith("shards do not meet")


def test_totals_of_shards_add_up(users, listed):
    found, verdict = listed(Spoiled(users, 1, lambda rows: rows[:-1]), mode="keyset", start_ceiling=120, count=40)
    assert set(found.totals) == {300, 299}
    assert verdict.state == "incomplete"


def test_a_total_that_changes_within_a_shard(users, listed):
    fake = Ceiling(users[:100])

    def fetch(target):
        page = fake(target)
        page.total += len(fake.asked) == 2
        return page

    found, _ = listed(fetch, mode="keyset", start_ceiling=120, count=40)
    assert "totalResults changed within a shard" in found.faults
    found, _ = listed(fetch, mode="keyset", start_ceiling=120, count=40, total_honest=False)
    assert found.faults == []


def test_shards_of_two_rows_go_on_and_the_last_that_brings_nothing_is_a_fault(users, listed):
    found, verdict = listed(Ceiling(users[:5]), mode="keyset", start_ceiling=1, count=2)
    assert (list(found.ids), verdict.state) == (users[:5], "incomplete")
    assert found.faults == ["a shard brought no new row"]


def test_a_single_row_at_the_ceiling_cannot_be_gone_on_from(listed):
    found, verdict = listed(lambda target: Page(total=9, ids=["a"]), mode="keyset", start_ceiling=1, count=1)
    assert (list(found.ids), verdict.state) == (["a"], "incomplete")
    assert found.faults[0] == "a shard brought no new row"


def test_a_later_shard_that_fails_is_told_with_its_pages(users, listed):
    fake = Ceiling(users)

    def fetch(target):
        if "filter" in target:
            raise Unavailable("down")
        return fake(target)

    found, _ = listed(fetch, mode="keyset", start_ceiling=120, count=40)
    assert found.faults == [f"the shard after {found.pages} pages: down"]
    assert found.pages == len(fake.asked)


def test_the_filter_is_a_string_of_json(listed):
    users = sorted(f'a"{number:03d}\\' for number in range(200))
    asked = []

    def fetch(target):
        asked.append(target.get("filter"))
        start, count = int(target["startIndex"]), int(target["count"])
        return Page(total=len(users), ids=users[start - 1 : start - 1 + count])

    listed(fetch, mode="keyset", start_ceiling=120, count=60)
    told = next(each for each in asked if each)
    assert told.startswith("id gt ")
    assert json.loads(told.removeprefix("id gt ")) in users
