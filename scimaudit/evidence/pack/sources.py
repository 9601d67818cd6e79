"""``sources.jsonl``: what an auditor tests of what a company produced, a line for each roster and listing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from scimaudit.config import Config
from scimaudit.evidence.pack import cells
from scimaudit.plural import count
from scimaudit.snapshot.manifest import Collected, Manifest
from scimaudit.snapshot.record import Exchange, bodies
from scimaudit.snapshot.store import Snapshot

FIELDS: Final = (
    "source_id", "type", "endpoint", "object_class", "filter", "attributes", "page_size", "credential", "started",
    "ended", "requests", "http_statuses", "retries", "declared_totals", "rows_received", "distinct_ids", "duplicates",
    "gaps", "order_key", "server_date", "files", "verdict", "queries", "raw",
)  # fmt: skip
_TOTAL: Final = re.compile(rb'(?i)(?<!\\)"totalResults"\s*:\s*"?(\d{1,18})')


def sources(snapshot: Snapshot, config: Config, distinct: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """One line per roster and listing: :data:`FIELDS`.

    :param distinct: listing to how many accounts it shows.
    :raises IntegrityError: a raw body is not what was received.
    """
    settings = _settings(config)
    for line in snapshot.manifest.sources:
        told = _line(line, settings.get(line.name), snapshot, distinct)
        yield {name: told[name] for name in FIELDS}


def _settings(config: Config) -> dict[str, Any]:
    """Source to its model, as the configuration has it."""
    found = {f"rosters.{roster.name}": roster.settings for roster in config.rosters}
    for app in config.apps:
        found |= {f"apps.{app.name}.listings[{place}]": each.settings for place, each in enumerate(app.listings)}
    return found


def _line(line: Collected, settings: Any, snapshot: Snapshot, distinct: Mapping[str, int]) -> dict[str, Any]:
    stem = snapshot.path / "raw" / line.raw
    exchanges, totals = _walked(line, stem)
    asked = [each for each in exchanges if each.method != "FILE"]
    listing = line.listing
    parsed = listing.parsed if listing else None
    whole = _distinct(line, snapshot.manifest, distinct, settings)
    cost = listing.cost.requests if listing else None
    dates = [each.headers["date"] for each in asked if each.headers.get("date")]
    return {
        "source_id": line.name,
        "type": line.source,
        "endpoint": _endpoint(line, settings, exchanges),
        "object_class": "people" if line.fills == "people" else "accounts and the rights they hold",
        "filter": _filter(settings, asked),
        "attributes": _attributes(listing.attributes) if listing else None,
        "page_size": getattr(settings, "page_size", None) or _asked(asked, "count") or _single(asked),
        "credential": _credential(settings),
        "started": line.started,
        "ended": line.ended,
        "requests": cost if asked else "none: a file was read",
        "http_statuses": dict(sorted(Counter(str(each.status) for each in asked).items())) or cells.NOT_APPLICABLE,
        "retries": _retries(cost, len(asked)) if asked else cells.NOT_APPLICABLE,
        "declared_totals": totals or _declared(line),
        "rows_received": listing.received if listing else None,
        "distinct_ids": whole,
        "duplicates": parsed - whole if parsed is not None and whole is not None else None,
        "gaps": _gaps(line, snapshot.manifest),
        "order_key": _asked(asked, "sortby") or ("the server's own order" if asked else "the order of the file"),
        "server_date": {"first": dates[0], "last": dates[-1]} if dates else None if asked else cells.NOT_APPLICABLE,
        "files": _files(exchanges),
        "verdict": _verdict(line),
        "queries": _queries(asked) or cells.NOT_APPLICABLE,
        "raw": _raw(line, snapshot),
    }


def _retries(sent: int | None, answered: int) -> int | None:
    """What was sent beyond the answers on record; an interrupted pull has more answers than it sent requests."""
    return sent - answered if sent is not None and sent >= answered else None


def _walked(line: Collected, stem: Path) -> tuple[list[Exchange], list[dict[str, Any]]]:
    """Every exchange, and the totals that the server declared, runs of pages with one total together."""
    exchanges: list[Exchange] = []
    totals: list[dict[str, Any]] = []
    for entry, body in bodies(stem):
        exchanges.append(entry)
        found = _TOTAL.search(body) if line.source == "scim" and entry.method != "FILE" else None
        if found is None or not _walks(entry):
            continue
        path, total = urlsplit(entry.url).path, int(found[1])
        if totals and (totals[-1]["of"], totals[-1]["total"]) == (path, total):
            totals[-1]["pages"] += 1
            totals[-1]["last_body"] = entry.number
        else:
            totals.append(
                {"of": path, "total": total, "pages": 1, "first_body": entry.number, "last_body": entry.number}
            )
    return exchanges, totals


def _walks(entry: Exchange) -> bool:
    """Whether a request asks for a page of everything, and not for one account by a filter."""
    names = {name.lower() for name, _ in parse_qsl(urlsplit(entry.url).query, keep_blank_values=True)}
    return bool(names & {"startindex", "count", "cursor", "startid"}) and "filter" not in names


def _endpoint(line: Collected, settings: Any, exchanges: Sequence[Exchange]) -> Any:
    for name in ("base_url", "url"):
        address = getattr(settings, name, None)
        if address:
            base = getattr(settings, "base", None)
            return f"{_bare(address)} {base}" if base else _bare(address)
    if exchanges:
        first = exchanges[0]
        return [each.url for each in exchanges] if first.method == "FILE" else _bare(first.url)
    return None if line.listing else f"nothing was received: {line.error}"


def _bare(url: str) -> str:
    """An address without what may be a secret: a password, a query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else url


