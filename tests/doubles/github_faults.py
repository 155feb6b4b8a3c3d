"""What GitHub does on a bad day."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
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

    @classmethod
    def hidden_results(cls, error: dict[str, Any], keep: int = 0) -> Fault:
        """A search whose results, but for the first `keep` of each role, are null, with one error beside the data."""

        def change(document: dict[str, Any]) -> None:
            for connection in document["data"].values():
                if isinstance(connection, dict) and "nodes" in connection:
                    connection["nodes"] = [
                        node if index < keep else None for index, node in enumerate(connection["nodes"])
                    ]
            document["errors"] = [error]

        return cls.changed("hidden results", change)

    @classmethod
    def unreadable(cls, numbers: Collection[int], error: dict[str, Any]) -> Fault:
        """The pull requests with these numbers are null, each with the error; its path is below the node."""

        def change(document: dict[str, Any]) -> None:
            for index, node in enumerate(document["data"].get("nodes") or ()):
                if node and node["number"] in numbers:
                    document["data"]["nodes"][index] = None
                    path = ["nodes", index, *error.get("path", ())]
                    document.setdefault("errors", []).append({**error, "path": path})

        return cls.changed("unreadable", change)

    @classmethod
    def hidden_field(cls, *path: str | int, kind: str = "FORBIDDEN") -> Fault:
        """In every pull request the field at the path is null because the token may not see it; the rest is whole."""

        def change(document: dict[str, Any]) -> None:
            for index, node in enumerate(document["data"].get("nodes") or ()):
                parent = node
                for step in path[:-1]:
                    parent = _below(parent, step)
                if parent is not None and _below(parent, path[-1]) is not None:
                    parent[path[-1]] = None
                    error = {"type": kind, "path": ["nodes", index, *path], "message": _INACCESSIBLE}
                    document.setdefault("errors", []).append(error)

        return cls.changed("hidden field", change)

    @classmethod
    def without_files(cls) -> Fault:
        """The files of every pull request could not be computed: null, and 0 of them."""

        def change(document: dict[str, Any]) -> None:
            for node in document["data"].get("nodes") or ():
                node |= {"files": None, "changedFiles": 0, "additions": 0, "deletions": 0}

        return cls.changed("without files", change)

    @classmethod
    def changed(cls, name: str, change: Callable[[dict[str, Any]], None]) -> Fault:
        """The real answer's JSON, changed in place."""

        def edited(answer: HttpResponse) -> HttpResponse:
            document = json.loads(answer.body)
            if isinstance(document.get("data"), dict):
                change(document)
            return replace(answer, body=json_answer(200, document).body)

        return cls(name, change=edited)


_INACCESSIBLE = "Resource not accessible by personal access token"


def _below(parent: Any, step: str | int) -> Any:
    if isinstance(parent, dict):
        return parent.get(step)
    return parent[step] if isinstance(parent, list) and isinstance(step, int) and step < len(parent) else None


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
