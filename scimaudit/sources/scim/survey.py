"""What an unknown SCIM server does, found out with a few GET requests; the draft of a profile.

Each question is one that servers are known to answer differently. What was not seen stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from scimaudit.errors import Malformed, SourceError
from scimaudit.sources.scim.discovery import discover
from scimaudit.transport import Client, ServerError, segment

LARGE: Final = 10_000
_NOBODY: Final = "nobody-has-this-name-4f1c9d"
_SOME: Final = 3


@dataclass
class Survey:
    """What was seen.

    :param profile: fields of a profile that the answers settle, as nested mappings.
    :param seen: each question with its answer, in words.
    """

    profile: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)

    def told(self, question: str, answer: str, **settled: Any) -> None:
        """Note an answer; ``page__max=100`` settles ``max`` of the profile's ``page``."""
        self.seen.append((question, answer))
        for name, value in settled.items():
            *outer, last = name.split("__")
            here = self.profile
            for part in outer:
                here = here.setdefault(part, {})
            here[last] = value


@dataclass(frozen=True)
class _Answer:
    status: int
    rows: list[dict[str, Any]]
    total: int | None
    document: Mapping[str, Any]

    @property
    def ids(self) -> list[str]:
        return [str(row.get("id")) for row in self.rows]


def survey(client: Client) -> Survey:
    """Ask the server.

    :raises SourceError: not even the first page of ``/Users`` can be read.
    """
    found = Survey()
    discovery = discover(client, ("2.0", "1.1"))
    if discovery.version in ("1.1", "2.0"):
        found.told("SCIM version", discovery.version, versions=[discovery.version])
    first = _asked(client, "/Users", {})
    if first.status != 200:
        raise Malformed(f"/Users answered {first.status}", hint="check the address and what the token may read")
    found.told("rows without count, total", f"{len(first.rows)} of {first.total}")
    if first.total is not None and len(first.rows) < first.total:
        found.told("default page", str(len(first.rows)), page__default=len(first.rows))
    if first.document.get("nextCursor"):
        found.told("a plain request", "gives a cursor", mode="cursor", cursor={})
    _page_sizes(client, found, first)
    _edges(client, found, first)
    _filters(client, found, first)
    _rows(found, first)
    _groups(client, found, first)
    return found


