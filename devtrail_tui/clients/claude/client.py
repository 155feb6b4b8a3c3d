"""The analyser that asks Claude: one paid call a pull request, with visible and cancellable waiting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from devtrail_tui.clients.claude import answers, failures, prices
from devtrail_tui.clients.claude.address import DEFAULT_BASE_URL
from devtrail_tui.clients.claude.connection import open_connection
from devtrail_tui.clients.claude.request import build_request, judgement_key, preview
from devtrail_tui.core.clock import Clock
from devtrail_tui.core.context import AnalysisRequest, Verified
from devtrail_tui.core.errors import AuthenticationError, DevTrailError, PermanentError, TemporaryError, UnknownModel
from devtrail_tui.core.evidence import Analysis, Criterion, PullRequest, Role
from devtrail_tui.core.exclusions import NOTHING_EXCLUDED, Exclusions
from devtrail_tui.core.job import Level
from devtrail_tui.core.redaction import Redact, mask_patterns
from devtrail_tui.core.retry import delay_s
from devtrail_tui.core.text import safe, safe_line

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message, Usage

T = TypeVar("T")

LONGEST_WAIT_S = 300.0
"""A longer wait is not sat out here: the error goes to the job, which is given back until then."""
_MODELS_NAMED = 6


class ClaudeAnalyser:
    """Claude behind the `Analyser` protocol (core/context.py). Belongs to one event loop; `aclose` ends it.

    `narrate` gets one line for each retry; `waiting` a sentence and the moment it ends (aware UTC), then ("", None)
    when nothing waits any more. `attempts` counts tries of one call, `call_timeout_s` bounds each of them from
    connecting to the last byte; `redact` masks secrets in what is sent, `exclusions` says what is not sent at all;
    `concurrency` how many calls whoever asks may have under way.
    """

    def __init__(
        self,
        api_key: str,
        model: str,
        *,
        clock: Clock,
        narrate: Callable[[Level, str], None],
        waiting: Callable[[str, datetime | None], None],
        base_url: str | None = None,
        user_context: str = "",
        random: Random | None = None,
        concurrency: int = 4,
        attempts: int = 6,
        call_timeout_s: float = 240.0,
        redact: Redact = mask_patterns,
        exclusions: Exclusions = NOTHING_EXCLUDED,
    ) -> None:
        self._api_key = api_key
        self._model = model
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - spreads retries, no secret
        self._narrate = narrate
        self._waiting = waiting
        self._base_url = base_url or DEFAULT_BASE_URL
        self._host = urlsplit(self._base_url).hostname or self._base_url
        self._user_context = user_context
        self._concurrency = concurrency
        self._attempts = attempts
        self._call_timeout_s = call_timeout_s
        self._redact = redact
        self._exclusions = exclusions
        self._opening = asyncio.Lock()
        self._connection: AsyncAnthropic | None = None
        self._turned_away: PermanentError | None = None
        self._not_before = 0.0
        self._pauses = 0

    @property
    def model(self) -> str:
        return self._model

    @property
    def concurrency(self) -> int:
        return self._concurrency

    def judged_by(self, criteria: Sequence[Criterion]) -> str:
        return judgement_key(self._model, criteria, self._redact(self._user_context))

    async def check(self) -> None:
        from_claude = await self._call(lambda claude: claude.models.retrieve(self._model))
        lifecycle = getattr(from_claude, "lifecycle", None)
        if getattr(from_claude, "id", None) is None:
            raise failures.unreadable(self._host)
        if lifecycle == "retired":
            raise PermanentError(await self._other_models(f"The model {self._model} is retired."))
        if lifecycle == "deprecated":
            retires = getattr(from_claude, "retires_at", None)
            day = f" on {retires:%Y-%m-%d}" if isinstance(retires, datetime) else ""
            self._narrate(Level.WARNING, f"The model {self._model} is deprecated and will be retired{day}.")

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
            self._model,
            pull_request,
            components,
            criteria,
            login=login,
            roles=roles,
            user_context=self._user_context,
            redact=self._redact,
            exclusions=self._exclusions,
        )

    async def answer(self, request: AnalysisRequest) -> Analysis:
        message = await self._call(lambda claude: claude.messages.create(**request.body))
        return self._analysis(request, message)

    def preview(self, request: AnalysisRequest) -> str:
        return preview(request, self._base_url)

    def verify(self, request: AnalysisRequest, analysis: Analysis) -> Verified:
        return answers.verify(request, analysis)

    async def aclose(self) -> None:
        """Close the connections; the analyser is not used after it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _analysis(self, request: AnalysisRequest, message: Message) -> Analysis:
        # The package builds answers without checking them: a gateway's page or a half answer arrives here as well.
        content = getattr(message, "content", None)
        if not isinstance(content, list):
            raise failures.unreadable(self._host)
        texts = [getattr(block, "text", "") for block in content if getattr(block, "type", "") == "text"]
        usage = _usage_counts(getattr(message, "usage", None))
        now = self._clock.now()
        counted = prices.INPUT in usage and prices.OUTPUT in usage
        return Analysis(
            key=request.key,
            model=safe_line(str(getattr(message, "model", None) or self._model), limit=100),
            answer=self._redact(safe("".join(text for text in texts if isinstance(text, str)))),
            stop_reason=safe_line(str(getattr(message, "stop_reason", None) or "unknown"), limit=60),
            usage=usage,
            cost_usd=prices.cost_usd(self._model, usage, at=now) if counted else None,
            request_id=safe_line(str(getattr(message, "_request_id", None) or ""), limit=100),
            created_at=now,
        )

    async def _call(self, send: Callable[[AsyncAnthropic], Awaitable[T]]) -> T:
        """One call with its retries."""
        claude = await self._connected()
        attempt = 0
        while True:
            await self._cleared()
            attempt += 1
            try:
                return await self._send_once(claude, send)
            except UnknownModel as error:
                self._turned_away = UnknownModel(await self._other_models(str(error)))
                raise self._turned_away from None
            except AuthenticationError as error:
                self._turned_away = error
                raise
            except TemporaryError as error:
                asked = error.retry_after_s
                if asked is not None:
                    self._not_before = max(self._not_before, self._clock.monotonic() + asked)
                if attempt >= self._attempts or (asked is not None and asked > LONGEST_WAIT_S):
                    raise
                seconds = delay_s(attempt, self._random, retry_after_s=asked)
                self._narrate(
                    Level.WARNING, f"{error} Trying again in {seconds:.0f} s (try {attempt} of {self._attempts})."
                )
                await self._pause(str(error), seconds)

    async def _send_once(self, claude: AsyncAnthropic, send: Callable[[AsyncAnthropic], Awaitable[T]]) -> T:
        import anthropic
        import httpx2

        failure: DevTrailError
        try:
            # The package's timeouts are per read: a body that drips would outlive them.
            async with asyncio.timeout(self._call_timeout_s):
                return await send(claude)
        except TimeoutError:
            failure = TemporaryError(f"Claude at {self._host} did not answer within {self._call_timeout_s:.0f} s.")
        except anthropic.APIError as error:
            failure = failures.translate(
                error, host=self._host, model=self._model, now=self._clock.now(), clean=self._clean
            )
        except httpx2.HTTPError as error:
            failure = TemporaryError(f"The connection to {self._host} failed ({self._clean(str(error))}).")
        except (json.JSONDecodeError, UnicodeDecodeError):  # a body that says it is JSON and is not
            failure = failures.unreadable(self._host)
        # Raised out here, without the package's exception behind it: that one holds the request with its key.
        raise failure

    async def _connected(self) -> AsyncAnthropic:
        async with self._opening:
            if self._connection is None:
                self._connection = await asyncio.to_thread(
                    open_connection, self._api_key, self._base_url, self._call_timeout_s
                )
                await asyncio.to_thread(prices.price_known, self._model)  # loads the price list off the loop too
            return self._connection

    async def _cleared(self) -> None:
        """Wait out a limit that another call has met; raise what turned an earlier call away for good."""
        seconds = self._not_before - self._clock.monotonic()
        limited = "Claude asked to wait."
        if seconds > LONGEST_WAIT_S:
            raise TemporaryError(limited, retry_after_s=seconds)
        if seconds > 0:
            await self._pause(limited, seconds)
        if self._turned_away is not None:
            raise self._turned_away

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
        """The sentence, with models that do exist where Claude tells them."""
        claude = await self._connected()
        names: list[str] = []
        with suppress(DevTrailError):  # the names are a kindness; the sentence stands without them
            page = await self._send_once(claude, lambda claude: claude.models.list(limit=50))
            models = getattr(page, "data", None) or []
            active = [each for each in models if getattr(each, "lifecycle", "active") == "active"]
            names = [self._clean(str(each.id)) for each in active][:_MODELS_NAMED]
        return f"{sentence} There are: {', '.join(names)}." if names else f"{sentence} Choose another."

    def _clean(self, text: str) -> str:
        """Foreign text fit for a log line: safe, short, without the key."""
        return safe_line(self._redact(text.replace(self._api_key, "[key]") if self._api_key else text), limit=300)


def _usage_counts(usage: Usage | None) -> dict[str, int]:
    """Token counts by Claude's names, flat; what is absent or no count is left out."""
    names = (prices.INPUT, prices.OUTPUT, prices.CACHE_READ, prices.CACHE_WRITE)
    found = {name: getattr(usage, name, None) for name in names}
    found[prices.CACHE_WRITE_1H] = getattr(getattr(usage, "cache_creation", None), "ephemeral_1h_input_tokens", None)
    found["thinking_tokens"] = getattr(getattr(usage, "output_tokens_details", None), "thinking_tokens", None)
    return {name: value for name, value in found.items() if isinstance(value, int) and value >= 0}
