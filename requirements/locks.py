"""Locks, read strictly: a line that is no pinned and hashed requirement is refused, whatever pip would make of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

FOLDER: Final = Path(__file__).parent
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One requirement of a lock."""

    name: str
    version: Version
    marker: Marker | None
    hashes: tuple[str, ...]

    def applies(self, environment: Mapping[str, str]) -> bool:
        """Whether pip takes this line in an environment."""
        return self.marker is None or self.marker.evaluate(dict(environment))


def read(name: str) -> tuple[Pin, ...]:
    """The pins of ``requirements/NAME.lock``."""
    return parse((FOLDER / f"{name}.lock").read_text("utf-8"))


def parse(text: str) -> tuple[Pin, ...]:
    """The pins of a lock's text.

    :raises ValueError: a line is an option, an address, or not pinned by ``==`` and SHA-256.
    """
    lines = text.replace("\\\n", " ").splitlines()
    return tuple(_pin(line) for line in lines if line.strip())


def _pin(line: str) -> Pin:
    asked, *hashes = re.split(r"\s+(?=--)", line.strip())
    matched = [_HASH.fullmatch(each) for each in hashes]
    try:
        requirement = Requirement(asked)
    except InvalidRequirement as error:
        raise ValueError(f"a lock holds requirements alone, not {asked!r}") from error
    exact = [each.version for each in requirement.specifier if each.operator == "==" and "*" not in each.version]
    if requirement.url or len(exact) != 1 or len(requirement.specifier) != 1:
        raise ValueError(f"{asked!r} is not pinned to one version")
    if not matched or None in matched:
        raise ValueError(f"{asked!r} is not hashed by SHA-256 alone")
    found = tuple(each.group(1) for each in matched if each is not None)
    return Pin(canonicalize_name(requirement.name), Version(exact[0]), requirement.marker, found)


def unmet(requirements: Iterable[Requirement], pins: Iterable[Pin], environment: Mapping[str, str]) -> list[str]:
    """The requirements that a lock does not meet in an environment: it has no pin of that name, several, or another."""
    held: dict[str, list[Version]] = {}
    for pin in pins:
        if pin.applies(environment):
            held.setdefault(pin.name, []).append(pin.version)
    found = []
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""}):
            versions = held.get(canonicalize_name(requirement.name), [])
            if len(versions) != 1 or not requirement.specifier.contains(versions[0], prereleases=True):
                found.append(str(requirement))
    return found
