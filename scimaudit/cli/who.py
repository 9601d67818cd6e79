"""``scimaudit who``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

Person = Annotated[
    str, typer.Argument(help="Person id, number, user name, mail address or part of a name.", show_default=False)
]


def command(
    person: Person,
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """One person across all apps: accounts, rights, status, links and why.

    Example: scimaudit who ana.ames@corp.example
    """
    from scimaudit import inquiry, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.renderers import terminal

    loaded = load(config)
    case = workflow.case(loaded, audit)
    found = inquiry.find_person(case.snapshot.people(), person)
    if found.empty:
        raise inquiry.stranger(person)
    # Where silence proves nothing is among what is shown.
    show.caution(inquiry.gated(case.audit))
    out = terminal.console(no_color=no_color)
    if len(found) > 1 and not json:
        body = (
            found[["person_id", "display_name", "status", "department"]]
            .astype("str")
            .itertuples(index=False, name=None)
        )
        terminal.rows(out, f"{len(found)} people fit; name one by its id", ("id", "name", "status", "department"), body)
        raise typer.Exit(2)
    everyone = [inquiry.whereabouts(case, found.iloc[place]) for place in range(len(found))]
    if json:
        show.json(everyone)
        return
    terminal.whereabouts(out, everyone[0], loaded.audit.time_zone)
