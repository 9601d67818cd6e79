"""Gates: shrunken, stale and unmatched data publish findings under a banner, end with 4, and can be accepted by name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from scimaudit import config, workflow
from scimaudit.errors import ConfigError
from scimaudit.evidence.replay import replay
from scimaudit.result import Audit
from tests.review.conftest import Firm
from tests.silence import Silence


@pytest.fixture
def grown(tmp_path: Path) -> Firm:
    """Thirty people with an account each, audited a day ago."""
    firm = Firm(tmp_path)
    for number in range(30):
        name = f"p{number}"
        firm.people[name] = f"{100 + number},{name},{name}@corp.example,P,{name.upper()},active,Sales,Agent,4"
        firm.accounts[name] = f"{name},{name}@corp.example,true,Sales,staff"
    firm.audit()
    firm.later(days=1)
    return firm


def lose(firm: Firm, rows: dict[str, str]) -> None:
    for number in range(20):
        del rows[f"p{number}"]


def judged(firm: Firm, accept: dict[str, str] | None = None) -> Audit:
    loaded = firm.config()
    workflow.pull(loaded, now=lambda: firm.now, watcher=Silence())
    return workflow.audit(loaded, accept=accept).audit


def names(audit: Audit) -> list[str]:
    return [gate.name for gate in audit.gates]


def test_a_firm_that_is_as_it_was_trips_nothing(grown: Firm) -> None:
    audit = judged(grown)
    assert names(audit) == []
    assert audit.meta.exit_code < 4


def test_a_roster_that_shrank_gates_every_finding(grown: Firm) -> None:
    lose(grown, grown.people)
    audit = judged(grown)
    assert names(audit) == ["roster-shrunk"]
    assert audit.meta.exit_code == 4
    assert audit.findings["gated"].all()


def test_a_shrunken_roster_is_accepted_by_name_for_one_run(grown: Firm) -> None:
    lose(grown, grown.people)
    audit = judged(grown, {"rosters.hr": "kim: sold a division"})
    assert names(audit) == []
    assert audit.meta.exit_code < 4
    assert not audit.findings["gated"].any()
    [gate] = audit.meta.accepted
    assert (gate.name, gate.subject, gate.accepted) == ("roster-shrunk", "rosters.hr", "kim: sold a division")
    assert "roster-shrunk" in set(audit.findings["kind"].astype("str"))


def test_what_was_accepted_is_another_audit_and_is_sealed_and_replayed(grown: Firm) -> None:
    lose(grown, grown.people)
    plain = judged(grown)
    accepted = workflow.audit(grown.config(), accept={"rosters.hr": "kim: sold a division"}).audit
    assert plain.meta.audit_id != accepted.meta.audit_id
    bundle = workflow.seal(grown.config(), now=grown.now)
    assert bundle.name == accepted.meta.audit_id
    assert replay(bundle).problems == ()


def test_one_source_that_is_accepted_leaves_the_gate_of_another(grown: Firm) -> None:
    lose(grown, grown.people)
    lose(grown, grown.accounts)
    audit = judged(grown, {"crm": "kim: cleaned up"})
    assert names(audit) == ["roster-shrunk"]
    assert audit.meta.exit_code == 4


@pytest.mark.parametrize("source", ["rosters.hr", "crm", "nobody"])
def test_what_did_not_shrink_cannot_be_accepted(grown: Firm, source: str) -> None:
    with pytest.raises(ConfigError, match="did not shrink"):
        judged(grown, {source: "kim: in advance"})


def test_the_next_run_measures_by_what_was_accepted(grown: Firm) -> None:
    lose(grown, grown.people)
    judged(grown, {"rosters.hr": "kim: sold a division"})
    grown.later(days=1)
    assert names(judged(grown)) == []


def test_an_app_of_which_nobody_is_matched_is_the_datas_fault(grown: Firm) -> None:
    for name, row in grown.accounts.items():
        grown.accounts[name] = row.replace(f"{name},{name}@corp.example", f"x-{name}-9,x-{name}-9@else.example")
    audit = judged(grown)
    assert "no-match" in names(audit)
    [gate] = [gate for gate in audit.gates if gate.name == "no-match"]
    assert gate.said == "none of 36 accounts of crm is matched with a person"
    assert audit.meta.exit_code == 4


def test_a_small_app_may_have_nobody_of_the_roster(tmp_path: Path) -> None:
    firm = Firm(tmp_path)
    firm.accounts = {f"x{n}": f"x-{n}-9,x-{n}-9@else.example,true,Sales,staff" for n in range(9)}
    assert names(firm.audit()) == []
    firm.later(days=1)
    firm.accounts["x9"] = "x-9-9,x-9-9@else.example,true,Sales,staff"
    assert names(firm.audit()) == ["no-match"]


def test_a_stale_roster_gates_every_finding(grown: Firm) -> None:
    loaded = grown.config()
    path = grown.folder / "scimaudit.toml"
    old = f"{grown.now - timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}"
    head, rest = path.read_text().split('as_of = "', 1)
    path.write_text(head + f'as_of = "{old}"' + rest.split('"', 1)[1])
    loaded = config.load(path)
    workflow.pull(loaded, now=lambda: grown.now, watcher=Silence())
    audit = workflow.audit(loaded).audit
    assert names(audit) == ["roster-stale"]
    assert audit.gates[0].said == "rosters.hr is 9 days old (limit 7 days)"
    assert audit.meta.exit_code == 4
    assert audit.findings["gated"].all()


@pytest.mark.parametrize("source", ["rosters.hr", "crm"])
def test_a_gate_that_nobody_accepted_stands_when_the_same_is_seen_again(grown: Firm, source: str) -> None:
    """A nightly run would else trip once, and call everybody gone the night after."""
    rows = grown.people if source == "rosters.hr" else grown.accounts
    lose(grown, rows)
    for _ in range(3):
        audit = judged(grown)
        assert [gate.subject for gate in audit.gates] == [source]
        assert audit.meta.exit_code == 4
        grown.later(days=1)
    loaded = config.load(grown.folder / "scimaudit.toml")
    assert replay(workflow.seal(loaded, now=grown.now)).problems == ()
    assert names(judged(grown, {source: "kim: it is true"})) == []
    grown.later(days=1)
    assert names(judged(grown)) == []


def test_a_gate_ends_when_the_source_is_what_it_was(grown: Firm) -> None:
    kept = dict(grown.people)
    lose(grown, grown.people)
    judged(grown)
    grown.later(days=1)
    grown.people = kept
    assert names(judged(grown)) == []


@pytest.mark.parametrize(("what", "gate"), [("people", "roster-shrunk"), ("accounts", "app-shrunk")])
def test_a_pull_that_nobody_judged_is_no_measure(grown: Firm, what: str, gate: str) -> None:
    lose(grown, getattr(grown, what))
    workflow.pull(grown.config(), now=lambda: grown.now, watcher=Silence())
    grown.later(days=1)
    audit = judged(grown)
    assert gate in names(audit)
    assert audit.meta.exit_code == 4
    bundle = workflow.seal(grown.config(), now=grown.now)
    assert replay(bundle).problems == ()
