"""Builds the request for one pull request: body, key, size and price."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from devtrail_tui.clients.claude import prices, prompt
from devtrail_tui.clients.claude.excerpt import excerpt
from devtrail_tui.clients.claude.tokens import expected_tokens, most_tokens
from devtrail_tui.core.components import components as components_of
from devtrail_tui.core.context import AnalysisRequest
from devtrail_tui.core.errors import NotPossible, RepositoryExcluded
from devtrail_tui.core.evidence import Criterion, PullRequest, Role
from devtrail_tui.core.exclusions import NOTHING_EXCLUDED, Exclusions
from devtrail_tui.core.price_range import PriceRange
from devtrail_tui.core.pull_request_privacy import without_excluded_paths, without_secrets
from devtrail_tui.core.quotable import quotable_texts
from devtrail_tui.core.quotes import QuotableText
from devtrail_tui.core.redaction import Redact, mask_patterns

MAX_OUTPUT_TOKENS = 10_000
"""Three matches take about 700; the rest is for the model's thinking, which counts too. Below the maximum of a call without
streaming (21,333)."""
OUTPUT_TOKENS = (600, 2_000, 7_200)
"""Few, expected and many tokens of an answer, thinking included: the mean of a job's answers lies between the first and last."""
_INPUT_SHARES = (0.8, 1.0, 1.25)
"""The same for the input, as a part of its estimate: tokenizers differ by 30 %."""
USUAL_TOKENS = (3_000, 2_500)
"""Cached and other input tokens of a pull request of usual size."""
_FRAME_TOKENS = 200
"""Tokens the service adds to our texts: roles, marks, its own instructions on the answer's format."""


def request_key(body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a body as canonical JSON: sorted keys, no white space, UTF-8. The room for the answer, which follows the
    budget, does not count."""
    if "max_tokens" in body:
        body = {**body, "max_tokens": MAX_OUTPUT_TOKENS}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Judging:
    """What all requests of a job share besides the criteria. `language` is that of the explanations, as a person names it
    (empty: Claude's choice, English); `effort` is asked for, whether the model has such a choice or not."""

    model: str
    user_context: str = ""
    language: str = ""
    effort: str = "low"
    own_prices: prices.OwnPrices = field(default_factory=dict)

    def shared_body(self, criteria: Sequence[Criterion]) -> dict[str, Any]:
        """The part of the body that is the same for all pull requests."""
        schema = prompt.answer_schema([criterion.id for criterion in criteria])
        return {
            "model": self.model,
            "max_tokens": MAX_OUTPUT_TOKENS,
            "system": prompt.system_blocks(criteria, self.user_context, self.language),
            "output_config": {"effort": self.effort, "format": {"type": "json_schema", "schema": schema}},
        }

    def key(self, criteria: Sequence[Criterion]) -> str:
        """SHA-256 (hex) of everything that all requests share: model, instructions, rubric, answer format, context."""
        return request_key(self.shared_body([each for each in criteria if each.pr_detectable]))


def build_request(
    judging: Judging,
    pull_request: PullRequest,
    components: Sequence[str],
    criteria: Sequence[Criterion],
    *,
    login: str,
    roles: Sequence[Role],
    redact: Redact = mask_patterns,
    exclusions: Exclusions = NOTHING_EXCLUDED,
) -> AnalysisRequest:
    """The request for one pull request. Criteria that are not pr_detectable, and excluded content, are omitted. Secrets are
    masked first, as they were before storing, so key, price and quotes refer to the stored texts.

    Raises NotPossible if no criterion remains, RepositoryExcluded.
    """
    if exclusions.repository(pull_request.repository):
        raise RepositoryExcluded(pull_request.repository)
    judged = [criterion for criterion in criteria if criterion.pr_detectable]
    if not judged:
        raise NotPossible("No criterion is pr_detectable; import some (criteria import).")
    masked = without_secrets(pull_request, redact)
    open_part, files, comments = without_excluded_paths(masked, exclusions)
    if files:
        components = components_of(open_part.files)
    excerpt_shown = excerpt(open_part, components, login=login, roles=roles, excluded=(files, comments))
    messages = [{"role": "user", "content": prompt.question(excerpt_shown)}]
    body = {**judging.shared_body(judged), "messages": messages}
    return _priced(body, judged, quotable_texts(masked, exclusions, login=login), judging.own_prices)


def _priced(
    body: dict[str, Any], judged: Sequence[Criterion], source_text: tuple[QuotableText, ...], own: prices.OwnPrices
) -> AnalysisRequest:
    model = body["model"]
    system = "".join(block["text"] for block in body["system"]) + json.dumps(body["output_config"])
    user = body["messages"][0]["content"]
    cached, fresh = expected_tokens(system), expected_tokens(user) + _FRAME_TOKENS
    most_input = most_tokens(system) + most_tokens(user) + _FRAME_TOKENS
    return AnalysisRequest(
        key=request_key(body),
        body=body,
        worst_case_usd=prices.worst_case_usd(model, most_input, MAX_OUTPUT_TOKENS, own),
        price=expected_price(model, cached, fresh, own),
        input_tokens=cached + fresh,
        criterion_ids=frozenset(criterion.id for criterion in judged),
        source_text=source_text,
        most_input_tokens=most_input,
    )


def expected_price(model: str, cached: int, fresh: int, own: prices.OwnPrices = prices.NO_PRICES) -> PriceRange | None:
    """What a request with so many cached and other input tokens is likely to cost; None for a model without a price."""
    amounts = [
        prices.cost_usd(
            model,
            {prices.CACHE_READ: round(share * cached), prices.INPUT: round(share * fresh), prices.OUTPUT: output},
            own=own,
        )
        for share, output in zip(_INPUT_SHARES, OUTPUT_TOKENS, strict=True)
    ]
    low, expected, high = amounts
    return None if low is None or expected is None or high is None else PriceRange(low, expected, high).narrowed()


def bounded(
    request: AnalysisRequest,
    own: prices.OwnPrices,
    *,
    max_tokens: int | None = None,
    input_tokens: int | None = None,
) -> AnalysisRequest:
    """The request with another room for its answer, or another bound of its input; its key stays."""
    room = request.body["max_tokens"] if max_tokens is None else max_tokens
    most_input = request.most_input_tokens if input_tokens is None else input_tokens
    return replace(
        request,
        body={**request.body, "max_tokens": room},
        most_input_tokens=most_input,
        worst_case_usd=prices.worst_case_usd(request.body["model"], most_input, room, own),
    )


def without_effort(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body for a model or gateway that knows no effort."""
    output_config = {name: part for name, part in body["output_config"].items() if name != "effort"}
    return {**body, "output_config": output_config}


def preview(request: AnalysisRequest, base_url: str) -> str:
    """The request as text for review: everything that leaves the machine."""
    body = request.body
    sections = [
        f"POST {base_url.rstrip('/')}/v1/messages",
        f"model {body['model']}, at most {body['max_tokens']:,} tokens back",
    ]
    for number, block in enumerate(body["system"], start=1):
        cached = " (cache_control ephemeral: cached by Claude for five minutes)" if "cache_control" in block else ""
        sections.append(f"--- system, part {number}{cached} ---\n{block['text']}")
    sections += [f"--- {message['role']} ---\n{message['content']}" for message in body["messages"]]
    schema = json.dumps(body["output_config"], ensure_ascii=False, indent=1)
    sections.append(f"--- answer format ---\n{schema}")
    return "\n\n".join(sections)
