"""What a person at a terminal sees."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from scimaudit.checkup import Blind, Checkup, KeyCheck, SourceCheck
from scimaudit.evidence.ready import SealCheck
from scimaudit.inquiry import AccountLine, Right, Whereabouts
from scimaudit.renderers import terminal
from scimaudit.result import Audit, Gate


@pytest.fixture
def screen() -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        width=160,
        color_system=None,
        highlight=False,
        emoji=False,
        markup=False,
    )


def told(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def account(**changes: object) -> AccountLine:
    line = AccountLine(
        "crm", "7", "ana", "Ana Ames", True, None, "matched", "1", ("T3 emails ana = ana",), "", (),
        (Right("groups", "Admins", "g1", True, ""), Right("groups", "Staff", "g2", False, "Everyone")),
        (("leaver-active", "high", "active; expected inactive"),),
    )  # fmt: skip
    return replace(line, **changes)


PERSON = Whereabouts({"person_id": "1", "status": "terminated"}, (), (), (), ())


def test_a_terminal_gets_a_console_with_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert terminal.console().is_terminal


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert terminal.console(no_color=True).no_color


def test_a_terminal_gets_titles_and_rules(screen: Console) -> None:
    terminal.rows(screen, "Apps", ("app",), [("crm",)])
    assert "Apps" in told(screen)
    assert "─" in told(screen)


def test_an_id_is_never_broken(screen: Console) -> None:
    screen.width = 60
    terminal.rows(screen, "", ("id", "account"), [("f32c6b93bbd87247", "somebody@a-very-long-name.example " * 3)])
    assert "f32c6b93bbd87247" in told(screen)


def test_a_gate_is_told_first(screen: Console, audit: Audit) -> None:
    tripped = replace(audit, gates=(Gate("roster-shrunk", "rosters", 100, 50, "20 %"),))
    terminal.summary(screen, tripped)
    text = told(screen)
    assert text.index("GATE roster-shrunk: rosters went from 100 to 50") < text.index("verdict")


def test_an_audit_with_nothing_doubtful_needs_no_explanations(screen: Console, audit: Audit) -> None:
    clean = tuple(app for app in audit.apps if app.verdict == "clean")[:1]
    terminal.summary(screen, replace(audit, apps=clean))
    assert "What stands behind the verdicts" not in told(screen)


def test_control_characters_are_shown_and_not_obeyed(screen: Console) -> None:
    terminal.rows(screen, "", ("app",), [("\x1b[31mred\u202e",)])
    assert "\x1b[31m" not in told(screen)
    assert "U+202E" in told(screen)


def test_a_person_without_accounts(screen: Console) -> None:
    terminal.whereabouts(screen, PERSON, "UTC")
    assert "no account is theirs for certain" in told(screen)


def test_a_person_with_everything(screen: Console) -> None:
    found = replace(
        PERSON,
        accounts=(account(),),
        possible=(account(situation="ambiguous", active=None, why=(), reason="two people"),),
        findings=(("sod", "high", "holds both"),),
        silent=(("wiki", "not proven: walk incomplete"),),
    )
    terminal.whereabouts(screen, found, "UTC")
    text = told(screen)
    for word in (
        "Admins (privileged)",
        "Possibly theirs",
        "two people",
        "holds both",
        "walk incomplete",
        "leaver-active",
    ):
        assert word in text


def test_an_account_without_rights_and_findings(screen: Console) -> None:
    terminal.account(screen, account(rights=(), findings=(), active=False), "UTC")
    assert "no rights are listed" in told(screen)
    assert "inactive" in told(screen)


def test_an_account_names_the_way_of_an_indirect_right(screen: Console) -> None:
    terminal.account(screen, account(), "UTC")
    assert "through Everyone" in told(screen)


@pytest.mark.parametrize(("missing", "words"), [((), False), (("fax",), True)])
def test_a_checkup(screen: Console, missing: tuple[str, ...], words: bool) -> None:
    good = SourceCheck(
        "rosters.hr", "csv", 3, {"encoding": "utf-8"}, "complete", "", "unknown", "", "unprovable", "",
        {"user_name": "ana"}, ("a note",), "", "",
    )  # fmt: skip
    bad = replace(good, name="apps.crm.listings[0]", error="401", hint="renew the token")
    terminal.checkup(
        screen,
        Checkup(
            (good, bad),
            (KeyCheck("crm", "T3", 3, 2, 2 / 3), KeyCheck("crm", "T1", 0, 0, 0.0)),
            (Blind("crm", "dormant", 3, 2, "attribute-absent"),),
            missing,
            (SealCheck("key", "id_ed25519", "it can be read by others", "chmod 600 id_ed25519"),),
        ),
    )
    text = told(screen)
    assert "chmod 600" in text
    assert "reached" in text
    assert "renew the token" in text
    assert "user_name = ana" in text
    assert "2 of 3" in text
    assert "67%" in text
    assert ("fax" in text) is words


def test_an_audit_that_ends_with_0_says_so(screen: Console, audit: Audit) -> None:
    ended = replace(audit, meta=replace(audit.meta, exit_code=0, exit_reasons=()))
    terminal.summary(screen, ended)
    assert "nothing at or above" in told(screen)
