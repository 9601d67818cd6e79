"""How long sealed evidence is kept."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from scimaudit.config.model import Model


class Retention(Model):
    """The keys of ``[evidence]`` that say how long it is kept; without them nothing is ever removed."""

    keep_raw_months: int | None = Field(
        None,
        ge=1,
        description="months from sealing until `retention --apply` removes a bundle's raw bodies; default: never",
    )
    keep_months: int | None = Field(
        None,
        ge=1,
        description="months until it removes all but the seal; default: never",
    )
    hold: Mapping[str, str] = Field(
        default_factory=dict, description="bundles of which nothing is removed, each with the reason"
    )

    @model_validator(mode="after")
    def _raw_bodies_go_first(self) -> Retention:
        if self.keep_raw_months and self.keep_months and self.keep_raw_months > self.keep_months:
            msg = "keep_raw_months is more than keep_months, and raw bodies are a part of a bundle"
            raise ValueError(msg)
        if unsaid := [name for name, reason in self.hold.items() if not reason.strip()]:
            msg = f"hold says no reason for {unsaid[0]}"
            raise ValueError(msg)
        return self
