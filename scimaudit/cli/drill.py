"""``scimaudit drill``: deprovisioning is a control, and a control is tested."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scimaudit.cli.options import DEFAULT_CONFIG, ConfigPath, Format, NoColor, Quiet

if TYPE_CHECKING:
    from scimaudit.drill.watch import Pace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Drills: somebody joins, moves or leaves, and listings tell whether every app followed in time.",
)


class DrillKind(StrEnum):
    """What happens to the subject of a drill."""

    joiner = "joiner"
    mover = "mover"
    leaver = "leaver"


PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan, such as drills/summer-leaver.toml.")]
Every = Annotated[str, typer.Option("--every", metavar="TIME", help="Pause between two observations, such as 60 s.")]
Lasting = Annotated[str, typer.Option("--for", metavar="TIME", help="How long to watch, such as 4 h.")]
Output = Annotated[Format, typer.Option("--format", "-f", help="table, csv or json.")]


@app.command("plan")
def plan(
    file: PlanFile,
    config: ConfigPath = DEFAULT_CONFIG,
    kind: Annotated[DrillKind, typer.Option("--kind", help="What happens.")] = DrillKind.leaver,
    person: Annotated[str, typer.Option("--person", metavar="ID", help="A person_id; default: a canary.")] = "",
) -> None:
    """Check a plan, or write a first one where there is none: every app with its limit, what policy gives.

    Example: scimaudit drill plan drills/felix.toml --kind leaver --person K-2010
    """
    from scimaudit import workflow
    from scimaudit.config import load
    from scimaudit.drill import plan as plans
    from scimaudit.errors import ConfigError

    loaded = load(config)
    if not file.exists():
        text = workflow.draft_drill(loaded, kind.value, person)
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("x", encoding="utf-8", newline="\n") as made:
                made.write(text)
        except FileExistsError as error:
            raise ConfigError(f"{file} is a link that leads nowhere", hint="remove it") from error
        typer.echo(f"{file}: a first plan; read and correct it")
    for each in plans.expectations(plans.load(file, loaded)):
        typer.echo(f"{each.app}: {each.what} {each.wanted} within {plans.words(each.within)}")


@app.command("observe")
def observe(
    file: PlanFile,
    config: ConfigPath = DEFAULT_CONFIG,
    every: Every = "60 s",
    lasting: Lasting = "4 h",
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    from_snapshots: Annotated[
        bool, typer.Option("--from-snapshots", help="Judge the snapshots that the store has; pull nothing.")
    ] = False,
    form: Output = Format.table,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Watch the plan's apps through their ordinary sources, and say what came in time. Nothing is written anywhere.

    Ends with 0 where everything came in time, 1 where something did not, 3 where something cannot be told (yet).

    Example: scimaudit drill observe drills/felix.toml --every 60s --for 4h
    """
    from scimaudit.cli import show_drill
    from scimaudit.cli.progress import Live
    from scimaudit.config import load
    from scimaudit.drill import plan as plans
    from scimaudit.drill import record as records
    from scimaudit.drill import watch
    from scimaudit.drill.verdict import exit_code
    from scimaudit.errors import ConfigError
    from scimaudit.renderers.terminal import console
    from scimaudit.snapshot.store import snapshots

    loaded = load(config)
    planned = plans.load(file, loaded)
    if planned.start is None:
        raise ConfigError(
            f"{file} does not say when it starts", hint="add start = 2026-01-31T09:00:00, or drill run it"
        )
    pace = _pace(every, None if once else lasting)
    record = records.begin(loaded.store, file.stem, file.read_text("utf-8-sig"), now=pace.now())
    out = console(no_color=no_color)
    with record.locked():
        if from_snapshots:
            watch.take(record, loaded, planned, snapshots(loaded.store))
            cells = record.cells(planned)
        else:
            with Live(quiet=quiet, no_color=no_color) as live:
                cells = watch.watch(record, loaded, planned, pace=pace, watcher=live, show=show_drill.progress(quiet))
    show_drill.matrix(out, record.id, cells, form)
    raise typer.Exit(exit_code(cells))


