"""A small, real SCIM 2.0 service over loopback for the demonstration and for tests. Standard library only.

It reads (RFC 7644 section 3.4.2: list, filter by equality, sort, page by index or by cursor as in RFC 9865; section 4:
discovery) and never writes. Every request needs the bearer token. How an app pages, and in which way it lies, is data:
see :class:`scimaudit.demo.apps.App`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from scimaudit.demo import apps, discovery
from scimaudit.demo.apps import App, Resource

_LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
_FILTER: Final = re.compile(r'\s*([A-Za-z.]+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*', re.IGNORECASE)
_ALWAYS: Final = {"id", "schemas", "meta"}


@dataclass(frozen=True)
class Running:
    """A service that answers.

    :param origin: scheme, host and port.
    :param base_urls: app to its SCIM base URL.
    :param token: the bearer token that every app asks for.
    """

    origin: str
    base_urls: Mapping[str, str]
    token: str


class Refusal(Exception):
    """An answer that is a SCIM error (RFC 7644 section 3.12)."""

    def __init__(self, status: HTTPStatus, detail: str, scim_type: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"schemas": [_ERROR], "status": str(status.value), "detail": detail}
        if scim_type:
            self.body["scimType"] = scim_type


@contextmanager
def serve(folder: Path, token: str | None = None) -> Iterator[Running]:
    """Serve every app of ``folder`` (one ``apps/<app>.json`` each) on a free port of 127.0.0.1 until the block ends.

    :param token: the bearer token to ask for; default: a new one.
    :raises ConfigError: an app's file says something unknown.
    """
    served = {app.name: app for app in apps.read(folder / "apps")}
    token = token or secrets.token_urlsafe(24)
    handler: type[_Handler] = type("Handler", (_Handler,), {"apps": served, "token": token})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        origin = handler.origin = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Running(origin, {name: f"{origin}/{name}/scim/v2" for name in served}, token)
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body leave in one write
    disable_nagle_algorithm = True
    timeout = 30
    server_version = "scimaudit-demo"
    sys_version = ""
    apps: Mapping[str, App]
    token: str
    origin: str

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        try:
            self._authenticate()
            app, path = self._route(url.path)
            self._send(HTTPStatus.OK, answer(app, path, query, self._base(app)))
        except Refusal as refusal:
            self._send(refusal.status, refusal.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what is not a GET, or not HTTP, as SCIM refuses."""
        self.close_connection = True  # a body may stay unread
        status = HTTPStatus(code)
        self._send(status, Refusal(status, message or status.phrase).body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in http.server
        """Say nothing: the terminal belongs to the audit."""

    def _authenticate(self) -> None:
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            raise Refusal(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong")

    def _route(self, path: str) -> tuple[App, list[str]]:
        name, *rest = [unquote(part) for part in path.strip("/").split("/")]
        if name not in self.apps or rest[:2] != ["scim", "v2"] or not rest[2:]:
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is nothing at {path}")
        return self.apps[name], rest[2:]

    def _base(self, app: App) -> str:
        return f"{self.origin}/{app.name}/scim/v2"

    def _send(self, status: HTTPStatus, body: Mapping[str, Any]) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/scim+json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Bearer realm="scimaudit demo"')
        self.end_headers()
        self.wfile.write(content)


def answer(app: App, path: Sequence[str], query: Mapping[str, str], base: str) -> Mapping[str, Any]:
    """The body of a good answer.

    :param path: what follows the app's base URL, in parts.
    :param base: the app's base URL, for ``meta.location``.
    :raises Refusal: the answer is an error.
    """
    kind, *rest = path
    if kind in {"Users", "Groups"} and len(rest) == 1:
        found = app.find(kind, rest[0])
        if found is None:
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is no {kind[:-1]} {rest[0]!r}")
        return _shown(found, kind, query, base)
    if kind in {"Users", "Groups"} and not rest:
        return _list(app, kind, query, base)
    found = discovery.answer(app, path, base)
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, f"there is nothing at {'/'.join(path)}")
    return found


def _list(app: App, kind: str, query: Mapping[str, str], base: str) -> Mapping[str, Any]:
    rows = _sorted(_filtered(app.resources(kind), query.get("filter")), query)
    whole = "filter" not in query
    body: dict[str, Any] = {"schemas": [_LIST]}
    if app.behaviour == "cursor":
        start, count = _cursor_window(app, query)
        page = app.slice(kind, rows, start, count, whole=whole)
        if start + count < len(rows):
            body["nextCursor"] = _cursor(start + count)
    else:
        start, count = _index_window(app, query)
        page = app.slice(kind, rows, start, count, whole=whole)
        body["startIndex"] = start + 1
    body |= {"totalResults": page.total, "itemsPerPage": len(page.rows)}
    return {**body, "Resources": [_shown(row, kind, query, base) for row in page.rows]}


def _index_window(app: App, query: Mapping[str, str]) -> tuple[int, int]:
    if "cursor" in query:
        raise Refusal(HTTPStatus.NOT_IMPLEMENTED, "this service pages by startIndex")
    # RFC 7644 section 3.4.2.4: a startIndex below 1 means 1, a negative count means 0.
    start = max(_number(query, "startIndex", 1), 1) - 1
    return start, min(max(_number(query, "count", app.page_max), 0), app.page_max)


def _cursor_window(app: App, query: Mapping[str, str]) -> tuple[int, int]:
    if "startIndex" in query:
        raise Refusal(HTTPStatus.BAD_REQUEST, "this service pages by cursor only", "invalidValue")
    count = _number(query, "count", app.page_max)
    if not 1 <= count <= app.page_max:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"count must be between 1 and {app.page_max}", "invalidCount")
    return _position(query.get("cursor", "")), count


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"row {position}".encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        if word == "row" and number.isdecimal():
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise Refusal(HTTPStatus.BAD_REQUEST, "the cursor is not one of this service", "invalidCursor")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{name} must be a whole number", "invalidValue") from error


