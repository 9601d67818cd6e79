"""What clients in common use make of the same servers: the harness must be known to bite.

Two clients list accounts the way most code does: from 1, advance by the rows received, stop at ``totalResults`` or at
an empty page. One is the loop as it is usually written; the other is scim2-client with its strict models. A scenario
bites where a client ends without an error and does not hold exactly the accounts there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from scim2_client import SCIMClientException
from scim2_client.client import BaseSyncSCIMClient
from scim2_models import EnterpriseUser, Error, ResourceType, SCIMException, ScimProvider, User

from tests.faults.play import TOKEN, Stage, staged
from tests.faults.scenario import Scenario
from tests.faults.scenarios import ALL

PATIENCE = 40
"""Requests after which a loop that does not end is stopped; it then holds whatever it holds."""

PROVIDER = ScimProvider(
    models=[User, EnterpriseUser], resource_types=[ResourceType.from_resource(User[EnterpriseUser])]
)

LISTING = ("paging", "cursor", "envelope", "rows", "witnesses", "scope")
"""Families in which the list itself is at fault, not the network or the groups."""


def textbook(stage: Stage) -> list[Any]:
    """The ids a plain loop holds at its end, repeats included."""
    held: list[Any] = []
    start = 1
    with httpx.Client(trust_env=False, timeout=1, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        for _ in range(PATIENCE):
            reply = client.get(stage.server.url + "/Users", params={"startIndex": start, "count": 100})
            reply.raise_for_status()
            page = reply.json()
            rows = page.get("Resources") or []
            held += [row["id"] for row in rows]
            start += len(rows)
            if not rows or start > page["totalResults"]:
                break
    return held


class Engine(BaseSyncSCIMClient):
    """scim2-client over httpx; its own engines ask for other transports."""

    def __init__(self, client: httpx.Client, **settings: Any) -> None:
        super().__init__(**settings)
        self.client = client

    def _stays_under_base_url(self, endpoint: str) -> bool:
        return True

    def _parse_json(self, response: Any) -> Any:
        return response.json()

    def request(self, method: str, url: str, **settings: Any) -> httpx.Response:
        return self.client.request(method, url, **settings)


def strict(stage: Stage) -> list[Any]:
    """The ids that the same loop over scim2-client holds at its end."""
    held: list[Any] = []
    start = 1
    with httpx.Client(
        base_url=stage.server.url, trust_env=False, timeout=1, headers={"Authorization": f"Bearer {TOKEN}"}
    ) as client:
        scim = Engine(client, provider=PROVIDER)
        for _ in range(PATIENCE):
            page = scim.query(User[EnterpriseUser], query_parameters={"startIndex": start, "count": 100})
            assert not isinstance(page, Error)
            rows = page.resources or []
            held += [row.id for row in rows]
            start += len(rows)
            if not rows or start > page.total_results:
                break
    return held


LOUD = (
    httpx.HTTPError,
    SCIMClientException,
    SCIMException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
)
"""How a client says that something is wrong; a crash is at least not silent."""


def silently_wrong(scenario: Scenario, client: Callable[[Stage], list[Any]]) -> bool:
    """Whether the client ends without a word and does not hold exactly the accounts there are."""
    with staged(scenario) as stage:
        try:
            held = client(stage)
        except LOUD:
            return False
        truth = stage.world.ids | {one["id"] for one in stage.world.beyond}
        return sorted(map(str, held)) != sorted(truth)


def measured(client: Callable[[Stage], list[Any]]) -> Iterator[tuple[Scenario, bool]]:
    for scenario in ALL:
        if scenario.family in LISTING:
            yield scenario, silently_wrong(scenario, client)


@pytest.mark.parametrize(("client", "floor"), [(textbook, 0.33), (strict, 0.33)])
def test_common_clients_end_silently_wrong(client, floor, capsys):
    outcome = list(measured(client))
    wrong = [scenario.name for scenario, bad in outcome if bad]
    share = len(wrong) / len(outcome)
    paging = [bad for scenario, bad in outcome if scenario.family == "paging"]
    with capsys.disabled():
        print(  # noqa: T201 - the figure is for people
            f"\n{client.__name__}: silently short or wrong in {len(wrong)} of {len(outcome)} listing scenarios"
            f" ({share:.0%}); {sum(paging)} of {len(paging)} paging scenarios: {' '.join(wrong)}"
        )
    assert share >= floor


@pytest.mark.parametrize("client", [textbook, strict])
@pytest.mark.parametrize("name", ["one-page", "pages", "exact-multiple", "no-discovery", "default-page"])
def test_common_clients_are_right_where_servers_are(name, client):
    (scenario,) = [scenario for scenario in ALL if scenario.name == name]
    assert not silently_wrong(scenario, client)
