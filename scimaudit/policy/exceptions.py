"""``policy/exceptions.toml``: findings that somebody accountable accepts for a while, each for exactly one subject."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from scimaudit.errors import PolicyError
from scimaudit.policy import reading


@dataclass(frozen=True)
class Waiver:
    """One ``[[exceptions]]`` table. Every field that it leaves out must be empty in the finding too, but ``attribute``.

    :param id: how reports name it, such as a ticket's number.
    :param app: the app; empty for findings that speak of none.
    :param account: userName or id of the account.
    :param person: mail address, user name, employee number or person id.
    :param attribute: the attribute; empty is any.
    :param value: the entitlement, or the name of the conflicting pair.
    :param expires: last day on which it counts, inclusive.
    """

    id: str
    kind: str
    reason: str
    requested_by: str
    approver: str
    approved: date
    expires: date
    app: str = ""
    account: str = ""
    person: str = ""
    attribute: str = ""
    value: str = ""
    compensating_control: str = ""
    ticket: str = ""
    place: str = field(default="", compare=False, kw_only=True)


KEYS: Final = {
    "id": str, "kind": str, "reason": str, "requested_by": str, "approver": str, "approved": date, "expires": date,
    "app": str, "account": str, "person": str, "attribute": str, "value": str, "compensating_control": str,
    "ticket": str,
}  # fmt: skip
REQUIRED: Final = ("id", "kind", "reason", "requested_by", "approver", "approved", "expires")


def load(path: Path) -> tuple[Waiver, ...]:
    """Read the exceptions; a file that is not there has none.

    :raises PolicyError: the file is wrong; names the exception.
    """
    entries = reading.tables_in(path, "exceptions", "exception")
    found = tuple(_waiver(entry) for entry in entries)
    reading.unique(entries, "id")
    return found


def _waiver(entry: reading.Entry) -> Waiver:
    reading.check(entry.data, KEYS, REQUIRED, entry.where)
    waiver = Waiver(**entry.data, place=entry.place)
    if waiver.account and not waiver.app:
        raise PolicyError(f"{entry.where}: an account belongs to an app", hint='add app = "…"')
    if "*" in waiver.account:
        raise PolicyError(f"{entry.where}: account {waiver.account!r} names one account; patterns do not count")
    if waiver.expires < waiver.approved:
        raise PolicyError(f"{entry.where}: it expires before it was approved")
    return waiver
