"""The statement of a bundle: in-toto Statement v1 (github.com/in-toto/attestation, spec/v1/statement.md)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from scimaudit.errors import IntegrityError
from scimaudit.evidence import MANIFEST, STATEMENT, read
from scimaudit.result import Audit

TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "urn:scimaudit:evidence:1"
_NAMES: Final = ("parent", "tombstone", "pseudonymised")
"""What of a predicate, where it is there, names a bundle and the digest of a statement, or nothing."""
_DIGEST: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Statement:
    """What a statement says.

    :param digest: SHA-256 of the statement's own bytes; what its child names it by.
    :param manifest: SHA-256 of the manifest.
    :param predicate: what was audited, and what came of it.
    """

    digest: str
    manifest: str
    predicate: Mapping[str, Any]

    @property
    def bundle(self) -> str:
        """The bundle's name when it was sealed."""
        return str(self.predicate["bundle"])

    @property
    def stamped(self) -> bool:
        """Whether a timestamp authority's token belongs to it."""
        return bool(self.predicate.get("timestamp"))

    @property
    def parent(self) -> tuple[str, str] | None:
        """Name of the bundle before and the digest of its statement; ``None`` for the first of a chain."""
        told = self.predicate["parent"]
        return (str(told["bundle"]), str(told["sha256"])) if told else None

    @property
    def pseudonymised(self) -> str:
        """The bundle that this is a pseudonymised export of; empty where it is a bundle itself."""
        told = self.predicate.get("pseudonymised")
        return str(told["bundle"]) if isinstance(told, Mapping) else ""


def dump(manifest: str, predicate: Mapping[str, Any]) -> bytes:
    """The bytes of a statement: keys sorted, no spaces.

    :param manifest: SHA-256 of the manifest.
    """
    told = {
        "_type": TYPE,
        "subject": [{"name": MANIFEST, "digest": {"sha256": manifest}}],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def load(bundle: Path) -> Statement:
    """Read a bundle's statement.

    :raises IntegrityError: there is none, or it is not one of ours.
    """
    path = bundle / STATEMENT
    try:
        data = read(bundle, STATEMENT)
        told = orjson.loads(data)
        [subject] = told["subject"]
        kinds = (told["_type"], told["predicateType"], subject["name"])
        predicate, digest = told["predicate"], str(subject["digest"]["sha256"])
        found = Statement(hashlib.sha256(data).hexdigest(), digest, predicate)
        names = found.bundle and "parent" in predicate and all(_names(predicate.get(name)) for name in _NAMES)
    except FileNotFoundError as error:
        raise IntegrityError(f"{bundle} is not a sealed bundle", hint=f"it has no {STATEMENT}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{path} cannot be read as a statement") from error
    # A key that is there twice is read by one reader as its first value and by another as its last.
    as_written = orjson.dumps(told, option=orjson.OPT_SORT_KEYS) == data
    if kinds != (TYPE, PREDICATE, MANIFEST) or not names or not as_written:
        raise IntegrityError(f"{path} is no statement over scimaudit's evidence")
    return found


def _names(told: Any) -> bool:
    """Whether it names a bundle and the digest of a statement, or is nothing."""
    if not isinstance(told, Mapping):
        return told is None
    bundle, digest = told.get("bundle"), told.get("sha256")
    return isinstance(bundle, str) and bundle != "" and isinstance(digest, str) and bool(_DIGEST.fullmatch(digest))


def of(audit: Audit) -> dict[str, Any]:
    """What a statement says of an audit: what was judged, what came of it, and what the listing of each app proves."""
    meta = audit.meta
    return {
        "organisation": meta.organisation,
        "audit": meta.audit_id,
        "snapshot": meta.snapshot_id,
        "as_of": meta.as_of,
        "collected": {"from": meta.collected_from, "to": meta.collected_to},
        "exit_code": meta.exit_code,
        "exit_reasons": list(meta.exit_reasons),
        "apps": [
            {
                "app": each.app,
                "verdict": each.verdict,
                "walk": each.walk,
                "scope": each.scope,
                "accounts": each.accounts,
            }
            for each in audit.apps
        ],
        "people": meta.people,
        "findings": len(audit.findings),
    }
