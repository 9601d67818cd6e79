"""Tasks as files: texts from apps are hostile, owners do not share files, and what needs a decision does not run."""

from __future__ import annotations

import csv
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimaudit.errors import RenderError
from scimaudit.remediation import Request, Task, writing
from scimaudit.renderers.encode.csv import decode

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=40)
NASTY = "a\n$(touch /tmp/x)'\"`;\x1b[2J\u202e\\"


def request(identifier: str = "7", value: str = "7") -> Request:
    return Request(
        "crm", f"https://crm.example/v2/Users/{identifier}", {"value": value}, "disable the account", rfc=True
    )


def task(**told: object) -> Task:
    plain = Task(
        id="f1", title="Disable ann in crm", what="disable", decide=False, severity="high", app="crm",
        owner="dee@corp.example", account_id="7", account="ann", person_id="1", person="Ann", attribute="", value="",
        display="", action="Disable the account.", reasons=("leaver-active: active",), findings=("f1",), decisions=(),
        since=datetime(2026, 1, 5, tzinfo=UTC), requests=(request(),),
    )  # fmt: skip
    return replace(plain, **told)  # type: ignore[arg-type]


def run(text: str) -> list[list[str]]:
    """What curl would be called with, as bash understands the text."""
    stub = 'curl() { printf "%s\\0" "$@"; printf "\\1\\0"; }\n'
    done = subprocess.run(
        ["bash", "-c", stub + text],
        check=True,
        capture_output=True,
        env={"SCIM_HEADERS": "/h e", "PATH": "/usr/bin:/bin"},
    )
    calls: list[list[str]] = [[]]
    for word in done.stdout.decode().split("\0")[:-1]:
        if word == "\1":
            calls.append([])
        else:
            calls[-1].append(word)
    return calls[:-1]


def test_a_command_sends_one_patch_with_the_credentials_of_its_app_from_a_file() -> None:
    [words] = run(writing.command(request(), "f1"))
    assert words[words.index("--request") + 1] == "PATCH"
    assert words[words.index("--request") + 2] == "https://crm.example/v2/Users/7"
    assert words[words.index("--header") + 1] == "@/h e/crm"
    assert "--location" not in words
    assert words[-1] == '{"value":"7"}'


@given(TEXT)
def test_whatever_stands_in_a_value_reaches_curl_as_one_word_of_ascii(value: str) -> None:
    words = run(writing.command(request(value=value), "f1"))[0]
    assert words[-2:] == ["--data-raw", writing.body(request(value=value))]
    assert words[-1].isascii()
    assert words[-1].isprintable()


@pytest.mark.parametrize("name", ["title", "silent", "display"])
def test_names_from_an_app_run_nothing(name: str) -> None:
    text = writing.script([task(**{name: NASTY, "reasons": (NASTY,)})], NASTY, "a")
    assert len(run(text)) == 1
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_what_somebody_has_to_decide_does_not_run() -> None:
    assert run(writing.script([task(decide=True), task()], "dee", "a")) == run(writing.script([task()], "dee", "a"))


def test_tasks_without_a_request_make_no_commands() -> None:
    assert writing.script([task(requests=())], "dee", "a") == ""


@given(st.sets(TEXT, min_size=2, max_size=5))
def test_no_two_owners_share_a_file(owners: set[str]) -> None:
    stems = {writing._stem(owner) for owner in owners}
    assert len(stems) == len(owners)
    assert all(stem and "/" not in stem and not stem.startswith(".") for stem in stems)
    assert len({stem.casefold() for stem in stems}) == len(stems)


def test_each_owner_gets_a_table_tickets_and_commands(tmp_path: Path) -> None:
    owned = [task(), task(id="f2", owner="", requests=(), silent="by hand")]
    names = [path.name for path in writing.write(owned, "a", tmp_path / "out")]
    assert names == [
        "dee@corp.example.csv", "dee@corp.example.txt", "dee@corp.example.sh", "nobody.csv", "nobody.txt",
    ]  # fmt: skip
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_a_table_is_safe_to_open_and_gives_every_text_back(tmp_path: Path) -> None:
    writing.write([task(account="=cmd|x", action=NASTY)], "a", tmp_path)
    with (tmp_path / "dee@corp.example.csv").open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["account"].startswith("'=")
    assert decode(row["action"]) == NASTY


def test_a_ticket_says_what_why_by_what_request_and_how_to_say_that_it_is_done() -> None:
    text = writing.ticket(task(claimed="dee@corp.example on 2026-01-06; the listing of 2026-01-09 still shows it"))
    assert text == (
        "[high] Disable ann in crm\n\n"
        "Do: Disable the account.\n"
        "Account: ann, id 7, in crm\n"
        "Person: Ann, id 1\n"
        "Why: leaver-active: active\n"
        "Findings: f1\n"
        "Known since: 2026-01-05\n"
        "Said to be done by dee@corp.example on 2026-01-06; the listing of 2026-01-09 still shows it\n"
        'Request: PATCH https://crm.example/v2/Users/7 {"value":"7"}\n'
        "Done when: a later audit, on whole listings, no longer shows it.\n"
        "To say that it is done: f1,remediation-claimed,YOUR@MAIL,YYYY-MM-DD,,TICKET as a line of "
        "policy/dispositions.csv\n"
    )


def test_what_is_known_of_a_request_at_the_provider_stands_beside_it() -> None:
    noted = task(requests=(replace(request(), note="Slack: it only deactivates"), request()))
    assert "\nMind: Slack: it only deactivates\n" in writing.ticket(noted)
    assert writing.script([noted], "dee", "a").count("# Slack: it only deactivates\n") == 1


def test_a_request_that_fails_stops_no_other_and_is_named() -> None:
    text = writing.script([task(id="f1"), task(id="f2")], "dee", "a")
    stub = 'curl() { echo "$*" >&2; return 22; }\n'
    done = subprocess.run(
        ["bash", "-c", stub + text], check=False, capture_output=True, text=True, env={"SCIM_HEADERS": "/h"}
    )
    assert done.returncode == 1
    assert done.stderr.count("--request PATCH") == 2
    assert done.stderr.endswith("not done: f1 f2\n")


def test_two_owners_of_letters_that_spell_one_code_point_do_not_share_a_file() -> None:
    assert writing._stem("Aa") != writing._stem("\u041a")


def test_requests_of_an_earlier_audit_do_not_stay_beside_later_ones(tmp_path: Path) -> None:
    writing.write([task(), task(id="f2", owner="bo@corp.example")], "a1", tmp_path)
    writing.write([task()], "a1", tmp_path)
    with pytest.raises(RenderError, match=r"bo@corp.example.sh holds requests of an earlier audit"):
        writing.write([task()], "a2", tmp_path)
    with pytest.raises(RenderError, match=r"bo@corp.example.sh"):
        writing.write([task(), task(owner="bo@corp.example", requests=())], "a2", tmp_path)
    writing.write([task(), task(owner="bo@corp.example")], "a2", tmp_path)
