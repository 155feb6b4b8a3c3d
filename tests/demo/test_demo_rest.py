"""The demo's REST answers and its logins, held against GitHub's own published description."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema
import pytest

from devtrail_tui.demo import DemoServer

MakeValidator = Callable[[str], jsonschema.Draft202012Validator]


@pytest.fixture(scope="module")
def validator(published: Callable[[str], str]) -> MakeValidator:
    description = json.loads(published("rest.openapi.json"))

    def make(name: str) -> jsonschema.Draft202012Validator:
        schema = {"$ref": f"#/components/schemas/{name}", "components": _nullable(description["components"])}
        return jsonschema.Draft202012Validator(schema)

    return make


def _nullable(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [_nullable(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _nullable(item) for key, item in value.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if value.get("nullable") is True else inner


async def test_the_user(github: httpx.AsyncClient, validator: MakeValidator) -> None:
    answer = await github.get("/user")
    assert answer.json()["login"] == "robin-demo"
    assert answer.headers["x-oauth-scopes"] == "read:org, repo"
    validator("private-user").validate(answer.json())


async def test_a_repository(github: httpx.AsyncClient, validator: MakeValidator) -> None:
    answer = await github.get("/repos/Acme/SHOP")
    assert answer.json()["full_name"] == "acme/shop"
    assert answer.json()["private"] is True
    validator("full-repository").validate(answer.json())


async def test_the_rate_limit(github: httpx.AsyncClient, validator: MakeValidator) -> None:
    await github.get("/user")
    newest = (await github.get("/rate_limit")).json()
    older = (await github.get("/rate_limit", headers={"X-GitHub-Api-Version": "2022-11-28"})).json()
    assert newest["resources"]["core"]["used"] == 1
    assert "rate" not in newest
    validator("rate-limit-overview").validate(older)


async def test_a_renamed_repository_redirects(github: httpx.AsyncClient, server: DemoServer) -> None:
    answer = await github.get("/repos/acme/storefront")
    assert answer.status_code == 301
    assert answer.headers["location"].startswith(f"{server.url}/repositories/")
    assert (await github.get(answer.headers["location"])).json()["full_name"] == "acme/web"


@pytest.mark.parametrize("path", ["/repos/acme/secret", "/repos/nobody/nothing", "/nowhere", "/repositories/1"])
async def test_what_is_not_there(github: httpx.AsyncClient, path: str) -> None:
    answer = await github.get(path)
    assert answer.status_code == 404
    assert answer.json()["message"] == "Not Found"


async def test_the_shape_of_enterprise(github: httpx.AsyncClient, server: DemoServer) -> None:
    assert (await github.get("/api/v3/user")).json()["login"] == "robin-demo"
    answer = await github.post("/api/graphql", json={"query": "{ viewer { login } }"})
    assert answer.json() == {"data": {"viewer": {"login": "robin-demo"}}}
    redirect = await github.get("/api/v3/repos/acme/storefront")
    assert redirect.headers["location"].startswith(f"{server.url}/api/v3/repositories/")


@pytest.mark.parametrize(
    ("authorization", "message"),
    [("Bearer wrong", "Bad credentials"), ("Basic abc", "Requires authentication"), ("", "Requires authentication")],
)
async def test_a_bad_login(github: httpx.AsyncClient, authorization: str, message: str) -> None:
    headers = {"Authorization": authorization}
    for answer in [
        await github.get("/user", headers=headers),
        await github.post("/graphql", json={"query": "{ viewer { login } }"}, headers=headers),
    ]:
        assert answer.status_code == 401
        assert answer.json()["message"] == message
        assert "x-oauth-scopes" not in answer.headers


async def test_the_older_word_for_a_token(github: httpx.AsyncClient, server: DemoServer) -> None:
    server.github_tokens.add("another")
    assert (await github.get("/user", headers={"Authorization": "token another"})).status_code == 200


async def test_a_client_says_who_it_is_and_which_version_it_means(github: httpx.AsyncClient) -> None:
    assert (await github.get("/user", headers={"X-GitHub-Api-Version": "1999-01-01"})).status_code == 400
    assert (await github.get("/user", headers={"User-Agent": ""})).status_code == 403


async def test_no_secret_is_recorded(github: httpx.AsyncClient, server: DemoServer) -> None:
    await github.get("/user")
    recorded = server.requests[0]
    assert "demo-github-token" not in repr(recorded)
    assert recorded.headers["authorization"].startswith("Bearer sha256:")
    assert (recorded.method, recorded.path, recorded.status) == ("GET", "/user", 200)
