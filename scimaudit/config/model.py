"""What every part of the configuration is made of."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Severity = Literal["info", "low", "medium", "high", "critical"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        msg = f"{name!r} is not an IANA time zone such as Europe/Berlin"
        raise ValueError(msg) from error
    return name


Zone = Annotated[str, AfterValidator(_zone)]
_DEVICE: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])([.].*)?")
"""Names that are no files on Windows, whatever follows a dot."""


def _file_name(name: str) -> str:
    if _DEVICE.fullmatch(name) or name.endswith("."):
        msg = f"{name!r} cannot name a file on every system"
        raise ValueError(msg)
    return name


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"), AfterValidator(_file_name)]


class Model(BaseModel):
    """A frozen part of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
