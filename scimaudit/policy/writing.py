"""Drafts of policy files: texts as TOML, safe to print."""

from __future__ import annotations

import json


def quoted(text: str) -> str:
    """A basic string of TOML; what a terminal would obey or not show is escaped."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08X}" for sign in plain)
