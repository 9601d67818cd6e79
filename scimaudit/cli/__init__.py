"""The command line: parse, call, show, exit. One file per command; what is heavy is imported inside the command."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

from scimaudit.cli import (
    access,
    account,
    approvals,
    audit,
    check,
    controls,
    demo,
    diff,
    drill,
    exceptions,
    explain,
    failing,
    feeds,
    findings,
    holders,
    init,
    ledger,
    links,
    metrics,
    policy,
    probe,
    providers,
    pseudonymise,
    pull,
    register,
    remediation,
    replay,
    report,
    retention,
    review,
    rules,
    run,
    schema,
    seal,
    spans,
    timeline,
    verify,
    who,
)
from scimaudit.cli.options import show_version
from scimaudit.errors import ScimAuditError

app = typer.Typer(
    name="scimaudit",
    help="Find zombie accounts: every app's accounts against the system of record, with proof of whole listings.",
    epilog="Start with: scimaudit demo. Then: scimaudit init, scimaudit check, scimaudit run.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Interrupted(BaseException):
    """Ctrl-C; raised past typer, which would end with 1."""


@app.callback()
def _root(_version: show_version = False) -> None:
    """Find zombie accounts: every app's accounts against the system of record, with proof of whole listings."""


app.command("init")(init.command)
app.command("check")(check.command)
app.command("probe")(probe.command)
app.command("providers")(providers.command)
app.command("pull")(pull.command)
app.command("audit")(audit.command)
app.command("report")(report.command)
app.command("run")(run.command)
app.command("who")(who.command)
app.command("account")(account.command)
app.command("orphans")(findings.orphans)
app.command("drift")(findings.drift)
app.command("excess")(findings.excess)
app.command("findings")(findings.command)
app.command("access")(access.command)
app.command("explain")(explain.command)
app.command("diff")(diff.command)
app.command("timeline")(timeline.command)
app.command("holders")(holders.command)
app.command("links")(links.command)
app.command("policy")(policy.command)
app.command("approvals")(approvals.command)
app.command("register")(register.command)
app.command("ledger")(ledger.command)
app.command("seal")(seal.command)
app.command("verify")(verify.command)
app.command("replay")(replay.command)
app.command("pseudonymise")(pseudonymise.command)
app.command("retention")(retention.command)
app.command("remediation")(remediation.command)
app.command("rules")(rules.command)
app.command("controls")(controls.command)
app.command("feeds")(feeds.command)
app.command("exceptions")(exceptions.command)
app.command("spans")(spans.command)
app.command("metrics")(metrics.command)
app.add_typer(review.app, name="review")
app.add_typer(drill.app, name="drill")
app.command("demo")(demo.command)
app.command("schema")(schema.command)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # Whatever it writes holds personal data or evidence: its owner's alone.
    os.umask(0o077)
    # Libraries that make TLS contexts of their own would write session keys where this says.
    os.environ.pop("SSLKEYLOGFILE", None)
    # What libraries log and warn of quotes servers and files; without a handler Python would print it as it came.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.captureWarnings(capture=True)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        _run()
    except ScimAuditError as error:
        _fail(error)
    except Interrupted:
        failing.say("scimaudit: interrupted; the next pull goes on where this one stopped")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe has seen enough; Python must not complain again while it shuts down.
        sys.stderr.close()
        sys.exit(141)
    except (OSError, MemoryError) as error:
        _fail(failing.in_words(error))
    except Exception as error:  # noqa: BLE001 - the last handler there is; the process ends here
        from scimaudit.cli import crash

        failing.say(crash.told(error))
        raise SystemExit(crash.EXIT_CODE) from None


def _run() -> None:
    try:
        app()
    except SystemExit as end:
        # What is still in its buffer is written now: refused while Python shuts down, it would only be complained of.
        with failing.after_verdict(int(end.code or 0)):
            if sys.stdout is not None:
                sys.stdout.flush()
        raise


def _fail(error: ScimAuditError) -> NoReturn:
    # Errors quote what servers and files say; encoders are heavy, and most runs need none here.
    from scimaudit.renderers.encode import show_lines

    failing.say(f"scimaudit: {show_lines(error.message)}")
    if error.hint:
        failing.say(f"  {show_lines(error.hint)}")
    sys.exit(error.exit_code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise Interrupted
