"""The access review of the demonstration: packets go out, reviewers fill in their pages, and the campaign is closed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from scimaudit import workflow
from scimaudit.config import Config
from scimaudit.demo.earlier import STORY
from scimaudit.demo.sample import sample_folder
from scimaudit.review import closing, export
from scimaudit.review.campaign import Campaign
from scimaudit.review.packets import Packet, packets
from scimaudit.snapshot.store import write_bytes

_SECONDS: Final = 21.0
"""What a reviewer of the sample company takes for a row."""


def review(config: Config, folder: Path) -> Campaign:
    """Play the whole campaign on the newest audit.

    :param folder: where the packets go and come back.
    """
    told: Mapping[str, Any] = tomllib.loads((sample_folder() / STORY).read_text("utf-8"))["review"]
    campaign = workflow.open_review(
        config, now=told["opened"], by=told["opened_by"], title=told["title"], name=told["id"], apps=told["apps"]
    )
    export.write(campaign, folder)
    answers = {(each["app"], each["account"], each["right"]): each for each in told["answers"]}
    filled = []
    for packet in packets(campaign):
        if packet.reviewer not in told["silent"]:
            path = folder / f"{packet.name}-decisions.json"
            write_bytes(_filled(packet, answers, told["answered"]), path)
            filled.append(path)
    now = told["answered"] + timedelta(hours=2)
    workflow.import_review(config, campaign, filled, now=now, partial=False, replace=False)
    closing.close(
        campaign,
        now=told["closed"],
        by=told["opened_by"],
        lapse=config.review.lapse,
        attested_by=told["attested_by"],
        statement=told["statement"],
    )
    return campaign


def _filled(packet: Packet, answers: Mapping[tuple[str, str, str], Mapping[str, str]], at: datetime) -> bytes:
    """The decisions file that a reviewer's page saves."""
    decisions = []
    for place, item in enumerate(packet.items):
        answer = answers.get((item.app, item.account, item.display), {})
        when = at + timedelta(seconds=_SECONDS * place)
        decisions.append(
            {
                "item_id": item.item_id,
                "decision": answer.get("decision", "certify"),
                "rationale": answer.get("why", ""),
                "decided_at": when.isoformat(),
                "seconds": _SECONDS,
            }
        )
    body = {
        "format": 1,
        "campaign": packet.opened.id,
        "reviewer": packet.reviewer,
        "packet": packet.digest,
        "saved_at": at.isoformat(),
        "decisions": decisions,
    }
    return json.dumps(body, ensure_ascii=False, indent=1).encode()
