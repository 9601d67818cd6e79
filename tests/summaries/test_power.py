"""How power is held: standing, with an end, on request, or nobody has said."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from scimaudit.policy import Policy
from scimaudit.policy.catalogue import Described
from scimaudit.summaries.power import power_lines
from tests.rules.conftest import Make

make = Make()
ELIGIBLE = Policy(catalogue=(Described("slack", "", "PIM", privileged=True, eligible=True),))


def counts(*grants: dict[str, Any], active: bool | None = True) -> list[int]:
    accounts = [make.account("a1", active=active), make.account("a2")]
    [line] = power_lines(make.view(accounts=accounts, grants=list(grants), policy=ELIGIBLE))
    return [asdict(line)[name] for name in ("accounts", "standing", "ending", "eligible", "unsaid")]


@pytest.mark.parametrize(
    ("grant", "found"),
    [
        (make.grant("a1", "Admins", privileged=True), [1, 1, 0, 0, 0]),
        (make.grant("a1", "Admins", privileged=True, expires_at=datetime(2027, 1, 1, tzinfo=UTC)), [1, 0, 1, 0, 0]),
        (make.grant("a1", "PIM"), [1, 0, 0, 1, 0]),
        (make.grant("a1", "Users"), [0, 0, 0, 0, 1]),
        (make.grant("a1", "Users", privileged=False), [0, 0, 0, 0, 0]),
        (make.grant("not listed", "Admins", privileged=True), [0, 0, 0, 0, 0]),
    ],
)
def test_a_right_is_counted_where_it_belongs(grant: dict[str, Any], found: list[int]) -> None:
    assert counts(grant) == found


@pytest.mark.parametrize(("active", "found"), [(False, 0), (None, 1)])
def test_only_what_is_known_to_be_inactive_is_left_out(active: bool | None, found: int) -> None:
    assert counts(make.grant("a1", "Admins", privileged=True), active=active)[1] == found


def test_an_account_with_two_rights_is_one() -> None:
    both = [make.grant("a1", name, privileged=True) for name in ("Admins", "Owners")]
    assert counts(*both, make.grant("a2", "Admins", privileged=True)) == [2, 3, 0, 0, 0]


def test_an_app_without_a_source_has_no_line() -> None:
    assert power_lines(make.view(apps=[make.app("fax", listed=False)])) == ()


def test_where_the_app_has_patterns_the_rest_gives_no_power() -> None:
    view = make.view(accounts=[make.account("a1")], grants=[make.grant("a1", "Users")], privileged=("Admin*",))
    assert power_lines(view)[0].unsaid == 0
