"""``scimaudit explain``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath, Json, NoColor

Target = Annotated[
    str, typer.Argument(metavar="FINDING|APP/ACCOUNT", help="A finding's id, or app/account.", show_default=False)
]


def command(
    target: Target,
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Why a finding is one, or why an account has its owner: each tier and rule tried, and what would change it.

    Example: scimaudit explain crm/ana.ames
    """
    from scimaudit import explain, inquiry, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.errors import ConfigError
    from scimaudit.renderers import terminal

    loaded = load(config)
    case = workflow.case(loaded, audit)
    found = explain.finding(case, target)
    app, slash, name = target.partition("/")
    if found is None and not slash:
        raise ConfigError(f"there is no finding {target!r}", hint="name a finding's id, or an account as app/account")
    line = tiers = trials = None
    if found is None or isinstance(found["account_id"], str):
        app, name = (app, name) if found is None else (str(found["app"]), str(found["account_id"]))
        line = inquiry.one_account(case, app, name)
        tiers = explain.tier_trials(case, loaded, app, line.account_id)
        trials = explain.rule_trials(case, loaded, app, line.account_id)
    show.caution(inquiry.unproven(case.audit, line.app if line is not None else None))
    kind = next((each for each in case.audit.kinds if found is not None and each.kind == found["kind"]), None)
    if json:
        show.json(
            {
                "finding": None if found is None else show.plain(found),
                "kind": kind,
                "account": line,
                "tiers": tiers,
                "rules": trials,
            }
        )
        return
    out = terminal.console(no_color=no_color)
    if found is not None and kind is not None:
        accepted = {each.id: each for each in case.audit.exceptions}.get(str(found["exception_id"]))
        terminal.finding(out, found, kind, accepted)
    if line is not None and tiers is not None and trials is not None:
        terminal.account(out, line, loaded.audit.time_zone)
        terminal.trials(out, tiers, trials)
        if line.situation != "matched":
            out.print(
                terminal.text(
                    f"To say whose it is, add a line to {loaded.policy / 'links.csv'}; scimaudit links shows how."
                )
            )