@app.command("run")
def run(
    file: PlanFile,
    config: ConfigPath = DEFAULT_CONFIG,
    write: Annotated[bool, typer.Option("--write", help="Make the canary, change it and remove it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show every request that would write; send none.")] = False,
    every: Every = "60 s",
    lasting: Lasting = "4 h",
    form: Output = Format.table,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Make a canary by SCIM where the plan and `[drill] write_to` say, watch the apps, and remove it again.

    Example: scimaudit drill run drills/canary.toml --dry-run
    """
    from scimaudit.cli import show_drill
    from scimaudit.cli.progress import Live
    from scimaudit.config import load
    from scimaudit.drill import plan as plans
    from scimaudit.drill import run as runs
    from scimaudit.drill.verdict import exit_code
    from scimaudit.errors import ConfigError
    from scimaudit.renderers import encode
    from scimaudit.renderers.terminal import console

    if write == dry_run:
        raise ConfigError("drill run writes to a live system", hint="--dry-run shows the requests, --write sends them")
    loaded = load(config)
    planned = plans.load(file, loaded)
    for line in runs.requests(planned, loaded):
        typer.echo(line, err=not dry_run)
    if dry_run:
        typer.echo("nothing was sent; the mark is random, and ID is what the server gives")
        return
    with Live(quiet=quiet, no_color=no_color) as live:
        ran = runs.run(
            file.stem,
            file.read_text("utf-8-sig"),
            planned,
            loaded,
            pace=_pace(every, lasting),
            watcher=live,
            show=show_drill.progress(quiet),
        )
    show_drill.matrix(console(no_color=no_color), ran.record.id, ran.cells, form)
    typer.echo(encode.show(ran.left) or "the canary is gone", err=True)
    raise typer.Exit(3 if ran.left else exit_code(ran.cells))


@app.command("cleanup")
def cleanup(
    name: Annotated[str, typer.Argument(metavar="[ID]", help="A run; default: every one that left a canary.")] = "",
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Remove the canaries of runs that were interrupted; nothing without this run's mark is ever touched.

    Example: scimaudit drill cleanup
    """
    from scimaudit.config import load
    from scimaudit.drill import record as records
    from scimaudit.drill import run as runs
    from scimaudit.errors import ScimAuditError
    from scimaudit.renderers import encode

    loaded = load(config)
    chosen = [records.find(loaded.store, name)] if name else records.records(loaded.store)
    left = False
    for record in chosen:
        if record.canary in ("live", "left"):
            try:
                told = runs.clean_up(record, loaded, pace=_pace("0 s", None))
            except ScimAuditError as error:
                # One that cannot be reached now must not keep the others where they are.
                if name:
                    raise
                told = f"not removed: {error.message}"
            left = left or bool(told)
            typer.echo(f"{record.id}: {encode.show(told) or 'the canary is gone'}")
    raise typer.Exit(3 if left else 0)


@app.command("status")
def status(
    name: Annotated[str, typer.Argument(metavar="ID", help="A drill, as drill list names it.")],
    config: ConfigPath = DEFAULT_CONFIG,
    form: Output = Format.table,
    no_color: NoColor = False,
) -> None:
    """What a drill has seen so far, app by app; nothing is pulled.

    Example: scimaudit drill status felix --format csv
    """
    from scimaudit.cli import show_drill
    from scimaudit.config import load
    from scimaudit.drill import record as records
    from scimaudit.renderers.terminal import console

    loaded = load(config)
    record = records.find(loaded.store, name)
    show_drill.matrix(console(no_color=no_color), record.id, record.cells(record.plan(loaded)), form)


@app.command("list")
def list_(config: ConfigPath = DEFAULT_CONFIG, form: Output = Format.table, no_color: NoColor = False) -> None:
    """Every drill of the store, what came of it, and whether its canary is gone.

    Example: scimaudit drill list --format json
    """
    from scimaudit.cli import show_drill
    from scimaudit.config import load
    from scimaudit.drill import record as records
    from scimaudit.drill.summary import line
    from scimaudit.renderers.terminal import console

    loaded = load(config)
    lines = [line(record, loaded) for record in records.records(loaded.store)]
    show_drill.drills(console(no_color=no_color), lines, form)


@app.command("history")
def history(
    config: ConfigPath = DEFAULT_CONFIG,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], metavar="DAY", help="Default: the quarter before this one."),
    ] = None,
    form: Output = Format.table,
    no_color: NoColor = False,
) -> None:
    """Every real joiner, mover and leaver as a test case, as the newest audit measured them.

    Example: scimaudit drill history --since 2026-07-01
    """
    from scimaudit import archive
    from scimaudit.cli import show_drill
    from scimaudit.config import load
    from scimaudit.drill import events
    from scimaudit.renderers.terminal import console

    loaded = load(config)
    audit = archive.latest(loaded.store).audit
    first = since.date() if since else events.quarter_before(audit.meta.as_of.astimezone(loaded.zone).date())
    show_drill.events(console(no_color=no_color), events.spans(audit, first, loaded.zone), first, loaded.zone, form)


def _pace(every: str, lasting: str | None) -> Pace:
    """The clock of this machine.

    :raises ConfigError: a length of time cannot be read.
    """
    import time
    from datetime import UTC

    from scimaudit.drill.plan import duration
    from scimaudit.drill.watch import Pace
    from scimaudit.errors import ConfigError

    try:
        pause, whole = duration(every), duration(lasting) if lasting else None
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return Pace(now=lambda: datetime.now(UTC), sleep=time.sleep, every=pause, lasting=whole)
