from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scimaudit.errors import IntegrityError, SourceError
from scimaudit.snapshot.record import Record, bodies, first_address
from scimaudit.sources import Reply


def now() -> datetime:
    return datetime(2026, 11, 20, tzinfo=UTC)


def reply(text: str) -> Callable[[], Reply]:
    return lambda: Reply(200, {"content-type": "application/json", "set-cookie": "secret"}, text.encode())


def never() -> Reply:
    raise AssertionError("asked again for what is on record")


def interrupted(stem: Path, *texts: str) -> None:
    with Record(stem, now) as record:
        for text in texts:
            record.exchange("GET", f"https://app/{text}", reply(text))


def test_a_body_is_kept_as_received(tmp_path: Path) -> None:
    record = Record(tmp_path / "crm", now)
    record.exchange("GET", "https://app/Users", reply('{"x": "é"}'))
    record.close()
    [(entry, body)] = bodies(tmp_path / "crm")
    assert body == '{"x": "é"}'.encode()
    assert (entry.method, entry.url, entry.status, entry.number) == ("GET", "https://app/Users", 200, 0)


def test_cookies_are_not_kept(tmp_path: Path) -> None:
    interrupted(tmp_path / "crm", "a")
    assert b"secret" not in (tmp_path / "crm.jsonl").read_bytes()


def test_an_interrupted_record_is_replayed_without_asking(tmp_path: Path) -> None:
    interrupted(tmp_path / "crm", "a", "b")
    record = Record(tmp_path / "crm", now)
    assert record.exchange("GET", "https://app/a", never)[0].body == b"a"
    assert record.exchange("GET", "https://app/b", never)[0].body == b"b"
    assert record.exchange("GET", "https://app/c", reply("c")) == (
        Reply(200, {"content-type": "application/json", "set-cookie": "secret"}, b"c"),
        2,
    )
    record.close()
    assert [body for _, body in bodies(tmp_path / "crm")] == [b"a", b"b", b"c"]


def test_another_request_than_the_recorded_one_is_asked_and_the_rest_forgotten(tmp_path: Path) -> None:
    interrupted(tmp_path / "crm", "a", "b", "c")
    record = Record(tmp_path / "crm", now)
    record.exchange("GET", "https://app/a", never)
    assert record.exchange("GET", "https://app/other", reply("other"))[0].body == b"other"
    record.close()
    assert [body for _, body in bodies(tmp_path / "crm")] == [b"a", b"other"]


def test_what_was_recorded_and_not_asked_for_again_is_cut_off_at_the_end(tmp_path: Path) -> None:
    interrupted(tmp_path / "crm", "a", "b")
    record = Record(tmp_path / "crm", now)
    record.exchange("GET", "https://app/a", never)
    record.close()
    assert [body for _, body in bodies(tmp_path / "crm")] == [b"a"]


@pytest.mark.parametrize("lost", range(1, 60, 7))
def test_a_torn_index_line_costs_that_exchange_alone(tmp_path: Path, lost: int) -> None:
    interrupted(tmp_path / "crm", "a", "b")
    index = tmp_path / "crm.jsonl"
    index.write_bytes(index.read_bytes()[:-lost])
    record = Record(tmp_path / "crm", now)
    assert record.exchange("GET", "https://app/a", never)[0].body == b"a"
    assert record.exchange("GET", "https://app/b", reply("b again"))[0].body == b"b again"
    record.close()
    assert [body for _, body in bodies(tmp_path / "crm")] == [b"a", b"b again"]


def test_a_torn_body_costs_that_exchange_alone(tmp_path: Path) -> None:
    interrupted(tmp_path / "crm", "a", "b")
    path = tmp_path / "crm.bodies"
    path.write_bytes(path.read_bytes()[:-1])
    with Record(tmp_path / "crm", now) as record:
        record.exchange("GET", "https://app/a", never)
        assert record.exchange("GET", "https://app/b", reply("b again"))[0].body == b"b again"


def test_an_index_without_bodies_is_worth_nothing(tmp_path: Path) -> None:
    interrupted(tmp_path / "crm", "a")
    (tmp_path / "crm.bodies").unlink()
    with Record(tmp_path / "crm", now) as record:
        assert record.exchange("GET", "https://app/a", reply("anew"))[0].body == b"anew"


def test_a_changed_body_is_noticed(tmp_path: Path) -> None:
    interrupted(tmp_path / "crm", "a", "b")
    path = tmp_path / "crm.bodies"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityError, match=r"body 1 of crm\.bodies"):
        list(bodies(tmp_path / "crm"))


def test_a_file_that_changed_since_the_interruption_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "hr.csv"
    file.write_text("old")
    with Record(tmp_path / "hr", now) as record:
        record.read(file, "hr.csv")
    file.write_text("new")
    record = Record(tmp_path / "hr", now)
    assert record.read(file, "hr.csv") == (b"new", 0)
    record.close()
    assert [body for _, body in bodies(tmp_path / "hr")] == [b"new"]


def test_an_unchanged_file_is_recorded_once(tmp_path: Path) -> None:
    file = tmp_path / "hr.csv"
    file.write_text("same")
    with Record(tmp_path / "hr", now) as record:
        record.read(file, "hr.csv")
    record = Record(tmp_path / "hr", now)
    record.read(file, "hr.csv")
    record.close()
    assert len(list(bodies(tmp_path / "hr"))) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no file exports/slack\.csv"):
        Record(tmp_path / "x", now).read(tmp_path / "exports/slack.csv", "exports/slack.csv")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        Record(tmp_path / "x", now).read(tmp_path, "folder")


def test_a_record_that_is_gone_has_no_first_address(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="cannot be read"):
        first_address(tmp_path / "app.crm.0")


def test_a_refusal_that_a_pull_ended_on_is_asked_again(tmp_path: Path) -> None:
    for status in (50, 53, 400, 404, 503):
        stem = tmp_path / str(status)
        with Record(stem, now) as record:
            record.exchange("LDAP", "a", lambda: Reply(0, {}, b"a"))
            record.exchange("LDAP", "b", lambda code=status: Reply(code, {}, b"refused"))
        with Record(stem, now) as record:
            assert record.exchange("LDAP", "a", lambda: Reply(0, {}, b"not asked"))[0].body == b"a"
            assert record.exchange("LDAP", "b", lambda: Reply(0, {}, b"given"))[0].body == b"given"
