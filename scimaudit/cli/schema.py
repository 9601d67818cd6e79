"""``scimaudit schema``."""

from __future__ import annotations


def command() -> None:
    """Write the JSON Schema of scimaudit.toml, for editors.

    Example: scimaudit schema > scimaudit.schema.json
    """
    from scimaudit.cli import show
    from scimaudit.schema import json_schema

    show.json(json_schema())
