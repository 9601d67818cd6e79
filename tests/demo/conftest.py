"""Demo servers over a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from scimaudit.demo import server
from scimaudit.demo.sample import sample_folder

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def sample() -> Path:
    return sample_folder()


@pytest.fixture(scope="session")
def running(sample: Path) -> Iterator[server.Running]:
    """The sample company's apps."""
    with server.serve(sample) as running:
        yield running


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Callable[..., Get]]:
    """Start one app of so many users with a behaviour; gives its GET."""
    with ExitStack() as stack:

        def start(users: int, **behaviour: Any) -> Get:
            rows = [user(number) for number in range(1, users + 1)]
            group = {
                "id": "g1",
                "displayName": "All",
                "members": [{"value": row["id"], "type": "User"} for row in rows],
            }
            text = json.dumps({**behaviour, "users": rows, "groups": [group]})
            (tmp_path / "apps").mkdir()
            (tmp_path / "apps" / "one.json").write_text(text, "utf-8")
            up = stack.enter_context(server.serve(tmp_path))
            headers = {"Authorization": f"Bearer {up.token}"}
            client = stack.enter_context(httpx.Client(headers=headers, base_url=up.base_urls["one"], trust_env=False))
            return lambda path, **query: client.get(path, params=query)

        yield start


def user(number: int) -> Mapping[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": f"id-{number}",
        "externalId": f"X{number}",
        "userName": f"User{number}",
        "emails": [{"value": f"user{number}@corp.example"}],
        "active": True,
    }
