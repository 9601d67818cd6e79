"""``scimaudit findings``, and the three reports ``orphans``, ``drift`` and ``excess``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Format, NoColor, Severity

App = Annotated[str | None, typer.Option("--app", metavar="APP", help="Only this app.")]
Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only this kind, such as leaver-active.")]
Least = Annotated[Severity | None, typer.Option("--severity", help="Only this severity or worse.")]
Person = Annotated[str | None, typer.Option("--person", metavar="PERSON", help="Only this person, named as for who.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="How to write the list.")]
Everything = Annotated[
    bool, typer.Option("--all", help="Also what another finding on the same account already settles.")
]


def command(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    kind: Kind = None,
    severity: Least = None,
    person: Person = None,
    all: Everything = False,
    format: Form = Format.table,
    no_color: NoColor = False,
) -> None:
    """All findings, filtered, as a table, CSV or JSON Lines.

    Example: scimaudit findings --app crm --severity high --format json | jq .user_name
    """
    _list(config, audit, "", app, kind, severity, person, all, format, no_color)


def orphans(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    all: Everything = False,
    format: Form = Format.table,
    no_color: NoColor = False,
) -> None:
    """Accounts whose person left, never existed, is unclear, or that nobody owns.

    Example: scimaudit orphans --app crm --format csv > orphans.csv
    """
    _list(config, audit, "orphan", app, None, None, None, all, format, no_color)


def drift(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    all: Everything = False,
    format: Form = Format.table,
    no_color: NoColor = False,
) -> None:
    """Attributes and status that differ from the system of record, accounts made outside it, accounts missing.

    Example: scimaudit drift --app crm
    """
    _list(config, audit, "drift", app, None, None, None, all, format, no_color)


def excess(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    app: App = None,
    all: Everything = False,
    format: Form = Format.table,
    no_color: NoColor = False,
) -> None:
    """Rights that policy and separation of duties do not justify.

    Example: scimaudit excess --format csv > excess.csv
    """
    _list(config, audit, "excess", app, None, None, None, all, format, no_color)


def _list(
    path: Path,
    audit: str | None,
    family: str,
    app: str | None,
    kind: str | None,
    severity: Severity | None,
    person: str | None,
    everything: bool,
    form: Format,
    no_color: bool,
) -> None:
    from scimaudit import archive
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.inquiry import chosen, unproven
    from scimaudit.snapshot.store import open_snapshot

    loaded = load(path)
    result = archive.latest(loaded.store, audit).audit
    people = open_snapshot(loaded.store, result.meta.snapshot_id).people() if person is not None else None
    rows = chosen(
        result,
        family=family,
        app=app,
        kind=kind,
        severity=severity,
        person=person,
        people=people,
        everything=everything,
    )
    show.findings(rows, form, no_color=no_color)
    show.caution(unproven(result, app))
