"""Validates an answer: every claim is checked against the request; invalid ones are dropped and reported."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import Any

from devtrail_tui.clients.claude.prompt import MOST_MATCHES, MOST_QUOTES
from devtrail_tui.core.context import CUT, REFUSED, AnalysisRequest, VerifiedAnswer
from devtrail_tui.core.evidence import Analysis, Match
from devtrail_tui.core.quotes import QuotableTexts, Quotation, QuotePlace
from devtrail_tui.core.text import safe, safe_line

LONGEST_EXPLANATION = 2_000
LEAST_CONFIDENCE = 40
"""The prompt asks to leave out weaker claims."""
_MOST_CLAIMS = 50
"""Maximum number of claims of one answer that are checked."""
_MOST_SENTENCES = 20
_STOPPED = {
    "refusal": (
        REFUSED,
        "Claude declined to judge this pull request{detail}; another model may judge it (--model, --rejudge).",
    ),
    "max_tokens": (CUT, "Claude's answer was cut off at the maximum length; the next sync allows a longer one."),
    "model_context_window_exceeded": (
        "too large",
        "This pull request and the criteria do not fit into the model's context window.",
    ),
}
_FENCED = re.compile(r"```[ \t]*(?:json)?[ \t]*\r?\n(.*?)```", re.IGNORECASE | re.DOTALL)


def verify(request: AnalysisRequest, analysis: Analysis) -> VerifiedAnswer:
    """The valid matches of an answer, strongest first; `dropped` reports invalid parts, `problem` why there is no answer."""
    if analysis.stop_reason not in ("end_turn", "stop_sequence"):
        return _stopped(analysis.stop_reason)
    try:
        claims = _claims(analysis.answer)
    except ValueError as error:
        return VerifiedAnswer(matches=(), problem=str(error), category="prose")
    texts = QuotableTexts(request.source_text)
    dropped: list[str] = []
    matches: dict[str, Match] = {}
    for claim in claims[:_MOST_CLAIMS]:
        try:
            match = _match(claim, request.criterion_ids, texts, dropped)
        except ValueError as error:
            dropped.append(str(error))
            continue
        matches[match.criterion_id] = _folded(matches.get(match.criterion_id), match)
    if len(claims) > _MOST_CLAIMS:
        dropped.append(f"Only the first {_MOST_CLAIMS} of {len(claims):,} claims were checked.")
    ranked = sorted(matches.values(), key=lambda match: -match.confidence)
    dropped += [
        f"{match.criterion_id} ({round(match.confidence * 100)}) dropped: only the {MOST_MATCHES} strongest are used."
        for match in ranked[MOST_MATCHES:]
    ]
    if len(dropped) > _MOST_SENTENCES:
        dropped[_MOST_SENTENCES:] = [f"{len(dropped) - _MOST_SENTENCES:,} more claims and quotes were dropped."]
    return VerifiedAnswer(matches=tuple(ranked[:MOST_MATCHES]), dropped=tuple(dropped))


def _stopped(stop_reason: str) -> VerifiedAnswer:
    """An answer that ended early; a refusal's category follows its reason after a colon."""
    reason, _, detail = stop_reason.partition(": ")
    other = ("ended", f"Claude's answer ended early ({safe_line(stop_reason, limit=60)}).")
    category, sentence = _STOPPED.get(reason, other)
    shown_detail = f" ({safe_line(detail, limit=40)})" if detail else ""
    return VerifiedAnswer((), problem=sentence.replace("{detail}", shown_detail), category=category)


def _claims(answer: str) -> list[Any]:
    """The claims in an answer. Some gateways drop the requested format: one object in a fence is accepted too."""
    fenced = _FENCED.findall(answer)
    try:
        content = json.loads(fenced[0] if len(fenced) == 1 else answer, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ValueError("Claude's answer is not JSON.") from None
    claims = content.get("matches") if isinstance(content, dict) else None
    if not isinstance(claims, list):
        raise ValueError("Claude's answer does not have the requested format.")
    return claims


def _no_number(constant: str) -> float:
    raise ValueError(constant)


def _match(claim: Any, criterion_ids: frozenset[str], texts: QuotableTexts, dropped: list[str]) -> Match:
    """One claim as a match. Raises ValueError with the reason if it is invalid; invalid quotes are added to `dropped`."""
    if not isinstance(claim, dict):
        raise ValueError("A claim was dropped: it does not have the requested format.")
    criterion_id = claim.get("criterion_id")
    if not isinstance(criterion_id, str) or criterion_id not in criterion_ids:
        shown_id = safe_line(str(criterion_id), limit=40)
        raise ValueError(f"A claim was dropped: there is no criterion “{shown_id}”.")
    confidence = _confidence(criterion_id, claim.get("confidence"))
    explanation_value = claim.get("explanation")
    explanation = (
        safe(explanation_value, limit=LONGEST_EXPLANATION).strip() if isinstance(explanation_value, str) else ""
    )
    if not explanation:
        raise ValueError(f"{criterion_id} dropped: it has no explanation.")
    quotes = _quotes(criterion_id, claim.get("quotes"), texts, dropped)
    return Match(
        criterion_id, confidence, explanation, tuple(each.text for each in quotes), tuple(each.place for each in quotes)
    )


def _confidence(criterion_id: str, value: Any) -> float:
    """A confidence of 0.0-1.0; a number in a text is read too. Raises ValueError."""
    shown_value = safe_line(str(value)[:40], limit=20)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 <= number <= 100:
        raise ValueError(f"{criterion_id} dropped: its confidence “{shown_value}” is not a number from 0 to 100.")
    if round(number) < LEAST_CONFIDENCE:
        raise ValueError(f"{criterion_id} dropped: its confidence of {round(number)} is below {LEAST_CONFIDENCE}.")
    return round(number) / 100


def _quotes(criterion_id: str, value: Any, texts: QuotableTexts, dropped: list[str]) -> tuple[Quotation, ...]:
    quotations: dict[str, Quotation] = {}
    unknown = 0
    for quote in value if isinstance(value, list) else []:
        quotation = texts.find(quote) if isinstance(quote, str) else None
        if quotation is None:
            unknown += 1
            shown_quote = safe_line(quote, limit=60) if isinstance(quote, str) else "?"
            dropped.append(
                f"{criterion_id}: a quote was dropped, the pull request does not contain “{shown_quote}” "
                "as a person's own text."
            )
        elif len(quotations) < MOST_QUOTES:
            quotations.setdefault(quotation.text, quotation)
    if not quotations:
        reason = "none of its quotes is in the pull request" if unknown else "it has no quote"
        raise ValueError(f"{criterion_id} dropped: {reason}.")
    return tuple(quotations.values())


def _folded(earlier: Match | None, match: Match) -> Match:
    """Merges two claims for one criterion: the stronger claim's text, the quotes of both."""
    if earlier is None:
        return match
    stronger, weaker = (match, earlier) if match.confidence > earlier.confidence else (earlier, match)
    both = zip((*stronger.quotes, *weaker.quotes), (*stronger.quote_places, *weaker.quote_places), strict=True)
    quotations: dict[str, QuotePlace] = {}
    for quote, place in both:
        quotations.setdefault(quote, place)
    quotes = tuple(quotations)[:MOST_QUOTES]
    return replace(stronger, quotes=quotes, quote_places=tuple(quotations[quote] for quote in quotes))
