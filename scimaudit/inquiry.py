"""Questions about one person, one account or one app, asked of a stored audit and its snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers, tables
from scimaudit.errors import ConfigError
from scimaudit.findings import reaching, severity_at_least
from scimaudit.policy import catalogue, patterns
from scimaudit.policy.catalogue import Described
from scimaudit.result import AppLine, Audit
from scimaudit.snapshot.store import Snapshot
from scimaudit.tables import SEVERITIES

_PERSON_FACTS = (
    "person_id",
    "display_name",
    "employee_number",
    "user_name",
    "status",
    "status_raw",
    "worker_type",
    "start_date",
    "end_date",
    "department",
    "title",
    "manager_id",
    "roster",
)


@dataclass(frozen=True)
class Right:
    """One entitlement that an account holds."""

    attribute: str
    name: str
    value: str
    privileged: bool
    via: str


@dataclass(frozen=True)
class AccountLine:
    """One account: whose it is, why, what it holds and what is wrong with it."""

    app: str
    account_id: str
    user_name: str
    display_name: str
    active: bool | None
    last_login: datetime | None
    situation: str
    person_id: str
    why: tuple[str, ...]
    reason: str
    runners_up: tuple[str, ...]
    rights: tuple[Right, ...]
    findings: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Whereabouts:
    """Everything that is known of one person.

    :param person: facts from the system of record.
    :param accounts: accounts that are theirs.
    :param possible: accounts that may be theirs: ambiguous ones, and those where they are the probable owner.
    :param findings: findings on the person that no account has: kind, severity, text.
    :param silent: apps in which *no account found* means nothing, and why.
    """

    person: dict[str, str]
    accounts: tuple[AccountLine, ...]
    possible: tuple[AccountLine, ...]
    findings: tuple[tuple[str, str, str], ...]
    silent: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Case:
    """What questions are asked of.

    :param privileged: app to the patterns over entitlement names that give power over it.
    :param catalogue: what the policy says of entitlements.
    :param earlier: the snapshots before, oldest first.
    """

    snapshot: Snapshot
    audit: Audit
    links: pa.Table
    privileged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    catalogue: tuple[Described, ...] = ()
    earlier: tuple[Snapshot, ...] = ()

    def apps(self) -> list[str]:
        """The apps of the snapshot."""
        return [line.app for line in self.snapshot.manifest.apps]

    def grants(self, app: str) -> pd.DataFrame:
        """The app's grants; ``privileged`` where its patterns, the catalogue or the listing say so."""
        grants = tables.frame(self.snapshot.grants(app))
        named = self.privileged.get(app, ())
        powerful = patterns.matches(grants["value"], named) | patterns.matches(grants["display"], named)
        told = catalogue.described(self.catalogue, grants)["privileged"]
        powerful |= told.fillna(value=False).to_numpy(dtype=bool)
        return grants.assign(privileged=grants["privileged"].fillna(value=False).astype(bool) | powerful)


def find_person(people: pa.Table, text: str) -> pd.DataFrame:
    """People whose id, number, user name, mail or alias is ``text``; else those whose name contains its words.

    :returns: rows of the people table, in its order; empty when nobody fits.
    """
    frame = tables.frame(people)
    wanted = identifiers.key(text)
    exact = frame["person_id"].map(identifiers.key) == wanted
    for name in ("employee_number_key", "user_name_key"):
        exact |= (frame[name] == wanted).fillna(value=False)
    for name in ("email_keys", "alias_keys"):
        lists = pa.array(frame[name], from_pandas=True)
        hits = pc.equal(pc.list_flatten(lists), pa.scalar(wanted, pa.string())).fill_null(False)
        places = pc.filter(pc.list_parent_indices(lists), hits).to_numpy()
        exact |= pd.Series(frame.index.isin(places), index=frame.index)
    if exact.any():
        return frame[exact]
    words = (identifiers.near(text) or "").split()
    names = (
        frame["display_name"].fillna("") + " " + frame["given_name"].fillna("") + " " + frame["family_name"].fillna("")
    )
    near = names.map(identifiers.near).fillna("")
    found = pd.Series(bool(words), index=frame.index)
    for word in words:
        found &= near.str.contains(word, regex=False)
    return frame[found]


