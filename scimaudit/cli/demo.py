"""``scimaudit demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scimaudit.cli.options import NoColor, Quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rich.console import Console

    from scimaudit.demo.season import Played

Folder = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to work in; made anew.")]


def command(output: Folder = Path("scimaudit-demo"), quiet: Quiet = False, no_color: NoColor = False) -> None:
    """Audit a fictional company whose apps are real SCIM services on this machine, and write every report.

    Example: scimaudit demo --output my-demo
    """
    import os
    import secrets

    from scimaudit import workflow
    from scimaudit.cli import show
    from scimaudit.cli.options import USUAL_REPORTS
    from scimaudit.cli.progress import Live
    from scimaudit.demo import season
    from scimaudit.demo.sample import TOKEN_VARIABLE
    from scimaudit.renderers import terminal

    out = terminal.console(no_color=no_color)
    token = os.environ[TOKEN_VARIABLE] = secrets.token_urlsafe(24)
    with Live(quiet=quiet, no_color=no_color) as live:
        played = season.play(output, token=token, clock=_from, watcher=live)
    audit = played.stored.audit
    paths = workflow.report(played.stored, USUAL_REPORTS, output / "reports")
    show.audit(audit, json=False, quiet=quiet, no_color=no_color)
    out.print()
    for path in paths:
        out.print(path)
    out.print()
    out.print(f"A real audit would have ended with exit code {audit.meta.exit_code}; the demonstration ends with 0.")
    days = ", ".join(f"{each.audit.meta.as_of:%Y-%m-%d}" for each in played.before)
    out.print(f"The company's clock stands at {audit.meta.as_of:%Y-%m-%d}; it was audited on {days} too.")
    asked = f"Ask on: {_called()} who 'Anna Berg' --config {played.config.path}"
    out.print(terminal.text(asked))
    _sealed(played, paths, out)
    _night_after(output, played, out)


def _sealed(played: Played, reports: Sequence[Path], out: Console) -> None:
    """Every audit as a sealed bundle: the chain verified, the last one's findings made again from its raw bodies."""
    from scimaudit import workflow
    from scimaudit.cli import show_evidence
    from scimaudit.evidence import replay, sealed, verify

    meta = played.stored.audit.meta
    bundle = workflow.seal(played.config, meta.audit_id, now=meta.collected_to, reports=reports)
    out.print()
    show_evidence.sealed(bundle)
    _, broken = verify.chain(played.config.bundles)
    checked = [verify.verify(each, full=True) for each in sealed(played.config.bundles)]
    show_evidence.verified(out, checked, broken, signers=False)
    show_evidence.replayed(out, replay.replay(bundle))


def _from(moment: datetime) -> Callable[[], datetime]:
    """A clock that is set to the moment and goes on from there."""
    import time
    from datetime import timedelta

    begun = time.monotonic()
    return lambda: moment + timedelta(seconds=time.monotonic() - begun)


def _called() -> str:
    """How the command line was called, so that what is printed can be typed where it is not on the path."""
    return sys.argv[0] if Path(sys.argv[0]).stem == "scimaudit" else "scimaudit"


def _night_after(output: Path, played: Played, out: Console) -> None:
    """The second act, in a folder of its own: what an audit does with a night that must not be believed."""
    import os
    from datetime import timedelta

    from scimaudit import workflow
    from scimaudit.cli.progress import Live
    from scimaudit.config import load
    from scimaudit.demo import night
    from scimaudit.renderers import terminal
    from scimaudit.snapshot.store import open_snapshot

    folder = output / night.FOLDER
    snapshot = open_snapshot(played.config.store)
    with night.fall(folder, played.config) as fallen, Live(quiet=True, no_color=True) as silent:
        os.environ["SCIMAUDIT_DEMO_TOKEN"] = fallen.running.token
        loaded = load(fallen.config)
        broken = workflow.pull(
            loaded, now=_from(snapshot.manifest.started + timedelta(days=1)), watcher=silent, only=[night.APP]
        )
    stored = workflow.audit(loaded, snapshot=broken.id)
    [path] = workflow.report(stored, ["html"], folder / "reports")
    out.print()
    told = f"The night after: payroll's export {night.ROSTER} breaks off, and the token of {night.APP} sees less."
    out.print(terminal.text(told, "bold"))
    terminal.gates(out, stored.audit)
    code = stored.audit.meta.exit_code
    out.print(
        "Nobody who is missing has left, and no account is gone. So the findings stand under a banner, and a real"
    )
    out.print(f"audit of that night would have ended with exit code {code}.")
    out.print(path)
