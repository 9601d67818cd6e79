"""Tiers T1 to T5, each hit, near miss, absent key and collision."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from scimaudit import correlate
from scimaudit.correlate import exact
from scimaudit.correlate.pool import Pool
from scimaudit.errors import ConfigError, TableError
from tests.correlate.conftest import hits


@pytest.fixture
def ana(make: SimpleNamespace) -> dict[str, object]:
    return make.person(
        "p-1",
        employee_number="00123",
        user_name="aames",
        emails=["ana.ames@corp.example", "ana@corp.example"],
        aliases=["ana.old@corp.example"],
    )


@pytest.fixture
def bo(make: SimpleNamespace) -> dict[str, object]:
    return make.person("p-2", employee_number="00456", user_name="bbos", emails=["bo.bos@corp.example"])


def test_t1_external_id_is_the_declared_column(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    found = make.link(make.account("a", external_id="p-1"), [ana, bo], make.rules(external_id_is="person_id"))
    assert (found.situation, found.person_id, found.tier, found.confidence) == ("matched", "p-1", "T1", 1.0)
    assert found.keys == ["T1 external_id p-1 = p-1"]


def test_t1_does_not_run_where_it_is_not_declared(make: SimpleNamespace, ana: dict) -> None:
    assert make.link(make.account("a", external_id="p-1"), [ana]).situation == "unmatched"


def test_t1_follows_each_apps_own_declaration(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    rules = {
        "chat": make.rules(external_id_is="person_id"),
        "wiki": make.rules(external_id_is="user_name"),
        "crm": make.rules(external_id_is="employee_number", employee_number_digits=5),
        "mail": make.rules(external_id_is="emails"),
    }
    rows = [
        make.account("1", external_id="p-1"),
        make.account("2", app="wiki", external_id="BBOS"),
        make.account("3", app="wiki", external_id="p-1"),
        make.account("4", app="crm", external_id="123"),
        make.account("5", app="mail", external_id="ana@corp.example"),
    ]
    found = make.links(rows, [ana, bo], rules)
    assert found["person_id"].fillna("").tolist() == ["p-1", "p-2", "", "p-1", "p-1"]


def test_t1_pads_the_numbers_of_both_sides(make: SimpleNamespace) -> None:
    rules = make.rules(external_id_is="employee_number", employee_number_digits=5)
    for number in ("7", "00007", "007"):
        person = make.person("p", employee_number=number)
        assert make.link(make.account("a", external_id="0007"), [person], rules).tier == "T1"


def test_t1_takes_a_column_the_roster_declares(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    people = [ana | {"badge": "X9"}, bo | {"badge": None}]
    rules = make.rules(external_id_is="badge")
    assert make.link(make.account("a", external_id="x9"), people, rules).person_id == "p-1"


def test_t1_refuses_a_column_that_no_roster_has(make: SimpleNamespace, ana: dict) -> None:
    with pytest.raises(ConfigError, match="'badge'") as raised:
        make.links([make.account("a", external_id="1")], [ana], make.rules(external_id_is="badge"))
    assert "employee_number" in raised.value.hint


def test_t2_employee_number(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    found = make.link(make.account("a", employee_number=" 00123 "), [ana, bo])
    assert (found.person_id, found.tier, found.confidence) == ("p-1", "T2", 0.97)


def test_t2_pads_only_where_configured(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    bare = make.account("a", employee_number="123")
    assert make.link(bare, [ana, bo]).situation == "unmatched"
    found = make.link(bare, [ana, bo], make.rules(employee_number_digits=5))
    assert (found.person_id, found.keys) == ("p-1", ["T2 employee_number 123 = 00123"])


def test_t2_does_not_pad_what_is_not_a_number(make: SimpleNamespace, bo: dict) -> None:
    odd = make.person("p-9", employee_number="0E123")
    found = make.link(make.account("a", employee_number="E123"), [odd, bo], make.rules(employee_number_digits=5))
    assert found.situation == "unmatched"


def test_t2_damage_by_a_spreadsheet_is_a_miss(make: SimpleNamespace) -> None:
    found = make.link(make.account("a", employee_number="1E5"), [make.person("p", employee_number="100000")])
    assert found.situation == "unmatched"


def test_t3_primary_mail(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    found = make.link(make.account("a", emails=["ANA.Ames@corp.example"]), [ana, bo])
    assert (found.person_id, found.tier, found.confidence) == ("p-1", "T3", 0.93)


def test_t3_plus_address_is_a_miss(make: SimpleNamespace, ana: dict) -> None:
    found = make.link(make.account("a", emails=["ana.ames+chat@corp.example"]), [ana])
    assert (found.situation, found.tier, found.runners_up) == ("unmatched", "T8", ["p-1"])


def test_t4_user_name(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    found = make.link(make.account("a", user_name="AAmes"), [ana, bo])
    assert (found.person_id, found.tier, found.confidence) == ("p-1", "T4", 0.9)
    assert found.keys == ["T4 user_name AAmes = aames"]


def test_t4_user_name_that_is_the_work_mail(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    assert make.link(make.account("a", user_name="ana.ames@corp.example"), [ana, bo]).tier == "T4"


def test_t4_local_part_counts_only_where_configured(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    row = make.account("a", user_name="aames@tenant.example")
    assert make.link(row, [ana, bo]).situation == "unmatched"
    found = make.link(row, [ana, bo], make.rules(match_local_part=True))
    assert (found.person_id, found.keys) == ("p-1", ["T4 user_name local part aames@tenant.example = aames"])


def test_t4_local_part_of_two_people_is_ambiguous(make: SimpleNamespace) -> None:
    people = [make.person("p-1", user_name="ana@one.example"), make.person("p-2", user_name="ana@two.example")]
    rules = make.rules(match_local_part=True)
    assert make.link(make.account("a", user_name="ana"), people, rules).situation == "ambiguous"
    assert make.link(make.account("a", user_name="ana@two.example"), people, rules).person_id == "p-2"


def test_t4_a_guests_local_part_names_nobody(make: SimpleNamespace, ana: dict) -> None:
    row = make.account("a", user_name="aames_else.example#EXT#@corp.example")
    assert make.link(row, [ana], make.rules(match_local_part=True)).situation == "unmatched"


@pytest.mark.parametrize("mark", ["#EXT#", "#ext#"])
def test_t3_guest_is_decoded_to_the_home_address(make: SimpleNamespace, ana: dict, mark: str) -> None:
    found = make.link(make.account("a", user_name=f"ana.ames_corp.example{mark}@tenant.example"), [ana])
    assert (found.person_id, found.tier) == ("p-1", "T3")
    assert found.keys == [f"T3 user_name decoded ana.ames_corp.example{mark}@tenant.example = ana.ames@corp.example"]


def test_t4_guest_is_decoded_to_the_user_name(make: SimpleNamespace) -> None:
    person = make.person("p", user_name="ana@home.example")
    assert make.link(make.account("a", user_name="ana_home.example#EXT#@t.example"), [person]).tier == "T4"


def test_a_guest_mark_without_an_address_is_only_a_user_name(make: SimpleNamespace) -> None:
    person = make.person("p", user_name="ana#EXT#@t.example")
    assert make.link(make.account("a", user_name="ana#EXT#@t.example"), [person]).tier == "T4"


@pytest.mark.parametrize("address", ["ana@corp.example", "ana.old@corp.example"])
def test_t5_second_and_previous_addresses(make: SimpleNamespace, ana: dict, bo: dict, address: str) -> None:
    found = make.link(make.account("a", emails=[address]), [ana, bo])
    assert (found.person_id, found.tier, found.confidence) == ("p-1", "T5", 0.85)
    assert found.keys == [f"T5 emails {address} = {address}"]


def test_t5_a_second_address_of_the_account(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    found = make.link(make.account("a", emails=["x@else.example", "ana.ames@corp.example"]), [ana, bo])
    assert (found.person_id, found.tier) == ("p-1", "T5")


@pytest.mark.parametrize("address", ["bo.bos@older.example", "bo.bos@old.example"])
def test_t5_follows_chains_of_domain_migrations(make: SimpleNamespace, bo: dict, address: str) -> None:
    rules = make.rules(domains={"older.example": "old.example", "old.example": "corp.example"})
    found = make.link(make.account("a", emails=[address]), [bo], rules)
    assert (found.person_id, found.tier) == ("p-2", "T5")
    assert found.keys == [f"T5 emails moved to another domain {address} = bo.bos@corp.example"]


def test_t5_a_roster_may_still_have_the_old_domain(make: SimpleNamespace, bo: dict) -> None:
    rules = make.rules(domains={"corp.example": "new.example"})
    assert make.link(make.account("a", user_name="bo.bos@new.example"), [bo], rules).person_id == "p-2"


def test_t5_domains_are_each_apps_own(make: SimpleNamespace, bo: dict) -> None:
    rules = {"chat": make.rules(domains={"old.example": "corp.example"}), "wiki": make.rules()}
    rows = [make.account(app, app=app, emails=["bo.bos@old.example"]) for app in ("chat", "wiki")]
    assert make.links(rows, [bo], rules)["situation"].tolist() == ["matched", "unmatched"]


def test_t5_a_domain_that_only_ends_alike_is_another(make: SimpleNamespace, bo: dict) -> None:
    rules = make.rules(domains={"old.example": "corp.example"})
    assert make.link(make.account("a", emails=["bo.bos@very-old.example"]), [bo], rules).situation == "unmatched"


def test_agreement_is_recorded_and_the_highest_tier_names_the_link(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    row = make.account("a", employee_number="00123", emails=["ana.ames@corp.example"], user_name="aames")
    found = make.link(row, [ana, bo])
    assert (found.tier, [key[:2] for key in found.keys]) == ("T2", ["T2", "T3", "T4"])


def test_a_user_name_copied_from_the_mail_is_one_key(make: SimpleNamespace, ana: dict) -> None:
    row = make.account("a", emails=["ana.ames@corp.example"], user_name="ana.ames@corp.example")
    assert make.link(row, [ana]).keys == ["T3 emails ana.ames@corp.example = ana.ames@corp.example"]


def test_tiers_that_disagree_are_ambiguous(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    found = make.link(make.account("a", employee_number="00123", emails=["bo.bos@corp.example"]), [ana, bo])
    assert (found.situation, found.person_id, found.tier) == ("ambiguous", None, "T2")
    assert found.runners_up == ["p-1", "p-2"]
    assert "T2 p-1, T3 p-2" in found.reason
    assert "scimaudit links" in found.reason
    assert found.reason.endswith("chat,a,PERSON_ID or nobody,is,WHO,DATE,,WHY")


@pytest.mark.parametrize(
    ("column", "value", "rules"),
    [
        ("employee_number", "00123", {}),
        ("emails", ["shared@corp.example"], {}),
        ("user_name", "shared", {}),
        ("external_id", "00123", {"external_id_is": "employee_number"}),
    ],
)
def test_a_key_that_two_people_share_is_ambiguous(
    make: SimpleNamespace, column: str, value: object, rules: dict
) -> None:
    both = {"employee_number": "00123", "emails": ["shared@corp.example"], "user_name": "shared"}
    found = make.link(
        make.account("a", **{column: value}), [make.person(p, **both) for p in ("p-2", "p-1")], make.rules(**rules)
    )
    assert (found.situation, found.runners_up) == ("ambiguous", ["p-1", "p-2"])


def test_a_key_that_a_crowd_shares_is_ambiguous_and_not_all_are_named(make: SimpleNamespace, ana: dict) -> None:
    crowd = [make.person(f"q-{n:02}", emails=["team@corp.example"]) for n in range(50)]
    found = make.link(make.account("a", emails=["team@corp.example"]), [ana, *crowd])
    assert (found.situation, len(found.runners_up)) == ("ambiguous", 32)
    assert " and more" in found.reason


def test_null_keys_never_join(make: SimpleNamespace) -> None:
    rules = make.rules(external_id_is="employee_number", employee_number_digits=5, match_local_part=True)
    for empty in (
        {},
        {"employee_number": "", "external_id": " ", "user_name": " ", "emails": ["", None]},
        {"emails": []},
    ):
        found = make.link(
            make.account("a", **empty),
            [make.person("p", **{k: v for k, v in empty.items() if k != "external_id"})],
            rules,
        )
        assert (found.situation, found.keys, found.runners_up) == ("unmatched", [], [])
        assert "no key" in found.reason


def test_leavers_stay_in_the_pool(make: SimpleNamespace, ana: dict) -> None:
    found = make.link(make.account("a", user_name="aames"), [ana | {"status": "terminated"}])
    assert found.person_id == "p-1"


def test_an_app_runs_only_its_tiers(make: SimpleNamespace, ana: dict) -> None:
    row = make.account("a", employee_number="00123", emails=["ana.ames@corp.example"], user_name="aames")
    assert make.link(row, [ana], make.rules(tiers=("T4",))).keys == ["T4 user_name aames = aames"]
    silent = make.link(row, [ana], make.rules(tiers=()))
    assert (silent.situation, silent.tier, silent.keys) == ("unmatched", None, [])


def test_a_person_who_stands_twice_in_the_roster_is_refused(make: SimpleNamespace, ana: dict) -> None:
    with pytest.raises(TableError, match="'p-1' occurs 2 times"):
        make.links([make.account("a")], [ana, ana])


def test_no_people_and_no_accounts(make: SimpleNamespace, ana: dict) -> None:
    assert make.link(make.account("a", user_name="aames"), []).situation == "unmatched"
    assert make.links([], [ana]).empty


def test_an_app_without_rules_has_the_defaults(make: SimpleNamespace, ana: dict) -> None:
    assert make.link(make.account("a", app="new", user_name="aames"), [ana]).person_id == "p-1"


def test_the_links_keep_the_index_of_the_accounts(make: SimpleNamespace, ana: dict) -> None:
    frame = make.accounts([make.account("a"), make.account("b", user_name="aames")]).set_axis([7, 3])
    found = correlate.correlate(frame, make.people([ana]), apps={}, today=make.today)
    assert found.index.tolist() == [7, 3]
    assert found["person_id"].notna().tolist() == [False, True]


IDENTIFIERS = {
    "primary address": ({"emails": ["x@home.example"]}, (3, 5, 5)),
    "guest's address": ({"user_name": "x_home.example#EXT#@tenant.example"}, (3, 4, 5)),
    "user name": ({"user_name": "x@home.example"}, (4, 4, 5)),
    "second address": ({"emails": ["y@else.example", "x@home.example"]}, (5, 5, 5)),
    "moved address": ({"emails": ["x@new.example"]}, (5, 5, 5)),
}
ROLES = {"primary": {"emails": ["x@home.example"]}, "login": {"user_name": "x@home.example"},
         "alias": {"aliases": ["x@home.example"]}, "second": {"emails": ["y@here.example", "x@home.example"]}}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_the_tier_follows_from_what_it_is_to_the_account_and_to_the_person(
    make: SimpleNamespace, identifier: str, role: str
) -> None:
    values, tiers = IDENTIFIERS[identifier]
    rules = make.rules(domains={"home.example": "new.example"})
    found = make.link(make.account("a", **values), [make.person("p", **ROLES[role])], rules)
    assert (found.person_id, found.tier) == ("p", f"T{tiers[min(list(ROLES).index(role), 2)]}")


@pytest.mark.parametrize("tier", correlate.EXACT)
def test_a_tier_runs_where_it_is_chosen_and_only_there(make: SimpleNamespace, ana: dict, tier: str) -> None:
    row = make.account(
        "a", external_id="p-1", employee_number="00123", user_name="aames@tenant.example",
        emails=["ana.ames@corp.example", "ana@corp.example"],
    )  # fmt: skip
    chosen = {"external_id_is": "person_id", "match_local_part": True}
    assert {key[:2] for key in make.link(row, [ana], make.rules(**chosen)).keys} == set(correlate.EXACT)
    only = make.link(row, [ana], make.rules(tiers=(tier,), **chosen))
    assert (only.person_id, {key[:2] for key in only.keys}) == ("p-1", {tier})
    rest = tuple(other for other in correlate.EXACT if other != tier)
    assert {key[:2] for key in make.link(row, [ana], make.rules(tiers=rest, **chosen)).keys} == set(rest)


def test_a_pair_that_is_ruled_out_is_taken_away_and_no_other() -> None:
    found = hits((0, 1, 2), (0, 2, 2), (1, 0, 2), (1, 2, 3), (2, 0, 4))
    barred = (np.asarray([0, 1, 2, 0]), np.asarray([2, 2, 1, 5]))
    left = found.without(barred)
    assert list(zip(left.account.tolist(), left.person.tolist(), strict=True)) == [(0, 1), (1, 0), (2, 0)]
    assert found.without((barred[0][:0], barred[1][:0])) is found


def test_domains_are_neighbours_along_chains_and_each_apart_from_itself() -> None:
    chains = {"a": "b", "c": "d", "b": "c", "y": "z"}
    chain = {name: {"a", "b", "c", "d"} - {name} for name in "abcd"}
    assert exact.neighbours(chains) == chain | {"y": {"z"}, "z": {"y"}}


def test_an_address_at_each_neighbour_is_looked_up(make: SimpleNamespace) -> None:
    people = [make.person(f"p-{name}", emails=[f"ana@{name}.example"]) for name in "abc"]
    rules = make.rules(domains={"a.example": "b.example", "b.example": "c.example"})
    found = make.link(make.account("a", emails=["ana@b.example"]), people, rules)
    assert (found.situation, found.runners_up) == ("ambiguous", ["p-a", "p-b", "p-c"])


def test_guests_are_told_from_those_who_only_bear_the_mark(make: SimpleNamespace) -> None:
    people = [make.person("p-1", emails=["ana@one.example"]), make.person("p-2", emails=["bo_b@two.example"])]
    rows = [
        make.account(str(n), user_name=name)
        for n, name in enumerate(
            [
                "ana#EXT#@t.example",
                "plain",
                "bo_b_two.example#EXT#@t.example",
                "x#ext#",
                "ana_one.example#ext#@t.example",
            ]
        )
    ]
    found = make.links(rows, people)
    assert found["person_id"].fillna("").tolist() == ["", "", "p-2", "", "p-1"]
    names = pa.array(["ana#ext#@t.example", "plain", None, "bo_b_two.example#ext#@t.example"])
    addresses, places = exact.guest_addresses(names)
    assert (addresses.to_pylist(), places.tolist()) == (["bo_b@two.example"], [3])


def test_apps_that_share_a_rule_and_apps_that_do_not(make: SimpleNamespace, ana: dict, bo: dict) -> None:
    rules = {
        "one": make.rules(external_id_is="employee_number", employee_number_digits=5),
        "two": make.rules(external_id_is="employee_number"),
        "three": make.rules(external_id_is="employee_number", employee_number_digits=5, tiers=("T2",)),
        "four": make.rules(external_id_is="user_name", employee_number_digits=5),
    }
    rows = [
        make.account(f"{app} {column}", app=app, **{column: "123"})
        for app in rules
        for column in ("external_id", "employee_number")
    ]
    people = [ana, bo, make.person("p-3", user_name="123")]
    found = make.links(rows, people, rules).set_index("account_id")["tier"].dropna().to_dict()
    assert found == {
        "one external_id": "T1", "one employee_number": "T2", "three employee_number": "T2",
        "four external_id": "T1", "four employee_number": "T2",
    }  # fmt: skip


def test_keys_of_one_kind_are_never_taken_for_those_of_another(make: SimpleNamespace) -> None:
    keys = [
        {"employee_number": f"{n}", "user_name": f"u{n}", "emails": [f"m{n}@x.example", f"s{n}@x.example"]}
        for n in range(4)
    ]
    people = make.people([make.person(f"p-{n}", **each) for n, each in enumerate(keys)])
    rows = [make.account(f"a-{n}", external_id=f"{n}", **each) for n, each in enumerate(keys)]
    rows.append(make.account("b", app="wiki", user_name="u3@else.example"))
    rules = {"chat": make.rules(external_id_is="employee_number"), "wiki": make.rules(match_local_part=True)}
    accounts = make.accounts(rows)
    found = exact.hits(accounts, Pool.of(people), exact.Settings(accounts, rules))
    names = {exact.USER_NAME, exact.MAIL}
    spaces = {
        "external id": found.label == exact.EXTERNAL_ID, "number": found.label == exact.EMPLOYEE_NUMBER,
        "addresses and names": np.isin(found.label, list(names)), "local part": found.label == exact.LOCAL_PART,
    }  # fmt: skip
    entries = {name: set(found.entry[chosen].tolist()) for name, chosen in spaces.items()}
    assert {name: len(each) for name, each in entries.items()} == {
        "external id": 4, "number": 4, "addresses and names": 12, "local part": 1,
    }  # fmt: skip
    assert len(set().union(*entries.values())) == 21


def test_within_a_tier_the_best_evidence_comes_first(make: SimpleNamespace) -> None:
    numbers = range(60)
    people = [make.person(f"p-{n:02}", emails=[f"u{n:02}@home.example"]) for n in numbers]
    rows = [
        make.account(f"{n}", emails=[f"u{n:02}@home.example"], user_name=f"u{n:02}_home.example#EXT#@t.example")
        for n in reversed(numbers)
    ]
    accounts, pool = make.accounts(rows), Pool.of(make.people(people))
    found = exact.hits(accounts, pool, exact.Settings(accounts, {}))
    assert found.account.tolist() == [n for n in numbers for _ in range(2)]
    assert found.label.tolist() == [exact.MAIL, exact.GUEST] * 60


def test_an_array_that_several_parts_point_into_is_kept_once() -> None:
    one, two = pa.array(["a", "b"]), pa.array(["c"])
    arrays, places = exact._stacked([(one, np.asarray([1])), (two, np.asarray([0])), (one, np.asarray([0, 1]))])
    assert (arrays.to_pylist(), places.tolist()) == (["a", "b", "c"], [1, 2, 0, 1])