def stranger(text: str) -> ConfigError:
    """What to say of somebody whom the roster does not know."""
    return ConfigError(f"the roster knows nobody called {text!r}", hint="try a mail address, a number or a family name")


def whereabouts(case: Case, person: pd.Series) -> Whereabouts:
    """Everything about one person of the people table."""
    person_id = str(person["person_id"])
    mine = case.links.filter(pc.equal(case.links["person_id"], person_id))
    maybe = case.links.filter(_lists(case.links["runners_up"], person_id))
    findings = case.audit.findings
    own = findings[(findings["person_id"] == person_id) & findings["account_id"].isna()]
    return Whereabouts(
        person={name: _text(person[name]) for name in _PERSON_FACTS if _text(person[name])},
        accounts=tuple(account_lines(case, mine)),
        possible=tuple(account_lines(case, maybe)),
        findings=_findings(own),
        silent=tuple((app.app, app.verdict_reason) for app in case.audit.apps if _doubtful(app)),
    )


def one_account(case: Case, app: str, text: str) -> AccountLine:
    """The account of an app with that id, else that user name.

    :raises ConfigError: there is no such app or account.
    """
    if app not in case.apps():
        raise _no_app(case, app)
    accounts = case.snapshot.accounts(app)
    found = accounts.filter(pc.equal(accounts["account_id"], text))
    if not found.num_rows:
        found = accounts.filter(pc.equal(accounts["user_name_key"], pa.scalar(identifiers.key(text), pa.string())))
    if not found.num_rows:
        raise ConfigError(f"{app} lists no account {text!r}", hint=_unproven_hint(case.audit, app))
    chosen = found["account_id"][0].as_py()
    links = case.links
    mine = pc.and_(pc.equal(_plain(links["app"]), app), pc.equal(links["account_id"], chosen))
    return account_lines(case, links.filter(mine))[0]


def account_lines(case: Case, links: pa.Table) -> list[AccountLine]:
    """The accounts that these links speak of, by app and user name."""
    lines: list[AccountLine] = []
    for app in sorted(set(links["app"].to_pylist())):
        own = links.filter(pc.equal(_plain(links["app"]), app))
        ids = own["account_id"].combine_chunks()
        accounts = case.snapshot.accounts(app)
        accounts = accounts.filter(pc.is_in(accounts["account_id"], ids))
        grants = case.grants(app)
        rights = _rights(grants[grants["account_id"].isin(ids.to_pylist())])
        by_id = {row["account_id"]: row for row in own.to_pylist()}
        findings = case.audit.findings
        found = findings[(findings["app"] == app) & findings["account_id"].isin(by_id)]
        for row in accounts.to_pylist():
            link = by_id[row["account_id"]]
            lines.append(
                AccountLine(
                    app=app,
                    account_id=row["account_id"],
                    user_name=row["user_name"] or "",
                    display_name=row["display_name"] or "",
                    active=row["active"],
                    last_login=row["last_login"],
                    situation=link["situation"],
                    person_id=link["person_id"] or "",
                    why=tuple(link["keys"]),
                    reason=link["reason"] or "",
                    runners_up=tuple(link["runners_up"]),
                    rights=tuple(rights.get(row["account_id"], ())),
                    findings=_findings(found[found["account_id"] == row["account_id"]]),
                )
            )
    return sorted(lines, key=lambda line: (line.app, line.user_name, line.account_id))


