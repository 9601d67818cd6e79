"""What somebody has to fill in and sign, written out for one finding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from scimaudit import tables
from scimaudit.errors import ConfigError
from scimaudit.inquiry import Case, find_person
from scimaudit.policy.writing import quoted


def draft_exception(case: Case, finding_id: str, days: int) -> str:
    """The table of ``policy/exceptions.toml`` that would accept a finding, for somebody to fill in and sign.

    :raises ConfigError: there is no such finding, or it is one about exceptions.
    """
    if not finding_id:
        raise ConfigError("draft needs a finding's id", hint="scimaudit findings --format json lists their ids")
    audit = case.audit
    rows = audit.findings
    found = rows[rows["finding_id"] == finding_id]
    if found.empty:
        raise ConfigError(
            f"there is no finding {finding_id!r}", hint="scimaudit findings --format json lists their ids"
        )
    row = {str(name): str(value) for name, value in found.iloc[0].items() if isinstance(value, str)}
    if row["kind"].startswith("exception-"):
        raise ConfigError(f"{finding_id} is about an exception, and is not excepted itself", hint="see its action")
    first = audit.meta.as_of.date()
    told = {"kind": row["kind"], "app": row.get("app", "")}
    if "account_id" in row:
        told["account"] = row.get("user_name", row["account_id"])
    elif "person_id" in row:
        told["person"] = row["person_id"]
    told |= {name: row[name] for name in ("attribute", "value") if name in row}
    named = {name: text for name, text in told.items() if text}
    named |= {"reason": "", "requested_by": "", "approver": row.get("owner", "")}
    note = {}
    if "owner" in row and row["owner"] and _favours(case, row):
        named["approver"], note["approver"] = "", "  # the owner is its subject: a delegate must sign"
    named |= {"compensating_control": "", "ticket": ""}
    lines = [f"{name} = {quoted(text)}{note.get(name, '')}" for name, text in named.items()]
    return "\n".join(
        [
            f"# {quoted(row['actual'])[1:-1]}",
            "[[exceptions]]",
            f'id = "EX-{finding_id}"',
            *lines,
            'approved = ""  # the day on which the approver signs, such as 2026-01-31',
            f"expires = {(first + timedelta(days)).isoformat()}",
            "",
        ]
    )


def _favours(case: Case, row: Mapping[str, str]) -> bool:
    """Whether the owner of a finding is whom it speaks of, or may be."""
    owner = set(find_person(case.snapshot.people(), row["owner"])["person_id"])
    subjects = {row.get("person_id", "")}
    if "account_id" in row:
        links = tables.frame(case.links)
        mine = links[(links["app"].astype("str") == row["app"]) & (links["account_id"] == row["account_id"])]
        subjects |= {*mine["person_id"].dropna(), *mine["runners_up"].explode().dropna()}
    return bool(owner & subjects)
