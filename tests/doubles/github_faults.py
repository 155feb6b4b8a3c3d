"""What GitHub does on a bad day."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from devtrail_tui.demo.answers import HttpResponse, github_error, json_answer, secondary_limit
from tests.doubles.faults import Fault, Scene


class GitHubFault(Fault):
    """Refusals, limits and partial data, each as GitHub words it."""

    @classmethod
    def unauthorized(cls) -> Fault:
        return cls.fixed("unauthorized", github_error(401, "Bad credentials"))

    @classmethod
    def forbidden(cls, message: str = "Resource not accessible by personal access token") -> Fault:
        """403 for want of a permission: waiting does not mend it."""
        return cls.fixed("forbidden", github_error(403, message))

    @classmethod
    def sso(cls, organization: str = "acme") -> Fault:
        """403 until the token is authorised for the organisation's single sign-on."""
        message = (
            "Resource protected by organization SAML enforcement. You must grant your Personal Access token access to "
            "this organization."
        )
        url = f"https://github.example/orgs/{organization}/sso?authorization_request=demo"
        return cls.fixed("sso", github_error(403, message, headers=(("x-github-sso", f"required; url={url}"),)))

    @classmethod
    def secondary_limit(cls, retry_after: int | None = 3, status: int = 403) -> Fault:
        """GitHub's limit on bursts: 403 or 429, with or without `retry-after` seconds."""
        return cls.fixed("secondary limit", secondary_limit(retry_after, status))

    @classmethod
    def primary_limit(cls, reset_in: int = 2, status: int = 403) -> Fault:
        """The hour's limit is spent until `reset_in` seconds from now; REST's way to say so."""

        def answer(scene: Scene) -> HttpResponse:
            return github_error(status, "API rate limit exceeded for user ID 1.", headers=_spent(scene, reset_in))

        return cls("primary limit", answer=answer)

    @classmethod
    def graphql_limit(cls, reset_in: int | None = 2, retry_after: int | None = None) -> Fault:
        """The points are spent; GraphQL's way to say so: status 200 and `errors` of type RATE_LIMITED."""
        data = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}

        def answer(scene: Scene) -> HttpResponse:
            headers = () if reset_in is None else _spent(scene, reset_in)
            if retry_after is not None:
                headers = (*headers, ("retry-after", str(retry_after)))
            return json_answer(200, data, headers)

        return cls("graphql limit", answer=answer)

    @classmethod
    def graphql_error(cls, message: str = "Something went wrong while executing your query.", kind: str = "") -> Fault:
        """Status 200 with `data: null` and one error, as when GitHub ran out of time inside."""
        error = {"message": message, **({"type": kind} if kind else {})}
        return cls.fixed("graphql error", json_answer(200, {"data": None, "errors": [error]}))

    @classmethod
    def null_nodes(cls, count: int = 1) -> Fault:
        """Partial data: the first `count` nodes of the answer are null, and errors say so."""
        return cls(f"{count} null nodes", change=lambda answer: _without_nodes(answer, count))


def _spent(scene: Scene, reset_in: int) -> tuple[tuple[str, str], ...]:
    bucket = scene.limits.graphql if "graphql" in scene.request.routes else scene.limits.core
    return (
        ("x-ratelimit-limit", str(bucket.limit)),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-used", str(bucket.limit)),
        ("x-ratelimit-reset", str(int(scene.now) + reset_in)),
        ("x-ratelimit-resource", bucket.resource),
    )


def _without_nodes(answer: HttpResponse, count: int) -> HttpResponse:
    data = json.loads(answer.body)
    errors = list(data.get("errors", []))
    for path, nodes in _node_lists(data.get("data") or {}):
        for place in range(min(count, len(nodes))):
            nodes[place] = None
            errors.append({"message": "Something went wrong while executing your query.", "path": [*path, place]})
        break
    return replace(answer, body=json_answer(200, {**data, "errors": errors}).body)


def _node_lists(data: dict[str, Any]) -> Sequence[tuple[list[str], list[Any]]]:
    found: list[tuple[list[str], list[Any]]] = []
    for name, value in data.items():
        if isinstance(value, list):
            found.append(([name], value))
        elif isinstance(value, dict) and isinstance(value.get("nodes"), list):
            found.append(([name, "nodes"], value["nodes"]))
    return found
