"""What a word on the command line means: a finding, an account, an app or a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd
import pyarrow.compute as pc

from scimaudit.errors import ConfigError
from scimaudit.inquiry import Case, find_person, one_account
from scimaudit.policy.writing import quoted
from scimaudit.result import Audit

_ID_BEGINS: Final = 6
"""Characters of a finding's id that are enough, where they mean one finding."""


@dataclass(frozen=True)
class Target:
    """What is asked about; nothing of it set means everything.

    :param accounts: app to the ids of the accounts in question.
    """

    name: str = ""
    app: str = ""
    person_id: str = ""
    finding: pd.Series | None = None
    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find(case: Case, text: str) -> Target:
    """The app of that name, the account ``app/account``, the finding of that id, else the person.

    :raises ConfigError: it is none of these, or several people.
    """
    apps = [line.app for line in case.audit.apps]
    if not text or text in apps:
        return Target(name=text, app=text)
    app, slash, account = text.partition("/")
    if slash and app in apps:
        line = one_account(case, app, account)
        return Target(name=text, app=app, person_id=line.person_id, accounts={app: (line.account_id,)})
    row = finding(case.audit, text)
    if row is not None:
        return _of_finding(case, row)
    people = find_person(case.snapshot.people(), text)
    if people.empty:
        raise ConfigError(
            f"there is no finding, account, app or person {text!r}",
            hint=f"apps: {', '.join(apps)}; name an account as app/account; scimaudit findings lists ids",
        )
    if len(people) > 1:
        told = [f"{row.person_id} {quoted(str(row.display_name))}" for row in people.head(10).itertuples()]
        more = "" if len(people) <= len(told) else f" and {len(people) - len(told)} more"
        raise ConfigError(
            f"{len(people)} people are called {text!r}", hint=f"name one by its id: {', '.join(told)}{more}"
        )
    person_id = str(people.iloc[0]["person_id"])
    return Target(name=text, person_id=person_id, accounts=_owned(case, person_id))


def finding(audit: Audit, text: str) -> pd.Series | None:
    """The finding of that id, or the only one whose id begins so; nothing where there is none."""
    if len(text) < _ID_BEGINS:
        return None
    rows = audit.findings
    found = rows[rows["finding_id"].str.startswith(text)]
    return found.iloc[0] if len(found) == 1 else None


def _of_finding(case: Case, row: pd.Series) -> Target:
    app, account, person = (
        row[name] if isinstance(row[name], str) else "" for name in ("app", "account_id", "person_id")
    )
    accounts = {app: (account,)} if account else _owned(case, person, app)
    return Target(str(row["finding_id"]), app, person, row, accounts)


def _owned(case: Case, person_id: str, app: str = "") -> dict[str, tuple[str, ...]]:
    """The accounts of a person, everywhere or in one app."""
    mine = case.links.filter(pc.equal(case.links["person_id"], person_id)).select(["app", "account_id"]).to_pylist()
    apps = sorted({str(row["app"]) for row in mine if app in ("", row["app"])})
    return {name: tuple(str(row["account_id"]) for row in mine if row["app"] == name) for name in apps}