def _attributes(supplied: Mapping[str, int]) -> list[str]:
    """The attributes that rows carry, without the columns that are worked out of them."""
    ours = {"app", "account_kind", "listings", "raw_file", "raw_body", "raw_row"}
    return sorted(name for name in supplied if name not in ours and not name.endswith(("_key", "_keys")))


def _filter(settings: Any, asked: Sequence[Exchange]) -> str | None:
    """What restricts the rows, word for word."""
    for name in ("query", "filter", "only"):
        told = getattr(settings, name, None)
        if told:
            return str(told)
    if vendor := getattr(settings, "vendor", ""):
        return f"that of the vendor {vendor}, see queries"
    if asked:
        return "none: every row was asked for (probes of single rows are among the queries)"
    hidden = getattr(settings, "hides", "")
    whole = "none, says who exported it" if getattr(settings, "shows_all", False) else None
    return f"of the exporter: it hides {hidden}" if hidden else whole


def _asked(asked: Sequence[Exchange], wanted: str) -> list[str] | None:
    """The values of one parameter of the requests that walk the list."""
    found: dict[str, None] = {}
    for entry in asked:
        if _walks(entry):
            found |= {value: None for name, value in parse_qsl(urlsplit(entry.url).query) if name.lower() == wanted}
    return list(found) or None


def _single(asked: Sequence[Exchange]) -> str | None:
    return None if asked else "one file"


def _credential(settings: Any) -> Mapping[str, Any]:
    """Whose credential it was and what it may do; no word of the secret."""
    if oauth2 := getattr(settings, "oauth2", None):
        return {"kind": "OAuth 2 client", "principal": oauth2.client_id, "scopes": oauth2.scope}
    if basic := getattr(settings, "basic", None):
        return {"kind": "user name and password", "principal": basic.user, "scopes": None}
    if bind := getattr(settings, "bind", None):
        return {"kind": "directory bind", "principal": bind, "scopes": None}
    if hasattr(settings, "tenant"):
        who = settings.client_id or settings.managed_identity
        return {"kind": "Entra application", "principal": who, "scopes": None}
    if hasattr(settings, "query"):
        return {"kind": "database user", "principal": urlsplit(settings.url).username, "scopes": None}
    if getattr(settings, "token", None):
        return {"kind": "bearer token", "principal": None, "scopes": None}
    if hasattr(settings, "exported_by"):
        return {"kind": "a person exported it", "principal": settings.exported_by, "scopes": None}
    return {"kind": None, "principal": None, "scopes": None}


