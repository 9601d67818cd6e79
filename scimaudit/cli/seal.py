"""``scimaudit seal``."""

from __future__ import annotations

from scimaudit.cli.options import DEFAULT_CONFIG, AuditId, ConfigPath


def command(config: ConfigPath = DEFAULT_CONFIG, audit: AuditId = None) -> None:
    """Seal a stored audit: everything its verdict rests on, with hashes over all of it, signed where a key is set.

    Example: scimaudit seal
    """
    from datetime import UTC, datetime

    from scimaudit import workflow
    from scimaudit.cli import show_evidence
    from scimaudit.config import load

    show_evidence.sealed(workflow.seal(load(config), audit, now=datetime.now(UTC)))
