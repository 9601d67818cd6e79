"""In-memory list endpoints, conforming or not, and a walk over them without sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from scimaudit import identifiers, tables
from scimaudit.errors import SourceError
from scimaudit.sources import Cost, Reply
from scimaudit.sources.scim.columns import Page
from scimaudit.sources.scim.evidence import Plan, Refused
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.pull import pull
from scimaudit.sources.scim.verdict import judge, walk_proofs
from scimaudit.sources.scim.walk import walk

USERS = [f"u{number:04d}" for number in range(1, 301)]
Slice = Callable[[int, int], tuple[list[str], int]]


class Server:
    """Answers list requests from a function of start and count; counts them."""

    def __init__(self, answer: Slice, *, cap: int = 100) -> None:
        self.answer = answer
        self.cap = cap
        self.asked: list[Mapping[str, str] | str] = []

    def __call__(self, target: str | Mapping[str, str]) -> Page:
        self.asked.append(target)
        assert isinstance(target, Mapping)
        start, count = int(target.get("startIndex", "1")), int(target.get("count", "100000"))
        ids, total = self.answer(max(start, 1), min(count, self.cap))
        return Page(total=total, ids=list(ids))


def refusing(status: int) -> Refused:
    return Refused(f"answered {status}", status=status)


@pytest.fixture
def users() -> list[str]:
    return list(USERS)


@pytest.fixture
def server() -> type[Server]:
    return Server


@pytest.fixture
def listed():
    """Walk and judge: the evidence and the verdict that follows from the walk alone."""

    def run(fetch, **settings):
        plan = Plan(**{"round_caps": frozenset({50, 100, 200, 500, 1000}), **settings})
        found = walk(fetch, plan)
        return found, judge(found, walk_proofs(found, plan), plan)

    return run


class App:
    """A SCIM app in memory, in place of a transport client: listing, single resources and ``userName eq``.

    ``hidden`` ids are not listed, though a GET by id or a filter finds them. ``answers`` overrides whole replies by
    the beginning of what is asked.
    """

    def __init__(self, users: int = 30) -> None:
        self.users = {f"u{number}": user(number) for number in range(users)}
        self.groups: dict[str, dict[str, object]] = {}
        self.hidden: set[str] = set()
        self.answers: dict[str, Reply | SourceError] = {}
        self.asked: list[str] = []
        self.facts = {"TLS": "TLSv1.3"}
        self.change = lambda row: row

    @property
    def cost(self) -> Cost:
        return Cost(requests=len(self.asked))

    def group(self, name: str, *members: object, **more: object) -> None:
        named = [{"value": member} if isinstance(member, str) else member for member in members]
        self.groups[name] = {"schemas": [], "id": name, "displayName": name.upper(), "members": named, **more}

    def moving(self, at: int, change: Callable[[], object], kind: str = "/Users") -> None:
        """Change the app before its n-th list request."""
        asked = iter(range(1, 1000))
        lists = self.get

        def get(target: str, params: Mapping[str, str] | None = None) -> tuple[Reply, int]:
            if target == kind and params and next(asked) == at:
                change()
            return lists(target, params)

        self.get = get  # type: ignore[method-assign]

    def get(self, target: str, params: Mapping[str, str] | None = None) -> tuple[Reply, int]:
        text = target + "?" + "&".join(f"{name}={value}" for name, value in (params or {}).items())
        self.asked.append(text)
        for beginning, answer in self.answers.items():
            if text.startswith(beginning):
                if isinstance(answer, SourceError):
                    raise answer
                return answer, len(self.asked) - 1
        return self._reply(target, params or {}), len(self.asked) - 1

    def _reply(self, target: str, params: Mapping[str, str]) -> Reply:
        _, kind, *rest = target.split("/")
        rows = {"Users": self.users, "Groups": self.groups}.get(kind)
        if rows is None or (rest and rest[0] not in rows):
            return json_reply({"detail": "unknown"}, 404)
        if rest:
            return json_reply(rows[rest[0]])
        listed = [self.change(dict(row)) for name, row in rows.items() if name not in self.hidden]
        if "filter" in params:
            wanted = params["filter"].removeprefix('userName eq "').removesuffix('"').lower()
            listed = [row for row in rows.values() if row["userName"].lower() == wanted]
        if "excludedAttributes" in params:
            listed = [{name: value for name, value in row.items() if name != "members"} for row in listed]
        start, count = max(1, int(params.get("startIndex", "1"))), int(params.get("count", "1000"))
        return json_reply(listing(listed[start - 1 : start - 1 + count], len(listed)))


def user(number: int) -> dict[str, object]:
    name = f"user{number}@corp.example"
    return {"schemas": [], "id": f"u{number}", "userName": name, "active": True, "emails": [{"value": name}]}


def listing(rows: list[dict[str, object]], total: int) -> dict[str, object]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total, "Resources": rows}


def json_reply(data: object, status: int = 200, kind: str = "application/scim+json") -> Reply:
    return Reply(status, {"content-type": kind}, orjson.dumps(data))


class MemorySink:
    """Keeps what a source hands over."""

    def __init__(self, base: Path) -> None:
        self.name, self.fills, self.app, self.base = "apps.x.listings[0]", "accounts", "x", base
        self.people: pa.Table | None = None
        self.last_ids: tuple[str, ...] = ()
        self.last_whole = True
        self.quick = False
        self.bodies: list[str] = []
        self.tables: dict[str, list[pa.Table]] = {"accounts": [], "grants": []}
        self.seen: list[tuple[int, int | None]] = []

    def exchange(self, method, url, send):
        reply = send()
        self.bodies.append(url)
        return reply, len(self.bodies) - 1

    def rows(self, table: pa.Table) -> None:
        self.tables[table.schema.metadata[b"name"].decode()].append(table)

    def progress(self, done, total) -> None:
        self.seen.append((done, total))

    def tell(self, words: str) -> None:
        """Nobody is asked anything here."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def table(self, name: str) -> list[dict[str, object]]:
        return [row for table in self.tables[name] for row in table.to_pylist()]


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def apps() -> type[App]:
    return App


