"""A lean SCIM server on loopback: pages are joined from prepared bytes, so that the client is what is measured."""

from __future__ import annotations

import argparse
import socketserver
import sys
import threading
import time
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.estate import GROUPS, Estate

CONFIG = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],"filter":{"supported":true,"maxResults":1000},"patch":{"supported":false},"bulk":{"supported":false},"sort":{"supported":false},"etag":{"supported":false},"changePassword":{"supported":false},"authenticationSchemes":[]}'
LIST = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":%d,"itemsPerPage":%d,"Resources":[%s]}'


class Handler(socketserver.StreamRequestHandler):
    """HTTP/1.1 with keep-alive; GET only."""

    disable_nagle_algorithm = True
    wbufsize = -1

    def handle(self) -> None:
        while True:
            line = self.rfile.readline()
            if not line:
                return
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            if self.server.latency:
                time.sleep(self.server.latency)
            status, body = self.server.answer(line.split()[1].decode())
            self.wfile.write(
                b"HTTP/1.1 %d OK\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n"
                % (status, len(body))
            )
            self.wfile.write(body)
            self.wfile.flush()


class Server(socketserver.ThreadingTCPServer):
    """Serves ``/<app>/Users`` and ``/<app>/Groups`` of an estate."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, estate: Estate, page: int, latency: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.page, self.latency = page, latency
        self.rows = {}
        for number in range(estate.apps):
            app = estate.app(number)
            users = list(estate.users(number))
            ids = estate.accounts_table(number)["account_id"].to_pylist()
            names = estate.accounts_table(number)["user_name"].to_pylist()
            members: list[list[bytes]] = [[] for _ in range(GROUPS)]
            for place, account in enumerate(ids):
                for step in range(estate.grants):
                    members[(place * 7 + step * 5) % GROUPS].append(b'{"value":"%s"}' % account.encode())
            groups = [
                b'{"id":"group%02d","displayName":"group%02d","members":[%s]}' % (each, each, b",".join(held))
                for each, held in enumerate(members)
            ]
            by_id = dict(zip(ids, users, strict=True))
            self.rows[app] = {
                "Users": users,
                "Groups": groups,
                "ids": by_id,
                "names": dict(zip(names, ids, strict=True)),
            }

    def answer(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        _, app, kind, *rest = parts.path.split("/")
        if kind == "ServiceProviderConfig":
            return 200, CONFIG
        if kind not in ("Users", "Groups"):
            return 404, b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}'
        held = self.rows[app]
        if rest:
            found = held["ids"].get(unquote(rest[0]))
            return (
                (200, found)
                if found
                else (404, b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}')
            )
        if "filter" in query:
            name = query["filter"].partition('"')[2].rpartition('"')[0]
            account = held["names"].get(name) if query["filter"].lower().startswith("username") else None
            rows = [held["ids"][account]] if account else []
            return 200, LIST % (len(rows), 1, len(rows), b",".join(rows))
        rows = held[kind]
        start = max(int(query.get("startIndex", 1)), 1)
        count = min(max(int(query.get("count", self.page)), 0), self.page)
        page = rows[start - 1 : start - 1 + count]
        return 200, LIST % (len(rows), start, len(page), b",".join(page))


def main() -> None:
    """Serve until standard input ends; print the port."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--apps", type=int, required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--grants", type=int, default=8)
    parser.add_argument("--page", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.0)
    given = parser.parse_args()
    with Server(Estate(given.people, given.apps, given.accounts, given.grants), given.page, given.latency) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
