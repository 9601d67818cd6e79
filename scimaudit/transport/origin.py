"""Origins (RFC 6454: scheme, host, port) and credentials that are bound to one."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from scimaudit.errors import ConfigError
from scimaudit.transport.spoken import forms

_PORTS: Final = {"http": 80, "https": 443}
_REMEMBERED: Final = 24
"""Credentials, the last ones, that are looked for in answers: those of six hours, of which each is good for fifteen
minutes."""
_STRANGE: Final = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of_base(cls, url: str, name: str = "base_url") -> Origin:
        """The origin of a configured base address.

        :param name: how the configuration spells it, for the message.
        :raises ConfigError: it is not an ``https://`` address (or ``http://`` to loopback), or holds more than a path.
        """
        found = _origin(url)
        if found is None or "?" in url or "#" in url:
            raise ConfigError(
                f"{name} must be an absolute https:// address without user name, query or fragment",
                hint="write it as https://host/path",
            )
        if found.scheme == "http" and not found.loopback:
            raise ConfigError(
                f"{name} is plain http to {found.host}: what is sent would travel in the clear",
                hint="use https://; http:// is taken for loopback only",
            )
        return found

    def owns(self, url: str) -> bool:
        """Whether ``url`` is an absolute URL of this origin, with no user name in it."""
        return _origin(url) == self

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine."""
        return loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class OriginAuth(httpx.Auth):
    """Adds credential headers to requests of one origin; to any other it adds nothing.

    Default headers would go wherever a request goes (RFC 9110 section 11.6.2 binds credentials to their origin).
    ``secrets`` are those of the last requests, for a token that was renewed may be good for a while yet; ``spoken`` the
    forms in which an answer would give them away. No more are kept, for every page is searched for all of them.

    :param beside: further secrets that the way there needs, such as a proxy's password.
    """

    def __init__(self, origin: Origin, headers: Callable[[], Mapping[str, str]], beside: Collection[str] = ()) -> None:
        self._origin = origin
        self._headers = headers
        self._beside = tuple(beside)
        self._sent: list[tuple[str, ...]] = []
        self.secrets, self.spoken = self._beside, forms(beside)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request, with the credentials if it is theirs."""
        if self._origin.owns(str(request.url)):
            held = self._headers()
            request.headers.update(held)
            told = secrets_in(held)
            if told not in self._sent:
                self._sent = [*self._sent, told][-_REMEMBERED:]
                self.secrets = tuple(dict.fromkeys((*self._beside, *chain.from_iterable(self._sent))))
                self.spoken = forms(self.secrets)
        yield request


def secrets_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets in a request's credentials."""
    found: dict[str, None] = {}
    for name, value in headers.items():
        secret = value.rpartition(" ")[2]
        found |= dict.fromkeys((value.partition(" ")[2], secret))
        if name.casefold() == "authorization" and value.startswith("Basic "):
            found[_password(secret)] = None
    return tuple(secret for secret in found if secret)


def _password(pair: str) -> str:
    """The password of a ``Basic`` credential; empty where it is none."""
    try:
        return base64.b64decode(pair).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return ""


def _origin(url: str) -> Origin | None:
    if _STRANGE.search(url):
        return None
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return Origin(scheme, parts.hostname, port or _PORTS[scheme])
