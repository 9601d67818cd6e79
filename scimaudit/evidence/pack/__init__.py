"""The pack: what an auditor asks for, one file for each question, written from what was sealed beside it.

Every file says of every row whether the listing behind it is proven; no cell is blank; one store gives one pack, byte
for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from scimaudit import tables
from scimaudit.evidence.pack import (
    attestation,
    cells,
    changes,
    controls,
    correlation,
    findings,
    matrix,
    metrics,
    population,
    remediation,
    review,
    run,
    scope,
    sources,
    tieout,
)
from scimaudit.evidence.pack.seen import Seen
from scimaudit.evidence.pack.tieout import Counted
from scimaudit.evidence.parts import Parts
from scimaudit.remediation.claims import claims
from scimaudit.review.campaign import Campaign, campaigns

SHEETS: Final[Mapping[str, tuple[str, ...]]] = {
    "scope": scope.SCOPE,
    "tieout": tieout.FIELDS,
    "population": population.FIELDS,
    "roster": scope.ROSTER,
    "correlation": correlation.FIELDS,
    "findings": findings.FINDINGS,
    "access-matrix": matrix.FIELDS,
    "decisions": review.FIELDS,
    "remediation": remediation.FIELDS,
    "exceptions": findings.EXCEPTIONS,
    "changes": changes.FIELDS,
    "controls": controls.FIELDS,
}
"""The CSV files and their columns."""


def write(parts: Parts, folder: Path) -> None:
    """Write the pack into a new folder.

    :raises OSError: a file cannot be written.
    :raises IntegrityError: a part of the store cannot be read, or is not what it was.
    :raises PolicyError: a policy file cannot be used.
    """
    folder.mkdir()
    seen = Seen(parts)
    audit, snapshot, proofs = seen.audit, seen.snapshot, seen.proofs
    reviews = campaigns(parts.config.store)
    counted = _apps(seen, reviews, folder)
    distinct = {name: number for each in counted.values() for name, number in each.listings.items()}
    declared = _sources(seen, distinct, folder)
    trail = parts.stored.trail()
    claimed = trail["finding_id"].isin([line.finding_id for line in seen.policy.dispositions])
    said = claims(seen.policy.dispositions, trail[claimed.to_numpy(dtype=bool)], audit)
    arrows = tieout.tieout(audit, snapshot.manifest, declared, counted, proofs)
    small = {
        "scope": scope.scope(audit, snapshot, reviews, proofs),
        "tieout": cells.rows(tieout.FIELDS, arrows),
        "roster": scope.roster(snapshot, audit, proofs),
        "findings": findings.findings(audit, trail, snapshot.manifest, proofs),
        "decisions": review.decisions(reviews, _managers(snapshot.people()), proofs),
        "exceptions": findings.exceptions(audit, parts.config, proofs),
        "controls": controls.controls(audit, proofs),
    }
    for name, table in small.items():
        with cells.Sheet(folder / f"{name}.csv", SHEETS[name]) as sheet:
            sheet.add(table)
    mended = remediation.remediation(trail, audit.over_time.revocations, said, audit.meta.as_of, proofs)
    for name, found in (("remediation", mended), ("changes", changes.changes(parts, proofs))):
        with cells.Sheet(folder / f"{name}.csv", SHEETS[name]) as sheet:
            for table in found:
                sheet.add(table)
    (folder / "metrics.json").write_bytes(metrics.metrics(audit, reviews, proofs))
    with (folder / "run.jsonl").open("xb") as file:
        file.writelines(map(cells.line, run.run(audit, snapshot.manifest, parts.config)))
    said_so = attestation.attestation(audit, reviews, proofs)
    (folder / "attestation.txt").write_text(said_so, "utf-8", newline="\n")


def _apps(seen: Seen, reviews: Sequence[Campaign], folder: Path) -> dict[str, Counted]:
    """Write the files that hold every account, app after app, and count what is in them."""
    former, counted = seen.parts.former, {}
    before = tables.frame(former.links(), ["app", "account_id", "person_id"]).astype("str") if former else None
    since = former.audit.meta.as_of if former else None
    asked = tieout.last_campaigns(reviews)
    with ExitStack() as stack:
        sheets = {
            name: stack.enter_context(cells.Sheet(folder / f"{name}.csv", SHEETS[name]))
            for name in ("population", "correlation", "access-matrix")
        }
        for app, view in seen.views():
            proof = seen.proofs.judged(app)
            sheets["population"].add(population.population(view, app, proof))
            sheets["correlation"].add(correlation.correlation(view, proof, before, since))
            sheets["access-matrix"].add(matrix.matrix(view, app, proof, seen.audit.findings))
            now = frozenset(view.accounts["account_id"].astype("str"))
            answered = tieout.reviewed(*asked[app], now) if app in asked else None
            found = tieout.with_findings(seen.audit.findings, app, now)
            counted[app] = Counted(len(now), found, population.kinds(view), population.listings(view), answered)
    return counted


def _sources(seen: Seen, distinct: Mapping[str, int], folder: Path) -> dict[str, int | None]:
    """Write ``sources.jsonl``.

    :returns: the last total that each source declared.
    """
    declared: dict[str, int | None] = {}
    with (folder / "sources.jsonl").open("xb") as file:
        for line in sources.sources(seen.snapshot, seen.config, distinct):
            file.write(cells.line(line))
            declared[line["source_id"]] = _last_total(line["declared_totals"])
    return declared


def _last_total(totals: Any) -> int | None:
    """The last total of the list that was walked first: that of accounts, not that of groups."""
    if not totals:
        return None
    mine = [each["total"] for each in totals if each["of"] == totals[0]["of"]]
    return int(mine[-1])


def _managers(people: pa.Table) -> dict[str, str]:
    rows = tables.frame(people, ["person_id", "manager_id"]).dropna().astype("str")
    return dict(rows.itertuples(index=False, name=None))
