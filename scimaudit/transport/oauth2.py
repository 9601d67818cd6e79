"""Access tokens by client credentials (RFC 6749 section 4.4), with a secret or a signed assertion (RFC 7523)."""

from __future__ import annotations

import base64
import re
import ssl
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from scimaudit.errors import AuthenticationFailed, ConfigError, Unavailable
from scimaudit.transport.origin import Origin, secrets_in
from scimaudit.transport.proxy import password_in
from scimaudit.transport.secret import Secret, private
from scimaudit.transport.spoken import quoted
from scimaudit.transport.timed import Deadline, TimedTransport

_MARGIN: Final = 60
"""Seconds before its end in which a token is no longer used."""
_LIFE: Final = 300
_LARGEST: Final = 1 << 20
_PATIENCE: Final = 60.0
"""Seconds that an answer may take in all, so that an endpoint that drips bytes ends too."""
TOKEN: Final = re.compile(r"[\x21-\x7e]+")
"""What RFC 6749 appendix A.12 lets a token be made of; white space in it would be a header of its own."""
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientCredentials(BaseModel):
    """``oauth2``: where a token is had, and how the client proves who it is; a secret or a private key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token_url: str = Field(description="token endpoint; https:// unless loopback")
    client_id: str
    secret: Secret | None = Field(None, description="client secret")
    private_key: Path | None = Field(None, description="PEM file of a private key that signs (private_key_jwt)")
    key_id: str = Field("", description="kid of that key, where the server wants one")
    algorithm: Literal["RS256", "PS256", "ES256"] = Field("RS256", description="how private_key signs")
    scope: str = Field("", description="scopes to ask for, separated by spaces")
    audience: str = Field("", description="audience, where the server wants one")
    secret_in: Literal["header", "body"] = Field("header", description="where the secret travels (RFC 6749 2.3.1)")

    @model_validator(mode="after")
    def _one_proof(self) -> ClientCredentials:
        if (self.secret is None) == (self.private_key is None):
            msg = "say exactly one of secret, private_key"
            raise ValueError(msg)
        return self


class Tokens:
    """The tokens of one client: fetched when first needed, and anew shortly before they end.

    :param base: the folder that files are relative to.
    :param monotonic: a clock, in seconds.
    :param wall: seconds since 1970, for the assertion.
    """

    def __init__(
        self,
        settings: ClientCredentials,
        base: Path,
        *,
        verify: ssl.SSLContext,
        proxy: str | None = None,
        source: str = "",
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        Origin.of_base(settings.token_url)
        self._settings, self._base, self._verify, self._proxy = settings, base, verify, proxy
        self._source, self._monotonic, self._wall = source, monotonic, wall
        self._token = ""
        self._until = float("-inf")

    def headers(self) -> dict[str, str]:
        """The header that a request carries.

        :raises AuthenticationFailed: the server gives no token.
        :raises Unavailable: the server cannot be had.
        """
        if self._monotonic() >= self._until:
            self._fetch()
        return {"Authorization": f"Bearer {self._token}"}

    def _fetch(self) -> None:
        url = self._settings.token_url
        proof = self._settings.secret.resolve(self._base).get_secret_value() if self._settings.secret else ""
        form, headers = self._proof(proof)
        known = (proof, form.get("client_assertion", ""), *secrets_in(headers), *password_in(self._proxy))
        form |= {"grant_type": "client_credentials"}
        form |= {name: value for name in ("scope", "audience") if (value := getattr(self._settings, name))}
        try:
            deadline = Deadline(self._monotonic, self._monotonic() + _PATIENCE, _PATIENCE)
            transport = TimedTransport(deadline, verify=self._verify, proxy=self._proxy, trust_env=False)
            with httpx.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=30) as client:
                status, body = _asked(client, url, form, {**headers, "Accept": "application/json"})
        except httpx.HTTPError as error:
            raise Unavailable(
                f"the token endpoint {url} cannot be reached: {quoted(str(error), known)}",
                source=self._source,
                hint="check token_url and ca",
            ) from error
        answer = _object(body)
        token, kind = answer.get("access_token"), str(answer.get("token_type") or "Bearer")
        if status != 200 or not isinstance(token, str) or not TOKEN.fullmatch(token) or kind.casefold() != "bearer":
            said = str(answer.get("error_description") or answer.get("error") or f"status {status}")
            # What a listing failed on stands in reports and in bundles.
            raise AuthenticationFailed(
                f"the token endpoint {url} gave no bearer token: {quoted(said, known)[:200]}",
                source=self._source,
                hint="check client_id, its secret or key, and scope",
            )
        lives = answer.get("expires_in")
        self._token = token
        self._until = self._monotonic() + max(float(lives) if isinstance(lives, (int, float)) else _LIFE, 0) - _MARGIN

    def _proof(self, secret: str) -> tuple[dict[str, str], dict[str, str]]:
        """Form fields and headers by which the client proves who it is: by its secret, or by its key."""
        settings = self._settings
        if not secret:
            return {"client_assertion_type": _ASSERTION, "client_assertion": self._assertion()}, {}
        if settings.secret_in == "body":  # noqa: S105 - a place, not a secret
            return {"client_id": settings.client_id, "client_secret": secret}, {}
        pair = f"{quote(settings.client_id, safe='')}:{quote(secret, safe='')}"
        return {}, {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def _assertion(self) -> str:
        import jwt

        settings, now = self._settings, int(self._wall())
        claims = {
            "iss": settings.client_id, "sub": settings.client_id, "aud": settings.token_url,
            "iat": now, "exp": now + _LIFE, "jti": str(uuid.uuid4()),
        }  # fmt: skip
        path = self._base / (settings.private_key or "")
        try:
            key = private(path, "the private key")
            headers = {"kid": settings.key_id} if settings.key_id else None
            return jwt.encode(claims, key, algorithm=settings.algorithm, headers=headers)
        except (OSError, ValueError, TypeError, jwt.PyJWTError) as error:
            raise ConfigError(
                f"the private key {path.name} cannot sign with {settings.algorithm}: {type(error).__name__}",
                hint="name a PEM file with an unencrypted key of that kind",
            ) from error


def _asked(client: httpx.Client, url: str, form: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
    """Status and body; a body beyond a megabyte is not read to its end, and is then no JSON."""
    with client.stream("POST", url, data=form, headers=headers) as reply:
        body = bytearray()
        for piece in reply.iter_bytes(1 << 16):
            body += piece
            if len(body) > _LARGEST:
                return reply.status_code, b""
        return reply.status_code, bytes(body)


def _object(body: bytes) -> dict[str, object]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