@pytest.fixture
def reply():
    return json_reply


@pytest.fixture
def list_response():
    return listing


@pytest.fixture
def sink(tmp_path) -> MemorySink:
    return MemorySink(tmp_path)


@pytest.fixture
def profile():
    """A provider's profile with the facts given."""

    def make(**facts) -> Profile:
        source = {"url": "https://example.com/", "date": "2026-11-01", "basis": "documented", "facts": ["mode"]}
        told = {"id": "x", "name": "X", "verified_on": "2026-11-01", "confidence": "high", "sources": [source]}
        return Profile.model_validate(told | facts)

    return make


@pytest.fixture
def pulled(sink, profile):
    """Pull an app and give the listing."""

    def run(app, *, facts=None, canaries=(), seats=None, probe_budget=None, page_size=10, people=None):
        sink.people = people
        return pull(
            app, profile(**(facts or {})), sink, page_size=page_size, probe_budget=probe_budget,
            canaries=canaries, seats=seats,
        )  # fmt: skip

    return run


@pytest.fixture
def people():
    """A roster of ``(user_name, status)`` pairs whose mail address is the user name."""

    def make(*persons: tuple[str | None, str]) -> pa.Table:
        names = [name for name, _ in persons]
        return tables.build(
            tables.PEOPLE,
            {
                "person_id": [f"p{number}" for number in range(len(persons))],
                "user_name": names,
                "emails": [[name] if name and "@" in name else [] for name in names],
                "status": [status for _, status in persons],
                "roster": ["hr"] * len(persons),
                "raw_row": list(range(len(persons))),
                "user_name_key": [identifiers.key(name) for name in names],
                "email_keys": [[identifiers.key(name)] if name and "@" in name else [] for name in names],
            },
            rows=len(persons),
        )

    return make


@pytest.fixture
def witness():
    """One witness of a listing, by name."""

    def find(found, name):
        return next(each for each in found.witnesses if each.name == name)

    return find
