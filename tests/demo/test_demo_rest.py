"""The demo's REST answers and its logins, held against GitHub's own published description."""

from __future__ import annotations

import httpx
import jsonschema
import pytest

from tests.clients.github.published import as_json_schema, rest_description
from tests.doubles.server import FaultyServer


async def test_the_user(github: httpx.AsyncClient) -> None:
    answer = await github.get("/user")
    assert answer.json()["login"] == "robin-demo"
    assert answer.headers["x-oauth-scopes"] == "read:org, repo"
    whole = {
        "$ref": "#/components/schemas/private-user",
        "components": as_json_schema(rest_description()["components"]),
    }
    jsonschema.Draft202012Validator(whole).validate(answer.json())


async def test_the_rate_limit(github: httpx.AsyncClient) -> None:
    await github.get("/user")
    limits = (await github.get("/rate_limit")).json()
    assert limits["resources"]["core"]["used"] == 1
    assert "rate" not in limits


@pytest.mark.parametrize("path", ["/repos/acme/shop", "/nowhere", "/user/1"])
async def test_what_is_not_there(github: httpx.AsyncClient, path: str) -> None:
    answer = await github.get(path)
    assert answer.status_code == 404
    assert answer.json()["message"] == "Not Found"


async def test_the_shape_of_enterprise(github: httpx.AsyncClient) -> None:
    assert (await github.get("/api/v3/user")).json()["login"] == "robin-demo"
    answer = await github.post("/api/graphql", json={"query": "{ rateLimit { limit } }"})
    assert answer.json() == {"data": {"rateLimit": {"limit": 5000}}}


@pytest.mark.parametrize(
    ("authorization", "message"),
    [("Bearer wrong", "Bad credentials"), ("Basic abc", "Requires authentication"), ("", "Requires authentication")],
)
async def test_a_bad_login(github: httpx.AsyncClient, authorization: str, message: str) -> None:
    headers = {"Authorization": authorization}
    for answer in [
        await github.get("/user", headers=headers),
        await github.post("/graphql", json={"query": "{ rateLimit { limit } }"}, headers=headers),
    ]:
        assert answer.status_code == 401
        assert answer.json()["message"] == message
        assert "x-oauth-scopes" not in answer.headers


async def test_the_older_word_for_a_token(github: httpx.AsyncClient, server: FaultyServer) -> None:
    server.github_tokens.add("another")
    assert (await github.get("/user", headers={"Authorization": "token another"})).status_code == 200


async def test_a_client_says_who_it_is_and_which_version_it_means(github: httpx.AsyncClient) -> None:
    assert (await github.get("/user", headers={"X-GitHub-Api-Version": "1999-01-01"})).status_code == 400
    assert (await github.get("/user", headers={"User-Agent": ""})).status_code == 403


async def test_no_secret_is_recorded(github: httpx.AsyncClient, server: FaultyServer) -> None:
    await github.get("/user")
    recorded = server.requests[0]
    assert "demo-github-token" not in repr(recorded)
    assert recorded.headers["authorization"].startswith("Bearer sha256:")
    assert (recorded.method, recorded.path, recorded.status) == ("GET", "/user", 200)
