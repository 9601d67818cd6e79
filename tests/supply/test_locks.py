"""The locks hold what pyproject.toml asks for, pinned and hashed, and nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from requirements import locks
from requirements.locks import Pin

_TOLD = tomllib.loads((locks.FOLDER.parent / "pyproject.toml").read_text("utf-8"))
RUN = [Requirement(each) for each in _TOLD["project"]["dependencies"]]
EXTRAS = [Requirement(each) for some in _TOLD["project"]["optional-dependencies"].values() for each in some]
DEV = [Requirement(each) for each in _TOLD["dependency-groups"]["dev"] + _TOLD["build-system"]["requires"]]
OUTSIDE = [each for each in EXTRAS if each.name != "scimaudit"]
ASKED = {
    "run": RUN,
    "extras": RUN + OUTSIDE,
    "dev": RUN + OUTSIDE + DEV,
    "lowest": RUN + OUTSIDE + DEV,
}
PLACES = [
    {**default_environment(), "python_version": python, "python_full_version": f"{python}.4", **system}
    for python in ("3.11", "3.12", "3.13", "3.14")
    for system in (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    )
]


@pytest.mark.parametrize("name", ASKED)
def test_a_lock_holds_everything_that_is_asked_for_on_every_system(name: str) -> None:
    for place in PLACES:
        assert locks.unmet(ASKED[name], locks.read(name), place) == [], "run: make lock"


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(
    "asked", ["left-pad>=1", "httpx>=99", "httpx<0.1", "httpx==0.28.*,!=0.28.1", "left-pad; sys_platform == 'win32'"]
)
def test_what_the_lock_has_not_is_named(name: str, asked: str) -> None:
    found = [
        each for place in PLACES for each in locks.unmet([*ASKED[name], Requirement(asked)], locks.read(name), place)
    ]
    assert set(found) == {str(Requirement(asked))}


def test_two_pins_of_one_name_are_none() -> None:
    [httpx] = [pin for pin in locks.read("run") if pin.name == "httpx"]
    assert locks.unmet([Requirement("httpx")], [httpx, httpx], PLACES[0]) == ["httpx"]


HASH = "a" * 64


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "--extra-index-url https://packages.example/simple",
        "--find-links https://packages.example",
        "--trusted-host packages.example",
        "--requirement other.lock",
        "-e .",
        "httpx==0.28.1",
        "httpx==0.28.1 --hash=md5:" + "a" * 32,
        f"httpx==0.28.1 --hash=sha256:{HASH} --hash=sha256:short",
        f"httpx==0.28.1 --hash=sha256:{HASH} --no-binary :all:",
        f"httpx>=0.28.1 --hash=sha256:{HASH}",
        f"httpx==0.28.* --hash=sha256:{HASH}",
        f"httpx==0.28.1,<1 --hash=sha256:{HASH}",
        f"httpx --hash=sha256:{HASH}",
        f"httpx @ https://packages.example/httpx.whl --hash=sha256:{HASH}",
    ],
)
def test_a_line_that_is_no_pinned_and_hashed_requirement_is_refused(line: str) -> None:
    good = f"h11==0.16.0 ; sys_platform == 'linux' \\\n    --hash=sha256:{HASH} \\\n    --hash=sha256:{'b' * 64}\n"
    [pin] = locks.parse(good)
    assert (pin.name, pin.version, len(pin.hashes)) == ("h11", Version("0.16.0"), 2)
    with pytest.raises(ValueError, match=r"lock holds|pinned|hashed"):
        locks.parse(good + line)


@pytest.mark.parametrize(("part", "whole"), [("run", "extras"), ("extras", "dev")])
def test_users_and_tests_have_the_same_files(part: str, whole: str) -> None:
    """What is locked for users is what the suite runs on, by the hash."""
    held = {(pin.name, pin.version): set(pin.hashes) for pin in locks.read(whole)}
    for pin in locks.read(part):
        assert set(pin.hashes) == held[pin.name, pin.version]


def reached(asked: Iterable[Requirement], pins: Iterable[Pin]) -> Iterator[Requirement]:
    """The requirements, and those of what they bring, as the packages installed here tell them.

    The versions that are installed are those of the lock; where they are not, what they ask for says nothing about it.
    """
    here = {pin.name: pin for pin in pins if pin.applies(default_environment())}
    waiting, seen = list(asked), set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if (str(requirement), name) in seen or not _holds(requirement, ""):
            continue
        seen.add((str(requirement), name))
        yield requirement
        if name in here:
            assert Version(metadata.version(name)) == here[name].version, (
                f"{name} is not installed as locked: make test"
            )
            told = [Requirement(each) for each in metadata.requires(name) or ()]
            waiting += [
                _plain(each) for each in told if any(_holds(each, extra) for extra in {"", *requirement.extras})
            ]


def _holds(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**default_environment(), "extra": extra})


def _plain(requirement: Requirement) -> Requirement:
    found = Requirement(str(requirement))
    found.marker = None
    return found


@pytest.mark.parametrize("name", ["run", "extras", "dev"])
def test_a_lock_holds_what_its_packages_bring_and_nothing_more(name: str) -> None:
    pins = locks.read(name)
    all_of_it = list(reached(ASKED[name], pins))
    assert locks.unmet(all_of_it, pins, default_environment()) == [], "run: make lock"
    held = {pin.name for pin in pins if pin.applies(default_environment())}
    assert held - {canonicalize_name(each.name) for each in all_of_it} == set()


@pytest.mark.parametrize("requirement", [each for each in RUN + OUTSIDE + DEV if each.marker is None], ids=str)
def test_the_lowest_lock_is_as_low_as_pyproject_allows(requirement: Requirement) -> None:
    """Else ``make test-lowest`` would test other versions than those that are promised."""
    floors = [Version(each.version) for each in requirement.specifier if each.operator == ">="]
    [pin] = [pin for pin in locks.read("lowest") if pin.name == canonicalize_name(requirement.name)]
    assert floors in ([], [pin.version]), "raise the floor to a version that exists, or run: make lock"
