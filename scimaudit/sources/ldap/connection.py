"""Reaching a directory: TLS before the bind, the certificate always checked, referrals never followed."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from scimaudit.errors import AuthenticationFailed, ConfigError, Incomplete, SourceError, Unavailable
from scimaudit.transport import observed
from scimaudit.transport.spoken import quoted

if TYPE_CHECKING:
    from ldap3 import Connection

_REFUSED = {7: "auth method", 8: "stronger authentication", 48: "inappropriate authentication", 49: "credentials"}


class Directory:
    """A directory that is reached when the first question is sent, for one whose answers are played is sent none.

    A context manager, which lets go of the connection.

    :param opened: gives a bound connection.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._opened, self._open = opened, ExitStack()
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def tls(self) -> str:
        """What was seen of its encryption; empty where it was not reached."""
        return observed.tls(self._connection.socket) if self._connection else ""

    @property
    def password(self) -> str:
        """What was bound with; empty where it was not reached, or nothing was."""
        return (self._connection.password or "") if self._connection else ""

    def search(self, base: str, what: str, scope: Any, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The result of one search, and the rows that came with it; see :meth:`ldap3.Connection.search`.

        :raises Incomplete: it is to go on where another connection stopped, whose cookie is good on that one alone.
        :raises SourceError: the directory cannot be had, or refuses the bind.
        """
        if self._connection is None:
            if more.get("paged_cookie"):
                raise Incomplete("the connection that this search began on is gone")
            self._connection = self._open.enter_context(self._opened())
        self._connection.search(base, what, scope, **more)
        return self._connection.result, self._connection.response or []


@contextmanager
def connected(
    url: str, user: str, password: str, *, context: ssl.SSLContext, timeout: float, source: str
) -> Iterator[Connection]:
    """A bound connection.

    :param url: ``ldaps://host[:port]``, or ``ldap://host[:port]``, where StartTLS comes before the bind.
    :param user: the DN (or, for Active Directory, the name) to bind as.
    :raises ConfigError: the address cannot be used.
    :raises Unavailable: the server, or trust in it, cannot be had; nothing secret was sent.
    :raises AuthenticationFailed: the bind was refused.
    """
    import ldap3
    from ldap3.core.exceptions import LDAPException

    parts = urlsplit(url)
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or parts.path.strip("/"):
        raise ConfigError(f"{url!r} is no LDAP address", hint="write ldaps://host or ldap://host (with StartTLS)")
    server = ldap3.Server(
        parts.hostname,
        port=parts.port or (636 if parts.scheme == "ldaps" else 389),
        use_ssl=parts.scheme == "ldaps",
        tls=_tls(context, parts.hostname),
        connect_timeout=min(30.0, timeout),
        get_info=ldap3.NONE,
    )
    connection = ldap3.Connection(
        server, user, password, auto_bind=ldap3.AUTO_BIND_NONE, auto_referrals=False, check_names=False,
        read_only=True, receive_timeout=timeout, return_empty_attributes=False,
    )  # fmt: skip
    try:
        try:
            connection.open(read_server_info=False)
            if parts.scheme == "ldap":
                connection.start_tls(read_server_info=False)
            bound = connection.bind(read_server_info=False)
        except (LDAPException, OSError) as error:
            raise _unreachable(url, quoted(str(error), (password,)), source) from error
        if not bound:
            raise _refused(url, connection.result, password, source)
        yield connection
    finally:
        _close(connection)


def _tls(context: ssl.SSLContext, host: str) -> Any:
    """ldap3's TLS with our own context, which checks the certificate *and* the host name before a byte is sent."""
    import ldap3

    class _Checked(ldap3.Tls):
        def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002 - ldap3's signature
            connection.socket = context.wrap_socket(connection.socket, server_hostname=host)

    return _Checked(validate=ssl.CERT_REQUIRED)


def _unreachable(url: str, said: str, source: str) -> SourceError:
    if "CERTIFICATE_VERIFY_FAILED" in said or "certificate" in said.casefold():
        return Unavailable(
            f"the certificate of {url} is not trusted: {said}",
            source=source,
            hint="name the PEM file of a private authority as ca, and the host as its certificate spells it",
        )
    if "startTLS failed" in said:
        return Unavailable(
            f"{url} refuses StartTLS: {said.rpartition(' - ')[2]}",
            source=source,
            hint="use ldaps://, or switch StartTLS on; nothing is sent in clear",
        )
    return Unavailable(f"{url} cannot be reached: {said}", source=source, hint="check url, network and TLS")


def _refused(url: str, result: dict[str, Any], password: str, source: str) -> SourceError:
    said = f"{result['description']} {quoted(result.get('message') or '', (password,))}".strip()
    if result["result"] in _REFUSED:
        return AuthenticationFailed(f"{url} refused the bind: {said}", source=source, hint="check user and password")
    return Unavailable(f"{url} did not bind: {said}", source=source, hint="ask whoever runs the directory")


def _close(connection: Connection) -> None:
    from ldap3.core.exceptions import LDAPException

    held = connection.socket
    try:
        connection.unbind()
    except (LDAPException, OSError):
        # The answer is known already; a server that hung up first changes nothing.
        pass
    finally:
        if held is not None:
            held.close()
