"""``[drill]``: how drills watch, and where they may write."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from scimaudit.config.model import Model
from scimaudit.transport.secret import Secret


class Drill(Model):
    """``[drill]``: how drills watch, and where they may write. Nothing is written unless `write_to` names it."""

    every_seconds: float = Field(60, ge=1, description="shortest pause between two observations")
    observations: int = Field(500, ge=1, description="most observations of one drill")
    write_to: tuple[str, ...] = Field(
        (), description="apps, or `rosters.NAME`, in which `drill run --write` may make and remove its canary"
    )
    tokens: Mapping[str, Secret] = Field(
        default_factory=dict, description="for each of them, where the bearer token to write with is kept"
    )
