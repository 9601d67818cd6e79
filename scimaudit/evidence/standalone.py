#!/usr/bin/env python3
"""Check a bundle of evidence with Python's own library alone: python3 verify.py BUNDLE

It says which file changed, is missing, or was added, and ends with 0 only if there is none, else with 5. It reads, and
runs nothing of the bundle. Who signed the statement is told by ssh-keygen -Y verify, see README.txt.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SEAL = {"MANIFEST.sha256", "statement.json", "statement.json.sig"}
TOMBSTONES = ("tombstone-raw", "tombstone-bundle")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def spoken_of(statement: bytes) -> str:
    """The SHA-256 that a statement gives; empty where it is no statement, or says something twice."""
    try:
        told = json.loads(statement)  # and its bytes again: a key that is there twice would be read in two ways
        packed = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return str(told["subject"][0]["digest"]["sha256"]) if packed == statement else ""
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def removed(bundle: Path) -> dict[str, str]:
    """What tombstones say was removed, path to hash; whether their rules allowed it is told by scimaudit verify."""
    told = [
        json.loads((bundle / name / "statement.json").read_bytes()) for name in TOMBSTONES if (bundle / name).is_dir()
    ]
    return {each["name"]: each["digest"]["sha256"] for stone in told for each in stone["subject"]}


def problems(bundle: Path) -> Iterator[str]:
    """What is wrong with a bundle: one sentence each."""
    try:
        statement, manifest = (bundle / "statement.json").read_bytes(), (bundle / "MANIFEST.sha256").read_bytes()
    except OSError as error:
        yield f"{error.filename} cannot be read"
        return
    if spoken_of(statement) != hashlib.sha256(manifest).hexdigest():
        yield "MANIFEST.sha256 is not the one that the statement speaks of"
    *lines, end = manifest.decode("utf-8", "surrogateescape").split("\n")
    if end:
        yield "MANIFEST.sha256 does not end with its last line"
    due: dict[str, str] = {}
    for line in lines:
        told = re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line)
        if not told or told[2] in due or told[2] in SEAL or {"", ".", ".."} & set(told[2].split("/")):
            yield f"MANIFEST.sha256 has a line that cannot be: {line!r}"
        else:
            due[told[2]] = told[1]
    try:
        gone = removed(bundle)
    except (OSError, ValueError, LookupError, TypeError):
        yield "a tombstone cannot be read"
        return
    stones = {f"{folder}/{name}" for folder in TOMBSTONES for name in SEAL - {"MANIFEST.sha256"}}
    there = set()
    for path in bundle.rglob("*"):
        short = path.relative_to(bundle).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield f"{short} is neither a file nor a folder"
        elif path.is_file() and short not in SEAL and short not in stones:
            there.add(short)
    for short in sorted(due.keys() | there):
        if short not in there:
            if gone.get(short) != due[short]:
                yield f"{short} is missing"
        elif short in gone:
            yield f"{short} is still there, though a tombstone says that it was removed"
        elif short not in due:
            yield f"{short} was added"
        elif sha256(bundle / short) != due[short]:
            yield f"{short} changed"


def main() -> int:
    """Say what is wrong with the bundle that the command line names."""
    bundle = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(problems(bundle))
    for problem in found:
        print(problem.encode("ascii", "backslashreplace").decode())
    gone = "" if found else f", but {many} that tombstones say were removed" if (many := len(removed(bundle))) else ""
    print("NOT WHAT WAS SEALED" if found else f"every file is what was sealed{gone}")
    return 5 if found else 0


if __name__ == "__main__":
    sys.exit(main())
