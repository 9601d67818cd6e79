"""Access tokens for Microsoft Graph.

Client credentials by secret, certificate or federated token (RFC 6749 section 4.4), the managed identity of the machine
this runs on, or a human who signs in with a code (RFC 8628).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scimaudit.errors import AuthenticationFailed, ConfigError, Unavailable
from scimaudit.transport.oauth2 import TOKEN
from scimaudit.transport.proxy import password_in
from scimaudit.transport.secret import Secret, private
from scimaudit.transport.spoken import quoted

_TIMEOUT: Final = 30
_PROOFS: Final = ("client_secret", "client_assertion", "refresh_token", "device_code")
Tell = Callable[[str], None]


class Credentials(BaseModel):
    """Who asks, and how that is proven; exactly one of five ways."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str = Field(pattern=r"^[A-Za-z0-9.-]+$", description="directory (tenant) id or domain")
    client_id: str = Field("", description="application (client) id; not needed with managed_identity")
    secret: Secret | None = Field(None, description="client secret")
    certificate: Path | None = Field(None, description="PEM file with certificate and private key, for its owner alone")
    federated_token: str | None = Field(
        None, description="environment variable that names the file of a federated token, as workload identity sets it"
    )
    managed_identity: str | None = Field(
        None, description="identity of the Azure machine this runs on: system, or the client id of an assigned one"
    )
    device_code: bool = Field(False, description="a human signs in with a code in a browser; for ad-hoc use")

    @model_validator(mode="after")
    def _one_way(self) -> Credentials:
        ways = (self.secret, self.certificate, self.federated_token, self.managed_identity, self.device_code or None)
        if sum(way is not None for way in ways) != 1:
            msg = "say exactly one of secret, certificate, federated_token, managed_identity, device_code"
            raise ValueError(msg)
        if not self.client_id and self.managed_identity is None:
            msg = "client_id is missing"
            raise ValueError(msg)
        return self

    def proof(self, base: Path) -> str | dict[str, Any]:
        """What MSAL takes as the client's credential.

        :raises ConfigError: it cannot be read.
        """
        if self.secret is not None:
            return self.secret.resolve(base).get_secret_value()
        if self.certificate is not None:
            return _certificate(base / self.certificate)
        path = os.environ.get(self.federated_token or "")
        if not path:
            raise ConfigError(f"the environment variable {self.federated_token} is not set")
        # Read anew each time, for whoever writes the file renews it.
        return {"client_assertion": lambda: Path(path).read_text("utf-8").strip()}


Ask = Callable[[str], Mapping[str, Any]]
"""Gives the authority's answer for the address of a Graph, from MSAL's cache while that is good."""


@dataclass(frozen=True)
class WayIn:
    """How tokens are had.

    :param session: what asks; it knows what it told the authority, which is not to be quoted from an answer.
    """

    ask: Ask
    session: _Bounded


def way_in(
    credentials: Credentials, base: Path, *, authority: str, ca: Path | None, proxy: str | None, tell: Tell
) -> WayIn:
    """How tokens are had. The session is ours and reads nothing from the environment.

    With a bundle in ``REQUESTS_CA_BUNDLE`` requests would override the authority given here.

    :param tell: asks a human to act.
    :raises ConfigError: the credentials cannot be read.
    :raises Unavailable: the authority cannot be had.
    """
    import msal
    import requests

    session = requests.Session()
    session.trust_env = False
    bounded = _Bounded(session, password_in(proxy))
    if credentials.managed_identity is not None:
        # The machine's own address: neither a proxy nor a private authority stands between.
        return WayIn(_of_machine(credentials.managed_identity, bounded), bounded)
    session.verify = str(ca) if ca else True
    if proxy:
        session.proxies = {"https": proxy, "http": proxy}
    common = {
        "authority": f"{authority}/{credentials.tenant}",
        "instance_discovery": False,
        "http_client": bounded,
    }
    try:
        if credentials.device_code:
            return WayIn(_of_human(msal.PublicClientApplication(credentials.client_id, **common), tell), bounded)
        app = msal.ConfidentialClientApplication(
            credentials.client_id, client_credential=credentials.proof(base), **common
        )
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"{authority} cannot be had: {_short(error, bounded)}", hint="check tenant, cloud, network and ca"
        ) from error
    return WayIn(lambda graph: app.acquire_token_for_client([f"{graph}/.default"]), bounded)


