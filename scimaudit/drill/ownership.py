"""Which accounts of a snapshot are the subject's: a person's by correlation, a canary's by its own identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from scimaudit import correlate, tables
from scimaudit.audit import app_rules, decided
from scimaudit.config import Config
from scimaudit.history import holders
from scimaudit.identifiers import key
from scimaudit.snapshot.store import Snapshot

Account = tuple[str, str]
"""App and account id."""


@dataclass(frozen=True)
class Subject:
    """Whose change is watched: a person of the rosters, or a canary by what apps know of it."""

    person: str = ""
    user_name: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Owned:
    """The accounts of a subject in one snapshot.

    :param possible: those that may be the subject's, and may be another's.
    :param doubt: why nothing follows from there being none; empty where something does.
    """

    accounts: tuple[Account, ...]
    possible: tuple[Account, ...] = ()
    doubt: str = ""


def owned(subject: Subject, snapshot: Snapshot, config: Config, *, earlier: Sequence[Snapshot]) -> Owned:
    """The subject's accounts in a snapshot.

    :param earlier: the snapshots before, oldest first, for the time guard of correlation.
    :raises ScimAuditError: the snapshot or the decided links cannot be read.
    """
    lines = snapshot.manifest.apps
    table = tables.concat(tables.ACCOUNTS, [snapshot.accounts(line.app) for line in lines])
    accounts = tables.frame(table)
    if not subject.person:
        return Owned(_pairs(accounts, _canary(accounts, subject)))
    people = tables.frame(snapshot.people())
    links = correlate.correlate(
        accounts,
        people,
        apps={app.name: app_rules(app) for app in config.apps},
        decisions=decided(config),
        history=holders.before(earlier),
        today=snapshot.manifest.ended.astimezone(config.zone).date(),
    )
    mine = (links["person_id"] == subject.person).fillna(value=False).astype(bool)
    unclear = accounts[(links["situation"] == "ambiguous").to_numpy()]
    candidates = links.loc[unclear.index, "runners_up"].explode()
    possible = accounts.index.isin(candidates.index[candidates == subject.person])
    known = bool((people["person_id"] == subject.person).any())
    doubt = "" if known else f"the rosters do not show {subject.person}"
    return Owned(_pairs(accounts, mine), _pairs(accounts, pd.Series(possible, accounts.index)), doubt)


def _canary(accounts: pd.DataFrame, subject: Subject) -> pd.Series:
    found = pd.Series(False, accounts.index)
    name = key(subject.user_name)
    if name is not None:
        mails = accounts["email_keys"].explode()
        by_mail = accounts.index.isin(mails.index[mails == name])
        found |= (accounts["user_name_key"] == name).fillna(value=False).astype(bool) | by_mail
    if subject.external_id:
        found |= (accounts["external_id"] == subject.external_id).fillna(value=False).astype(bool)
    return found


def _pairs(accounts: pd.DataFrame, rows: pd.Series) -> tuple[Account, ...]:
    mine = accounts.loc[rows.to_numpy(dtype=bool), ["app", "account_id"]].astype("str")
    return tuple(sorted(mine.itertuples(index=False, name=None)))
