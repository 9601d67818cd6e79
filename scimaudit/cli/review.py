"""``scimaudit review``: a subcommand for each step of a campaign."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Format, NoColor
from scimaudit.plural import count

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Access-review campaigns: open one, send packets out, take decisions back, close it with evidence.",
)

Campaign = Annotated[str | None, typer.Option("--campaign", metavar="ID", help="A campaign; default: the newest.")]
By = Annotated[str, typer.Option("--by", metavar="WHO", help="Who does this; default: the user of this machine.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]
Day = Annotated[datetime | None, typer.Option("--due", formats=["%Y-%m-%d"], metavar="DAY", help="The last day.")]
Apps = Annotated[list[str] | None, typer.Option("--app", metavar="APP", help="An app in scope; repeat. Default: all.")]
Accept = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="APP", help="Accept by name that an app, or `rosters`, is not proven; repeat."),
]
Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files.")]
Output = Annotated[Format, typer.Option("--format", "-f", help="table, csv or json.")]


@app.command("open")
def open_(
    title: Annotated[str, typer.Argument(help="What the campaign is called.")],
    config: ConfigPath = DEFAULT_CONFIG,
    name: Annotated[str, typer.Option("--id", metavar="ID", help="Its id; default: made of today and the title.")] = "",
    due: Day = None,
    apps: Apps = None,
    privileged: Annotated[bool, typer.Option("--privileged", help="Only rights that give power.")] = False,
    regulated: Annotated[bool, typer.Option("--regulated", help="Only apps that are regulated.")] = False,
    accept: Accept = None,
    reason: Reason = "",
    by: By = "",
) -> None:
    """Freeze what the newest audit saw and give every right a reviewer.

    Refused where a listing in scope is not proven, or stale, unless that is accepted by name and with a reason.

    Example: scimaudit review open "Third quarter" --app crm --app erp
    """
    from datetime import UTC

    from scimaudit import workflow
    from scimaudit.config import load
    from scimaudit.errors import ConfigError
    from scimaudit.review.progress import by_reviewer

    if accept and not reason:
        raise ConfigError("what is accepted needs a reason", hint='add --reason "…"')
    loaded, now = load(config), datetime.now(UTC)
    campaign = workflow.open_review(
        loaded,
        now=now,
        by=by or _user(),
        title=title,
        name=name or _id(title, now),
        due=due.date() if due else None,
        apps=apps or (),
        regulated_only=regulated,
        privileged_only=privileged,
        accept=dict.fromkeys(accept or (), reason),
    )
    opened, reviewers = campaign.opened, by_reviewer(campaign, now.date())
    typer.echo(
        f"{opened.id}: {count(len(campaign.frozen), 'item')}, {count(len(reviewers), 'reviewer')}, due on {opened.due}"
    )
    for line in opened.left_out:
        typer.echo(f"not in it: {line}")
    typer.echo("next: scimaudit review export")


@app.command("export")
def export(
    config: ConfigPath = DEFAULT_CONFIG, campaign: Campaign = None, output: Folder = Path("review-packets")
) -> None:
    """Write each reviewer's packet: a workbook with drop-downs, and a page that works offline and saves a file.

    Example: scimaudit review export --output packets
    """
    from scimaudit.config import load
    from scimaudit.review import export as exported
    from scimaudit.review.campaign import find

    loaded = load(config)
    for path in exported.write(find(loaded.store, campaign), output):
        typer.echo(path)


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Workbooks and decisions files that came back.")],
    config: ConfigPath = DEFAULT_CONFIG,
    campaign: Campaign = None,
    partial: Annotated[bool, typer.Option("--partial", help="Take what is decided, though more is to come.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Let decisions take the place of earlier ones.")] = False,
) -> None:
    """Take packets back: all that they say, or, where a row is wrong, nothing, with every such row named.

    Example: scimaudit review import packets/*.xlsx
    """
    from datetime import UTC

    from scimaudit import workflow
    from scimaudit.config import load
    from scimaudit.review.campaign import find

    loaded = load(config)
    found = find(loaded.store, campaign)
    taken = workflow.import_review(loaded, found, files, now=datetime.now(UTC), partial=partial, replace=replace)
    came = count(taken.decided, "decision")
    typer.echo(f"{came} imported, {taken.unchanged} as they were, {taken.undecided} not decided here")


@app.command("status")
def status(
    config: ConfigPath = DEFAULT_CONFIG,
    campaign: Campaign = None,
    form: Output = Format.table,
    apps: Annotated[bool, typer.Option("--by-app", help="By app instead of by reviewer.")] = False,
    reminders: Annotated[
        Path | None, typer.Option("--reminders", metavar="DIR", help="Write a letter (.eml) to each who has to answer.")
    ] = None,
    no_color: NoColor = False,
) -> None:
    """How far each reviewer is, what is overdue, and what lets one doubt the decisions.

    Example: scimaudit review status --reminders letters
    """
    from scimaudit.cli import show_review
    from scimaudit.config import load
    from scimaudit.renderers import terminal
    from scimaudit.review import progress
    from scimaudit.review.campaign import find
    from scimaudit.snapshot.store import write_bytes

    loaded = load(config)
    found, today = find(loaded.store, campaign), datetime.now(loaded.zone).date()
    lines = progress.by_app(found, today) if apps else progress.by_reviewer(found, today)
    show_review.progress(terminal.console(no_color=no_color), lines, progress.line(found), form)
    if reminders is not None:
        reminders.mkdir(parents=True, exist_ok=True)
        for name, letter in progress.reminders(found, today):
            write_bytes(letter.as_bytes(), reminders / name)
            typer.echo(reminders / name)


@app.command("delegate")
def delegate(
    before: Annotated[str, typer.Argument(metavar="FROM", help="A reviewer of the campaign.")],
    after: Annotated[str, typer.Argument(metavar="TO", help="Who is to decide: a mail address or number.")],
    config: ConfigPath = DEFAULT_CONFIG,
    campaign: Campaign = None,
    reason: Reason = "",
    by: By = "",
) -> None:
    """Hand what a reviewer has left to somebody else, who neither holds nor approved it. Export their packet anew.

    Example: scimaudit review delegate siv.aune@example.com kari.nilsen@example.com --reason "on leave"
    """
    from datetime import UTC

    from scimaudit import workflow
    from scimaudit.config import load
    from scimaudit.review.campaign import find

    loaded = load(config)
    found = find(loaded.store, campaign)
    told = workflow.delegate_review(
        loaded, found, before=before, after=after, by=by or _user(), reason=reason, now=datetime.now(UTC)
    )
    typer.echo(f"{count(len(told.item_ids), 'item')} handed to {told.after_name}")


@app.command("close")
def close(
    config: ConfigPath = DEFAULT_CONFIG,
    campaign: Campaign = None,
    attest: Annotated[
        str, typer.Option("--attest", metavar="NAME", help="Who answers for the whole, with title.")
    ] = "",
    statement: Annotated[str, typer.Option("--statement", metavar="TEXT", help="What they say.")] = "",
    by: By = "",
) -> None:
    """End a campaign and write its evidence. What nobody decided counts as `[review] lapse` says, or it cannot end.

    Example: scimaudit review close --attest "B. Aasen, Finance Director" --statement "Reviewed and complete"
    """
    from datetime import UTC

    from scimaudit.config import load
    from scimaudit.review import closing
    from scimaudit.review.campaign import find

    loaded = load(config)
    found = find(loaded.store, campaign)
    ended = closing.close(
        found,
        now=datetime.now(UTC),
        by=by or _user(),
        lapse=loaded.review.lapse,
        attested_by=attest,
        statement=statement,
    )
    if ended.lapsed:
        left = count(len(ended.lapsed), "item was not decided and counts", "items were not decided and count")
        typer.echo(f"{left} as {ended.lapse}")
    for path in sorted(closing.evidence(found).iterdir()):
        typer.echo(path)


@app.command("list")
def list_(config: ConfigPath = DEFAULT_CONFIG, form: Output = Format.table, no_color: NoColor = False) -> None:
    """Every campaign, how far it is, and who answers for it.

    Example: scimaudit review list --format json
    """
    from scimaudit.cli import show_review
    from scimaudit.config import load
    from scimaudit.renderers import terminal
    from scimaudit.review import progress
    from scimaudit.review.campaign import campaigns

    lines = [progress.line(each) for each in campaigns(load(config).store)]
    show_review.campaigns(terminal.console(no_color=no_color), lines, form)


def _user() -> str:
    import getpass

    return getpass.getuser()


def _id(title: str, now: datetime) -> str:
    import re

    words = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")
    return f"{now:%Y-%m-%d}-{words}"[:60].rstrip("-")
