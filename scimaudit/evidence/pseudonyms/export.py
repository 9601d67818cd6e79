"""Writing a pseudonymised export: look through everything, write it with tokens, look whether anything is left."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
import pandas as pd
import pyarrow as pa

from scimaudit import __version__, renderers, tables
from scimaudit.archive import Stored
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import (
    EARLIER,
    MANIFEST,
    PACK,
    PARTIAL,
    RECORD,
    REPORTS,
    SIGNATURE,
    SNAPSHOT,
    STATEMENT,
    signing,
    standalone,
    statement,
    sums,
)
from scimaudit.evidence.pseudonyms import columns, leaks
from scimaudit.evidence.pseudonyms.originals import LEAST, Originals, words
from scimaudit.evidence.pseudonyms.rewriting import Known, Rewriter
from scimaudit.evidence.pseudonyms.tokens import Tokens
from scimaudit.renderers import csv as sheets
from scimaudit.renderers.encode import csv as encoded
from scimaudit.renderers.encode import json as encode
from scimaudit.result import Audit
from scimaudit.snapshot.store import Snapshot, file_digest, settle, write_bytes

FOLDER: Final = "tables"
_RECORD: Final = {
    "findings": tables.FINDINGS,
    "ledger": tables.CHECKS,
    "links": tables.LINKS,
    "trail": tables.TRAIL,
}
_README: Final = """\
A pseudonymised export of the evidence {bundle}, whose statement has the SHA-256
{digest}.

Every identifier of a person or an account is a token (p-…) of a key that is not in here: the same person has the same
token everywhere, and another key gives other tokens. A text that may hold a name is one token (t-…) as a whole. Raw
bodies, configuration, policy and campaigns are left out, and so are places in raw bodies. It stays personal data:
whoever has the key or the bundle can say who is meant.

Check it without scimaudit:     sha256sum --check --quiet --strict SEAL.sha256 MANIFEST.sha256
or with Python's library alone: python3 verify.py .

