"""``metrics.json``: the figures of the audit, those of reviews and savings beside them; unknown is never zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import orjson

from scimaudit.evidence.pack import cells
from scimaudit.evidence.pack.proof import Proofs
from scimaudit.result import Audit
from scimaudit.review.campaign import Campaign
from scimaudit.review.progress import HASTY, LARGE


def metrics(audit: Audit, campaigns: Sequence[Campaign], proofs: Proofs) -> bytes:
    """The whole file: ``as_of``, ``proof`` by app and of the rosters, and ``metrics``."""
    told = [
        {
            "name": line.name, "labels": line.labels or cells.NOT_APPLICABLE, "value": line.value,
            "unit": line.unit or "count", "of": line.of if line.of is not None else cells.NOT_APPLICABLE,
            "not_evaluable": line.not_evaluable, "meaning": line.meaning,
        }
        for line in audit.over_time.metrics
    ]  # fmt: skip
    told += [*_movers(audit), *_attributes(audit), *_decisions(campaigns), *_savings(audit)]
    whole = {
        "as_of": audit.meta.as_of,
        "proof": {**{app: proofs.listing(app) for app in proofs.apps}, "rosters": proofs.roster},
        "metrics": told,
    }
    return orjson.dumps(cells.plain(whole), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _line(
    name: str, labels: dict[str, str], value: float | None, unit: str, meaning: str, **more: Any
) -> dict[str, Any]:
    found = {
        "name": name,
        "labels": labels or cells.NOT_APPLICABLE,
        "value": value,
        "unit": unit,
        "of": cells.NOT_APPLICABLE,
    }
    return found | {"not_evaluable": 0, "meaning": meaning} | more


def _movers(audit: Audit) -> Iterator[dict[str, Any]]:
    """Rights left from a former post; where none was found and some could not be judged, the number is not known."""
    own = audit.checks[audit.checks["kind"].astype("str") == "mover-residual"]
    failed, unknown = int(own["failed"].sum()), int(own["not_evaluable"].sum())
    value = failed if len(own) and (failed or not unknown) else None
    said = "rights that are left from a former post; at least so many where some could not be judged"
    yield _line("mover_residuals", {}, value, "count", said, not_evaluable=unknown)


def _attributes(audit: Audit) -> Iterator[dict[str, Any]]:
    said = "share of the accounts of people whose attribute agrees with the roster"
    for line in audit.feeds:
        judged = line.agreeing + line.differing
        value = round(line.agreeing / judged, 6) if judged else None
        if line.attribute:
            labels = {"app": line.app, "attribute": line.attribute}
            yield _line(
                "attribute_consistency_ratio", labels, value, "ratio", said, of=judged, not_evaluable=line.unknown
            )


def _decisions(campaigns: Sequence[Campaign]) -> Iterator[dict[str, Any]]:
    """How decisions were made; what no form timed is in none of the figures of time."""
    for campaign in campaigns:
        labels, standing = {"campaign": campaign.opened.id}, [*campaign.standing().values()]
        decided = [each for each in standing if each.decision != "abstain"]
        revoked = sum(each.decision == "revoke" for each in decided)
        share = round(revoked / len(decided), 6) if decided else None
        said = "share of the decisions that revoke; abstaining decides nothing"
        yield _line("revoke_ratio", labels, share, "ratio", said, of=len(decided))
        timed = [each.seconds for each in standing if each.seconds is not None]
        said = "median seconds on an item, of the decisions that were timed"
        value = round(median(timed), 3) if timed else None
        untimed = len(standing) - len(timed)
        yield _line("seconds_per_decision", labels, value, "seconds", said, of=len(timed), not_evaluable=untimed)
        batches: dict[str, list[float | None]] = {}
        for each in standing:
            if each.batch > LARGE:
                batches.setdefault(each.packet, []).append(each.seconds)
        known = [[second for second in batch if second is not None] for batch in batches.values()]
        known = [batch for batch in known if batch]
        hasty = sum(median(batch) < HASTY for batch in known)
        said = f"share of the batches of more than {LARGE} decisions with a median under {HASTY:g} s"
        value = round(hasty / len(known), 6) if known else None
        yield _line(
            "hasty_batches_ratio", labels, value, "ratio", said, of=len(known), not_evaluable=len(batches) - len(known)
        )


def _savings(audit: Audit) -> Iterator[dict[str, Any]]:
    said = "seats or licences that nobody needs, times the price of one a month"
    for line in audit.savings:
        labels = {"app": line.app, "what": line.what, "price_as_of": line.as_of}
        asked = f"{said}; {line.asked} more to ask about first"
        yield _line("reclaimable_a_month", labels, line.sure_a_month, line.currency, asked, of=line.sure)
    if not audit.savings:
        yield _line("reclaimable_a_month", {}, None, "money", said)
