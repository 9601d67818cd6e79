"""A tenant that cannot run here: token endpoint and Microsoft Graph v1.0, shaped by Microsoft's documentation.

Only what is documented is played: default properties, ``$select``, ``$top`` caps, opaque absolute next links, ``$count``
with ``ConsistencyLevel: eventual``, 401 for a token that ran out, 403 for missing consent, 429 with ``Retry-After``.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tests.servers import tls

TENANT = "contoso-test"
SECRET = "graph-secret"
_DEFAULT = ("id", "displayName", "givenName", "surname", "userPrincipalName", "mail", "jobTitle", "officeLocation")
_LISTS = {
    "groups": "GroupMember.Read.All",
    "directoryRoles": "RoleManagement.Read.Directory",
    "servicePrincipals": "Application.Read.All",
}
_NEEDS = {"signInActivity": "AuditLog.Read.All", "employeeLeaveDateTime": "User-LifeCycleInfo.Read.All"}


@dataclass
class Graph:
    url: str
    ca: Path
    users: list[dict[str, object]] = field(default_factory=list)
    groups: dict[str, tuple[str, list[dict[str, str]]]] = field(default_factory=dict)
    roles: dict[str, tuple[str, list[dict[str, str]]]] = field(default_factory=dict)
    apps: dict[str, tuple[str, dict[str, str], list[dict[str, str]]]] = field(default_factory=dict)
    skus: dict[str, str] = field(default_factory=dict)
    consent: set[str] = field(
        default_factory=lambda: {
            "User.Read.All",
            "GroupMember.Read.All",
            "RoleManagement.Read.Directory",
            "Application.Read.All",
            *_NEEDS.values(),
        }
    )
    page: int = 100
    counted: int | None = None
    quirks: set[str] = field(default_factory=set)
    token: object = None
    tokens: int = 0
    asked: list[str] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    signed_in: bool = False
    identities: list[str] = field(default_factory=list)

    def settings(self, **more: object) -> dict[str, object]:
        """Keys of ``source = "entra"``; the secret stands in GRAPH_SECRET."""
        return {
            "tenant": TENANT, "client_id": "scimaudit", "secret": {"env": "GRAPH_SECRET"},
            "authority": self.url, "graph": self.url, "ca": str(self.ca), **more,
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    graph: Graph

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path.endswith("/devicecode"):
            self._send(200, {"device_code": "dev-1", "user_code": "ABCD-1234", "expires_in": 60, "interval": 1,
                             "verification_uri": "https://microsoft.com/devicelogin",
                             "message": "Open https://microsoft.com/devicelogin and enter ABCD-1234"})  # fmt: skip
            return
        if form.get("grant_type") != ["client_credentials"]:
            self._human(form)
            return
        if "quotes" in self.graph.quirks:
            self._send(401, {"error": "invalid_client", "error_description": f"AADSTS7000215: {form}"})
            return
        right = form.get("client_secret") == [SECRET] or "client_assertion" in form
        if not right:
            self._send(
                401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret.\r\nTrace"}
            )
            return
        self.graph.tokens += 1
        # Five minutes are MSAL's margin: a token that lives no longer is asked for anew each time.
        token = f"token-{self.graph.tokens}" if self.graph.token is None else self.graph.token
        self._send(200, {"token_type": "Bearer", "expires_in": 200, "access_token": token})

    def _human(self, form: dict[str, list[str]]) -> None:
        """RFC 8628 section 3.5: pending until somebody has signed in; then a refresh token stands in for the human."""
        graph = self.graph
        if form.get("device_code") == ["dev-1"] and "declined" in graph.quirks:
            self._send(400, {"error": "authorization_declined", "error_description": "AADSTS70020: declined"})
        elif form.get("device_code") == ["dev-1"] and not graph.signed_in:
            graph.signed_in = True
            self._send(400, {"error": "authorization_pending", "error_description": "AADSTS70016: pending"})
        elif form.get("device_code") == ["dev-1"] or form.get("refresh_token") == ["refresh-1"]:
            graph.tokens += 1
            who = base64.urlsafe_b64encode(b'{"uid":"u","utid":"t"}').decode().rstrip("=")
            self._send(200, {"token_type": "Bearer", "expires_in": 200, "access_token": f"token-{graph.tokens}",
                             "refresh_token": "refresh-1", "client_info": who, "scope": f"{graph.url}/.default"})  # fmt: skip
        else:
            self._send(400, {"error": "invalid_grant", "error_description": "AADSTS70000: not known"})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/metadata/identity/oauth2/token":
            self.graph.tokens += 1
            self.graph.identities.append(query.get("client_id", "system"))
            self._send(
                200,
                {"access_token": f"token-{self.graph.tokens}", "expires_in": "86400", "resource": query["resource"]},
            )
            return
        if parts.path.endswith("/.well-known/openid-configuration"):
            own = f"{self.graph.url}/{TENANT}"
            self._send(200, {"issuer": f"{own}/v2.0", "token_endpoint": f"{own}/oauth2/v2.0/token",
                             "authorization_endpoint": f"{own}/oauth2/v2.0/authorize",
                             "device_authorization_endpoint": f"{own}/oauth2/v2.0/devicecode"})  # fmt: skip
            return
        self.graph.asked.append(self.path)
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not bearer.startswith("token-") or bearer in self.graph.expired:
            self._error(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
            return
        if "token-runs-out" in self.graph.quirks and "skiptoken" in parts.query and bearer == "token-1":
            self._error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
            return
        if "throttled-once" in self.graph.quirks:
            self.graph.quirks.discard("throttled-once")
            self._error(429, "TooManyRequests", "slow down", {"Retry-After": "0"})
            return
        self._answer(parts.path.removeprefix("/v1.0"), query)

    def _answer(self, path: str, query: dict[str, str]) -> None:
        graph = self.graph
        steps = path.strip("/").split("/")
        kinds = {"groups": graph.groups, "directoryRoles": graph.roles}
        if path == "/users":
            self._users(query)
        elif path == "/users/$count":
            self._count(len(self._kept(query)) if graph.counted is None else graph.counted)
        elif path == "/groups/$count":
            self._count(len(graph.groups))
        elif path == "/subscribedSkus":
            self._list(path, [{"skuId": sku, "skuPartNumber": name} for sku, name in graph.skus.items()], query)
        elif _LISTS.get(steps[0], "User.Read.All") not in graph.consent:
            self._error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        elif steps[0] in kinds and len(steps) == 1:
            self._list(path, [{"id": key, "displayName": shown} for key, (shown, _) in kinds[steps[0]].items()], query)
        elif path == "/servicePrincipals":
            rows = [
                {
                    "id": key,
                    "displayName": name,
                    "appRoles": [{"id": r, "displayName": shown} for r, shown in own.items()],
                }
                for key, (name, own, _) in graph.apps.items()
            ]
            self._list(path, rows, query)
        elif steps[-1] == "appRoleAssignedTo":
            self._list(path, graph.apps[steps[1]][2], query)
        elif steps[0] in kinds and steps[-1] == "members":
            self._list(path, kinds[steps[0]][steps[1]][1], query)
        else:
            self._error(404, "Request_ResourceNotFound", f"Resource {path} does not exist")

    def _users(self, query: dict[str, str]) -> None:
        graph = self.graph
        select = query.get("$select", ",".join(_DEFAULT)).split(",")
        for name in select:
            if name in _NEEDS and _NEEDS[name] not in graph.consent:
                self._error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
                return
        if "User.Read.All" not in graph.consent:
            self._error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
            return
        shown = [
            {name: user.get(name) for name in select} | ({"manager": user["manager"]} if user.get("manager") else {})
            for user in self._kept(query)
        ]
        self._list("/users", shown, query)

    def _kept(self, query: dict[str, str]) -> list[dict[str, object]]:
        guests = "Guest" in query.get("$filter", "")
        return [user for user in self.graph.users if not guests or user.get("userType") == "Guest"]

    def _count(self, number: int) -> None:
        if self.headers.get("ConsistencyLevel") != "eventual" or "no-count" in self.graph.quirks:
            self._error(400, "Request_UnsupportedQuery", "$count is not currently supported.")
            return
        self._send(200, str(number).encode(), {"Content-Type": "text/plain"})

    def _list(self, path: str, rows: list, query: dict[str, str]) -> None:
        start = int(query.get("$skiptoken", "opaque-0").rpartition("-")[2])
        size = min(self.graph.page, int(query.get("$top", 100)))
        if "page-token-expires" in self.graph.quirks and start:
            self._error(400, "Directory_ExpiredPageToken", "The specified page token value has expired")
            return
        document: dict[str, object] = {
            "@odata.context": f"{self.graph.url}/v1.0/$metadata",
            "value": rows[start : start + size],
        }
        if "empty-page" in self.graph.quirks and start == size:
            self.graph.quirks.discard("empty-page")
            document["value"], size = [], 0
        if start + size < len(rows):
            kept = "&".join(f"{name}={quote(value)}" for name, value in query.items() if name != "$skiptoken")
            origin = "https://stranger.example" if "stranger-link" in self.graph.quirks else self.graph.url
            again = "again-" if size == 0 else ""
            token = "opaque-0" if "circle" in self.graph.quirks else f"opaque-{again}{start + size}"
            document["@odata.nextLink"] = f"{origin}/v1.0{path}?{kept}&$skiptoken={token}"
            if "cut-link" in self.graph.quirks:
                del document["@odata.nextLink"]
        text = json.dumps(document)
        if "says-twice" in self.graph.quirks:
            text = text.replace('"accountEnabled": true', '"accountEnabled": true, "accountEnabled": false')
        self._send(200, text.encode())

    def _error(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, {"error": {"code": code, "message": message, "innerError": {}}}, headers)

    def _send(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            **(headers or {}),
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def machine(graph: Graph) -> Iterator[str]:
    """The address at which an Azure machine asks for tokens of its own identity (the instance metadata service)."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"graph": graph})) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(folder: Path) -> Iterator[Graph]:
    """Run a tenant over HTTPS with an authority of its own."""
    certificates = tls.made_in(folder / "graph-tls")
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        graph = Graph(f"https://localhost:{server.server_address[1]}", certificates.ca)
        handler.graph = graph
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield graph
        finally:
            server.shutdown()
            thread.join()
