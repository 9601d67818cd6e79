"""Runs many command lines in one process, each as ``scimaudit`` runs it: lines of JSON come in, exit codes go out.

``{"argv": […], "broken": "module:name"}``: where ``broken`` names a function of the product, calling it fails as a bug
would that puts all it holds into its message.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from scimaudit.cli import main


@contextmanager
def broken(place: str) -> Iterator[None]:
    module, _, name = place.partition(":")
    owner: Any = import_module(module)
    *way, last = name.split(".")
    for part in way:
        owner = getattr(owner, part)
    whole = getattr(owner, last)

    def fails(*held: object, **named: object) -> None:
        secrets = {name: value for name, value in os.environ.items() if name.startswith("CANARY")}
        raise RuntimeError(f"{secrets} {held} {named} \x1b[2J") from ValueError(f"the first of two: {secrets}")

    setattr(owner, last, fails)
    try:
        yield
    finally:
        setattr(owner, last, whole)


def ran(argv: list[str]) -> int:
    sys.argv = ["scimaudit", *argv]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def drive(codes: Path) -> None:
    for line in sys.stdin:
        told = json.loads(line)
        if "broken" in told:
            with broken(told["broken"]):
                code = ran(told["argv"])
        else:
            code = ran(told["argv"])
        sys.stdout.flush()
        with codes.open("a") as file:
            file.write(f"{code}\n")


if __name__ == "__main__":
    drive(Path(sys.argv[1]))
