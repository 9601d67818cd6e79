"""Faults of the network and of the server's temper, to be drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.faults import wire
from tests.faults.compose import Behaviour, Turns, after, first, instead, sent
from tests.faults.directory import error
from tests.faults.fault import Fault
from tests.faults.server import Answer, Request

ERROR_WITH_200 = wire.body(
    b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403", "detail": "disabled"}'
)


def turns(chance: Random) -> Turns:
    """Some turns of a dozen: the first ones, one of them, all after it, or every so many."""
    number = chance.randint(1, 12)
    step = chance.randint(2, 4)
    return chance.choice(
        [first(chance.randint(1, 4)), number.__eq__, after(number), lambda turn: turn % step == 0, lambda _turn: True]
    )


def once(chance: Random) -> Turns:
    """One turn of the first few."""
    return chance.randint(1, 5).__eq__


def resource(chance: Random) -> str | None:
    """The lists it befalls: of accounts more often than of groups or of both."""
    return chance.choice(["Users", "Users", "Users", "Groups", None])


def _sent(**how: Any) -> Callable[[Random], Behaviour]:
    return lambda chance: sent(resource(chance), turns(chance), **how)


def _said(*answers: Callable[[Request], Answer]) -> Callable[[Random], Behaviour]:
    return lambda chance: instead(chance.choice(answers), resource(chance), turns(chance))


def _cut(chance: Random) -> Behaviour:
    at, end, version = chance.random(), chance.choice(["reset", "close"]), chance.choice(["1.1", "1.1", "1.0"])
    return sent(resource(chance), turns(chance), cut=lambda a: int(at * len(a.body)), end=end, version=version)


def _length(chance: Random) -> Behaviour:
    off = chance.choice([-2000, -50, -1, 1, 50, 2000])
    return sent(resource(chance), turns(chance), length=lambda a: max(0, len(a.body) + off), end="close")


def _gzip_cut(chance: Random) -> Behaviour:
    keep = chance.choice([-1, -4, -8, -20, 12, 40])
    return sent(resource(chance), turns(chance), body=lambda a: wire.zipped(a)[:keep], headers=wire.GZIP, end="close")


def _gzip_odd(chance: Random) -> Behaviour:
    made: list[Callable[[Answer], bytes]] = [
        lambda a: a.body,
        lambda a: wire.zipped(a) + wire.zipped(a),
        lambda a: wire.zipped(a) + b"more",
        lambda a: wire.zipped(a)[:-8] + bytes(8),
    ]
    return sent(resource(chance), turns(chance), body=chance.choice(made), headers=wire.GZIP)


def _failing(chance: Random) -> Behaviour:
    status = chance.choice([400, 401, 403, 404, 410, 500, 501])
    return instead(lambda _r: error(status, "broken"), resource(chance), turns(chance))


_STORMS = (
    *(wire.slow_down(), wire.slow_down(Retry_After="1"), wire.slow_down(Retry_After="soon")),
    *(wire.slow_down(503, Retry_After="1"), wire.page_of_html(502), wire.slow_down(504)),
)
_ELSEWHERE = (
    *(wire.redirect(wire.to_stranger), wire.redirect(wire.to_stranger_by_name, 307)),
    *(wire.redirect(lambda r: r.target), wire.redirect(wire.to_stranger_behind_user_info, 308)),
    wire.redirect(lambda r: r.origin + "/login", 303),
)


def _passing(chance: Random) -> Behaviour:
    """One failure of a kind that is tried again."""
    broken: list[Behaviour] = [
        sent("Users", once(chance), cut=300, end="reset"),
        sent("Users", once(chance), length=lambda a: len(a.body) + 50, end="close"),
        sent("Users", once(chance), bare=True, body=b"", end="close"),
        sent("Users", once(chance), chunked=True, unfinished=True, end="close"),
        sent("Users", once(chance), body=lambda a: wire.zipped(a)[:-4], headers=wire.GZIP, end="close"),
        instead(chance.choice(_STORMS), "Users", once(chance)),
    ]
    return chance.choice(broken)


def _unusual(chance: Random) -> Behaviour:
    """Nothing wrong with it."""
    how: list[dict[str, Any]] = [
        {"chunked": True},
        {"body": wire.zipped, "headers": wire.GZIP},
        {"version": "1.0", "end": "close"},
        {"end": "close"},
    ]
    return sent(None, turns(chance), **chance.choice(how))


TRANSPORT: Final = (
    Fault("cut", "transport", "bytes", _cut),
    Fault("length-wrong", "transport", "bytes", _length),
    Fault("reset-at-once", "transport", "bytes", _sent(bare=True, body=b"", end="reset")),
    Fault("closed-at-once", "transport", "bytes", _sent(bare=True, body=b"", end="close")),
    Fault("not-http", "transport", "bytes", _sent(bare=True, body=b"SSH-2.0-OpenSSH_9.2\r\n", end="close")),
    Fault("chunks-unfinished", "transport", "bytes", _sent(chunked=True, unfinished=True, end="close")),
    Fault("drip", "transport", "bytes", _sent(drip=0.0002, morsel=500), harmless=True),
    Fault("gzip-cut", "transport", "bytes", _gzip_cut, alone="encoding"),
    Fault("gzip-odd", "transport", "bytes", _gzip_odd, alone="encoding"),
    Fault("unasked-encoding", "transport", "bytes", _sent(headers=(("Content-Encoding", "br"),)), alone="encoding"),
    Fault("storm", "transport", "bytes", _said(*_STORMS)),
    Fault("failing", "transport", "bytes", _failing),
    Fault("elsewhere", "transport", "bytes", _said(*_ELSEWHERE)),
    Fault("log-in-page", "transport", "bytes", _said(wire.page_of_html(), wire.page_of_html(kind="application/json"))),
    Fault("error-with-200", "transport", "bytes", _said(ERROR_WITH_200)),
    Fault(
        "no-list", "transport", "bytes", _said(wire.body(b""), wire.body(b"{}"), wire.body(b"[]"), wire.body(b"null"))
    ),
    Fault("no-content", "transport", "bytes", _said(wire.says(Answer(204, kind=None)), wire.says(Answer(202, b"{}")))),
    Fault("passing", "transport", "bytes", _passing, harmless=True, alone="encoding"),
    Fault("unusual", "transport", "bytes", _unusual, harmless=True, alone="encoding"),
)
