"""``policy/approvals.csv``: rights that somebody approved, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from scimaudit.errors import PolicyError
from scimaudit.policy import reading
from scimaudit.tables import ENTITLEMENTS

COLUMNS: Final = ("app", "account", "value", "approved_by", "approved_on", "until", "reason", "attribute")
REQUIRED: Final = ("app", "account", "value", "approved_by", "approved_on")
OPTIONAL: Final = ("attribute",)


@dataclass(frozen=True)
class Approval:
    """One line.

    :param account: userName or id of the account.
    :param value: id or name of the entitlement.
    :param attribute: ``groups``, ``roles``, ``entitlements`` or ``licenses``; empty is any of them.
    :param until: last day on which the right may be held; without one it has no end.
    :param place: where it stands; ``place`` of every other line of the policy likewise.
    """

    app: str
    account: str
    value: str
    approved_by: str
    approved_on: date
    until: date | None
    reason: str
    attribute: str = ""
    place: str = field(default="", compare=False, kw_only=True)


def load(path: Path) -> tuple[Approval, ...]:
    """Read the file; one that is not there is empty.

    :raises PolicyError: it cannot be read, or a line is wrong; names the line.
    """
    return parse(reading.csv_text(path), str(path))


def parse(text: str, where: str) -> tuple[Approval, ...]:
    """The lines in ``text``.

    :raises PolicyError: a line is wrong; names the line.
    """
    found: dict[tuple[str, str, str, str], Approval] = {}
    for entry in reading.csv_lines(text, where, COLUMNS, REQUIRED, OPTIONAL):
        told = entry.data
        on, until = (reading.day(told[name], f"{entry.where}: {name}") for name in ("approved_on", "until"))
        if on is None or (until is not None and until < on):
            raise PolicyError(f"{entry.where}: it ends before it was approved")
        line = Approval(
            told["app"], told["account"], told["value"], told["approved_by"], on, until, told["reason"],
            told["attribute"], place=entry.place,
        )  # fmt: skip
        if line.attribute not in ("", *ENTITLEMENTS):
            hint = "attributes: " + ", ".join(ENTITLEMENTS)
            raise PolicyError(f"{entry.where}: attribute is {line.attribute!r}", hint=hint)
        first = found.setdefault((line.app, line.account, line.attribute, line.value), line)
        if first is not line:
            raise PolicyError(
                f"{entry.where}: the same right already stands in {first.place}", hint="keep one of the two lines"
            )
    return tuple(found.values())
