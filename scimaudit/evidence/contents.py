"""What goes into a bundle: each part is written from what the store holds, and nothing is made up."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import orjson
import pyarrow as pa

from scimaudit import __version__, archive, config, renderers, tables
from scimaudit.archive import Stored
from scimaudit.config import Config
from scimaudit.errors import ConfigError
from scimaudit.evidence import (
    CAMPAIGNS,
    CONFIG,
    EARLIER,
    FORMER,
    PACK,
    RECORD,
    REPORTS,
    SNAPSHOT,
    TABLES,
    installed,
    pack,
)
from scimaudit.evidence import standalone as verifier
from scimaudit.evidence.parts import Parts
from scimaudit.renderers.encode import json as encode
from scimaudit.result import Audit
from scimaudit.snapshot.store import DRAFT, Snapshot

_README: Final = """\
Evidence of the access audit {audit}, sealed by scimaudit {version}.

Check it without scimaudit:     python3 verify.py .
or file by file:                sha256sum --check --quiet --strict SEAL.sha256 MANIFEST.sha256
                                  (names what changed or is gone, but not what was added)
Who signed it:                 ssh-keygen -Y verify -f SIGNERS -I WHO -n scimaudit-evidence \\
                                   -s statement.json.sig < statement.json
When it was there, at the latest: openssl ts -verify -in statement.json.tsr -data statement.json -CAfile ROOTS
                                  (both only where there is such a file)
Make the findings anew:        scimaudit replay .

snapshot/   what was collected: raw bodies as received (zstd -dc NAME.bodies), the tables made of them, the proofs
record/     findings, the ledger of what could not be judged, owners of accounts, the trail: JSON Lines
config/     the configuration and the policy that judged; secrets are named there, never told
campaigns/  access reviews and every decision
earlier/    the tables of the snapshots before, as far as this audit looked back
former/     the trail of the audit before, which this one goes on from
pack/       what an auditor asks for, a file a question: scope, sources, tie-out, population, decisions, controls
reports/    the same as pages and sheets, for people: views, not the record
tombstone-raw/, tombstone-bundle/   where there is one: what was removed since, when, and by which rule

Take a copy of verify.py from a place that whoever sent you this cannot write to. Sums alone prove nothing against
somebody who may write to this folder and makes them anew: check the signature, or compare what `sha256sum
statement.json` says with the digest that was written down elsewhere when it was sealed.
"""


def write(parts: Parts, folder: Path) -> None:
    """Write every part into ``folder``, which is empty.

    :raises OSError: a file cannot be written.
    :raises IntegrityError: a part of the store cannot be read, or is not what it was.
    """
    parts.snapshot.verify()
    _tree(parts.snapshot.path, folder / SNAPSHOT)
    _configuration(parts.config, folder / CONFIG)
    if (parts.config.store / CAMPAIGNS).is_dir():
        _tree(parts.config.store / CAMPAIGNS, folder / CAMPAIGNS, _copy)
    for snapshot in parts.known:
        snapshot.verify()
        _tree(snapshot.path / "tables", folder / EARLIER / snapshot.id / "tables")
        _link(snapshot.path / "manifest.json", folder / EARLIER / snapshot.id / "manifest.json")
    if parts.former is not None:
        for name in archive.FILES:
            _link(parts.former.path / name, folder / FORMER / parts.former.path.name / name)
    write_made(parts, folder)


def write_made(parts: Parts, folder: Path) -> None:
    """Write what is made of the other parts: hashes of the tables, the record, reports, the pack, what made it.

    :raises OSError: a file cannot be written.
    :raises IntegrityError: a part of the store cannot be read, or is not what it was.
    """
    (folder / TABLES).write_bytes(orjson.dumps(dict(digests(parts.snapshot)), option=_JSON))
    _record(parts.stored, folder / RECORD)
    _reports(parts, folder / REPORTS)
    pack.write(parts, folder / PACK)
    _tool(parts, folder)


def digests(snapshot: Snapshot) -> Iterator[tuple[str, dict[str, object]]]:
    """For each table of a snapshot its rows and the SHA-256 over them as canonical JSON Lines, by name."""
    named = {"people": snapshot.people, "overlaps": snapshot.overlaps}
    for name, read in named.items():
        yield name, digest(read())
    for line in snapshot.manifest.apps:
        yield f"accounts/{line.app}", digest(snapshot.accounts(line.app))
        yield f"grants/{line.app}", digest(snapshot.grants(line.app))


def digest(table: pa.Table) -> dict[str, object]:
    """A table's number of rows, and the SHA-256 over them as canonical JSON Lines, in their order."""
    found = hashlib.sha256()
    for chunk in encode.lines(table):
        found.update(chunk)
    return {"rows": table.num_rows, "sha256": found.hexdigest()}


