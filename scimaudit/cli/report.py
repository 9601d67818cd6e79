"""``scimaudit report``."""

from __future__ import annotations

from scimaudit.cli.options import DEFAULT_CONFIG, USUAL_REPORTS, AuditId, ConfigPath, Formats, NoColor, Output


def command(
    config: ConfigPath = DEFAULT_CONFIG,
    audit: AuditId = None,
    format: Formats = None,
    output: Output = None,
    no_color: NoColor = False,
) -> None:
    """Write an audit's reports again: HTML, CSV, XLSX, JSON; OSCAL where asked for.

    Example: scimaudit report --format html --output evidence/
    """
    from scimaudit import archive, workflow
    from scimaudit.config import load
    from scimaudit.renderers.terminal import console

    out = console(no_color=no_color)
    stored = archive.latest(load(config).store, audit)
    for path in workflow.report(stored, format or USUAL_REPORTS, output):
        out.print(path)
