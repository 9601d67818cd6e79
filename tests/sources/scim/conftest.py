"""In-memory list endpoints, conforming or not, and a walk over them without sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Plan, Refused
from scimaudit.sources.scim.verdict import judge, walk_proofs
from scimaudit.sources.scim.walk import walk

USERS = [f"u{number:04d}" for number in range(1, 301)]
Slice = Callable[[int, int], tuple[list[str], int]]


class Server:
    """Answers list requests from a function of start and count; counts them."""

    def __init__(self, answer: Slice, *, cap: int = 100) -> None:
        self.answer = answer
        self.cap = cap
        self.asked: list[Mapping[str, str] | str] = []

    def __call__(self, target: str | Mapping[str, str]) -> Page:
        self.asked.append(target)
        assert isinstance(target, Mapping)
        start, count = int(target.get("startIndex", "1")), int(target.get("count", "100000"))
        ids, total = self.answer(max(start, 1), min(count, self.cap))
        return Page(total=total, ids=list(ids))


def refusing(status: int) -> Refused:
    return Refused(f"answered {status}", status=status)


@pytest.fixture
def users() -> list[str]:
    return list(USERS)


@pytest.fixture
def server() -> type[Server]:
    return Server


@pytest.fixture
def listed():
    """Walk and judge: the evidence and the verdict that follows from the walk alone."""

    def run(fetch, **settings):
        plan = Plan(**{"round_caps": frozenset({50, 100, 200, 500, 1000}), **settings})
        found = walk(fetch, plan)
        return found, judge(found, walk_proofs(found, plan), plan)

    return run
