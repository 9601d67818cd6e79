"""A proxy's address as the configuration names it, without a password, and as it is used, with one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator

from scimaudit.errors import ConfigError
from scimaudit.transport.secret import Secret

_TELLS: Final = re.compile(r"://[^/@]*:[^/@]*@")


def _untold(url: str) -> str:
    if _TELLS.search(url):
        # The message must not repeat the address, for it holds the password.
        msg = "leave the password out of the address and name it as proxy_password"
        raise ValueError(msg)
    return url


Address = Annotated[str, AfterValidator(_untold)]
"""``http://host:port`` or ``http://user@host:port``."""


def with_password(address: str | None, password: Secret | None, base: Path) -> str | None:
    """The address to use.

    :param base: folder that the secret's file is relative to.
    :raises ConfigError: there is a password, and no user in the address whose it is.
    """
    if address is None or password is None:
        return address
    user, mark, host = address.partition("://")[2].rpartition("@")
    if not mark or not user:
        raise ConfigError("proxy_password is whose?", hint="name the user in the address: http://user@host:port")
    secret = quote(password.resolve(base).get_secret_value(), safe="")
    return f"{address.partition('://')[0]}://{user}:{secret}@{host}"


def password_in(address: str | None) -> tuple[str, ...]:
    """The password of an address to use; none where it has none."""
    try:
        found = urlsplit(address or "").password
    except ValueError:
        return ()
    return (unquote(found),) if found else ()
