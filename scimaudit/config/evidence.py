"""``[evidence]``: how audits are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, model_validator

from scimaudit.config.model import Model
from scimaudit.transport.origin import Origin


class Evidence(Model):
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
    keep_raw_months: int | None = Field(
        None,
        ge=1,
        description="months from sealing until `retention --apply` removes a bundle's raw bodies; default: never",
    )
    keep_months: int | None = Field(
        None,
        ge=1,
        description="months until it removes all but manifest, statement and signature; default: never",
    )
    hold: Mapping[str, str] = Field(
        default_factory=dict, description="bundles of which nothing is removed, each with the reason"
    )

    @model_validator(mode="after")
    def _stamped_by_somebody_known(self) -> Evidence:
        if (self.timestamp is None) != (self.timestamp_ca is None):
            msg = "say both of timestamp, timestamp_ca, or neither: a token that nobody can check proves nothing"
            raise ValueError(msg)
        if self.timestamp is not None:
            Origin.of_base(self.timestamp, "evidence.timestamp")
        return self

    @model_validator(mode="after")
    def _raw_bodies_go_first(self) -> Evidence:
        if self.keep_raw_months and self.keep_months and self.keep_raw_months > self.keep_months:
            msg = "keep_raw_months is more than keep_months, and raw bodies are a part of a bundle"
            raise ValueError(msg)
        if unsaid := [name for name, reason in self.hold.items() if not reason.strip()]:
            msg = f"hold says no reason for {unsaid[0]}"
            raise ValueError(msg)
        return self