record/   findings, the ledger of what could not be judged, owners of accounts, the trail: JSON Lines
tables/   people, accounts and what they hold: JSON Lines
pack/     the sheets of the pack
reports/  the reports
"""


@dataclass(frozen=True)
class Exported:
    """What was written.

    :param searched: how many identifiers were looked for in all that was written.
    :param excused: those that were not, being names of apps or words of the program too.
    """

    folder: Path
    searched: int
    excused: tuple[str, ...]


def export(bundle: Path, target: Path, tokens: Tokens, *, key: Path | None = None) -> Exported:
    """Write a pseudonymised export of a bundle into a new folder; verify the bundle first.

    :param key: SSH key to sign it with; unsigned where it is left out.
    :raises ConfigError: the folder is there, or among the bundles, or cannot be written; the key cannot sign.
    :raises IntegrityError: the bundle lacks a part, a column is unknown, or an identifier is left; nothing is written.
    """
    if whole := statement.load(bundle).pseudonymised:
        raise IntegrityError(f"{bundle} is a pseudonymised export itself", hint=f"name the bundle {whole}")
    if target.exists():
        raise ConfigError(f"there is a {target} already", hint="name a folder that does not exist")
    inside = target.resolve().parent
    if bundle.resolve().parent == inside or bundle.resolve() in (inside, *inside.parents):
        raise ConfigError(
            f"{target} would lie among the bundles, and break their chain", hint="name a folder elsewhere"
        )
    draft = target.with_name(target.name + PARTIAL)
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        try:
            return _export(bundle, target, draft, tokens, key)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror or error}") from error


def _export(bundle: Path, target: Path, draft: Path, tokens: Tokens, key: Path | None) -> Exported:
    told = statement.load(bundle)
    parts = _Parts(bundle)
    known, searched, excused = _looked_through(parts, tokens)
    audit = parts.write(Rewriter(tokens, known), draft)
    _beside(draft, bundle=told.bundle, digest=told.digest)
    _seal(draft, _predicate(audit, told, tokens))
    if found := next(leaks.left(draft, searched), None):
        raise IntegrityError(
            f"an identifier is left in {found[0]}, so nothing is written",
            hint=f"look for {found[1]!r}: the name of an app, a source or a setting may hold it",
        )
    if key is not None:
        signing.sign(draft, key)
        settle(draft / SIGNATURE)
    sums.write(draft)
    settle(draft)
    draft.rename(target)
    return Exported(target, len(searched), tuple(sorted(excused)))


def _looked_through(parts: _Parts, tokens: Tokens) -> tuple[Known, Originals, frozenset[str]]:
    """What is known of a bundle, what to look for in the end, and what not to.

    A first export, in which nothing stays but the program's own, is written and thrown away. An identifier that is
    found in there is a word of the program, or the name of an app: a service account may be called ``admin``. A mail
    address is no such word, whatever it is found in.
    """
    first = Rewriter(tokens)
    parts.look_back(first)
    with TemporaryDirectory(prefix="scimaudit-words-") as name:
        folder = Path(name)
        parts.write(first, folder)
        _beside(folder, bundle="", digest="")
        excused = {found for _, found in leaks.left(folder, Originals(first.seen.originals)) if "@" not in found}
        own = {word for path in (folder / REPORTS).glob("*.[hj]*") for word in words(path.read_text("utf-8"))}
    seen, without = first.seen, frozenset(excused)
    originals = Originals(seen.originals, without=without)
    rights = frozenset(each for each in seen.rights if not originals.holds(each))
    own |= {word for text in (*seen.codes, *rights) for word in words(text)}
    searched = Originals(seen.originals, least=LEAST, without=without)
    return Known(originals, frozenset(own), rights), searched, without


def _beside(folder: Path, *, bundle: str, digest: str) -> None:
    (folder / "README.txt").write_text(_README.format(bundle=bundle, digest=digest), "utf-8", newline="\n")
    shutil.copyfile(standalone.__file__, folder / "verify.py")


class _Parts:
    """What is read of a bundle."""

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._snapshot = Snapshot(bundle / SNAPSHOT)
        self._record = {name: _lines(bundle / RECORD / f"{name}.jsonl", kind) for name, kind in _RECORD.items()}
        frames = (tables.frame(self._record[name]) for name in ("findings", "ledger"))
        self._audit = Stored(bundle / RECORD).audit_with(*frames)

    def look_back(self, rewriter: Rewriter) -> None:
        """Have a rewriter see the earlier snapshots: who is gone since is a person still."""
        for path in sorted((self._bundle / EARLIER).glob("*/manifest.json")):
            for name, table in _of(Snapshot(path.parent)):
                rewriter.table(name.partition("/")[0], table)

    def write(self, rewriter: Rewriter, folder: Path) -> Audit:
        """Write everything.

        :returns: the audit with tokens.
        """
        kept: dict[str, pa.Table] = {}
        for name, table in self._rewritten(rewriter):
            path = folder / name
            path.parent.mkdir(exist_ok=True, parents=True)
            with path.open("xb") as file:
                if path.suffix == ".csv":
                    sheets.write(table, file)
                else:
                    file.writelines(encode.lines(table))
            kept[name] = table
        findings = tables.conform(tables.frame(kept[f"{RECORD}/findings.jsonl"]), tables.FINDINGS)
        checks = tables.frame(kept[f"{RECORD}/ledger.jsonl"])
        audit = replace(rewriter.line(self._audit), findings=_worst_first(tables.frame(findings)), checks=checks)
        renderers.write(audit, folder / REPORTS, renderers.usual())
        return audit

    def _rewritten(self, rewriter: Rewriter) -> Iterator[tuple[str, pa.Table]]:
        for name, table in self._record.items():
            yield f"{RECORD}/{name}.jsonl", rewriter.table("checks" if name == "ledger" else name, table)
        for name, table in _of(self._snapshot):
            yield f"{FOLDER}/{name}.jsonl", rewriter.table(name.partition("/")[0], table)
        for name in columns.SHEETS:
            fields, rows = _cells(self._bundle / PACK / f"{name}.csv")
            yield f"{PACK}/{name}.csv", rewriter.sheet(name, fields, rows)


def _of(snapshot: Snapshot) -> Iterator[tuple[str, pa.Table]]:
    yield "people", snapshot.people()
    yield "overlaps", snapshot.overlaps()
    for line in snapshot.manifest.apps:
        yield f"accounts/{line.app}", snapshot.accounts(line.app)
        yield f"grants/{line.app}", snapshot.grants(line.app)


def _lines(path: Path, schema: pa.Schema) -> pa.Table:
    """A file of the record as a table again."""
    try:
        rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path} cannot be read") from error
    made: dict[str, Any] = {}
    for field in schema:
        values = [row.get(field.name) for row in rows]
        temporal = pa.types.is_temporal(field.type)
        made[field.name] = pa.array(values, pa.string()).cast(field.type) if temporal else values
    return tables.build(schema, made, rows=len(rows))


def _cells(path: Path) -> tuple[list[str], list[list[str]]]:
    """A sheet's columns and its cells, with the exact texts."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{path} cannot be read") from error
    fields, *rows = csv.reader(io.StringIO(text, newline=""))
    return fields, [[encoded.decode(cell) for cell in row] for row in rows]


def _worst_first(findings: pd.DataFrame) -> pd.DataFrame:
    rank = findings["severity"].astype("str").map({name: -place for place, name in enumerate(tables.SEVERITIES)})
    by = ["rank", "kind", "app", "account_id", "person_id", "attribute", "value", "finding_id"]
    texts = findings.assign(rank=rank, kind=findings["kind"].astype("str"), app=findings["app"].astype("str"))
    order = texts.sort_values(by).index
    return findings.loc[order].reset_index(drop=True)


def _predicate(audit: Audit, told: statement.Statement, tokens: Tokens) -> dict[str, Any]:
    return {
        "bundle": f"{told.bundle}-pseudonymised",
        "parent": None,
        "pseudonymised": {"bundle": told.bundle, "sha256": told.digest, "key": tokens.named},
        "version": __version__,
        **statement.of(audit),
    }


def _seal(folder: Path, predicate: dict[str, Any]) -> None:
    """Manifest and statement, as :mod:`scimaudit.evidence.seal` writes them."""
    lines = [f"{file_digest(folder / path)}  {path}\n" for path in leaks.names(folder)]
    write_bytes("".join(lines).encode(), folder / MANIFEST)
    write_bytes(statement.dump(file_digest(folder / MANIFEST), predicate), folder / STATEMENT)
