"""Checks of answers: what does not hold is dropped and said."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devtrail_tui.clients.claude.answers import LONGEST_EXPLANATION, verify
from devtrail_tui.clients.claude.request import Judging, build_request
from devtrail_tui.core.context import AnalysisRequest, VerifiedAnswer
from devtrail_tui.core.evidence import Analysis, Criterion, PullRequest, Role
from devtrail_tui.core.quotes import LONGEST_QUOTE, QuotableText, QuotableTexts

QUOTE = "Root cause: the client retried without a limit."


@pytest.fixture
def request_sent(make_pull_request: Callable[..., PullRequest], criteria: list[Criterion]) -> AnalysisRequest:
    return build_request(
        Judging("claude-sonnet-5-5"), make_pull_request(), ["payments"], criteria, login="mona", roles=[Role.AUTHOR]
    )


def analysis(answer: str, stop_reason: str = "end_turn") -> Analysis:
    return Analysis(
        key="k",
        model="claude-sonnet-5-5",
        answer=answer,
        stop_reason=stop_reason,
        usage={},
        cost_usd=0.01,
        request_id="req_1",
        created_at=datetime(2026, 11, 2, tzinfo=UTC),
    )


def claim(criterion_id: Any = "debugging", confidence: Any = 88, quotes: Any = (QUOTE,), **more: Any) -> dict[str, Any]:
    return {
        "criterion_id": criterion_id,
        "confidence": confidence,
        "explanation": "Found the real cause.",
        "quotes": quotes,
        **more,
    }


def checked(request: AnalysisRequest, *claims: Any) -> VerifiedAnswer:
    return verify(request, analysis(json.dumps({"matches": list(claims)})))


def test_what_holds_is_kept_strongest_first_and_scaled(request_sent: AnalysisRequest) -> None:
    found = checked(request_sent, claim("testing", 55), claim("debugging", 88), claim("resilience", 100))
    assert [(match.criterion_id, match.confidence) for match in found.matches] == [
        ("resilience", 1.0),
        ("debugging", 0.88),
        ("testing", 0.55),
    ]
    assert found.matches[0].quotes == (QUOTE,)
    assert found.matches[0].explanation == "Found the real cause."
    assert found.dropped == ()
    assert found.problem == ""


@pytest.mark.parametrize(
    ("quote", "span"),
    [
        ("Retries are now bounded, with jitter.", "Retries are now bounded,\nwith jitter."),  # the line break folded
        ("  Retries are now\n\nbounded,  with", "Retries are now bounded,\nwith"),
        *[
            (text, text)
            for text in (
                "Fix retry storm after a payment timeout",
                "That explains last week's incident.",
                "Clear description and good tests.",
                "The limit is five, see the runbook.",
                "src/services/payments/retry.py",
                "reliability",
            )
        ],
    ],
)
def test_a_quote_may_come_from_any_text_of_the_pull_request(
    request_sent: AnalysisRequest, quote: str, span: str
) -> None:
    assert checked(request_sent, claim(quotes=[quote])).matches[0].quotes == (span,)


@pytest.mark.parametrize(
    "quote",
    [
        "We measured this for six weeks in every region.",
        "root cause: the client retried without a limit.",
        "Root cause … without a limit.",
        "“Root cause: the client never retried.”",
        "without a limit. That explains",  # two texts joined
        "limit",  # too short to prove anything
        "",
        None,
        7,
        ["Root cause"],
    ],
)
def test_an_invented_quote_is_dropped_and_said(request_sent: AnalysisRequest, quote: Any) -> None:
    beside_a_good_one = checked(request_sent, claim(quotes=[quote, QUOTE]))
    assert beside_a_good_one.matches[0].quotes == (QUOTE,)
    assert "debugging: a quote was dropped" in beside_a_good_one.dropped[0]
    alone = checked(request_sent, claim(quotes=[quote]))
    assert alone.matches == ()
    assert alone.dropped[-1] == "debugging dropped: none of its quotes is in the pull request."


@pytest.mark.parametrize("quotes", [[], None, "Root cause: the client retried without a limit."])
def test_a_claim_without_quotes_is_dropped(request_sent: AnalysisRequest, quotes: Any) -> None:
    found = checked(request_sent, claim(quotes=quotes))
    assert found.matches == ()
    assert found.dropped == ("debugging dropped: it has no quote.",)


@pytest.mark.parametrize("confidence", [140, -1, 101, "many", True, None, [88], 10**400])
def test_a_confidence_outside_0_to_100_is_dropped(request_sent: AnalysisRequest, confidence: Any) -> None:
    found = checked(request_sent, claim(confidence=confidence), claim("testing", 60))
    assert [match.criterion_id for match in found.matches] == ["testing"]
    assert "is not a number from 0 to 100" in found.dropped[0]


def test_a_number_too_large_for_a_float_is_dropped(request_sent: AnalysisRequest) -> None:
    answer = json.dumps({"matches": [claim(confidence=88)]}).replace("88", "1e999")
    assert verify(request_sent, analysis(answer)).dropped == (
        "debugging dropped: its confidence “inf” is not a number from 0 to 100.",
    )


@pytest.mark.parametrize(
    ("confidence", "stored"),
    [(40, 0.4), (100, 1.0), (88.0, 0.88), (88.7, 0.89), ("88", 0.88), (" 85.5 ", 0.86), (39.6, 0.4)],
)
def test_numbers_of_any_form_in_the_range_are_kept(
    request_sent: AnalysisRequest, confidence: float, stored: float
) -> None:
    assert checked(request_sent, claim(confidence=confidence)).matches[0].confidence == stored


@pytest.mark.parametrize("confidence", [0, 5, 39, "12", 39.4])
def test_a_confidence_below_what_the_prompt_asks_for_is_dropped(request_sent: AnalysisRequest, confidence: Any) -> None:
    found = checked(request_sent, claim(confidence=confidence))
    assert found.matches == ()
    assert "is below 40" in found.dropped[0]


@pytest.mark.parametrize(
    "frame",
    ["```json\n{}\n```", "```\n{}\n```", "Here it is:\n\n```JSON\r\n{}\r\n```\nThat is all.", "\n``` json\n{}```"],
)
def test_one_object_in_a_fence_is_read(request_sent: AnalysisRequest, frame: str) -> None:
    answer = frame.replace("{}", json.dumps({"matches": [claim(confidence=70)]}))
    assert [match.confidence for match in verify(request_sent, analysis(answer)).matches] == [0.7]


def test_two_objects_in_fences_are_no_answer(request_sent: AnalysisRequest) -> None:
    one = f"```json\n{json.dumps({'matches': [claim()]})}\n```"
    assert verify(request_sent, analysis(f"{one}\n{one}")).category == "prose"


@pytest.mark.parametrize("criterion_id", ["no-such-criterion", "hiring", "Debugging", "", None, 3, ["debugging"]])
def test_an_unknown_criterion_is_dropped(request_sent: AnalysisRequest, criterion_id: Any) -> None:
    found = checked(request_sent, claim(criterion_id), claim("testing"))
    assert [match.criterion_id for match in found.matches] == ["testing"]
    assert found.dropped[0].startswith("A claim was dropped: there is no criterion")


def test_two_claims_for_one_criterion_become_one(request_sent: AnalysisRequest) -> None:
    found = checked(
        request_sent,
        claim(confidence=60, explanation="weaker"),
        claim(confidence=80, explanation="stronger", quotes=["Clear description and good tests."]),
        claim(confidence=70, explanation="between"),
    )
    (match,) = found.matches
    assert (match.confidence, match.explanation) == (0.8, "stronger")
    assert match.quotes == ("Clear description and good tests.", QUOTE)


def test_only_the_three_strongest_are_kept(request_sent: AnalysisRequest) -> None:
    names = ["debugging", "resilience", "testing", "explaining"]
    found = checked(request_sent, *(claim(name, 50 + place) for place, name in enumerate(names)))
    assert [match.criterion_id for match in found.matches] == ["explaining", "testing", "resilience"]
    assert found.dropped == ("debugging (50) dropped: only the 3 strongest are used.",)


@pytest.mark.parametrize("explanation", ["", "  ", None, 5])
def test_a_claim_without_an_explanation_is_dropped(request_sent: AnalysisRequest, explanation: Any) -> None:
    found = checked(request_sent, claim(explanation=explanation))
    assert found.matches == ()
    assert found.dropped == ("debugging dropped: it has no explanation.",)


def test_texts_are_made_safe_and_bounded(
    make_pull_request: Callable[..., PullRequest], criteria: list[Criterion]
) -> None:
    long = "word " * 400
    request = build_request(
        Judging("claude-sonnet-5-5"), make_pull_request(body=long), [], criteria, login="mona", roles=[Role.AUTHOR]
    )
    (match,) = checked(request, claim(explanation="\x1b]52;c;x\x07Good\u202e " + "x" * 5000, quotes=[long])).matches
    assert match.explanation.startswith("Good xxx")
    assert len(match.explanation) == LONGEST_EXPLANATION
    assert len(match.quotes[0]) <= LONGEST_QUOTE
    assert QuotableTexts([QuotableText(long, "description")]).find(match.quotes[0]) is not None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I looked at it. It is solid.",
        '{"matches": [',
        '{"matches": [{"confidence": NaN}]}',
        "[" * 100_000,
        "1" * 5_000,
    ],
)
def test_no_json_is_a_problem(request_sent: AnalysisRequest, answer: str) -> None:
    assert verify(request_sent, analysis(answer)) == VerifiedAnswer(
        (), problem="Claude's answer is not JSON.", category="prose"
    )


@pytest.mark.parametrize("answer", ["[]", "null", "7", "{}", '{"matches": {}}', '{"matches": null}'])
def test_json_of_another_shape_is_a_problem(request_sent: AnalysisRequest, answer: str) -> None:
    expected = "Claude's answer does not have the requested format."
    assert verify(request_sent, analysis(answer)) == VerifiedAnswer((), problem=expected, category="prose")


@pytest.mark.parametrize(
    ("stop_reason", "problem"),
    [
        ("refusal", "Claude declined to judge this pull request; another model may judge it (--model, --rejudge)."),
        (
            "refusal: cyber",
            "Claude declined to judge this pull request (cyber); another model may judge it (--model, --rejudge).",
        ),
        ("max_tokens", "Claude's answer was cut off at the maximum length; the next sync allows a longer one."),
        (
            "model_context_window_exceeded",
            "This pull request and the criteria do not fit into the model's context window.",
        ),
        ("pause_turn", "Claude's answer ended early (pause_turn)."),
        ("unknown", "Claude's answer ended early (unknown)."),
    ],
)
def test_an_answer_that_did_not_end_is_a_problem(request_sent: AnalysisRequest, stop_reason: str, problem: str) -> None:
    whole = json.dumps({"matches": [claim()]})
    verified = verify(request_sent, analysis(whole, stop_reason))
    assert (verified.matches, verified.problem) == ((), problem)
    assert verified.category


def test_no_matches_is_a_good_answer(request_sent: AnalysisRequest) -> None:
    assert checked(request_sent) == VerifiedAnswer(())


def test_a_flood_of_bad_claims_is_summed_up(request_sent: AnalysisRequest) -> None:
    found = checked(request_sent, *[claim("nope")] * 500)
    assert len(found.dropped) == 21
    assert found.dropped[-1].endswith("more claims and quotes were dropped.")


_LOOSE_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["debugging", QUOTE, 88]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
_LOOSE_CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "criterion_id": st.sampled_from(["debugging", "testing", "x"]) | _LOOSE_VALUES,
        "confidence": st.integers(-5, 150) | _LOOSE_VALUES,
        "explanation": st.text(max_size=20) | _LOOSE_VALUES,
        "quotes": st.lists(st.sampled_from([QUOTE, "invented words"]) | st.text(), max_size=6) | _LOOSE_VALUES,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.builds(lambda claims: {"matches": claims}, st.lists(_LOOSE_CLAIMS | _LOOSE_VALUES)) | _LOOSE_VALUES)
@example(answer={"matches": [{"criterion_id": "\ud800", "confidence": 5, "explanation": "e", "quotes": ["\ud800"]}]})
def test_whatever_comes_only_what_holds_goes_on(request_sent: AnalysisRequest, answer: Any) -> None:
    found = verify(request_sent, analysis(json.dumps(answer)))
    texts = QuotableTexts(request_sent.source_text)
    assert len(found.matches) <= 3
    for match in found.matches:
        assert match.criterion_id in request_sent.criterion_ids
        assert 0.0 <= match.confidence <= 1.0
        assert match.quotes
        found_again = [texts.find(quote) for quote in match.quotes]
        assert [(each.text, each.place) for each in found_again if each] == list(
            zip(match.quotes, match.quote_places, strict=True)
        )
