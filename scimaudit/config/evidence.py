"""``[evidence]``: how audits are sealed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from scimaudit.config.retention import Retention
from scimaudit.transport.origin import Origin


class Evidence(Retention):
    """``[evidence]``: how audits are sealed."""

    bundles: Path = Field(Path("evidence"), description="folder of sealed bundles, relative to this file")
    key: Path | None = Field(
        None,
        description="SSH key to sign with, relative to this file; a leading `~` is the home folder; default: unsigned",
    )
    timestamp: str | None = Field(
        None,
        description="timestamp authority (RFC 3161) to ask for a token over each statement; https:// unless loopback",
    )
    timestamp_ca: Path | None = Field(
        None,
        description="PEM file of the certificates that its tokens must lead to, relative to this file",
    )
    seal: bool = Field(True, description="whether `run` seals what it audited")

    @model_validator(mode="after")
    def _stamped_by_somebody_known(self) -> Evidence:
        if (self.timestamp is None) != (self.timestamp_ca is None):
            msg = "say both of timestamp, timestamp_ca, or neither: a token that nobody can check proves nothing"
            raise ValueError(msg)
        if self.timestamp is not None:
            Origin.of_base(self.timestamp, "evidence.timestamp")
        return self
