"""What is to be done, by whom, and the exact request where SCIM has one; scimaudit writes it down and sends nothing.

That a request was sent, or answered with 200, closes nothing: a later whole listing does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from scimaudit.errors import ConfigError
from scimaudit.result import Audit

What = Literal["disable", "remove", "strip", "other"]
ClaimState = Literal["verified-closed", "still-there", "no-listing-since", "unproven", "unknown"]

NOBODY: Final = "nobody"
"""Whose those tasks are that nobody is registered for."""


@dataclass(frozen=True)
class Request:
    """One SCIM request, RFC 7644 section 3.5.2: a PATCH.

    :param app: whose credentials it needs. ``says``: what it does, in words. ``rfc``: the form is that of the RFC,
        because nothing citable tells which one the provider takes. ``note``: what else is known of it there.
    """

    app: str
    url: str
    body: Mapping[str, Any]
    says: str
    rfc: bool
    note: str = ""


@dataclass(frozen=True)
class Task:
    """One thing to do, whatever number of findings and decisions ask for it.

    :param id: id of the worst finding, else of the reviewed item, that asks for it.
    :param title: it in a few words.
    :param what: ``disable`` the account (and take its rights), ``remove`` one right, ``strip`` an inactive account of
        its rights, or something ``other`` that no request can say.
    :param decide: somebody has to decide first whether it is to be done at all.
    :param owner: who is responsible; empty where nobody is registered.
    :param attribute: kind of the right; ``value``: its id in the app; ``display``: its name. Empty without a right.
    :param action: what to do, in words. ``reasons``: why, one line each.
    :param findings: ids of the findings that ask for it; ``decisions``: ids of the reviewed items.
    :param since: when it was first known.
    :param claimed: who says that it is done, and since when; empty where nobody does.
    :param silent: what no request here reaches, and why; empty where they do all.
    :param of_review: a reviewer decided it, of the account as it was then.
    """

    id: str
    title: str
    what: What
    decide: bool
    severity: str
    app: str
    owner: str
    account_id: str
    account: str
    person_id: str
    person: str
    attribute: str
    value: str
    display: str
    action: str
    reasons: tuple[str, ...]
    findings: tuple[str, ...]
    decisions: tuple[str, ...]
    since: datetime
    claimed: str = ""
    requests: tuple[Request, ...] = ()
    silent: str = ""
    of_review: bool = False


@dataclass(frozen=True)
class Remediation:
    """All that is to be done after an audit, and all that is said to be done."""

    audit: Audit
    tasks: tuple[Task, ...]
    claims: tuple[Claim, ...]

    def answers(self, owner: str) -> None:
        """Whether somebody answers for anything: of a name that is misspelt one must not hear that nothing is to do.

        :raises ConfigError: nobody of that name does.
        """
        owners = {task.owner or NOBODY for task in self.tasks} | {app.owner for app in self.audit.apps}
        if owner.casefold() not in {name.casefold() for name in owners}:
            named = ", ".join(sorted(filter(None, owners)))
            raise ConfigError(f"{owner!r} answers for no app and no finding", hint=f"these do: {named}")


@dataclass(frozen=True)
class Claim:
    """Somebody's word that a finding was put right, and what a listing says of it.

    :param state: ``verified-closed`` only where an audit proved the finding resolved; ``no-listing-since``: it is shown
        by a listing that may be older; ``unknown``: there is no such finding.
    :param proven_by: the snapshot that proves it resolved, at ``proven_at``.
    """

    finding_id: str
    kind: str
    app: str
    account: str
    by: str
    on: date
    reason: str
    state: ClaimState
    said: str
    proven_by: str = ""
    proven_at: datetime | None = None