def _declared(line: Collected) -> Any:
    told = line.listing.facts.get("declared total") if line.listing else None
    return [{"of": "the whole file", "total": int(told)}] if told and told.isdigit() else None


def _distinct(line: Collected, manifest: Manifest, distinct: Mapping[str, int], settings: Any) -> int | None:
    if line.listing is None or getattr(settings, "rows", "accounts") == "grants":
        return None
    if line.fills == "accounts":
        return distinct.get(line.name, 0)
    # Rosters are stored together; of one among several it is not kept how many people it alone tells of.
    return manifest.people if sum(each.fills == "people" for each in manifest.sources) == 1 else None


def _gaps(line: Collected, manifest: Manifest) -> list[str] | str:
    """Rows that are proven to be missing: another listing shows them, or a witness found them."""
    apps = [each for each in manifest.apps if each.app == line.app]
    found = [
        f"{count(gap.accounts, 'account is', 'accounts are')} in {gap.seen_in} and not here"
        for app in apps
        for gap in app.gaps
        if gap.missing_in == line.name
    ]
    if line.listing is not None:
        found += [f"{each.name}: {each.detail}" for each in line.listing.witnesses if each.outcome == "failed"]
        proven = line.listing.walk.state == "complete"
        hidden = (
            "" if line.listing.scope.state == "all" else f"; whom it does not show: scope {line.listing.scope.state}"
        )
        return found or (f"none: the walk is proven complete{hidden}" if proven else cells.NA)
    return found or cells.NA


def _files(exchanges: Sequence[Exchange]) -> Any:
    found = [each for each in exchanges if each.method == "FILE"]
    told = [{"name": each.url, "bytes": each.size, "sha256": each.sha256, "modified": None} for each in found]
    return told or cells.NOT_APPLICABLE


def _verdict(line: Collected) -> dict[str, Any]:
    listing = line.listing
    if listing is None:
        return {"walk": "failed", "reason": line.error}
    return {
        "walk": listing.walk.state,
        "walk_reason": listing.walk.reason,
        "scope": listing.scope.state,
        "scope_reason": listing.scope.reason,
        "entitlements": listing.entitlements.state if line.fills == "accounts" else cells.NOT_APPLICABLE,
        "entitlements_reason": listing.entitlements.reason if line.fills == "accounts" else cells.NOT_APPLICABLE,
        "witnesses": [asdict(each) for each in listing.witnesses],
        "notes": listing.notes or "none",
        "taken_over_from": line.reused_from or "no: it was collected for this snapshot",
    }


def _queries(asked: Sequence[Exchange]) -> list[dict[str, Any]]:
    """What was asked: requests of one form together, with the first of them as it was sent."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in asked:
        parts = urlsplit(entry.url)
        names = sorted({name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
        # The last part of a path without parameters may be an id: requests for single rows are one form.
        path = parts.path if names else parts.path.rpartition("/")[0]
        form = found.setdefault(
            (entry.method, path, *names), {"method": entry.method, "first": entry.url, "requests": 0}
        )
        form["requests"] += 1
    return list(found.values())


def _raw(line: Collected, snapshot: Snapshot) -> dict[str, Any]:
    """Where in the bundle the bodies are, with the hash of each of the two files."""
    names = [f"raw/{line.raw}.bodies", f"raw/{line.raw}.jsonl"]
    return {f"snapshot/{name}": snapshot.manifest.files.get(name) for name in names}