def holders(case: Case, app: str) -> pd.DataFrame:
    """Who holds what in an app, privileged rights first.

    :returns: columns ``privileged``, ``attribute``, ``entitlement``, ``user_name``, ``account_id``, ``active``,
        ``person_id``, ``person``, ``type``, ``via``; one row per grant.
    :raises ConfigError: the snapshot has no such app.
    """
    if app not in case.apps():
        raise _no_app(case, app)
    grants = case.grants(app)
    accounts = tables.frame(case.snapshot.accounts(app), ["account_id", "user_name", "active"])
    links = tables.frame(case.links.filter(pc.equal(_plain(case.links["app"]), app)), ["account_id", "person_id"])
    people = tables.frame(case.snapshot.people(), ["person_id", "display_name"]).set_index("person_id")["display_name"]
    rows = grants.merge(accounts, on="account_id", how="left", validate="m:1")
    rows = rows.merge(links, on="account_id", how="left", validate="m:1")
    rows["person"] = rows["person_id"].map(people)
    rows["entitlement"] = rows["display"].astype("str").fillna(rows["value"].astype("str"))
    columns = [
        "privileged",
        "attribute",
        "entitlement",
        "user_name",
        "account_id",
        "active",
        "person_id",
        "person",
        "type",
        "via",
    ]
    order = rows.assign(rank=~rows["privileged"]).sort_values(
        ["rank", "attribute", "entitlement", "user_name", "account_id"]
    )
    return order[columns].reset_index(drop=True)


def chosen(
    audit: Audit,
    *,
    family: str = "",
    app: str | None = None,
    kind: str | None = None,
    severity: str | None = None,
    person: str | None = None,
    people: pa.Table | None = None,
    everything: bool = False,
) -> pd.DataFrame:
    """Findings that fit all the filters given, worst first.

    :param severity: this one or worse.
    :param person: a person's id, or part of the name; with ``people`` also a number, a user name or a mail address.
    :param people: the roster; with it a person whom neither it nor a finding knows is an error.
    :param everything: also findings that another one on the same account covers; without it only those that are
        covered by one which ``severity`` leaves out.
    :raises ConfigError: an app or kind is unknown (lists the known ones), or the person.
    """
    rows = audit.findings
    apps, kinds = [line.app for line in audit.apps], [line.kind for line in audit.kinds]
    if app is not None and app not in apps:
        raise ConfigError(f"the audit has no app {app!r}", hint="it has: " + ", ".join(apps))
    if kind is not None and kind not in kinds:
        raise ConfigError(f"there is no kind {kind!r}", hint="known kinds: " + ", ".join(kinds))
    keep = pd.Series(True, index=rows.index) if everything else reaching(rows, severity or SEVERITIES[0])
    if family:
        keep &= rows["family"] == family
    if app is not None:
        keep &= rows["app"].astype("str") == app
    if kind is not None:
        keep &= rows["kind"] == kind
    if severity is not None:
        keep &= severity_at_least(rows["severity"], severity)
    if person is not None:
        wanted = identifiers.near(person) or ""
        named = (
            rows["person_name"].map(identifiers.near, na_action="ignore").fillna("").str.contains(wanted, regex=False)
        )
        known = set() if people is None else set(find_person(people, person)["person_id"])
        mine = rows["person_id"].isin({person, *known}) | named
        if people is not None and not known and not mine.any():
            raise stranger(person)
        keep &= mine
    return rows[keep]


def unproven(audit: Audit, app: str | None = None) -> str:
    """The tripped gates, then the apps (or the app) whose silence proves nothing; empty when all are proven."""
    doubtful = [line.app for line in audit.apps if (app is None or line.app == app) and _doubtful(line)]
    silent = ["not proven, so silence means nothing there: " + ", ".join(doubtful)] if doubtful else []
    return "\n".join([*filter(None, [gated(audit, app)]), *silent])


def gated(audit: Audit, app: str | None = None) -> str:
    """A line for each gate that tripped; of an app, those of the rosters and its own. Empty when none did."""
    tripped = [gate for gate in audit.gates if app is None or gate.app in ("", app)]
    return "\n".join(
        f"GATE {gate.name}: {gate.said}; do not act on these findings before it is explained" for gate in tripped
    )


