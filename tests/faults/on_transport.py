"""Scenarios: refusals, storms, cut connections, bombs, redirects."""

from __future__ import annotations

from scimaudit.errors import AuthenticationFailed, Incomplete, Malformed, SourceError, Unavailable
from tests.faults import wire
from tests.faults.compose import Behaviour, after, first, instead, sent, when
from tests.faults.directory import error
from tests.faults.scenario import BROKEN_OFF, COMPLETE, INCOMPLETE, Scenario
from tests.faults.server import Answer
from tests.faults.well_behaved import CAP, well
from tests.faults.world import world_of


def wired(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """A server or a network that fails below SCIM."""
    return Scenario(name, catalogue, "transport", story, behaviours, **more)


def refused(name: str, catalogue: str, story: str, given: Answer, **more: object) -> Scenario:
    """Every list of accounts is refused."""
    return wired(name, catalogue, story, instead(wire.says(given), None), **({"error": AuthenticationFailed} | more))


def survives(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """It fails for a while, then all is well: nothing may be lost."""
    return wired(name, catalogue, story, CAP, *behaviours, **({"walk": COMPLETE} | more))


def breaks_off(name: str, catalogue: str, story: str, *behaviours: Behaviour, **more: object) -> Scenario:
    """Pages that came before the failure are kept."""
    return wired(name, catalogue, story, CAP, *behaviours, **({"walk": BROKEN_OFF, "listed": lambda _w: 7} | more))


HTML_401 = Answer(401, b"<html>", kind="text/html", headers=(("WWW-Authenticate", 'Bearer realm="SCIM"'),))

TRANSPORT = (
    # refusals
    refused("401", "L19", "401 with a SCIM body", error(401, "bad token"), mentions=("401|token|credential",)),
    refused("401-html", "L19", "401 with HTML", HTML_401),
    refused("401-text", "L19", "401 with plain text", Answer(401, b"Unauthorized", kind="text/plain")),
    refused(
        "403",
        "M40",
        "403: SCIM is switched off or the token may not",
        error(403, "SCIM is paused"),
        mentions=("403|paused|allow|refus",),
    ),
    refused("404", "M39", "404 on the first page", error(404, "no such directory"), error=SourceError),
    refused(
        "422",
        "L19",
        "422 in a framework's own shape",
        Answer(422, b'{"detail": [{"loc": ["query"]}]}', kind="application/json"),
        error=SourceError,
    ),
    refused("400", "L19", "400 for every listing", error(400, "invalid"), error=SourceError),
    refused("410", "L19", "410, gone for good", error(410, "gone"), error=SourceError),
    refused("204", "M25", "204, no content", Answer(204, kind=None), error=Malformed),
    refused("202", "M25", "202 with {}", Answer(202, b"{}"), error=SourceError),
    refused("304", "M25", "304 although nothing was asked conditionally", Answer(304, kind=None), error=SourceError),
    breaks_off(
        "401-later",
        "L19",
        "the token expires after two pages",
        instead(wire.says(error(401, "expired")), "Users", after(2)),
    ),
    breaks_off("403-later", "L19", "403 after two pages", instead(wire.says(error(403, "no more")), "Users", after(2))),
    breaks_off("404-later", "M39", "404 after two pages", instead(wire.says(error(404, "gone")), "Users", after(2))),
    # storms
    survives(
        "429-seconds",
        "L20",
        "429 twice, Retry-After in seconds",
        instead(wire.slow_down(Retry_After="1"), "Users", first(2)),
    ),
    survives("429-date", "L20", "429 once, Retry-After as a date", instead(wire.slow_down_until(1), "Users", first(1))),
    survives(
        "429-x-retry-after",
        "L20",
        "429 once, X-Retry-After alone, labelled text/plain",
        instead(wire.slow_down(X_Retry_After="1", kind="text/plain"), "Users", first(1)),
    ),
    survives("429-bare", "L20", "429 once, no header", instead(wire.slow_down(), "Users", first(1))),
    survives(
        "429-junk-header",
        "L20",
        "429 once, Retry-After: soon",
        instead(wire.slow_down(Retry_After="soon"), "Users", first(1)),
    ),
    survives(
        "429-past-date",
        "L20",
        "429 once, Retry-After in the past",
        instead(wire.slow_down_until(-3600), "Users", first(1)),
    ),
    survives(
        "429-negative", "L20", "429 once, Retry-After: -5", instead(wire.slow_down(Retry_After="-5"), "Users", first(1))
    ),
    survives(
        "429-later",
        "L20",
        "429 in the middle of the walk",
        when(lambda r: r.number_of("startIndex", 1) > 6, instead(wire.slow_down(Retry_After="1"), "Users", first(2))),
    ),
    survives(
        "503-retry-after",
        "L20",
        "503 once, Retry-After: 1",
        instead(wire.slow_down(503, Retry_After="1"), "Users", first(1)),
    ),
    survives("500-once", "M45", "500 once", instead(wire.says(error(500, "oops")), "Users", first(1))),
    survives(
        "502-html-once", "L19", "502 with a proxy's HTML once", instead(wire.page_of_html(502), "Users", first(1))
    ),
    wired(
        "429-for-ever",
        "L20",
        "429 for ever, Retry-After: 1",
        instead(wire.slow_down(Retry_After="1"), None),
        error=(Unavailable, Incomplete),
        mentions=("429|limit|slow|many",),
    ),
    wired(
        "429-a-year",
        "L20",
        "429, Retry-After: a year",
        instead(wire.slow_down(Retry_After="31536000"), None),
        error=(Unavailable, Incomplete),
    ),
    wired(
        "429-infinite",
        "L20",
        "429, Retry-After: inf",
        instead(wire.slow_down(Retry_After="inf"), None),
        error=(Unavailable, Incomplete),
    ),
    breaks_off(
        "429-later-for-ever",
        "L20",
        "429 for ever after two pages",
        instead(wire.slow_down(Retry_After="1"), "Users", after(2)),
    ),
    wired(
        "500-for-ever",
        "M45",
        "500 until provisioning is switched on",
        instead(wire.says(error(500, "off")), None),
        error=Unavailable,
        mentions=("500|off",),
    ),
    wired("503-for-ever", "M45", "503 for ever", instead(wire.says(error(503, "down")), None), error=Unavailable),
    # cut connections
    survives(
        "reset-once",
        "",
        "the first page is reset in mid-body, then all is well",
        sent("Users", first(1), cut=300, end="reset"),
    ),
    survives(
        "reset-later-once",
        "",
        "the third page is reset in mid-body once",
        sent("Users", lambda turn: turn == 3, cut=300, end="reset"),
    ),
    wired("reset-for-ever", "", "every page is reset in mid-body", sent(None, cut=300, end="reset"), error=Unavailable),
    wired(
        "reset-at-once",
        "",
        "the connection is reset before a byte",
        sent(None, bare=True, body=b"", end="reset"),
        error=Unavailable,
    ),
    wired(
        "closed-at-once",
        "",
        "the connection is closed before a byte",
        sent(None, bare=True, body=b"", end="close"),
        error=Unavailable,
    ),
    breaks_off(
        "reset-later-for-ever",
        "",
        "every page after the second is reset",
        sent("Users", after(2), cut=300, end="reset"),
    ),
    wired(
        "length-too-long",
        "",
        "Content-Length is longer than the body, then the connection ends",
        sent(None, length=lambda a: len(a.body) + 50, end="close"),
        error=Unavailable,
    ),
    survives(
        "length-too-long-once",
        "",
        "the same, once",
        sent("Users", first(1), length=lambda a: len(a.body) + 50, end="close"),
    ),
    wired(
        "length-too-short",
        "",
        "Content-Length cuts the JSON",
        sent(None, length=lambda a: len(a.body) // 2, end="close"),
        error=(Malformed, Unavailable),
    ),
    wired(
        "chunks-unfinished",
        "",
        "the last chunk never comes",
        sent(None, chunked=True, unfinished=True, end="close"),
        error=Unavailable,
    ),
    wired(
        "not-http",
        "",
        "the answer is not HTTP",
        sent(None, bare=True, body=b"SSH-2.0-OpenSSH_9.2\r\n", end="close"),
        error=(Unavailable, Malformed),
    ),
    wired(
        "silent",
        "",
        "the server accepts and never answers",
        sent(None, delay=3),
        patience=0.3,
        error=Unavailable,
        mentions=("time|answer",),
    ),
    wired(
        "silent-in-body",
        "",
        "the server stops in mid-body and holds the line",
        sent(None, drip=3),
        patience=0.3,
        error=Unavailable,
    ),
    wired(
        "drip-for-ever",
        "L24",
        "a byte every twentieth of a second, for ever",
        sent(None, drip=0.05),
        patience=0.3,
        error=(Unavailable, Incomplete),
        world=world_of(100),
    ),
    wired(
        "headers-drip-for-ever",
        "L24",
        "the headers come a byte every twentieth of a second, for ever",
        sent(None, head_drip=0.05, headers=(("X-Pad", "x" * 20_000),)),
        patience=0.3,
        error=(Unavailable, Incomplete),
    ),
    survives("drip", "L24", "a slow line that does get there", sent("Users", first(1), drip=0.00002)),
    # encodings
    survives("chunked", "", "chunks of seven bytes", sent(None, chunked=True)),
    survives("gzip", "", "gzip", sent(None, body=wire.zipped, headers=wire.GZIP)),
    survives(
        "http-1.0", "", "HTTP/1.0, the end of the connection ends the body", sent(None, version="1.0", end="close")
    ),
    survives("closing", "", "every answer closes its connection", sent(None, end="close")),
    wired(
        "gzip-that-is-none",
        "",
        "plain JSON that calls itself gzip",
        sent(None, headers=wire.GZIP),
        error=(Malformed, Unavailable),
    ),
    wired(
        "gzip-cut",
        "",
        "a gzip stream without its end",
        sent(None, body=lambda a: wire.zipped(a)[:-20], headers=wire.GZIP),
        error=(Malformed, Unavailable),
    ),
    wired(
        "unasked-encoding",
        "",
        "an encoding nobody asked for",
        sent(None, headers=(("Content-Encoding", "br"),)),
        error=(Malformed, Unavailable),
    ),
    wired(
        "gzip-twice",
        "",
        "a second gzip stream follows the first",
        sent(None, body=lambda a: wire.zipped(a) * 2, headers=wire.GZIP),
        error=(Malformed, Unavailable),
    ),
    wired(
        "cut-without-length",
        "",
        "HTTP/1.0 and the connection ends in mid-JSON",
        sent(None, version="1.0", cut=300, end="close"),
        error=(Malformed, Unavailable),
    ),
    breaks_off(
        "cut-without-length-later",
        "",
        "the same, after two pages",
        sent("Users", after(2), version="1.0", cut=300, end="close"),
    ),
    wired(
        "gzip-bomb",
        "M36",
        "80 kB that unpack to 80 MB",
        sent(None, body=lambda _a: wire.bomb(80), headers=wire.GZIP),
        error=(Malformed, Incomplete),
        mentions=("byte|large|MB|MiB",),
    ),
    wired(
        "giant-body",
        "M36",
        "80 MB of blanks in one page",
        sent(None, body=lambda _a: b'{"totalResults": 0, "Resources": [' + b" " * 80_000_000 + b"]}"),
        error=(Malformed, Incomplete),
    ),
    breaks_off(
        "gzip-bomb-later",
        "M36",
        "the third page is a bomb",
        sent("Users", after(2), body=lambda _a: wire.bomb(80), headers=wire.GZIP),
    ),
    # elsewhere
    *(
        wired(
            f"redirect-{name}",
            "M38",
            f"{status} to {words}",
            instead(wire.redirect(where, status), None),
            error=SourceError,
            mentions=("redirect|elsewhere|another",),
        )
        for name, status, words, where in (
            ("other-port-302", 302, "another port", wire.to_stranger),
            ("other-port-307", 307, "another port", wire.to_stranger),
            ("other-port-308", 308, "another port", wire.to_stranger),
            ("other-host", 302, "another host", wire.to_stranger_by_name),
            ("network-path", 301, "another host, the scheme left out", wire.to_stranger_without_scheme),
            ("user-info", 302, "another host with our own as user name", wire.to_stranger_behind_user_info),
        )
    ),
    wired("redirect-loop", "M38", "302 to itself", instead(wire.redirect(lambda r: r.target), None), error=SourceError),
    wired(
        "redirect-to-log-in",
        "M38",
        "302 to a log-in page on the same host",
        instead(wire.redirect(lambda r: r.origin + "/login"), None),
        error=SourceError,
    ),
    wired(
        "redirect-without-location",
        "M38",
        "302 without saying where to",
        instead(wire.says(Answer(302, kind=None)), None),
        error=SourceError,
    ),
    breaks_off(
        "redirect-later",
        "M38",
        "another host after two pages",
        instead(wire.redirect(wire.to_stranger), "Users", after(2)),
    ),
    # caches on the way
    wired(
        "cached-page",
        "",
        "one page had lain in a cache for a day",
        CAP,
        sent("Users", first(1), headers=(("Age", "86400"),)),
        walk=INCOMPLETE,
        mentions=("cache",),
    ),
    wired(
        "cached-groups",
        "",
        "groups had lain in a cache for an hour",
        CAP,
        sent("Groups", headers=(("Age", "3600"),)),
        walk=COMPLETE,
        entitlements=INCOMPLETE,
    ),
    survives("cached-for-a-moment", "", "Age: 5", sent(None, headers=(("Age", "5"),))),
    survives("age-that-is-none", "", "Age: -1", sent(None, headers=(("Age", "-1"),))),
    # rights
    well("reads-only", "anything but GET is refused", CAP, wire.only_get, catalogue="M46"),
    well("token-on-each-request", "a request without the token is refused", CAP, wire.one_origin_only, catalogue="L19"),
)
