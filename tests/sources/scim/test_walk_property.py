"""Whatever a server does of what servers were seen to do: a walk that is called complete has every row."""

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from scimaudit.errors import SourceError, Unavailable
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Plan, Refused
from scimaudit.sources.scim.verdict import judge, walk_proofs
from scimaudit.sources.scim.walk import walk

FAULTS = (
    *("cap", "total-page", "total-offset", "total-cap", "ignore-start", "ignore-count", "shift", "zero-based"),
    *("page-number", "floor", "drop-row", "drop-first", "blank", "clamp", "wrap", "not-found", "shuffle"),
    *("shuffle-by-size", "fail-later", "no-id", "duplicate"),
)


class Faulty:
    """A list endpoint with any number of faults at once."""

    def __init__(self, size: int, faults: set[str], number: int, seed: int) -> None:
        self.rows: list[str | None] = [f"u{index}" for index in range(size)]
        self.faults, self.number, self.asked = faults, number, 0
        self.chance = random.Random(seed)

    def __call__(self, target) -> Page:
        self.asked += 1
        faults, number = self.faults, self.number
        if "fail-later" in faults and self.asked > number:
            raise Unavailable("down")
        start, count = int(target.get("startIndex", 1)), int(target.get("count", 10_000))
        rows = list(self.rows)
        if "shuffle" in faults:
            self.chance.shuffle(rows)
        if "shuffle-by-size" in faults:
            random.Random(count).shuffle(rows)
        if "no-id" in faults:
            rows[number % len(rows)] = None
        if "duplicate" in faults:
            rows[number % len(rows)] = rows[0]
        if "ignore-count" in faults:
            count = number
        if "cap" in faults:
            count = min(count, number)
        if "page-number" in faults:
            start = (start - 1) * count + 1
        if "floor" in faults:
            start = (start - 1) // count * count + 1
        if "ignore-start" in faults:
            start = 1
        begin = start if "zero-based" in faults else max(start, 1) - 1
        if "shift" in faults and start > 1:
            begin = max(0, begin + (1 if number % 2 else -1))
        page = rows[begin : begin + count]
        if not page and begin >= len(rows):
            if "clamp" in faults:
                page = rows[-count:]
            elif "wrap" in faults:
                page = rows[:count]
            elif "not-found" in faults:
                raise Refused("past", status=404)
        if "blank" in faults and begin <= number * 2 < begin + count and begin:
            page = []
        if "drop-row" in faults and len(page) > 3:
            page = [row for row in page if row != f"u{number}"]
        if "drop-first" in faults and begin and len(page) > 2:
            page = page[1:]
        total = len(rows)
        if "total-cap" in faults:
            total = min(total, number)
        if "total-page" in faults:
            total = len(page)
        if "total-offset" in faults:
            total = max(0, len(rows) - begin)
        return Page(total=total, ids=page)


@settings(max_examples=400, deadline=None)
@example(3, {"total-cap", "ignore-count", "page-number"}, 2, 0, 5, "aligned", "unknown", None)
@given(
    size=st.integers(1, 60),
    faults=st.sets(st.sampled_from(FAULTS), max_size=4),
    number=st.integers(1, 20),
    seed=st.integers(0, 50),
    count=st.sampled_from([2, 5, 10, 25, 100]),
    mode=st.sampled_from([None, "index", "aligned", "dump"]),
    past_end=st.sampled_from(["unknown", "clamp", "repeat", "404"]),
    cure=st.sampled_from([None, "userName"]),
)
def test_complete_implies_every_row(size, faults, number, seed, count, mode, past_end, cure):
    server = Faulty(size, faults, number, seed)
    plan = Plan(mode=mode, count=count, past_end=past_end, sort_cure=cure, align=number if mode == "aligned" else None)
    try:
        found = walk(server, plan)
    except SourceError:
        return
    assert server.asked < 3000
    verdict = judge(found, walk_proofs(found, plan), plan)
    if verdict.state == "complete":
        assert set(found.ids) == {f"u{index}" for index in range(size)}
