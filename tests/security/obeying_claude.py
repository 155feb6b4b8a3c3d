"""A Claude that says whatever a test, or whoever wrote the pull request, wants it to say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from devtrail_tui.demo.answers import HttpResponse, json_answer
from devtrail_tui.demo.sent_text import sent_pull_request
from tests.doubles.faults import Fault, Scene
from tests.doubles.recorder import Recorded

Says = Callable[[Mapping[str, Any]], str]
"""The text of an answer, given the pull request as it was sent."""


def question_of(request: Recorded) -> str:
    """The user turn of a request."""
    text: str = request.json["messages"][0]["content"]
    return text


def asked_about(request: Recorded) -> dict[str, Any]:
    """The pull request inside a request to Claude."""
    pull = sent_pull_request(question_of(request))
    assert pull, "the pull request does not stand between its marks"
    return pull


def mark_of(request: Recorded) -> str:
    """The mark around the pull request."""
    found = re.search(r"<<<BEGIN PULL REQUEST (\w+)>>>", question_of(request))
    assert found is not None
    return found[1]


def obeying(says: Says, **more: Any) -> Fault:
    """Every answer is what `says` makes of the pull request; `more` replaces fields of the message."""

    def answer(scene: Scene) -> HttpResponse:
        return message(scene.request, says(asked_about(scene.request)), **more)

    return Fault("obeys", answer=answer)


def message(request: Recorded, text: str, **more: Any) -> HttpResponse:
    """Claude's message with this text."""
    usage = {"input_tokens": 900, "output_tokens": 90, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    whole = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request.json["model"],
        "content": [{"type": "text", "text": text, "citations": None}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    return json_answer(200, {**whole, **more})


def claims(*matches: Mapping[str, Any]) -> str:
    """An answer of the form that was asked for."""
    return json.dumps({"matches": list(matches)})


def claim(criterion_id: str, explanation: str, quotes: Sequence[str], confidence: Any = 90) -> dict[str, Any]:
    """One match as Claude words it."""
    return {"criterion_id": criterion_id, "confidence": confidence, "explanation": explanation, "quotes": list(quotes)}
