"""Who holds which key, column by column."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from scimaudit.correlate.index import Index
from scimaudit.correlate.pool import LOGIN, OTHER, PRIMARY, Pool, pad
from scimaudit.errors import ConfigError, TableError


@pytest.fixture
def ana(make: SimpleNamespace) -> dict[str, Any]:
    return make.person(
        "p-1",
        employee_number="07",
        user_name="Ana@corp.example",
        emails=["Ana@corp.example", "ana2@corp.example"],
        aliases=["old@corp.example", "ana2@corp.example"],
    )


@pytest.fixture
def bo(make: SimpleNamespace) -> dict[str, Any]:
    return make.person("p-2", employee_number="E7", user_name="bo", emails=["bo@corp.example"], badge=" X9 ")


@pytest.fixture
def pool(make: SimpleNamespace, ana: dict[str, Any], bo: dict[str, Any]) -> Pool:
    return Pool.of(make.people([bo, make.person("p-3"), ana]))


def holders(index: Index) -> dict[str, list[tuple[int, int]]]:
    """Key to its holders and their roles."""
    entries = zip(index.vocabulary.take(pa.array(index.code)).to_pylist(), index.person, index.role, strict=True)
    told: dict[str, list[tuple[int, int]]] = {}
    for key, person, role in entries:
        told.setdefault(key, []).append((int(person), int(role)))
    return told


def test_people_stand_in_the_order_of_their_ids(make: SimpleNamespace, bo: dict[str, Any], pool: Pool) -> None:
    assert pool.ids.to_pylist() == pool.frame["person_id"].tolist() == ["p-1", "p-2", "p-3"]
    assert (len(pool), pool.frame.index.tolist()) == (3, [0, 1, 2])
    assert pool.frame.columns.tolist() == make.people([bo]).columns.tolist()


def test_a_person_who_stands_twice_is_refused_by_id(make: SimpleNamespace) -> None:
    people = make.people([make.person(name) for name in ("b", "a", "c", "b", "c", "b")])
    with pytest.raises(TableError) as raised:
        Pool.of(people)
    assert raised.value.message == "people.person_id 'b' occurs 3 times"
    assert raised.value.hint == "the union of the rosters must hold a person once"


def test_an_id_that_nobody_has_stands_nowhere(pool: Pool) -> None:
    assert pool.positions(pa.array(["p-3", None, "p-9", "p-1"])).tolist() == [2, -1, -1, 0]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("person_id", {"p-1": [0], "p-2": [1], "p-3": [2]}),
        ("user_name", {"ana@corp.example": [0], "bo": [1]}),
        ("emails", {"ana@corp.example": [0], "ana2@corp.example": [0], "bo@corp.example": [1]}),
        ("aliases", {"old@corp.example": [0], "ana2@corp.example": [0]}),
        ("employee_number", {"007": [0], "e7": [1]}),
        ("badge", {"x9": [1]}),
    ],
)
def test_an_external_id_is_looked_up_in_the_declared_column(pool: Pool, column: str, told: dict[str, Any]) -> None:
    found = holders(pool.external_ids(column, 3))
    assert {key: [person for person, _ in people] for key, people in found.items()} == told


def test_a_column_that_no_roster_has_is_refused_with_those_there_are(pool: Pool) -> None:
    with pytest.raises(ConfigError) as raised:
        pool.external_ids("locker", None)
    assert raised.value.message == "external_id_is names 'locker', and no roster has that column"
    assert raised.value.hint == "people columns: " + ", ".join(pool.frame.columns)


def test_an_employee_number_is_as_it_stands_unless_it_is_to_be_padded(pool: Pool) -> None:
    assert list(holders(pool.employee_numbers(None))) == ["07", "e7"]
    assert list(holders(pool.employee_numbers(4))) == ["0007", "e7"]


def test_an_address_tells_in_which_role_a_person_has_it(pool: Pool) -> None:
    assert holders(pool.addresses(None)) == {
        "ana@corp.example": [(0, PRIMARY | LOGIN)],
        "ana2@corp.example": [(0, OTHER)],
        "old@corp.example": [(0, OTHER)],
        "bo@corp.example": [(1, PRIMARY)],
        "bo": [(1, LOGIN)],
    }


def test_the_roles_are_told_apart() -> None:
    assert len({PRIMARY, LOGIN, OTHER, PRIMARY | LOGIN, PRIMARY | OTHER, LOGIN | OTHER, PRIMARY | LOGIN | OTHER}) == 7


def test_a_key_of_an_earlier_snapshot_is_its_holders_while_nobody_holds_it_now(
    make: SimpleNamespace, pool: Pool
) -> None:
    earlier = (("bo.old", "p-2"), ("first", "p-1"), ("bo", "p-1"), ("ana2@corp.example", "p-2"), ("lost", "p-gone"))
    now = holders(pool.addresses(None))
    then = holders(pool.addresses(make.history(*earlier)))
    assert then == now | {"bo.old": [(1, OTHER)], "first": [(0, OTHER)]}


def test_a_local_part_is_of_the_user_name_and_of_the_primary_address(pool: Pool) -> None:
    found = holders(pool.local_parts())
    assert {key: [person for person, _ in people] for key, people in found.items()} == {"ana": [0], "bo": [1]}


def test_only_numbers_are_padded() -> None:
    keys = pa.array(["7", "1234", "e7", "7a", None, "", "٣"])
    assert pad(keys, 3).to_pylist() == ["007", "1234", "e7", "7a", None, "", "٣"]
    assert pad(keys, None) is keys
