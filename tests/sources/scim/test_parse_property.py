"""Both ways of reading agree, and no oddity loses a row that has an id."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit.sources.scim import fast, parse, profile, tolerant

PROFILES = [profile.load("unknown"), profile.load("slack"), profile.load("sap-ias")]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTERPRISE_1 = "urn:scim:schemas:extension:enterprise:1.0"

# What is tested is agreement, not speed: a busy machine is no failure.
unhurried = settings(deadline=None)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
words = st.none() | text
ids = st.text(st.sampled_from("abc19-é"), min_size=1, max_size=6)
times = st.sampled_from(["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123456789+02:00", None])
strangers = st.dictionaries(
    st.sampled_from(["nickName", "locale", "urn:custom", "x-y", "Zed", "loginTime", "corporateGroups"]),
    st.integers() | text,
    max_size=3,
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


held = st.lists(
    st.fixed_dictionaries(
        {"value": ids},
        optional={
            "display": words,
            "type": st.sampled_from([None, "direct", "Indirect", "x"]),
            "$ref": words,
            "primary": st.booleans(),
        },
    ),
    max_size=3,
)
work = some(
    employeeNumber=words, department=words, title=words, costCenter=words,
    manager=st.none() | some(value=words, managerId=words, displayName=words),
)  # fmt: skip
user = st.builds(
    lambda row, urns, odd: {**odd, **row, **urns},
    st.fixed_dictionaries(
        {"id": ids},
        optional={
            "externalId": words, "userName": words, "displayName": words, "title": words, "userType": words,
            "active": st.sampled_from([True, False, None]),
            "name": st.none() | some(formatted=words, givenName=words, familyName=words, middleName=words),
            "emails": st.none() | st.lists(some(value=words, primary=st.none() | st.booleans(), type=text), max_size=3),
            "groups": st.none() | held, "roles": held, "entitlements": held,
            "meta": st.none() | some(created=times, lastModified=times, version=text),
        },
    ),
    st.dictionaries(st.sampled_from([ENTERPRISE, ENTERPRISE_1]), work, max_size=2),
    strangers,
)  # fmt: skip
group = st.builds(
    lambda row, odd: {**odd, **row},
    st.fixed_dictionaries(
        {"id": ids},
        optional={
            "displayName": words,
            "externalId": words,
            "members": st.none()
            | st.lists(some(**{"value": words, "$ref": words, "type": words, "display": words}), max_size=3),
        },
    ),
    strangers,
)
counts = st.none() | st.integers(0, 10**9)
envelope = some(
    totalResults=counts,
    startIndex=counts,
    itemsPerPage=counts,
    nextCursor=ids,
    nextId=ids,
    schemas=st.just([]),
    other=text,
)


def encoded(outer: dict[str, Any], rows: list[Any], *, ascii_only: bool = False) -> bytes:
    return json.dumps({**outer, "Resources": rows}, ensure_ascii=ascii_only).encode()


@unhurried
@given(envelope, st.lists(user, max_size=4), st.sampled_from(PROFILES))
def test_both_ways_read_the_same_users(outer: dict[str, Any], rows: list[Any], told: profile.Profile) -> None:
    body = encoded(outer, rows)
    quick = fast.read(body, told, "Users")
    assert quick is not None
    assert quick == tolerant.read(body, told, "Users")


@unhurried
@given(envelope, st.lists(group, max_size=4))
def test_both_ways_read_the_same_groups(outer: dict[str, Any], rows: list[Any]) -> None:
    body = encoded(outer, rows)
    quick = fast.read(body, PROFILES[0], "Groups")
    assert quick is not None
    assert quick == tolerant.read(body, PROFILES[0], "Groups")


@unhurried
@given(st.lists(user, min_size=1, max_size=3), st.data())
def test_letter_case_loses_nothing(rows: list[Any], data: st.DataObject) -> None:
    def respelt(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                data.draw(st.sampled_from([name, name.upper(), name.lower(), name.title()])): respelt(held)
                for name, held in value.items()
            }
        return [respelt(element) for element in value] if isinstance(value, list) else value

    told = PROFILES[0]
    plain = parse.page(encoded({}, rows), told, "Users")
    odd = parse.page(encoded({}, respelt(rows)), told, "Users")
    assert (odd.ids, odd.users, odd.grants) == (plain.ids, plain.users, plain.grants)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "Value", "$ref", "created", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(
    [
        "externalId",
        "userName",
        "name",
        "displayName",
        "title",
        "userType",
        "active",
        "emails",
        "groups",
        "roles",
        "entitlements",
        "meta",
        "members",
        "manager",
        "department",
        "name.formatted",
        "schemas",
        "urn:sap",
        ENTERPRISE,
        ENTERPRISE_1,
        f"{ENTERPRISE}:manager",
    ]
)


@unhurried
@given(
    st.lists(st.tuples(ids, st.dictionaries(names, junk, max_size=5)), min_size=1, max_size=3),
    st.sampled_from(PROFILES),
)
def test_odd_types_lose_no_row(rows: list[tuple[str, dict[str, Any]]], told: profile.Profile) -> None:
    body = encoded({}, [{**odd, "id": name} for name, odd in rows], ascii_only=True)
    wanted = [name for name, _ in rows]
    found = parse.page(body, told, "Users")
    assert found.ids == wanted
    assert parse.accounts_table("app", [(found, 0)], "f")["account_id"].to_pylist() == wanted
    parse.grants_table("app", found.grants)
    assert [held.id for held in parse.page(body, told, "Groups").groups] == wanted


@unhurried
@given(st.lists(junk | user, max_size=4))
def test_every_row_is_kept_or_rejected(rows: list[Any]) -> None:
    found = parse.page(encoded({}, rows, ascii_only=True), PROFILES[0], "Users")
    assert len(rows) == len(found.ids) == len(found.users) + len(found.rejected)