def queue(case: Case, app: str | None = None) -> pd.DataFrame:
    """Accounts without a certain owner for which there are candidates, the likeliest first.

    :returns: columns ``app``, ``account_id``, ``user_name``, ``display_name``, ``situation``, ``tier``, ``confidence``,
        ``candidates`` (text), ``first`` (the likeliest candidate's person_id), ``reason``.
    :raises ConfigError: the snapshot has no such app.
    """
    if app is not None and app not in case.apps():
        raise _no_app(case, app)
    links = tables.frame(case.links)
    open_links = links[(links["situation"] != "matched") & (links["runners_up"].list.len() > 0)]
    wanted = [name for name in case.apps() if app in (None, name)]
    known = tables.concat(tables.ACCOUNTS, [case.snapshot.accounts(name) for name in wanted])
    accounts = tables.frame(known, ["app", "account_id", "user_name", "display_name"]).astype({"app": "str"})
    rows = open_links.astype({"app": "str"}).merge(accounts, on=["app", "account_id"], how="inner", validate="1:1")
    people = tables.frame(case.snapshot.people(), ["person_id", "display_name"]).set_index("person_id")["display_name"]
    candidates = [
        ", ".join(f"{people.get(person, '')} ({person})".strip() for person in persons)
        for persons in rows["runners_up"]
    ]
    rows = rows.assign(
        candidates=pd.Series(candidates, index=rows.index, dtype="str"), first=rows["runners_up"].list[0]
    )
    columns = [
        "app",
        "account_id",
        "user_name",
        "display_name",
        "situation",
        "tier",
        "confidence",
        "candidates",
        "first",
        "reason",
    ]
    ordered = rows.sort_values(["confidence", "app", "user_name", "account_id"], ascending=[False, True, True, True])
    queued: pd.DataFrame = ordered[columns].reset_index(drop=True)
    return queued


def _no_app(case: Case, app: str) -> ConfigError:
    """What to say of an app of which the snapshot has no listing."""
    hint = "it has: " + ", ".join(case.apps())
    line = next((line for line in case.audit.apps if line.app == app), None)
    if line is None:
        return ConfigError(f"the snapshot has no app {app!r}", hint=hint)
    return ConfigError(f"{app} is not audited: {line.verdict_reason}", hint=hint)


def _doubtful(line: AppLine) -> bool:
    """Whether silence about the app proves nothing: findings or none, something about it is not proven."""
    return line.verdict in ("not audited", "failed", "not proven") or "not proven" in line.verdict_reason


def _rights(grants: pd.DataFrame) -> dict[str, list[Right]]:
    found: dict[str, list[Right]] = {}
    plain = grants.astype(dict.fromkeys(("attribute", "value", "display", "via"), "str"))
    named = plain["display"].fillna(plain["value"])
    through = plain["via"].where(plain["type"] == "indirect").fillna("")
    columns = (plain["account_id"], plain["attribute"], named, plain["value"], plain["privileged"], through)
    for account, *right in zip(*columns, strict=True):
        found.setdefault(account, []).append(Right(*right))
    for rights in found.values():
        rights.sort(key=lambda right: (not right.privileged, right.attribute, right.name, right.via))
    return found


def _findings(rows: pd.DataFrame) -> tuple[tuple[str, str, str], ...]:
    said = rows["actual"] + "; expected " + rows["expected"]
    return tuple(zip(rows["kind"].astype("str"), rows["severity"].astype("str"), said, strict=True))


def _lists(column: pa.ChunkedArray, text: str) -> pa.Array:
    """Mask of the rows whose list holds the text."""
    whole = column.combine_chunks()
    hits = pc.equal(pc.list_flatten(whole), text).fill_null(False)
    rows = pc.filter(pc.list_parent_indices(whole), hits)
    return pc.is_in(pa.array(range(len(whole)), pa.int64()), pc.cast(rows, pa.int64()))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


def _unproven_hint(audit: Audit, app: str) -> str:
    line = next((line for line in audit.apps if line.app == app), None)
    if line is None or line.verdict in ("clean", "findings"):
        return ""
    return f"what the app has is not proven: {line.verdict_reason}"


def _text(value: object) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime) else str(value)
