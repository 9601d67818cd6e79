#!/usr/bin/env python3
"""Check a bundle of evidence with Python's own library alone: python3 verify.py BUNDLE

It says which file changed, is missing, or was added, and ends with 0 only if there is none, else with 5. It reads, and
runs nothing of the bundle. Who signed the statement is told by ssh-keygen -Y verify, and when it was there by
openssl ts -verify: see README.txt.
"""

import hashlib
import json
import re
import stat
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

TOKEN, SUMS = "statement.json.tsr", "SEAL.sha256"
SUMMED = ("MANIFEST.sha256", "statement.json", "statement.json.sig", TOKEN)
SEAL = {*SUMMED, SUMS}
TOMBSTONES = ("tombstone-raw", "tombstone-bundle")
MOST = 64 << 20  # bytes of a file that is read as a whole
NAME = re.compile(r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-[0-9a-f]{8}")  # how a bundle is called; a copy as anybody likes


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def read(path: Path) -> bytes:
    """A plain file of a size that can be: no link, which may lead anywhere, and no pipe, which may never end."""
    told = path.lstat()
    if not stat.S_ISREG(told.st_mode) or told.st_size > MOST:
        raise OSError(0, "no plain file, or too large", str(path))
    return path.read_bytes()


def spoken_of(statement: bytes) -> tuple[str, str, bool]:
    """The manifest's SHA-256, the bundle's name, whether there is a timestamp; nothing where it is no statement."""
    try:
        told = json.loads(statement)  # and its bytes again: a key that is there twice would be read in two ways
        packed = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        said = told["predicate"] if packed == statement else {}
        return str(told["subject"][0]["digest"]["sha256"]), str(said["bundle"]), bool(said.get("timestamp"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", "", False


def folded(path: str) -> str:
    """A path as a file system has it that knows no case, and takes a letter composed or apart for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def seal(folder: Path) -> Iterator[str]:
    """What of a seal is not what its sums say."""
    if not (folder / SUMS).exists():
        yield f"{SUMS} is missing"
        return
    told = read(folder / SUMS).decode("utf-8", "replace").split("\n")
    parts = {name: read(folder / name) for name in SUMMED if (folder / name).exists()}
    there = {name: f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in parts.items()}
    due = {line[66:]: line for line in told if line}
    for name in sorted({*due, *there}):
        if name not in SUMMED:
            yield f"{SUMS} has a line that cannot be: {due[name][:200]}"
        elif name not in there or name not in due:
            yield f"{name} was added" if name in there else f"{name} is missing"
        elif due[name] != there[name]:
            yield f"{name} is not the one that {SUMS} speaks of"
    if due == there and told != [*there.values(), ""]:
        yield f"{SUMS} is not as it is written"


def timestamp(bundle: Path, statement: bytes, stamped: bool) -> Iterator[str]:
    """What is wrong with the timestamp; whether its authority is to be trusted is not asked here."""
    if (bundle / TOKEN).exists() != stamped:
        yield f"{TOKEN} is missing" if stamped else f"{TOKEN} was added"
    elif stamped and hashlib.sha256(statement).digest() not in read(bundle / TOKEN):
        yield f"{TOKEN} is for another statement"


def removed(bundle: Path) -> dict[str, str]:
    """What tombstones say was removed, path to hash; whether their rules allowed it is told by scimaudit verify."""
    gone = {}
    for folder in (bundle / name for name in TOMBSTONES if (bundle / name).is_dir()):
        told = json.loads(read(folder / "statement.json"))
        gone.update({each["name"]: each["digest"]["sha256"] for each in told["subject"]})
        if told["predicate"]["bundle"]["sha256"] != sha256(bundle / "statement.json"):
            raise ValueError
    return gone


def problems(bundle: Path) -> Iterator[str]:
    """What is wrong with a bundle: one sentence each."""
    try:
        statement, manifest = read(bundle / "statement.json"), read(bundle / "MANIFEST.sha256")
        digest, name, stamped = spoken_of(statement)
        yield from dict.fromkeys([*seal(bundle), *timestamp(bundle, statement, stamped)])
        for folder in (bundle / name for name in TOMBSTONES if (bundle / name).is_dir()):
            yield from (f"{folder.name}: {problem}" for problem in seal(folder))
    except OSError as error:
        yield f"{error.filename} cannot be read"
        return
    if digest != hashlib.sha256(manifest).hexdigest():
        yield "MANIFEST.sha256 is not the one that the statement speaks of"
    if NAME.fullmatch(bundle.resolve().name) and bundle.resolve().name != name:
        yield f"{bundle.resolve().name} holds the bundle {name}"
    *lines, end = manifest.decode("utf-8", "surrogateescape").split("\n")
    if end:
        yield "MANIFEST.sha256 does not end with its last line"
    due: dict[str, str] = {}
    for line in lines:
        told = re.fullmatch(r"([0-9a-f]{64})  (\S.{,4095})", line)
        if not told or told[2] in due or told[2] in SEAL or {"", ".", ".."} & set(told[2].split("/")):
            yield f"MANIFEST.sha256 has a line that cannot be: {line[:200]!r}"
        else:
            due[told[2]] = told[1]
    if list(due) != sorted(due):
        yield "MANIFEST.sha256 is not in order"
    found = {path.relative_to(bundle).as_posix(): path for path in bundle.rglob("*")}
    names: dict[str, str] = {}
    for short in sorted({*due, *found}):
        if names.setdefault(folded(short), short) != short:
            yield f"{names[folded(short)]} and {short} are one name on some file systems"
    try:
        gone = removed(bundle)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        yield "a tombstone cannot be read, or is of another bundle"
        return
    raw, whole = ((bundle / name).is_dir() for name in TOMBSTONES)
    bodies = {path for path in due if path.startswith("snapshot/") and path.endswith(".bodies")}
    if gone != {path: due[path] for path in due if whole or (raw and path in bodies)}:
        yield "a tombstone names other files than its rule removes, or other hashes than the manifest"
    stones = {f"{folder}/{name}" for folder in TOMBSTONES for name in ("statement.json", "statement.json.sig", SUMS)}
    for name in TOMBSTONES if "statement.json.sig" in found else ():
        if name in found and f"{name}/statement.json.sig" not in found:
            yield f"{name} is not signed, and the bundle is"
    there = set()
    for short, path in found.items():
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield f"{short} is neither a file nor a folder"
        elif path.is_dir() and not any(path.iterdir()) and not any(each.startswith(f"{short}/") for each in gone):
            yield f"{short}/ was added"
        elif path.is_file() and short not in SEAL and short not in stones:
            there.add(short)
    for short in sorted(due.keys() | there):
        if short not in there and short not in gone:
            yield f"{short} is missing"
        elif short in gone and short in there:
            yield f"{short} is still there, though a tombstone says that it was removed"
        elif short not in due:
            yield f"{short} was added"
        elif short in there and sha256(bundle / short) != due[short]:
            yield f"{short} changed"


def main() -> int:
    """Say what is wrong with the bundle that the command line names."""
    bundle, many = Path(sys.argv[1] if len(sys.argv) > 1 else "."), 0
    try:
        found = list(problems(bundle))
        many = 0 if found else len(removed(bundle))
    except OSError as error:
        found = [f"{error.filename} cannot be read"]
    for problem in found:
        print(problem.encode("ascii", "backslashreplace").decode())
    gone = f", but {many} that tombstones say were removed; ask scimaudit verify by which rule" if many else ""
    print("NOT WHAT WAS SEALED" if found else f"every file is what was sealed{gone}")
    return 5 if found else 0


if __name__ == "__main__":
    sys.exit(main())