def draft(found: Survey, name: str, base_url: str, today: str) -> str:
    """The survey as the TOML of a profile."""
    lines = [
        "# Drafted from answers of one server. What is not here was not seen: leave it unknown until it is documented.",
        f"name = {_toml(name)}",
        f"verified_on = {today}",
        'confidence = "low"',
    ]
    plain = {key: value for key, value in found.profile.items() if not isinstance(value, dict)}
    lines += [f"{key} = {_toml(value)}" for key, value in sorted(plain.items())]
    tables = {key: value for key, value in sorted(found.profile.items()) if isinstance(value, dict)}
    for key, values in tables.items():
        lines += ["", f"[{key}]", *(f"{inner} = {_toml(value)}" for inner, value in sorted(values.items()))]
    if found.profile:
        facts = _toml(sorted(found.profile))
        lines += ["", "[[sources]]", f"url = {_toml(base_url)}" if base_url.startswith("https://") else '# url = "https://…"',
                  f"date = {today}", 'basis = "observed"', f"facts = {facts}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def _page_sizes(client: Client, found: Survey, first: _Answer) -> None:
    one = _asked(client, "/Users", {"startIndex": "1", "count": "1"})
    if one.status == 200 and len(one.rows) != 1 and len(first.rows) > 1:
        found.told("count=1", f"{len(one.rows)} rows: count is ignored", mode="dump")
        return
    none = _asked(client, "/Users", {"startIndex": "1", "count": "0"})
    fine = none.status == 200 and not none.rows and none.total == first.total
    found.told(
        "count=0", "the total alone" if fine else f"status {none.status}, {len(none.rows)} rows", page__zero_ok=fine
    )
    large = _asked(client, "/Users", {"startIndex": "1", "count": str(LARGE)})
    if large.status != 200:
        found.told(f"count={LARGE}", f"status {large.status}", page__over_max="error")
    elif large.total is not None and len(large.rows) < min(large.total, LARGE):
        found.told(f"count={LARGE}", f"{len(large.rows)} rows", page__max=len(large.rows), page__over_max="clamp")
    else:
        found.told(f"count={LARGE}", f"all {len(large.rows)} rows: no limit was met")
    shown = large.document.get("itemsPerPage")
    if large.status == 200 and isinstance(shown, int) and large.rows:
        meant = "rows" if shown == len(large.rows) else "requested" if shown == LARGE else "junk"
        found.told("itemsPerPage", f"{shown} with {len(large.rows)} rows", items_per_page=meant)


def _edges(client: Client, found: Survey, first: _Answer) -> None:
    start = _asked(client, "/Users", {"startIndex": "1", "count": str(_SOME)})
    zero = _asked(client, "/Users", {"startIndex": "0", "count": str(_SOME)})
    if zero.status != 200:
        found.told("startIndex=0", f"status {zero.status}", page__start_zero="error")
    elif zero.ids == start.ids and start.ids:
        found.told("startIndex=0", "the same as startIndex=1", page__start_zero="same")
    second = _asked(client, "/Users", {"startIndex": "2", "count": str(_SOME)})
    if len(start.ids) == _SOME and second.status == 200:
        fits = second.ids[: _SOME - 1] == start.ids[1:]
        found.told(
            "startIndex=2 overlaps startIndex=1", "by one row, as it should" if fits else "not: the order is not kept"
        )
        if fits and found.profile.get("mode") is None:
            found.told("paging", "by index", mode="index")
    if first.total is None:
        return
    past = _asked(client, "/Users", {"startIndex": str(first.total + 1000), "count": str(_SOME)})
    if past.status in (400, 404):
        found.told("past the end", f"status {past.status}", past_end=str(past.status))
    elif past.status == 200:
        kind = "empty" if not past.rows else "repeat" if past.ids[:1] == start.ids[:1] else "clamp"
        found.told("past the end", f"{len(past.rows)} rows", past_end=kind)


def _filters(client: Client, found: Survey, first: _Answer) -> None:
    known = next((row for row in first.rows if isinstance(row.get("userName"), str) and row["userName"]), None)
    if known is None:
        return
    hit = _filtered(client, known["userName"])
    miss = _filtered(client, _NOBODY)
    if hit.status == 200 and hit.ids == [str(known.get("id"))]:
        found.told("userName eq, a name that is there", "that user", filters__userName=["eq"])
    else:
        found.told("userName eq, a name that is there", f"status {hit.status}, {len(hit.rows)} rows")
    if miss.status in (400, 404):
        found.told("userName eq, a name nobody has", f"status {miss.status}", filter_miss=str(miss.status))
    elif miss.status == 200:
        kind = "unreliable" if miss.rows or hit.ids != [str(known.get("id"))] else "empty"
        found.told("userName eq, a name nobody has", f"{len(miss.rows)} rows", filter_miss=kind)
    stranger = _asked(client, "/Users/" + segment(_NOBODY), {})
    found.told("GET of an id nobody has", f"status {stranger.status}")


def _rows(found: Survey, first: _Answer) -> None:
    if not first.rows:
        return
    silent = sum("active" not in row or row["active"] is None for row in first.rows)
    texts = sum(isinstance(row.get("active"), str) for row in first.rows)
    found.told("active", f"absent in {silent}, text in {texts} of {len(first.rows)} rows")
    held = sorted({name for row in first.rows for name in ("groups", "roles", "entitlements") if row.get(name)})
    found.told("rights on the user's row", ", ".join(held) or "none")


def _groups(client: Client, found: Survey, first: _Answer) -> None:
    some = _asked(client, "/Groups", {"startIndex": "1", "count": "50"})
    if some.status != 200:
        found.told("/Groups", f"status {some.status}", groups__endpoint=some.status not in (404, 501))
        return
    found.told("/Groups", f"{len(some.rows)} of {some.total}", groups__endpoint=True)
    full = next((row for row in some.rows if row.get("members")), None)
    if full is None:
        found.told("members", "none are shown in the list")
        return
    values = {str(member.get("value")) for member in full["members"] if isinstance(member, dict)}
    names = {str(row.get("userName")) for row in first.rows}
    meant = "id" if values & set(first.ids) else "user_name" if values & names else "unknown"
    found.told(
        "members",
        f"{len(full['members'])} in the list, by {meant}",
        groups__members="inline",
        groups__member_value=meant,
    )
    lean = _asked(client, "/Groups", {"startIndex": "1", "count": "50", "excludedAttributes": "members"})
    honoured = lean.status == 200 and bool(lean.rows) and not any(row.get("members") for row in lean.rows)
    found.told(
        "excludedAttributes=members", "honoured" if honoured else "not honoured", groups__exclude_members=honoured
    )


def _filtered(client: Client, name: str) -> _Answer:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return _asked(client, "/Users", {"startIndex": "1", "count": "5", "filter": f'userName eq "{quoted}"'})


def _asked(client: Client, path: str, params: Mapping[str, str]) -> _Answer:
    """The answer; a status that is an error elsewhere is an answer here."""
    try:
        reply, _ = client.get(path, params)
    except ServerError as error:
        return _Answer(error.status, [], None, {})
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    rows = document.get("Resources", document.get("resources"))
    total = document.get("totalResults")
    if reply.status == 200 and rows is None and total is None and path in ("/Users", "/Groups"):
        raise SourceError(f"{path} answered with no list", hint="check that the address is the server's SCIM base")
    listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return _Answer(reply.status, listed, total if type(total) is int else None, document)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value) if isinstance(value, int) else orjson.dumps(value).decode()
