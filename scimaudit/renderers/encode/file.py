"""File names made of texts: readable, inside their folder, and never the same for two texts on any system."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_DEVICE: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])([.].*)?")
_LONGEST: Final = 80


def stem(text: str) -> str:
    """The text where it is plain, and else what is plain of it with a digest of the whole.

    Plain are lower-case letters, digits and hyphens: names that differ in case alone are one file on many systems.
    """
    plain = re.sub(r"[^A-Za-z0-9-]+", "_", text)[:_LONGEST]
    if plain == text == text.lower() and text and not device(text):
        return text
    return f"{plain}~{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def device(name: str) -> bool:
    """Whether Windows takes a name for a device, whatever follows a dot in it."""
    return _DEVICE.fullmatch(name) is not None
