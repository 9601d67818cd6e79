"""``changes.csv``: what came, went and changed since the audit before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs
from scimaudit.evidence.parts import Parts
from scimaudit.history import changes as history
from scimaudit.result import Audit
from scimaudit.safety_gates import setting
from scimaudit.snapshot.store import Snapshot

FIELDS: Final = ("what", "change", "app", "id", "name", "attribute", "before", "after", "reason", cells.PROOF)
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "findings": {"came": "new", "gone": "resolved", "came back": "reopened", "stayed": "persisting"},
    "accounts": {"came": "new", "gone": "removed"},
    "people": {"came": "new", "gone": "removed"},
}
_UNPROVEN: Final = "not proven gone"


def changes(parts: Parts, proofs: Proofs) -> Iterator[pa.Table]:
    """Table after table of :data:`FIELDS`: findings, people, each app's accounts, then rules and configuration."""
    former = parts.former
    if former is None:
        yield _noted("audit", "first", "there is no audit before this one in the store")
        return
    trail = history.of_findings(former.trail(), parts.stored.trail())
    told = pd.DataFrame(
        {
            "what": "findings", "change": trail["change"], "app": trail["app"].astype("str"), "id": trail["finding_id"],
            "name": trail["kind"].astype("str"), "attribute": trail["attribute"], "before": "", "after": "",
            "reason": trail["reason"],
        }
    )  # fmt: skip
    yield _rows("findings", told, proofs)
    before = next((each for each in parts.earlier if each.id == former.snapshot), None)
    if before is None:
        yield _noted("accounts", "not compared", f"the snapshot {former.snapshot} is too old to be looked back at")
    else:
        yield _rows("people", history.of_people(before, parts.snapshot), proofs)
        yield from _accounts(parts, before, proofs)
    yield cells.rows(FIELDS, [_line(each) for each in _settings(former.audit, parts.stored.audit)])
    yield cells.rows(FIELDS, [_line(each) for each in _pulled(before, parts.snapshot)])
    # Silence would read as "nothing changed".
    yield _noted(
        "policy", "not compared", "the store keeps no earlier policy: compare config/policy of the two bundles"
    )


def _accounts(parts: Parts, before: Snapshot, proofs: Proofs) -> Iterator[pa.Table]:
    percent = setting(parts.config, "app-shrunk", "percent")
    for app in sorted({line.app for each in (before, parts.snapshot) for line in each.manifest.apps}):
        yield _rows("accounts", history.of_accounts(before, parts.snapshot, app, percent=percent), proofs)


def _rows(what: str, rows: pd.DataFrame, proofs: Proofs) -> pa.Table:
    """Rows of :data:`scimaudit.history.changes.COLUMNS`; of people and accounts those that stayed are left out."""
    if what != "findings":
        rows = rows[(rows["change"] != "stayed").to_numpy(dtype=bool)]
    words = {**_WORDS[what], "unproven": _UNPROVEN}
    none = cells.NOT_APPLICABLE
    app = rows["app"].astype("str").fillna("")
    changed = (rows["change"] == "changed").to_numpy(dtype=bool)
    told: dict[str, Any] = {name: rows[name].astype("str") for name in ("what", "id", "name")}
    told |= {
        "change": rows["change"].astype("str").map(lambda word: words.get(word, word)).astype("str"),
        "app": app.mask(app == "", none),
        # What changed from nothing had no value before that a source gave.
        **{name: rows[name].astype("str").where(changed, none) for name in ("before", "after")},
        "attribute": _filled(rows["attribute"].astype("str"), none),
        "reason": _filled(rows["reason"].astype("str"), none),
        cells.PROOF: pd.Series([_proof(what, each, proofs) for each in app], rows.index, dtype="str"),
    }
    return cells.table(FIELDS, told)


def _filled(texts: pd.Series, instead: str) -> pd.Series:
    return texts.mask(texts.isna() | (texts == ""), instead)


def _proof(what: str, app: str, proofs: Proofs) -> str:
    if what == "people":
        return proofs.roster
    if not app:
        return proofs.everything
    return proofs.listing(app) if what == "accounts" else proofs.judged(app)


def _settings(before: Audit, after: Audit) -> Iterator[tuple[str, str, str, str, str]]:
    """What the rules, the limits and what is said of each app were, and are: what, id, attribute, before, after."""
    rules = [
        {kind.kind: {"severity": kind.severity, **kind.settings} for kind in each.kinds} for each in (before, after)
    ]
    apps = [
        {app.app: {"owner": app.owner, "regulated": ", ".join(app.regulated), **app.register} for app in each.apps}
        for each in (before, after)
    ]
    limits = [{"limits": {**each.meta.defaults, "fails on": each.meta.fail_on}} for each in (before, after)]
    waivers = [
        {line.id: {"state": line.state, "expires": line.expires, "approver": line.approver} for line in each.exceptions}
        for each in (before, after)
    ]
    versions = [{"scimaudit": {"version": each.meta.version}} for each in (before, after)]
    parts = (("rule", rules), ("app", apps), ("limit", limits), ("exception", waivers), ("tool", versions))
    for what, (then, now) in parts:
        for name in sorted(then.keys() | now.keys()):
            yield from _compared(what, name, then.get(name), now.get(name))


def _compared(
    what: str, name: str, then: Mapping[str, str] | None, now: Mapping[str, str] | None
) -> Iterator[tuple[str, str, str, str, str]]:
    if then is None or now is None:
        yield (
            what,
            name,
            cells.NOT_APPLICABLE,
            "there" if then is not None else "absent",
            "absent" if now is None else "there",
        )
        return
    for key in sorted(then.keys() | now.keys()):
        if then.get(key) != now.get(key):
            yield what, name, key, then.get(key, "not said"), now.get(key, "not said")


def _pulled(before: Snapshot | None, after: Snapshot) -> Iterator[tuple[str, str, str, str, str]]:
    """Whether what is pulled and how is another configuration now, by its hash."""
    if before is not None and before.manifest.configuration != after.manifest.configuration:
        yield (
            "configuration",
            "network, rosters and apps",
            "sha256",
            before.manifest.configuration,
            after.manifest.configuration,
        )


def _line(told: tuple[str, str, str, str, str]) -> dict[str, Any]:
    what, name, attribute, before, after = told
    none = cells.NOT_APPLICABLE
    change = "new" if before == "absent" else "removed" if after == "absent" else "changed"
    return {
        "what": what, "change": change, "app": name if what == "app" else none, "id": name, "name": name,
        "attribute": attribute, "before": before, "after": after, "reason": none, cells.PROOF: none,
    }  # fmt: skip


def _noted(what: str, change: str, reason: str) -> pa.Table:
    none = dict.fromkeys(FIELDS, cells.NOT_APPLICABLE)
    return cells.rows(FIELDS, [{**none, "what": what, "change": change, "reason": reason}])
