"""One company for all; each test spoils a copy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.crash.company import Company, found
from tests.crash.stages import Stage, stage
from tests.crash.warm import Warm, arguments
from tests.year.conftest import Server, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving("crash") as made:
        yield made


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    with Warm() as made:
        yield made


@pytest.fixture(scope="session")
def company(server: Server, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """After one whole run: what must outlive whatever comes."""
    folder = tmp_path_factory.mktemp("crash") / "company"
    found(folder, server)
    done = warm.run(*arguments("run", folder), learn=True)
    assert done.code == 1, done.complained
    return Company(folder)


@dataclass(frozen=True)
class Undisturbed:
    """What a second run tells when nothing happens to it, how it ends, and how long it takes."""

    told: dict[str, str]
    code: int
    seconds: float


@pytest.fixture(scope="session")
def undisturbed(company: Company, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    again = company.copy(tmp_path_factory.mktemp("crash") / "again")
    begun = time.monotonic()
    done = warm.run(*arguments("run", again.folder))
    took = time.monotonic() - begun
    assert done.code == 1, done.complained
    return Undisturbed(again.told(), done.code, took)


Staged = Callable[[str], Stage]


@pytest.fixture(scope="session")
def staged(company: Company, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """Gives the company just before a command; made once."""
    made: dict[str, Stage] = {}

    def give(command: str) -> Stage:
        if command not in made:
            made[command] = stage(command, company, warm, tmp_path_factory.mktemp("stage"))
        return made[command]

    return give
