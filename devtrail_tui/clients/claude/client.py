"""The Claude analyser: one paid call per pull request, with visible and cancellable waits."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlsplit

from devtrail_tui.clients.claude import answers, failures, prices
from devtrail_tui.clients.claude.address import DEFAULT_BASE_URL
from devtrail_tui.clients.claude.calls import Arrival, Call, CallFailed, CallResult, ClaudeConnection, Method
from devtrail_tui.clients.claude.connection import SdkConnection
from devtrail_tui.clients.claude.models import has_effort, retirement
from devtrail_tui.clients.claude.request import Judging, bounded, build_request, preview, without_effort
from devtrail_tui.clients.claude.shared_limits import ClaudeLimits
from devtrail_tui.core.clock import Clock
from devtrail_tui.core.context import AnalysisRequest, VerifiedAnswer
from devtrail_tui.core.errors import (
    AuthenticationError,
    DevTrailError,
    LimitReached,
    OutcomeUnknown,
    PermanentError,
    TemporaryError,
    UnknownModel,
)
from devtrail_tui.core.evidence import Analysis, Criterion, PullRequest, Role
from devtrail_tui.core.exclusions import NOTHING_EXCLUDED, Exclusions
from devtrail_tui.core.job import Level
from devtrail_tui.core.redaction import Redact, mask_patterns
from devtrail_tui.core.retry import delay_s
from devtrail_tui.core.text import safe, safe_line

LONGEST_WAIT_S = 300.0
"""Longer waits are not done here: the error goes to the job, which is returned to the queue for that time."""
_MODELS_NAMED = 6
COUNT_MARGIN = 1.02
"""Claude's count is an estimate and may differ by a small amount from what is billed (Anthropic's documentation)."""
_COUNTED = ("model", "system", "messages", "output_config")


class ClaudeAnalyser:
    """Implements the `Analyser` protocol (core/context.py). Belongs to one event loop; close it with `aclose`.

    `narrate` gets one line per retry; `waiting` a sentence and the end of the wait (aware UTC), then ("", None) when no wait is
    left. `attempts` is the number of tries of one call, `call_timeout_s` limits each from connecting to the last byte; `redact`
    masks secrets in requests, `exclusions` omits content; `concurrency` is the caller's number of concurrent calls. The caller
    closes `connection`; without one the SDK runs in this process. `limits` are shared by analysers with the same key and host.
    """

    def __init__(
        self,
        api_key: str,
        judging: Judging,
        *,
        clock: Clock,
        narrate: Callable[[Level, str], None],
        waiting: Callable[[str, datetime | None], None],
        base_url: str | None = None,
        random: Random | None = None,
        concurrency: int = 4,
        attempts: int = 6,
        call_timeout_s: float = 240.0,
        redact: Redact = mask_patterns,
        exclusions: Exclusions = NOTHING_EXCLUDED,
        connection: ClaudeConnection | None = None,
        limits: ClaudeLimits | None = None,
    ) -> None:
        self._api_key, self._model = api_key, judging.model
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - jitter, no secret
        self._narrate = narrate
        self._waiting = waiting
        self._base_url = (base_url or DEFAULT_BASE_URL).rstrip("/").removesuffix("/v1")
        self._host = urlsplit(self._base_url).hostname or self._base_url
        self._concurrency = concurrency
        self._attempts = attempts
        self._call_timeout_s = call_timeout_s
        self._redact = redact
        self._judging = replace(judging, user_context=redact(judging.user_context))
        self._exclusions = exclusions
        connection_here = SdkConnection()
        self._connection: ClaudeConnection = connection or connection_here
        self._close_own = connection_here.aclose
        self._limits = limits or ClaudeLimits()
        self._refusals_before = self._limits.refusals
        self._unknown_model: UnknownModel | None = None
        self._unknown_in_a_row = self._pauses = 0
        self._prices_loaded = False

    @property
    def model(self) -> str:
        return self._model

    @property
    def concurrency(self) -> int:
        return self._concurrency

    def judged_by(self, criteria: Sequence[Criterion]) -> str:
        return self._judging.key(criteria)

    async def check(self) -> None:
        try:
            answer = await self._call(Method.RETRIEVE_MODEL, {"model_id": self._model})
        except (failures.AccountError, PermanentError) as error:
            if isinstance(error, UnknownModel) or type(error) is AuthenticationError:
                raise
            self._narrate(
                Level.INFO, f"{self._host} does not describe the model {self._model}; the first answer decides."
            )
            return
        model = answer.body if isinstance(answer.body, dict) else {}
        if not has_effort(model, self._judging.effort):
            self._limits.forgo_effort(self._model)
        if model.get("lifecycle") == "retired":
            raise PermanentError(await self._other_models(f"The model {self._model} is retired."))
        if model.get("lifecycle") == "deprecated":
            self._narrate(
                Level.WARNING, f"The model {self._model} is deprecated and will be retired{retirement(model)}."
            )

    def prepare(
        self,
        pull_request: PullRequest,
        components: Sequence[str],
        criteria: Sequence[Criterion],
        *,
        login: str,
        roles: Sequence[Role],
    ) -> AnalysisRequest:
        return build_request(
            self._judging,
            pull_request,
            components,
            criteria,
            login=login,
            roles=roles,
            redact=self._redact,
            exclusions=self._exclusions,
        )

    async def answer(
        self, request: AnalysisRequest, *, late: Callable[[Analysis | None], None] | None = None
    ) -> Analysis:
        def arrived(answer: CallResult | None) -> None:
            if late is not None:
                with suppress(PermanentError):  # an unreadable answer: its cost stays uncertain
                    late(None if answer is None else self._analysis(request, answer))

        arrival = Arrival(arrived)
        try:
            return self._analysis(request, await self._call(Method.CREATE, request.body, arrival))
        except asyncio.CancelledError:
            if not arrival.sending:
                arrived(None)
            raise

    def resized(self, request: AnalysisRequest, max_tokens: int) -> AnalysisRequest:
        return bounded(request, self._judging.own_prices, max_tokens=max_tokens)

    async def counted(self, request: AnalysisRequest) -> AnalysisRequest:
        body = {name: request.body[name] for name in _COUNTED if name in request.body}
        try:
            answer = (await self._send_once(Method.COUNT_TOKENS, body)).body
        except (TemporaryError, PermanentError):
            return request
        tokens = answer.get("input_tokens") if isinstance(answer, dict) else None
        if type(tokens) is not int or not 0 < tokens < request.most_input_tokens:
            return request
        return bounded(request, self._judging.own_prices, input_tokens=math.ceil(tokens * COUNT_MARGIN))

    def preview(self, request: AnalysisRequest) -> str:
        return preview(request, self._base_url)

    def verify(self, request: AnalysisRequest, analysis: Analysis) -> VerifiedAnswer:
        return answers.verify(request, analysis)

    async def aclose(self) -> None:
        """Close the connections; the analyser must not be used afterwards."""
        await self._close_own()

    def _analysis(self, request: AnalysisRequest, answer: CallResult) -> Analysis:
        # The answer may be a gateway's page or incomplete.
        message = answer.body if isinstance(answer.body, dict) else {}
        content = message.get("content")
        if not isinstance(content, list):
            raise failures.unreadable(self._host)
        blocks = [block for block in content if isinstance(block, dict) and block.get("type") == "text"]
        texts = [block.get("text") for block in blocks]
        usage = _usage_counts(message.get("usage"))
        now = self._clock.now()
        counted = prices.INPUT in usage and prices.OUTPUT in usage
        return Analysis(
            key=request.key,
            model=safe_line(str(message.get("model") or self._model), limit=100),
            answer=self._redact(safe("".join(text for text in texts if isinstance(text, str)))),
            stop_reason=safe_line(_stop_reason(message), limit=60),
            usage=usage,
            cost_usd=prices.cost_usd(self._model, usage, at=now, own=self._judging.own_prices) if counted else None,
            request_id=safe_line(answer.request_id, limit=100),
            created_at=now,
        )

    async def _call(self, method: Method, arguments: Mapping[str, Any], arrival: Arrival | None = None) -> CallResult:
        """One call with its retries."""
        if not self._prices_loaded:
            await asyncio.to_thread(prices.price_known, self._model)  # imports the price list off the loop
            self._prices_loaded = True
        attempt = 0
        while True:
            await self._cleared()
            attempt += 1
            try:
                answer = await self._send_once(method, arguments, arrival)
            except UnknownModel as error:
                self._unknown_model = UnknownModel(await self._other_models(str(error)))
                raise self._unknown_model from None
            except AuthenticationError as error:
                if method is Method.CREATE or type(error) is AuthenticationError:
                    self._limits.refuse(error)
                raise
            except OutcomeUnknown as error:  # the caller decides whether to pay again
                self._unknown_in_a_row += 1
                self._pause_all(str(error), delay_s(self._unknown_in_a_row, self._random))
                raise
            except TemporaryError as error:
                seconds = self._retry_s(error, attempt)
                self._narrate(
                    Level.WARNING, f"{error} Retrying in {seconds:.0f} s (try {attempt} of {self._attempts})."
                )
                await self._pause(str(error), seconds)
            else:
                self._unknown_in_a_row = 0
                return answer

    def _retry_s(self, error: TemporaryError, attempt: int) -> float:
        """The wait before the next try. Raises the error after the last one, and LimitReached for a wait that is too long."""
        retry_after_s = error.retry_after_s
        if retry_after_s is not None:
            self._pause_all(str(error) if isinstance(error, LimitReached) else "Claude asked to wait.", retry_after_s)
        if isinstance(error, LimitReached):
            raise error
        if retry_after_s is not None and retry_after_s > LONGEST_WAIT_S:
            raise LimitReached(str(error), retry_after_s=retry_after_s)
        if attempt >= self._attempts:
            raise error
        return delay_s(attempt, self._random, retry_after_s=retry_after_s)

    async def _send_once(
        self, method: Method, arguments: Mapping[str, Any], arrival: Arrival | None = None
    ) -> CallResult:
        if "output_config" in arguments and not self._limits.has_effort(self._model):
            arguments = without_effort(arguments)
        call = Call(method, arguments, self._api_key, self._base_url, self._call_timeout_s)
        billed = method is Method.CREATE
        failure: DevTrailError
        arrival = arrival or Arrival()
        arrival.sending = True
        try:
            async with asyncio.timeout(self._call_timeout_s):
                return await self._connection.call(call, arrival.arrived)
        except TimeoutError:
            sentence = f"Claude at {self._host} did not answer within {self._call_timeout_s:.0f} s."
            failure = failures.unanswered(sentence, billed=billed)
        except CallFailed as error:
            failure = failures.translate(
                error.failure,
                billed=billed,
                host=self._host,
                model=self._model,
                now=self._clock.now(),
                clean=self._clean,
            )
        arrival.sending = False
        if isinstance(failure, failures.EffortRefused) and "effort" in arguments.get("output_config", ()):
            self._limits.forgo_effort(self._model)
            return await self._send_once(method, arguments, arrival)  # the refusal is not billed
        raise failure

    def _pause_all(self, reason: str, seconds: float) -> None:
        self._limits.pause(self._clock.monotonic() + seconds, reason)

    async def _cleared(self) -> None:
        """Wait for a pause set by another call; raise an earlier call's authentication error."""
        seconds, reason = self._limits.pending(self._clock.monotonic())
        if seconds > LONGEST_WAIT_S:
            raise LimitReached(reason, retry_after_s=seconds)
        if seconds > 0:
            await self._pause(reason, seconds)
        refused = self._limits.refused_since(self._refusals_before)
        if refused is not None:
            raise type(refused)(str(refused), service=refused.service)
        if self._unknown_model is not None:
            raise self._unknown_model

    async def _pause(self, sentence: str, seconds: float) -> None:
        self._pauses += 1
        self._waiting(sentence, self._clock.now() + timedelta(seconds=seconds))
        try:
            await self._clock.sleep(seconds)
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._waiting("", None)

    async def _other_models(self, sentence: str) -> str:
        """The sentence, extended with the existing models if Claude lists them."""
        names: list[str] = []
        with suppress(DevTrailError):  # the names are optional
            page = (await self._send_once(Method.LIST_MODELS, {"limit": 50})).body
            models = page.get("data") if isinstance(page, dict) else None
            listed = [model for model in models if isinstance(model, dict)] if isinstance(models, list) else []
            active = [each for each in listed if each.get("lifecycle", "active") == "active"]
            names = [self._clean(str(each.get("id"))) for each in active][:_MODELS_NAMED]
        return f"{sentence} Available: {', '.join(names)}." if names else f"{sentence} Choose another."

    def _clean(self, text: str) -> str:
        """Foreign text for a log line: sanitised, short, without the key."""
        return safe_line(self._redact(text.replace(self._api_key, "[key]") if self._api_key else text), limit=300)


def _stop_reason(message: Mapping[str, Any]) -> str:
    """Why the answer ended; a refusal with its category: `refusal: cyber`."""
    reason, details = str(message.get("stop_reason") or "unknown"), message.get("stop_details")
    category = details.get("category") if isinstance(details, dict) else None
    return f"{reason}: {category}" if reason == "refusal" and isinstance(category, str) and category else reason


def _usage_counts(usage: object) -> dict[str, int]:
    """Token counts by Claude's names, flat; missing or invalid counts are omitted."""
    counts = usage if isinstance(usage, dict) else {}
    cached, details = counts.get("cache_creation"), counts.get("output_tokens_details")
    names = (prices.INPUT, prices.OUTPUT, prices.CACHE_READ, prices.CACHE_WRITE)
    by_name = {name: counts.get(name) for name in names}
    by_name[prices.CACHE_WRITE_1H] = cached.get("ephemeral_1h_input_tokens") if isinstance(cached, dict) else None
    by_name["thinking_tokens"] = details.get("thinking_tokens") if isinstance(details, dict) else None
    return {name: tokens for name, tokens in by_name.items() if type(tokens) is int and tokens >= 0}