def _of_machine(identity: str, session: _Bounded) -> Ask:
    """Tokens of a managed identity (learn.microsoft.com/entra/identity/managed-identities-azure-resources)."""
    import msal

    who = (
        msal.SystemAssignedManagedIdentity()
        if identity == "system"
        else msal.UserAssignedManagedIdentity(client_id=identity)
    )
    client = msal.ManagedIdentityClient(who, http_client=session)
    return lambda graph: client.acquire_token_for_client(resource=graph)


def _of_human(app: Any, tell: Tell) -> Ask:
    """Tokens of whoever signs in with the code that is told; renewed without asking again (RFC 8628)."""

    def asked(graph: str) -> Mapping[str, Any]:
        scopes = [f"{graph}/.default"]
        for account in app.get_accounts():
            found: Mapping[str, Any] | None = app.acquire_token_silent(scopes, account)
            if found:
                return found
        flow = app.initiate_device_flow(scopes)
        if "user_code" not in flow:
            return dict(flow)
        tell(str(flow.get("message") or f"sign in at {flow['verification_uri']} with {flow['user_code']}"))
        signed: Mapping[str, Any] = app.acquire_token_by_device_flow(flow)
        return signed

    return asked


class Bearer:
    """The token that requests carry: had when the first one is sent, for a listing that is played sends none.

    :param opened: gives the way in; called once.
    :param graph: the address that the token is for.
    """

    def __init__(self, opened: Callable[[], WayIn], graph: str, source: str) -> None:
        self._opened, self._graph, self._source = opened, graph, source
        self._way: WayIn | None = None
        self._token = ""

    def headers(self) -> dict[str, str]:
        """The header that a request carries.

        :raises ConfigError: the credentials cannot be read.
        :raises AuthenticationFailed: the authority refuses.
        :raises Unavailable: it cannot be had.
        """
        if self._way is None:
            self._way = self._opened()
        if not self._token:
            self._token = token(self._way, self._graph, self._source)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> None:
        """Ask for a token anew before the next request."""
        self._token = ""


def token(way: WayIn, graph: str, source: str) -> str:
    """A token.

    :raises AuthenticationFailed: the authority refuses.
    :raises Unavailable: it cannot be had.
    """
    try:
        answer = way.ask(graph)
    except (OSError, ValueError) as error:
        said = _short(error, way.session)
        raise Unavailable(f"no token could be had: {said}", source=source, hint="check the network") from error
    if "access_token" not in answer:
        said = str(answer.get("error_description") or answer.get("error") or "no reason given").partition("\n")[0]
        raise AuthenticationFailed(
            f"the tenant refused a token: {quoted(said, way.session.told)[:300]}",
            source=source,
            hint="check client_id, credential and tenant",
        )
    found = answer["access_token"]
    if not isinstance(found, str) or not TOKEN.fullmatch(found):
        raise AuthenticationFailed("the tenant gave a token that no header carries", source=source)
    return found


class _Bounded:
    """A session whose requests end, for MSAL sets no timeout of its own; redirects are not followed.

    ``told`` are the secrets that it sent.
    """

    def __init__(self, session: Any, secrets: Iterable[str]) -> None:
        self._session = session
        self.told = set(secrets)

    def get(self, url: str, **more: Any) -> Any:
        return self._session.get(url, timeout=_TIMEOUT, allow_redirects=False, **more)

    def post(self, url: str, **more: Any) -> Any:
        form = more.get("data") or {}
        self.told |= {str(form[name]) for name in _PROOFS if form.get(name)}
        return self._session.post(url, timeout=_TIMEOUT, allow_redirects=False, **more)

    def close(self) -> None:
        self._session.close()


def _certificate(path: Path) -> dict[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        text = private(path, "the certificate")
        found = x509.load_pem_x509_certificate(text.encode())
        key = load_pem_private_key(text.encode(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"the certificate {path.name} cannot be read: {error}") from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"the key of the certificate {path.name} cannot be used", hint="Entra ID takes RSA keys")
    # Entra ID finds the key by this digest; nothing is signed with it.
    digest = found.fingerprint(hashes.SHA1())  # noqa: S303
    return {"private_key": text, "thumbprint": digest.hex()}


def _short(error: Exception, session: _Bounded) -> str:
    return quoted(str(error).strip(), session.told).partition("\n")[0][:300]
