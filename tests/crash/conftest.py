"""One company for all; each test spoils a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.company import Company, found
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
    assert done.code in (1, 4), done.complained
    return Company(folder)


@pytest.fixture(scope="session")
def undisturbed(company: Company, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a second run tells when nothing happens to it."""
    again = company.copy(tmp_path_factory.mktemp("crash") / "again")
    done = warm.run(*arguments("run", again.folder))
    assert done.code in (1, 4), done.complained
    return again.told()


Ask = Callable[..., Path]
