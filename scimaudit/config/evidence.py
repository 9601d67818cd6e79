"""``[evidence]``: how audits are sealed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from scimaudit.config.retention import Retention


class Evidence(Retention):
    """``[evidence]``: how audits are sealed."""

    bundles: Path = Field(Path("evidence"), description="folder of sealed bundles, relative to this file")
    key: Path | None = Field(
        None,
        description="SSH key to sign with, relative to this file; a leading `~` is the home folder; default: unsigned",
    )
    seal: bool = Field(True, description="whether `run` seals what it audited")
