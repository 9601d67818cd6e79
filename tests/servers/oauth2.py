"""An OAuth 2.0 authorization server from npm, over HTTPS with an authority of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import tls

ROOT = Path(__file__).parents[2]
SECRET = "oauth-secret"


@dataclass(frozen=True)
class OAuth2:
    url: str
    ca: Path

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"


def installed() -> bool:
    return shutil.which("node") is not None and (ROOT / "node_modules/oauth2-mock-server").is_dir()


@contextmanager
def serving(folder: Path) -> Iterator[OAuth2]:
    certificates = tls.made_in(folder / "oauth-tls")
    environment = {
        "PATH": os.environ["PATH"], "KEY": str(certificates.key), "CERT": str(certificates.certificate), "SECRET": SECRET,
    }  # fmt: skip
    with subprocess.Popen(
        ["node", Path(__file__).with_name("oauth2.mjs")],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            yield OAuth2(f"https://localhost:{int(server.stdout.readline())}", certificates.ca)
        finally:
            server.stdin.close()
            server.wait(timeout=10)
