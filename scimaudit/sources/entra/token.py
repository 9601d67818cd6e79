"""Access tokens for Microsoft Graph: client credentials by secret, certificate or federated token (RFC 6749)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from scimaudit.errors import AuthenticationFailed, ConfigError, Unavailable
from scimaudit.transport.secret import Secret

_TIMEOUT: Final = 30


class Credentials(BaseModel):
    """Who asks, and how that is proven; exactly one of the three ways."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str = Field(pattern=r"^[A-Za-z0-9.-]+$", description="directory (tenant) id or domain")
    client_id: str = Field(description="application (client) id")
    secret: Secret | None = Field(None, description="client secret")
    certificate: Path | None = Field(None, description="PEM file with certificate and private key, for its owner alone")
    federated_token: str | None = Field(
        None, description="environment variable that names the file of a federated token, as workload identity sets it"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Credentials:
        if sum(value is not None for value in (self.secret, self.certificate, self.federated_token)) != 1:
            msg = "say exactly one of secret, certificate, federated_token"
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


def application(credentials: Credentials, base: Path, *, authority: str, ca: Path | None, proxy: str | None) -> Any:
    """MSAL's application, with a session of ours that reads nothing from the environment.

    With a bundle in ``REQUESTS_CA_BUNDLE`` requests would override the authority given here.

    :raises ConfigError: the credentials cannot be read.
    :raises Unavailable: the authority cannot be had.
    """
    import msal
    import requests

    session = requests.Session()
    session.trust_env = False
    session.verify = str(ca) if ca else True
    if proxy:
        session.proxies = {"https": proxy, "http": proxy}
    try:
        return msal.ConfidentialClientApplication(
            credentials.client_id,
            client_credential=credentials.proof(base),
            authority=f"{authority}/{credentials.tenant}",
            instance_discovery=False,
            http_client=_Bounded(session),
        )
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"{authority} cannot be had: {_short(error)}", hint="check tenant, cloud, network and ca"
        ) from error


def token(app: Any, graph: str, source: str) -> str:
    """A token, from MSAL's cache while it is good.

    :raises AuthenticationFailed: the authority refuses.
    :raises Unavailable: it cannot be had.
    """
    try:
        answer: Mapping[str, Any] = app.acquire_token_for_client([f"{graph}/.default"])
    except (OSError, ValueError) as error:
        raise Unavailable(f"no token could be had: {_short(error)}", source=source, hint="check the network") from error
    if "access_token" not in answer:
        said = str(answer.get("error_description") or answer.get("error") or "no reason given").partition("\n")[0]
        raise AuthenticationFailed(
            f"the tenant refused a token: {said[:300]}",
            source=source,
            hint="check client_id, credential and tenant",
        )
    return str(answer["access_token"])


class _Bounded:
    """A session whose requests end, for MSAL sets no timeout of its own; redirects are not followed."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def get(self, url: str, **more: Any) -> Any:
        return self._session.get(url, timeout=_TIMEOUT, allow_redirects=False, **more)

    def post(self, url: str, **more: Any) -> Any:
        return self._session.post(url, timeout=_TIMEOUT, allow_redirects=False, **more)

    def close(self) -> None:
        self._session.close()


def _certificate(path: Path) -> dict[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        text = path.read_text("ascii")
        found = x509.load_pem_x509_certificate(text.encode())
        key = load_pem_private_key(text.encode(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"the certificate {path.name} cannot be read: {error}") from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"the key of the certificate {path.name} cannot be used", hint="Entra ID takes RSA keys")
    # Entra ID finds the key by this digest; nothing is signed with it.
    digest = found.fingerprint(hashes.SHA1())  # noqa: S303
    return {"private_key": text, "thumbprint": digest.hex()}


def _short(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
