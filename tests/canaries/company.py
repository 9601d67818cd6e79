"""A company whose every app is signed in to in another way, each with a secret of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.canaries.echo import Servers
from tests.canaries.forms import canary

HR: Final = (
    "employee_number,user_name,email,status\n"
    "1,ana,ana@corp.example,active\n2,bo,bo@corp.example,active\n3,left,left@corp.example,terminated\n"
    "4,dee,dee@corp.example,active\n"
)
ROOT: Final = Path(__file__).parents[2]


@dataclass
class Company:
    """The folder of the configuration, and beside it what only its operator has.

    :param folder: all that is in it at the end is scanned. ``private``: where secrets are kept.
    """

    folder: Path
    private: Path
    servers: Servers
    environment: dict[str, str] = field(default_factory=dict)
    ring: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    apps: list[str] = field(default_factory=list)

    def env(self, name: str) -> str:
        variable = "CANARY_" + "".join(letter if letter.isalnum() else "_" for letter in name).upper()
        self.environment[variable] = self._made(name)
        return f'{{ env = "{variable}" }}'

    def file(self, name: str) -> Path:
        path = self.private / name
        path.write_text(self._made(name))
        path.chmod(0o600)
        return path

    def kept(self, name: str) -> str:
        self.ring[f"canaries/{name}"] = self._made(name)
        return f'{{ keyring = "canaries/{name}" }}'

    def key(self) -> str:
        """A private key; a line in the middle of it is looked for."""
        path = self.private / "key.pem"
        if not path.exists():
            made = rsa.generate_private_key(65537, 2048)
            text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            path.write_text(text)
            path.chmod(0o600)
            self.secrets.add(text.splitlines()[5])
        return str(path)

    def app(self, name: str, *lines: str) -> None:
        """An app with one listing."""
        self.apps.append(name)
        self.text += [f"[apps.{name}]", f"[[apps.{name}.listings]]", *lines, ""]

    def scim(self, name: str, url: str, *lines: str) -> None:
        self.app(name, 'source = "scim"', f'base_url = "{url}"', "max_seconds = 60", *lines)

    def write(self) -> None:
        (self.folder / "hr.csv").write_text(HR)
        head = ["[audit]", 'organisation = "Canaries"', "[evidence]", "seal = true", "[review]", 'fallback = "dee@corp.example"', "[rosters.hr]", 'source = "csv"',
                'path = "hr.csv"', ""]  # fmt: skip
        text = "\n".join([*head, *self.text])
        (self.folder / "scimaudit.toml").write_text(text)
        # What is good alone, for commands that ask every server once more.
        (self.folder / "well.toml").write_text(text.partition("[apps.")[0] + self._good(text))
        (self.private / "ring.json").write_text(json.dumps(self.ring))
        self.environment |= {
            "CANARY_RING": str(self.private / "ring.json"), "PYTHON_KEYRING_BACKEND": "tests.canaries.ring.Ring",
            "SSLKEYLOGFILE": str(self.folder / "session-keys"), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"],
            "COLUMNS": "240", "HTTPX_LOG_LEVEL": "trace", "PYTHONUNBUFFERED": "1", "HOME": str(self.private),
            "HTTPS_PROXY": f"http://localhost:{self.servers.stranger.port}",
            "ALL_PROXY": f"http://localhost:{self.servers.stranger.port}",
        }  # fmt: skip

    def _good(self, text: str) -> str:
        blocks = text.split("\n\n")
        return "\n\n".join(block for block in blocks if block.startswith("[apps.") and "-well-" in block.split("]")[0])

    def _made(self, name: str) -> str:
        secret = canary(name)
        self.secrets.add(secret)
        return secret


WAYS: Final[dict[str, Callable[[Company, str, str], list[str]]]] = {
    "environment": lambda company, name, _: [f"token = {company.env(name)}"],
    "file": lambda company, name, _: [f'token = {{ file = "{company.file(name)}" }}'],
    "command": lambda company, name, _: [f'token = {{ command = "cat {company.file(name)}" }}'],
    "keyring": lambda company, name, _: [f"token = {company.kept(name)}"],
    "basic": lambda company, name, _: [f'basic = {{ user = "svc", password = {company.env(name)} }}'],
    "oauth2-token": lambda company, name, url: [oauth2(f"{url}/token/well/{name}", f"secret = {company.env(name)}")],
    "header": lambda company, name, _: [f"headers = {{ X-Api-Key = {company.env(name)} }}"],
    "proxy": lambda company, name, url: [
        f'proxy = "{url.replace("://", "://svc@")}"',
        f"proxy_password = {company.env(name)}",
    ],
}
"""How a SCIM service provider is signed in to: the lines of its listing, given the address of a server that echoes."""
PROOFS: Final[dict[str, Callable[[Company, str], str]]] = {
    "secret-header": lambda company, name: f"secret = {company.env(name)}",
    "secret-body": lambda company, name: f'secret = {company.env(name)}, secret_in = "body"',
    "key": lambda company, _: f'private_key = "{company.key()}"',
}
"""How a client proves to a token endpoint who it is."""


def oauth2(url: str, proof: str) -> str:
    return f'oauth2 = {{ token_url = "{url}", client_id = "scimaudit", {proof} }}'


def signed_in(company: Company, way: str, encoding: str, place: str) -> None:
    """An app that is signed in to in this way, whose server quotes the secret so and there; ``well`` quotes nothing."""
    url, name = company.servers.url, f"{way}-{encoding}-{place}"
    base = "http://127.0.0.1:1" if way == "proxy" else url
    company.scim(name, f"{base}/{encoding}/{place}", *WAYS[way](company, name, url))


def proven(company: Company, proof: str, encoding: str, place: str) -> None:
    """An app whose token endpoint quotes the proof: ``said`` in its error, ``line`` in what is no status line."""
    url, name = company.servers.url, f"{proof}-{encoding}-{place}"
    company.scim(name, f"{url}/well/x", oauth2(f"{url}/token/{encoding}/{place}", PROOFS[proof](company, name)))


def founded(folder: Path, servers: Servers) -> Company:
    company = Company(folder / "company", folder / "private", servers)
    company.folder.mkdir(mode=0o700)
    company.private.mkdir(mode=0o700)
    return company
