"""Answers that slapd does not give, in the shapes that ldap3 hands over; one list of values a question."""

from __future__ import annotations

from typing import Any

import pytest

from scimaudit.errors import SourceError
from scimaudit.sources.ldap.membership import members
from scimaudit.sources.ldap.rows import dn_key
from scimaudit.sources.ldap.search import PAGED, Entry, Stopped, search
from scimaudit.sources.ldap.vendor import load

GROUP = "cn=all,dc=corp"


def entry(dn: str, **attributes: list[bytes]) -> dict[str, Any]:
    return {"type": "searchResEntry", "dn": dn, "raw_attributes": attributes}


def answer(*entries: dict[str, Any], code: int = 0, said: str = "success", cookie: bytes = b"") -> dict[str, Any]:
    controls = {PAGED: {"value": {"cookie": cookie}}}
    return {"response": list(entries), "result": {"result": code, "description": said, "controls": controls}}


class Recorded:
    """A directory that gives recorded answers, and keeps what it was asked."""

    password = ""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, list[str], Any]] = []

    def search(self, base: str, what: str, scope: str, *, attributes: list[str], **page: Any) -> tuple[Any, Any]:
        self.asked.append((base, attributes, page["paged_size"]))
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return told["result"], told["response"]


class Directory:
    """Active Directory's way with many values: ``most`` of them at a time (MaxValRange)."""

    password = ""

    def __init__(self, values: list[bytes], most: int, *, stops_at: int | None = None) -> None:
        self.values, self.most, self.stops_at = values, most, stops_at
        self.asked: list[str] = []

    def search(self, base: str, what: str, scope: str, *, attributes: list[str], **page: Any) -> tuple[Any, Any]:
        self.asked += attributes
        start = int(attributes[0].partition("=")[2].partition("-")[0] or 0)
        end = start + self.most
        part = self.values[start:end]
        if self.stops_at is not None and start >= self.stops_at:
            return answer()["result"], [entry(GROUP)]
        last = "*" if end >= len(self.values) else str(end - 1)
        return answer()["result"], [entry(GROUP, **{"member": [], f"member;range={start}-{last}": part})]


def dns(count: int) -> list[bytes]:
    return [f"cn=u{n},dc=corp".encode() for n in range(count)]


def test_a_group_of_more_than_1500_is_asked_for_range_by_range(sink):
    directory = Directory(dns(3200), 1500)
    found = search(directory, sink, "dc=corp", "(objectClass=group)", ["member"])
    assert found.entries[0].texts("member") == [name.decode() for name in dns(3200)]
    assert directory.asked == ["member", "member;range=1500-*", "member;range=3000-*"]
    assert found.cut == []


def test_ranges_that_stop_before_the_end_are_told(sink):
    found = search(Directory(dns(3200), 1500, stops_at=3000), sink, "dc=corp", "(objectClass=group)", ["member"])
    assert len(found.entries[0].texts("member")) == 3000
    assert [(cut.dn, cut.attribute, cut.after) for cut in found.cut] == [(GROUP, "member", 3000)]


def test_ranges_that_never_move_on_are_told(sink):
    again = answer(entry(GROUP, **{"member;range=0-1": dns(2)}))
    found = search(Recorded(again), sink, "dc=corp", "(objectClass=group)", ["member"])
    assert [cut.after for cut in found.cut] == [2]


def test_a_range_that_is_refused_ends_it(sink):
    recorded = Recorded(
        answer(entry(GROUP, **{"member;range=0-1": dns(2)})), answer(code=50, said="insufficientAccess")
    )
    with pytest.raises(SourceError, match="insufficientAccess"):
        search(recorded, sink, "dc=corp", "(objectClass=group)", ["member"])


def test_a_group_of_200000_is_resolved(sink):
    people = [Entry(name.decode(), {}, 0, row) for row, name in enumerate(dns(200_000))]
    accounts = {dn_key(each.dn): each.dn for each in people}
    found = search(Directory(dns(200_000), 50_000), sink, "dc=corp", "(objectClass=group)", ["member"])
    held = members(found.entries, accounts, people, load("active-directory"))
    assert len(held.direct[GROUP]) == 200_000
    assert held.strangers == ()


@pytest.mark.parametrize(
    ("code", "said"),
    [(3, "time limit"), (4, "size limit"), (11, "administrative limit")],
)
def test_a_limit_with_a_part_of_the_entries_never_passes(sink, code, said):
    recorded = Recorded(answer(entry("cn=u1,dc=corp"), code=code, said="limitExceeded"))
    with pytest.raises(Stopped, match=said):
        search(recorded, sink, "dc=corp", "(objectClass=person)", ["cn"])
    assert [size for _, _, size in recorded.asked] == [1000, 500, 200, 100, 50]


@pytest.mark.parametrize(("code", "said"), [(51, "busy"), (52, "unavailable"), (53, "unwillingToPerform")])
def test_a_server_that_gives_up_on_the_way_is_an_error(sink, code, said):
    recorded = Recorded(answer(entry("cn=u1,dc=corp"), cookie=b"1"), answer(code=code, said=said))
    with pytest.raises(SourceError, match=said):
        search(recorded, sink, "dc=corp", "(objectClass=person)", ["cn"])


def test_an_empty_page_with_a_cookie_is_no_end(sink):
    recorded = Recorded(answer(cookie=b"1"), answer(entry("cn=u1,dc=corp")))
    assert [each.dn for each in search(recorded, sink, "dc=corp", "(cn=*)", ["cn"]).entries] == ["cn=u1,dc=corp"]


def test_a_cookie_that_comes_again_is_no_end(sink):
    with pytest.raises(Stopped, match="same page for ever"):
        search(Recorded(answer(entry("cn=u1,dc=corp"), cookie=b"1")), sink, "dc=corp", "(cn=*)", ["cn"], sizes=(50,))


def test_a_referral_in_place_of_an_answer_is_not_followed(sink):
    with pytest.raises(SourceError, match="referrals are never followed"):
        search(Recorded(answer(code=10, said="referral")), sink, "dc=corp", "(cn=*)", ["cn"])
