"""Timestamps (RFC 3161): a third party's word on when a statement was there at the latest.

A signature says who sealed, and the sealer's own clock says when. An authority that signs the statement's hash with its
time takes the clock out of the sealer's hands; it learns the hash alone. Tokens are read and checked by the library
``rfc3161-client``, an extra.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from cryptography import x509

from scimaudit.config import Config
from scimaudit.errors import ConfigError, IntegrityError, Unavailable
from scimaudit.evidence import TIMESTAMP, read
from scimaudit.transport import tls_context
from scimaudit.transport.post import post

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_SHA256: Final = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_GRANTED: Final = 0


@dataclass(frozen=True)
class Authority:
    """Who stamps.

    :param url: where it is asked. ``roots``: PEM file of the certificates that its tokens must lead to.
    :param tls: whom its server's certificate must come from. ``proxy``: URL of a proxy.
    """

    url: str
    roots: Path
    tls: ssl.SSLContext
    proxy: str | None = None

    @classmethod
    def of(cls, config: Config) -> Authority | None:
        """The one that a configuration names; ``None`` where it names none.

        :raises ConfigError: ``network.ca`` cannot be used.
        """
        asked, ca = config.evidence, config.network.ca
        if asked.timestamp is None or asked.timestamp_ca is None:
            return None
        tls = tls_context(config.base / ca if ca else None)
        return cls(asked.timestamp, config.base / asked.timestamp_ca.expanduser(), tls, config.network.proxy)


def obtain(statement: bytes, authority: Authority) -> bytes:
    """Ask for a token over a statement, and check it before anything rests on it.

    :raises ConfigError: none could be had, or it does not prove what it is for.
    """
    client = _library()
    asked = (
        client.TimestampRequestBuilder().data(statement).hash_algorithm(client.HashAlgorithm.SHA256).nonce(nonce=True)
    ).build()
    hint = "nothing is sealed; try again, or leave out evidence.timestamp"
    try:
        answer = post(
            authority.url,
            asked.as_bytes(),
            {"Content-Type": _QUERY, "Accept": _REPLY},
            verify=authority.tls,
            proxy=authority.proxy,
        )
    except Unavailable as error:
        raise ConfigError(f"no timestamp could be had: {error.message}", hint=hint) from error
    if answer.status != 200 or answer.kind != _REPLY:
        told = f"status {answer.status}, {answer.kind or 'no media type'}"
        raise ConfigError(f"no timestamp could be had: {authority.url} answered with {told}", hint=hint)
    try:
        proven(answer.body, statement, authority.roots, nonce=asked.nonce)
    except IntegrityError as error:
        raise ConfigError(f"no timestamp could be had: of {authority.url}, {error.message}", hint=hint) from error
    return answer.body


def stamped(bundle: Path, statement: bytes, roots: Path) -> datetime:
    """When a bundle's statement was there at the latest.

    :param roots: PEM file of the certificates that the token must lead to.
    :raises IntegrityError: there is no token, or it does not hold.
    :raises ConfigError: ``roots`` cannot be read, or the library is not installed.
    """
    try:
        return proven(read(bundle, TIMESTAMP), statement, roots)
    except FileNotFoundError as error:
        raise IntegrityError(f"{bundle} has no timestamp") from error
    except OSError as error:
        raise IntegrityError(f"the timestamp of {bundle} cannot be read: {error.strerror or error}") from error
    except IntegrityError as error:
        raise IntegrityError(f"the timestamp of {bundle} does not hold: {error.message}") from error


def proven(token: bytes, statement: bytes, roots: Path, *, nonce: int | None = None) -> datetime:
    """The time that a token proves for a statement.

    :param nonce: what was asked with, where the token was just asked for: an old one is not passed off as new.
    :raises IntegrityError: it proves nothing for this statement, or nobody under ``roots`` made it.
    :raises ConfigError: ``roots`` cannot be read, or the library is not installed.
    """
    client, answer = _library(), _read(token)
    if answer.tst_info.message_imprint.hash_algorithm != _SHA256:
        raise IntegrityError("its hash is not SHA-256")
    if answer.tst_info.message_imprint.message != hashlib.sha256(statement).digest():
        raise IntegrityError("it is for another statement")
    builder = client.VerifierBuilder(roots=_certificates(roots), nonce=nonce)
    try:
        builder.build().verify_message(answer, statement)
    except (client.VerificationError, ValueError) as error:
        raise IntegrityError(f"the token is not to be trusted: {error}") from error
    return answer.tst_info.gen_time.astimezone(UTC)


def amiss(bundle: Path, statement: bytes, *, asked: bool) -> list[str]:
    """What is wrong with a bundle's token as far as shows without the authority's certificate.

    :param asked: whether the statement says that there is one.
    """
    there = (bundle / TIMESTAMP).exists()
    if there != asked:
        return [f"{TIMESTAMP} was added" if there else f"{TIMESTAMP} is missing"]
    if not there:
        return []
    try:
        token = read(bundle, TIMESTAMP)
    except OSError as error:
        return [f"{TIMESTAMP} cannot be read: {error.strerror or error}"]
    except IntegrityError as error:
        return [error.message]
    return [] if hashlib.sha256(statement).digest() in token else [f"{TIMESTAMP} is for another statement"]


def _read(token: bytes) -> TimeStampResponse:
    """An authority's answer that holds a token.

    :raises IntegrityError: it is none, or the authority refused.
    """
    client = _library()
    try:
        answer: TimeStampResponse = client.decode_timestamp_response(token)
        if answer.status != _GRANTED:
            said = " ".join(answer.status_string) or f"status {answer.status}"
            raise IntegrityError(f"the authority refused: {said[:200]}")
        answer.tst_info.gen_time  # noqa: B018 - reading it is the check that there is a token
    except ValueError as error:
        raise IntegrityError(f"it cannot be read as a timestamp: {error}") from error
    return answer


def _library() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError as error:
        raise ConfigError(
            "timestamps need the package rfc3161-client", hint="pip install 'scimaudit[timestamp]'"
        ) from error
    return rfc3161_client


def _certificates(roots: Path) -> list[x509.Certificate]:
    try:
        return list(dict.fromkeys(x509.load_pem_x509_certificates(roots.read_bytes())))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{roots} cannot be read as certificates: {error}", hint="name a PEM file") from error
