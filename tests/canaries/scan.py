"""Everything that was written, looked through for canaries: files as they are and what is packed in them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.canaries.forms import hits


@dataclass
class Scan:
    """What was looked through, and what was found."""

    files: int = 0
    bytes: int = 0
    found: list[str] = field(default_factory=list)

    def look(self, name: str, data: bytes, further: Iterable[str] = ()) -> None:
        """Look for every canary in every encoding, and for further secrets as they are."""
        self.files += 1
        self.bytes += len(data)
        self.found += [f"{name}: {encoding}: {around!r}" for encoding, around in hits(data)]
        self.found += [f"{name}: {secret[:40]}" for secret in further if secret.encode() in data]

    def folder(self, folder: Path, further: Iterable[str]) -> None:
        """Look through every file below a folder, their names included."""
        secrets = list(further)
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            self.look("a file's name", name.encode("utf-8", "surrogateescape"), secrets)
            if path.is_file():
                for part, data in unpacked(path):
                    self.look(f"{name} {part}".strip(), data, secrets)


def unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file, and those of what is in it: zstd frames, members of a zip, columns of Parquet."""
    yield "", path.read_bytes()
    if path.suffix == ".bodies":
        for number, body in enumerate(_bodies(path)):
            yield f"body {number}", body
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        for name in table.column_names:
            yield name, repr(table.column(name).to_pylist()).encode("utf-8", "surrogatepass")


def _bodies(path: Path) -> Iterator[bytes]:
    data, codec = path.read_bytes(), pa.Codec("zstd")
    for line in path.with_suffix(".jsonl").read_bytes().splitlines():
        told = json.loads(line)
        frame = data[told["offset"] : told["offset"] + told["length"]]
        yield codec.decompress(frame, decompressed_size=told["size"], asbytes=True) if told["size"] else b""
