"""A packet as one HTML page that needs nothing else, and the decisions file that it saves."""

from __future__ import annotations

from datetime import datetime
from typing import BinaryIO, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scimaudit.errors import ConfigError
from scimaudit.renderers import html
from scimaudit.review.campaign import VERDICTS
from scimaudit.review.packets import SHOWN, Packet

FORMAT: Final = 1


class Answer(BaseModel):
    """One decision as the page saved it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    item_id: str
    decision: str
    rationale: str = ""
    decided_at: datetime | None = Field(None, strict=False)
    seconds: float | None = Field(None, ge=0, allow_inf_nan=False, strict=False)


class Saved(BaseModel):
    """A decisions file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1]
    campaign: str
    reviewer: str
    packet: str
    saved_at: datetime = Field(strict=False)
    decisions: tuple[Answer, ...] = Field(strict=False)


def write(packet: Packet, stream: BinaryIO) -> None:
    """Write the packet's page.

    :raises RenderError: a template is missing or wrong.
    """
    rows = [
        {"item_id": item.item_id, "against": item.recommended == "revoke", **dict(zip(_NAMES, cells, strict=True))}
        for item, cells in zip(packet.items, packet.rows, strict=True)
    ]
    opened = packet.opened
    context = {
        "title": opened.title,
        "due": f"{opened.due}",
        "snapshot": opened.snapshot_id,
        "name": packet.reviewer_name,
        "about": {"campaign": opened.id, "reviewer": packet.reviewer, "packet": packet.digest, "file": packet.name},
        "rows": rows,
        "verdicts": VERDICTS,
        "accepted": [f"{each.subject}: {each.doubt}" for each in opened.accepted],
    }
    html.page("review", context, stream)


def read(data: bytes, name: str) -> Saved:
    """Read a decisions file.

    :raises ConfigError: it is none.
    """
    try:
        return Saved.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{name} is no decisions file: {place or 'the file'}: {first['msg']}", hint="save it from the page again"
        ) from error


_NAMES: Final = tuple(name.casefold().replace(" ", "_").replace("-", "_") for name in SHOWN)
