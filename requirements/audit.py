"""Ask an advisory service about every pin, and fail where it could not be asked.

``python -m requirements.audit`` takes pip-audit's options for the service. It ends with 0 when the service knows
nothing against any pin, with 1 when it does, and with 2 when it told nothing about a pin. What pip leaves out on this
machine, for another system or another Python, is asked about too: somebody installs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from requirements import locks


def main(options: list[str]) -> int:
    """Audit, tell what came of it, and give the exit code."""
    pins = audited()
    known: dict[str, list[str]] = {}
    for part in rounds(pins):
        known |= ask(part, options)
    silent = sorted(set(map(name, pins)) - set(known))
    against = {pin: found for pin, found in sorted(known.items()) if found}
    for pin, found in against.items():
        print(f"{pin}: {', '.join(found)}")
    if silent:
        print(f"NOT AUDITED: the service told nothing about {len(silent)} of {len(pins)} pins: {', '.join(silent)}")
        print("Whether they have known vulnerabilities is unknown, so this is no pass.")
        return 2
    print(f"{len(against)} of {len(pins)} pins have known vulnerabilities")
    return int(bool(against))


def audited() -> list[locks.Pin]:
    """The pins that are asked about: all of the newest versions, and the lowest that the product may run on."""
    product = {pin.name for pin in locks.read("extras")}
    lowest = [pin for pin in locks.read("lowest") if pin.name in product]
    return list({name(pin): pin for pin in [*locks.read("dev"), *lowest]}.values())


def rounds(pins: Iterable[locks.Pin]) -> Iterator[list[locks.Pin]]:
    """Pins in parts that name no package twice: pip-audit takes one version of each at a time."""
    waiting = list(pins)
    while waiting:
        part = {pin.name: pin for pin in reversed(waiting)}
        yield list(part.values())
        waiting = [pin for pin in waiting if part[pin.name] is not pin]


def name(pin: locks.Pin) -> str:
    """A pin in one word: ``h11==0.16.0``."""
    return f"{pin.name}=={pin.version}"


def ask(pins: Iterable[locks.Pin], options: list[str]) -> dict[str, list[str]]:
    """The advisories against each pin that the service told something about; a pin that is missing was not audited."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text("".join(f"{name(pin)} --hash=sha256:{pin.hashes[0]}\n" for pin in pins), "utf-8")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--strict", "--require-hashes", "--disable-pip"),
                *("--format", "json", "--progress-spinner", "off", "--requirement", str(path), *options),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    told = json.loads(done.stdout)["dependencies"] if done.stdout.strip() else []
    found = {
        f"{each['name']}=={each['version']}": [advisory["id"] for advisory in each["vulns"]]
        for each in told
        if "vulns" in each
    }
    if done.returncode and not any(found.values()):
        print(
            f"pip-audit: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'failed'}", file=sys.stderr
        )
        return {}
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
