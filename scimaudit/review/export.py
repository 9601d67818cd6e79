"""Packets as files."""

from __future__ import annotations

import io
from pathlib import Path

from scimaudit.errors import RenderError
from scimaudit.review import form, workbook
from scimaudit.review.campaign import Campaign
from scimaudit.review.packets import packets
from scimaudit.snapshot.store import write_bytes


def write(campaign: Campaign, folder: Path) -> list[Path]:
    """Write each reviewer's workbook and page into ``folder``.

    :raises RenderError: a file cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for packet in packets(campaign):
            for ending, kind in ((".xlsx", workbook.write), (".html", form.write)):
                stream = io.BytesIO()
                kind(packet, stream)
                path = folder / f"{packet.name}{ending}"
                write_bytes(stream.getvalue(), path)
                written.append(path)
    except OSError as error:
        raise RenderError(f"{folder} cannot be written: {error.strerror or error}", hint="choose another") from error
    return written
