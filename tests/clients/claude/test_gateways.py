"""Claude behind a gateway: what it may lack, refuse or word otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.clients.claude.connection import _gateway_message
from devtrail_tui.core.job import Status
from devtrail_tui.demo.world import World
from devtrail_tui.store.secrets import Secrets
from tests.doubles.faults import Fault
from tests.doubles.recorder import Recorded
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk


def small() -> World:
    """A repository of three pull requests, each of which shows resilience."""
    return small_world([Written(f"Retry with backoff, step {number}") for number in range(3)])


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(404, {"detail": "Not Found"}),
        Fault.status(403, {"message": "Forbidden"}),
        Fault.status(405, {"detail": "Method Not Allowed"}),
        Fault.status(200, {"object": "list", "data": []}),
        Fault.status(400, {"error": {"message": "Invalid route", "code": 400}}),
    ],
    ids=lambda fault: fault.name,
)
def test_a_gateway_that_does_not_describe_the_model_is_no_reason_to_stop(fault: Fault, tmp_path: Path) -> None:
    with FaultyServer(small()) as server:
        server.faults.always("models", fault)
        desk = Desk(server, tmp_path)
        try:
            job = desk.sync("acme/shop")
            assert job.status is Status.COMPLETED
            assert job.result is not None
            assert job.result["matched"] > 0
        finally:
            desk.close()


def test_a_base_url_may_end_in_v1(tmp_path: Path) -> None:
    with FaultyServer(small()) as server:
        desk = Desk(server, tmp_path, settings={"anthropic_base_url": f"{server.url}/v1/"})
        try:
            assert desk.sync("acme/shop").status is Status.COMPLETED
            assert {r.path for r in server.requests if "messages" in r.routes} == {"/v1/messages"}
            assert all("x-api-key" in r.headers for r in server.requests if "messages" in r.routes)
        finally:
            desk.close()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"message": "User is not authorized to perform bedrock:InvokeModel"}, "not authorized to perform"),
        ({"Message": "The security token is expired"}, "token is expired"),
        ({"detail": "model not allowed for this key"}, "model not allowed"),
        ({"detail": [{"loc": ["body", "model"], "msg": "field required"}]}, "field required"),
        ([{"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}], "Quota exceeded"),
        ({"error": {"type": "x", "message": "Claude's own"}}, "Claude's own"),
        ({"error": "just a text"}, "just a text"),
    ],
)
def test_the_reason_in_an_error_of_another_shape_is_shown(body: Any, reason: str, tmp_path: Path) -> None:
    assert reason in _gateway_message(body)
    with FaultyServer(small()) as server:
        server.faults.always("messages", Fault.status(422, body))
        desk = Desk(server, tmp_path)
        try:
            assert reason in desk.log(desk.sync("acme/shop"))
        finally:
            desk.close()


def test_a_token_of_a_gateway_is_read_from_its_variable() -> None:
    found = Secrets({"PATH": "", "ANTHROPIC_AUTH_TOKEN": "gateway-token"}).find("anthropic")
    assert found is not None
    assert found.reference == "secret:env:ANTHROPIC_AUTH_TOKEN"


REFUSALS = (
    "output_config.effort: Extra inputs are not permitted",
    "This model does not support the effort parameter.",
    "effort is not supported for anthropic.claude-haiku-4-5 on this profile",
)


def efforts(server: FaultyServer) -> list[str | None]:
    return [each.json["output_config"].get("effort") for each in server.requests if "messages" in each.routes]


@pytest.mark.parametrize("message", REFUSALS)
def test_where_effort_is_refused_the_request_is_sent_once_more_without_it(message: str, tmp_path: Path) -> None:
    def refuses(request: Recorded) -> bool:
        return "messages" in request.routes and "effort" in request.json["output_config"]

    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    with FaultyServer(small()) as server:
        server.faults.always("models", Fault.status(404, {"detail": "Not Found"}))
        server.faults.always(refuses, Fault.status(400, body))
        desk = Desk(server, tmp_path)
        try:
            job, again = desk.sync("acme/shop"), desk.sync("acme/shop")
            assert (job.status, again.status) == (Status.COMPLETED, Status.COMPLETED)
            assert efforts(server).count("low") == 1, "remembered for this host and model"
            assert efforts(server).count(None) >= job.result["matched"] > 0  # type: ignore[index]  # a completed job has one
            assert job.result["notAnalysed"] == 0  # type: ignore[index]  # as above
        finally:
            desk.close()


@pytest.mark.parametrize(
    ("effort", "sent"),
    [({"supported": False}, None), ({"supported": True, "low": {"supported": False}}, None), (None, "low")],
)
def test_effort_is_sent_where_the_model_has_the_choice(effort: object, sent: str | None, tmp_path: Path) -> None:
    with FaultyServer(small()) as server:
        model = {"id": "claude-sonnet-5-5", "lifecycle": "active", "capabilities": {"effort": effort}}
        server.faults.always("models", Fault.status(200, model))
        desk = Desk(server, tmp_path)
        try:
            assert desk.sync("acme/shop").status is Status.COMPLETED
            assert set(efforts(server)) == {sent}
        finally:
            desk.close()