def _filtered(rows: Sequence[Resource], expression: str | None) -> Sequence[Resource]:
    if expression is None:
        return rows
    refusal = Refusal(HTTPStatus.BAD_REQUEST, f"the filter {expression!r} is not supported", "invalidFilter")
    match = _FILTER.fullmatch(expression)
    values = _VALUES.get(match[1].casefold()) if match else None
    if match is None or values is None:
        raise refusal
    try:
        wanted = json.loads(match[2])  # RFC 7644 section 3.4.2.2: a value is written as in JSON
    except ValueError:
        raise refusal from None
    # RFC 7643: userName, displayName and emails.value are caseExact false; id and externalId are caseExact true.
    if match[1].casefold() not in {"id", "externalid"}:
        return [row for row in rows if wanted.casefold() in {value.casefold() for value in values(row)}]
    return [row for row in rows if wanted in values(row)]


def _sorted(rows: Sequence[Resource], query: Mapping[str, str]) -> Sequence[Resource]:
    if "sortBy" not in query:
        return rows
    values = _VALUES.get(query["sortBy"].casefold())
    if values is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"sorting by {query['sortBy']!r} is not supported", "invalidPath")
    return sorted(rows, key=values, reverse=query.get("sortOrder", "").casefold() == "descending")


def _shown(resource: Resource, kind: str, query: Mapping[str, str], base: str) -> Mapping[str, Any]:
    meta = {"resourceType": kind[:-1], **resource.get("meta", {}), "location": f"{base}/{kind}/{resource['id']}"}
    only, without = (_names(query.get(name)) for name in ("attributes", "excludedAttributes"))
    return {
        name: value
        for name, value in {**resource, "meta": meta}.items()
        if name in _ALWAYS or (name.casefold() in only if only else name.casefold() not in without)
    }


def _names(text: str | None) -> set[str]:
    return {name.strip().casefold() for name in (text or "").split(",") if name.strip()}


def _emails(row: Resource) -> list[str]:
    return [email["value"] for email in row.get("emails", ())]


_VALUES: Final = {
    "id": lambda row: [row["id"]],
    "username": lambda row: [row[name] for name in ("userName",) if name in row],
    "displayname": lambda row: [row[name] for name in ("displayName",) if name in row],
    "externalid": lambda row: [row[name] for name in ("externalId",) if name in row],
    "emails": _emails,
    "emails.value": _emails,
}
