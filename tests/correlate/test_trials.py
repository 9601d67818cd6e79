"""Every tier tried for one account."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from scimaudit import correlate
from scimaudit.correlate import decisions
from scimaudit.errors import TableError

HEADER = "app,account_id,person_id,relation,decided_by,decided_on,until,reason\n"


def tried(
    make: SimpleNamespace, row: dict, people: list, rules: Any = None, text: str = ""
) -> dict[str, correlate.TierTrial]:
    rows = make.accounts([make.account("other", user_name="x"), row, make.account("a", app="wiki")])
    trials = correlate.explain(
        "a", "chat", rows, make.people(people), {"chat": rules or make.rules()}, today=make.today,
        decisions=decisions.parse(HEADER + text, "links.csv"),
    )  # fmt: skip
    assert [trial.tier for trial in trials] == ["T0", *correlate.TIERS]
    return {trial.tier: trial for trial in trials}


@pytest.fixture
def ana(make: SimpleNamespace) -> dict:
    return make.person(
        "p-1", employee_number="00123", user_name="aames", emails=["ana@corp.example"], given_name="Ana",
        family_name="Ames", department="Sales", start_date=date(2026, 1, 1),
    )  # fmt: skip


def test_hits_misses_and_what_was_not_run(make: SimpleNamespace, ana: dict) -> None:
    row = make.account("a", employee_number="123", emails=["Ana@corp.example"], user_name="other")
    found = tried(make, row, [ana], make.rules(employee_number_digits=5, tiers=("T1", "T2", "T3", "T4", "T6")))
    assert {tier: trial.outcome for tier, trial in found.items()} == {
        "T0": "miss", "T1": "not run", "T2": "names", "T3": "names", "T4": "miss", "T5": "not run",
        "T6": "not needed", "T7": "not run", "T8": "not run",
    }  # fmt: skip
    assert found["T2"].text == "T2 employee_number 123 = 00123"
    assert found["T3"].key == "Ana@corp.example (compared as ana@corp.example)"
    assert (found["T3"].candidates, found["T3"].tried, found["T5"].tried) == (("p-1",), True, False)


def test_absent_keys(make: SimpleNamespace, ana: dict) -> None:
    found = tried(make, make.account("a"), [ana], make.rules(external_id_is="person_id"))
    assert [found[tier].outcome for tier in correlate.EXACT] == ["no key"] * 5
    assert found["T5"].text == "the account has no emails or user_name"


def test_several_and_doubted(make: SimpleNamespace, ana: dict) -> None:
    twin = make.person("p-2", employee_number="00123")
    old = datetime(2019, 1, 1, tzinfo=UTC)
    row = make.account("a", employee_number="00123", emails=["ana@corp.example"], created=old)
    found = tried(make, row, [ana, twin])
    assert (found["T2"].outcome, found["T2"].candidates) == ("several", ("p-1", "p-2"))
    assert found["T3"].outcome == "doubted"
    assert "long before" in found["T3"].text


def test_held_before(make: SimpleNamespace, ana: dict) -> None:
    trials = correlate.explain(
        "a", "chat", make.accounts([make.account("a", user_name="aames")]), make.people([ana]), {}, today=make.today,
        history=make.history(("aames", "gone")),
    )  # fmt: skip
    assert (trials[4].outcome, "somebody else" in trials[4].text) == ("doubted", True)


def test_suggestions_stop_at_the_first_tier_that_speaks(make: SimpleNamespace, ana: dict) -> None:
    row = make.account("a", user_name="zz", display_name="Ames, Ana", department="Sales")
    found = tried(make, row, [ana])
    assert [found[tier].outcome for tier in ("T6", "T7", "T8")] == ["miss", "suggests", "not needed"]
    assert (found["T7"].candidates, found["T7"].key) == (("p-1",), "zz, Ames, Ana")
    assert found["T7"].text == "T7 name ames ana; department agrees"


@pytest.mark.parametrize(
    ("line", "outcome", "candidates"),
    [("p-1,is", "decided", ("p-1",)), ("nobody,is", "decided", ()), ("p-1,is-not", "miss", ())],
)
def test_decisions(make: SimpleNamespace, ana: dict, line: str, outcome: str, candidates: tuple) -> None:
    row = make.account("a", user_name="aames")
    found = tried(make, row, [ana], text=f"chat,a,{line},j,2026-01-01,,x\n")
    assert (found["T0"].outcome, found["T0"].candidates) == (outcome, candidates)
    assert found["T4"].outcome == ("miss" if line == "p-1,is-not" else "names")


def test_an_account_that_is_not_there(make: SimpleNamespace, ana: dict) -> None:
    with pytest.raises(TableError, match="'chat' has no account 'a'"):
        tried(make, make.account("b"), [ana])


def test_match_rates(make: SimpleNamespace, ana: dict) -> None:
    rows = [
        make.account("1", external_id="p-1", employee_number="00123", emails=["ana@corp.example"], user_name="aames"),
        make.account("2", external_id="p-7", emails=["shared@corp.example"]),
        make.account("3", app="wiki", external_id="p-1", user_name="nobody"),
    ]
    people = [ana, *(make.person(f"q-{n}", emails=["shared@corp.example"]) for n in range(2))]
    rules = {"chat": make.rules(external_id_is="person_id"), "wiki": make.rules(tiers=("T1", "T2", "T4", "T6"))}
    found = correlate.match_rates(make.accounts(rows), make.people(people), rules)
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == [
        ["chat", "T1", 2, 1, 0.5],
        ["chat", "T2", 1, 1, 1.0],
        ["chat", "T3", 2, 1, 0.5],
        ["chat", "T4", 1, 1, 1.0],
        ["chat", "T5", 2, 0, 0.0],
        ["wiki", "T2", 0, 0, None],
        ["wiki", "T4", 1, 0, 0.0],
    ]


def test_match_rates_of_nothing(make: SimpleNamespace) -> None:
    found = correlate.match_rates(make.accounts([]), make.people([]), {})
    assert found.columns.tolist() == ["app", "tier", "with_key", "matched", "share"]
    assert found.empty