_PASSWORD: Final = re.compile(rb"://[^/@\s\"']*:[^/@\s\"']+@")
"""An address with a user and a password in it (RFC 3986 section 3.2.1)."""
_JSON: Final = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def record(audit: Audit, links: pa.Table, trail: pa.Table) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The files of the record with their bytes: what was found, what could not be judged, who owns what, the trail."""
    written = {
        "findings": tables.conform(audit.findings, tables.FINDINGS),
        "ledger": tables.conform(audit.checks, tables.CHECKS),
        "links": links,
        "trail": trail,
    }
    for name, table in written.items():
        yield f"{name}.jsonl", encode.lines(table)


def _record(stored: Stored, folder: Path) -> None:
    folder.mkdir()
    for name, lines in record(stored.audit, stored.links(), tables.conform(stored.trail(), tables.TRAIL)):
        with (folder / name).open("xb") as file:
            file.writelines(lines)
    _link(stored.path / "audit.json", folder / "audit.json")


def _configuration(judged: Config, folder: Path) -> None:
    folder.mkdir()
    told = judged.path.read_bytes()
    if _PASSWORD.search(told):
        raise ConfigError(
            f"an address in {judged.path.name} holds a password, which strangers would read in the bundle",
            hint="name a proxy without user and password, or set evidence.seal = false",
        )
    (folder / "scimaudit.toml").write_bytes(told)
    for path in judged.policy_files:
        (folder / "policy").mkdir(exist_ok=True)
        (folder / "policy" / path.name).write_bytes(path.read_bytes())


def configuration(folder: Path) -> Config:
    """The configuration of a bundle, with its policy and its reviews."""
    found = config.load(folder / CONFIG / "scimaudit.toml")
    places = {"store": Path(os.pardir), "policy": Path("policy")}
    return found.model_copy(update={"audit": found.audit.model_copy(update=places)})


def _reports(parts: Parts, folder: Path) -> None:
    have = {path.name: path for path in parts.reports}
    for path in have.values():
        _copy(path, folder / path.name)
    for name in renderers.usual():
        kind = renderers.load(name)
        stems = getattr(kind, "FILES", {"report": {}})
        if any(f"{stem}{kind.SUFFIX}" not in have for stem in stems):
            for stem in stems:
                (folder / f"{stem}{kind.SUFFIX}").unlink(missing_ok=True)
            renderers.write(parts.stored.audit, folder, [name])


def _tool(parts: Parts, folder: Path) -> None:
    told = {
        "scimaudit": __version__,
        "python": platform.python_version(),
        "installed": installed.packages(),
    }
    (folder / "tool.json").write_bytes(orjson.dumps(told, option=_JSON))
    said = _README.format(audit=parts.stored.path.name, version=__version__)
    (folder / "README.txt").write_text(said, "utf-8", newline="\n")
    shutil.copyfile(verifier.__file__, folder / "verify.py")


def _link(source: Path, target: Path) -> None:
    """A file of the store in the bundle: one more name for it, or, on another file system, a copy.

    The store writes no file twice, it replaces files; so what a bundle links to does not change behind it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _copy(source: Path, target: Path) -> None:
    """A file that people open: whoever saves theirs in place must not change the sealed one with it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _tree(source: Path, target: Path, put: Callable[[Path, Path], None] = _link) -> None:
    """Every file of a folder but locks and drafts, which somebody may be at work on, or a kill left."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.suffix not in {".lock", DRAFT}:
            put(path, target / path.relative_to(source))
