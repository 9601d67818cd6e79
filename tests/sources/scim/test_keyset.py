import re

import pytest

from scimaudit.errors import Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Refused


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
