"""The audit of pins asks about every one, by the real pip-audit against a service on loopback; and fails where it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from requirements import audit, locks

PINS = {audit.name(pin) for pin in audit.audited()}
Answer = Callable[[str], tuple[int, dict]]


class Service:
    """An advisory service that speaks OSV's query, and notes what it was asked about."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.answer: Answer = lambda pin: (200, {})
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert query["package"]["ecosystem"] == "PyPI"
                pin = f"{query['package']['name']}=={query['version']}"
                service.asked.add(pin)
                status, told = service.answer(pin)
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/query"


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def audited(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "requirements.audit", "--vulnerability-service", "osv", "--osv-url", url],
        cwd=locks.FOLDER.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


def advisory(pin: str) -> dict:
    package = {"ecosystem": "PyPI", "name": pin.split("==", maxsplit=1)[0]}
    return {"id": "PYSEC-2026-1", "summary": "bad", "affected": [{"package": package, "ranges": []}]}


def test_every_pin_is_asked_about_on_whatever_system_it_is_for(service: Service) -> None:
    done = audited(service.url)
    assert (done.returncode, done.stdout) == (0, f"0 of {len(PINS)} pins have known vulnerabilities\n"), done.stderr
    assert service.asked == PINS
    names = [pin.split("==", maxsplit=1)[0] for pin in PINS]
    assert names.count("numpy") > 1, "one for each Python"
    assert "pywin32-ctypes" in names, "for Windows alone"


def test_a_known_vulnerability_fails_the_audit_and_is_named(service: Service) -> None:
    [bad] = [pin for pin in PINS if pin.startswith("h11==")]
    service.answer = lambda pin: (200, {"vulns": [advisory(pin)]} if pin == bad else {})
    done = audited(service.url)
    assert done.returncode == 1
    assert done.stdout == f"{bad}: PYSEC-2026-1\n1 of {len(PINS)} pins have known vulnerabilities\n"


@pytest.mark.parametrize("fails", ["all", "one"])
def test_a_service_that_cannot_say_is_no_pass(service: Service, fails: str) -> None:
    service.answer = lambda pin: (503, {}) if fails == "all" or pin.startswith("h11==") else (200, {})
    done = audited(service.url)
    assert done.returncode == 2
    assert "NOT AUDITED: the service told nothing about" in done.stdout
    assert "have known vulnerabilities" not in done.stdout.splitlines()[-2]


def test_a_service_that_cannot_be_reached_is_no_pass(service: Service) -> None:
    service.server.socket.close()
    done = audited(service.url)
    assert done.returncode == 2
    assert f"about {len(PINS)} of {len(PINS)} pins" in done.stdout
    assert "unknown, so this is no pass" in done.stdout
    assert "pip-audit: " in done.stderr
