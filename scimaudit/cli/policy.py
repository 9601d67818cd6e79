"""``scimaudit policy``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Json, NoColor


class Action(StrEnum):
    """What to do with the policy."""

    check = "check"
    test = "test"
    coverage = "coverage"
    impact = "impact"
    suggest = "suggest"


Actions = "check|test|coverage|impact|suggest"
What = Annotated[Action, typer.Argument(metavar=Actions, help="What to do.", show_default=False)]
With = Annotated[Path | None, typer.Option("--with", metavar="DIR", help="For impact: the other policy folder.")]
Least = Annotated[int, typer.Option("--least", metavar="N", help="For suggest: smallest group of people.")]
Percent = Annotated[float, typer.Option("--percent", metavar="P", help="For suggest: how many of them hold it.")]


def command(
    action: What,
    config: ConfigPath = DEFAULT_CONFIG,
    other: With = None,
    least: Least = 3,
    percent: Percent = 80,
    json: Json = False,
    no_color: NoColor = False,
) -> None:
    """Find policy lines that cannot mean what they say, try the policy on example people, find its holes, compare it
    with another, or draft missing rules.

    check reads every policy file and ends with 1 when a line has a defect; without a snapshot it says what the files
    alone tell. test reads tests.toml of the policy folder and ends with 1 when an expectation fails. The others look at
    the newest snapshot. Nothing is changed.

    Example: scimaudit policy impact --with policy-next
    """
    from scimaudit import policy_review, workflow
    from scimaudit.cli import show
    from scimaudit.config import load
    from scimaudit.errors import ConfigError
    from scimaudit.renderers import terminal

    loaded = load(config)
    out = terminal.console(no_color=no_color)
    if action is Action.check:
        found = workflow.policy_check(loaded, today=datetime.now(loaded.zone).date())
        show.defects(out, found, json=json)
        raise typer.Exit(int(bool(found.defects)))
    if action is Action.test:
        outcomes = workflow.policy_trials(loaded)
        show.trials(out, outcomes, json=json)
        raise typer.Exit(any(not each.passed for each in outcomes))
    seen = workflow.seen(loaded)
    if action is Action.coverage:
        show.coverage(out, policy_review.coverage(seen), json=json)
    elif action is Action.suggest:
        columns = ("department", "title")
        typer.echo(policy_review.suggest(seen, columns=columns, least=least, percent=percent), nl=False)
    elif other is None:
        raise ConfigError("impact needs another policy folder", hint="scimaudit policy impact --with DIR")
    else:
        show.changes(out, policy_review.impact(seen, workflow.seen(loaded, policy=other.absolute())), json=json)
