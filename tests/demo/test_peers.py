"""A third party's strict models read what the demonstration's apps say, and refuse what the RFCs do not allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from scim2_models import (
    Context,
    EnterpriseUser,
    Error,
    Group,
    ListResponse,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    User,
)

from scimaudit.demo import Running

STRICT = {"scim_ctx": Context.RESOURCE_QUERY_RESPONSE}
APPS = ("chat", "crm", "erp", "wiki", "code")


@pytest.fixture(params=APPS)
def http(request: pytest.FixtureRequest, running: Running) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {running.token}"}
    with httpx.Client(base_url=running.base_urls[request.param], headers=headers, trust_env=False) as client:
        yield client


def bodies(http: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    """Every page of a list, by cursor where the app pages so, else by index."""
    body: dict[str, Any] = http.get(path).json()
    seen = 0
    while body["Resources"]:
        yield body
        seen += len(body["Resources"])
        if "nextCursor" in body:
            body = http.get(path, params={"cursor": body["nextCursor"]}).json()
        elif "startIndex" in body:
            body = http.get(path, params={"startIndex": seen + 1}).json()
        else:
            return


def test_every_page_of_users_is_understood(http: httpx.Client) -> None:
    found = 0
    for body in bodies(http, "/Users"):
        page = ListResponse[User[EnterpriseUser]].model_validate(body, **STRICT)
        assert page.resources
        for user, raw in zip(page.resources, body["Resources"], strict=True):
            assert user.user_name == raw["userName"]
            assert user.active is raw["active"]
            assert user.meta
            assert user.meta.created
        found += len(page.resources)
    assert found == body["totalResults"]


def test_every_page_of_groups_is_understood(http: httpx.Client) -> None:
    for body in bodies(http, "/Groups"):
        page = ListResponse[Group].model_validate(body, **STRICT)
        assert page.resources
        assert all(group.members for group in page.resources)


def test_discovery_is_understood(http: httpx.Client) -> None:
    config = ServiceProviderConfig.model_validate(http.get("/ServiceProviderConfig").json(), **STRICT)
    schemas = ListResponse[Schema].model_validate(http.get("/Schemas").json(), **STRICT)
    kinds = ListResponse[ResourceType].model_validate(http.get("/ResourceTypes").json(), **STRICT)
    assert config.filter
    assert config.filter.supported
    assert {schema.name for schema in schemas.resources or ()} == {"User", "Group", "Enterprise User"}
    assert {kind.endpoint for kind in kinds.resources or ()} == {"/Users", "/Groups"}
    for kind, body in (("Schemas", schemas), ("ResourceTypes", kinds)):
        for resource in body.resources or ():
            assert http.get(f"/{kind}/{resource.id}").json()["id"] == resource.id


def test_errors_are_understood(http: httpx.Client) -> None:
    error = Error.model_validate(http.get("/Users", params={"filter": "nonsense"}).json(), **STRICT)
    assert (error.status, error.scim_type) == (400, "invalidFilter")


def test_the_models_do_refuse(http: httpx.Client) -> None:
    body = http.get("/Users").json()
    body["Resources"][0]["active"] = "perhaps"
    with pytest.raises(ValidationError):
        ListResponse[User[EnterpriseUser]].model_validate(body, **STRICT)
