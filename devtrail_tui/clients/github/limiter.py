"""Keeps clients within GitHub's limits and reports their waits.

By GitHub's documentation: GraphQL points and REST requests are limited per hour (`x-ratelimit-*` headers); also, at most 2,000
GraphQL and 900 REST requests a minute, and few concurrent ones. answers.py classifies answers; this module does the waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from devtrail_tui.clients.github.failures import Limited
from devtrail_tui.core.clock import Clock
from devtrail_tui.core.errors import LimitReached, SecretRejected
from devtrail_tui.core.job import Level
from devtrail_tui.core.service import RateLimit

Narrate = Callable[[Level, str], None]
Waiting = Callable[[str, datetime | None], None]

GRAPHQL = "graphql"
CORE = "core"
MOST_A_MINUTE = {GRAPHQL: 2000, CORE: 900}
UNKNOWN_WAIT_S = 60.0
MOST_UNKNOWN_WAITS = 4
"""Waits of 60, 120, 240 and 480 s if GitHub names none; then the client gives up."""
MOST_WAITS = 10
"""Limits in a row for one request, each waited out as GitHub asks, before the client gives up."""
_MOST_DIGITS = 12
LONGEST_WAIT_S = 24 * 3600.0
_SAY_AGAIN = timedelta(minutes=10)
REJECTED = timedelta(minutes=10)
"""How long a rejected token is not sent by other jobs of this process."""
REASON = "GitHub's limit"
"""The displayed reason of the wait, before its countdown."""
_NAP_S = 60.0
_LOOK_AGAIN_S = 0.01


class GitHubLimits:
    """The known limits of one host and token, for all clients of this process that use them: plain data under a lock.

    Clients of several jobs run in several event loops, and each waits in its own. Nothing is locked during a wait, so a blocked
    loop does not block others.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last_start: float | None = None
        self.starts: dict[str, deque[float]] = {}
        self.held: dict[str, datetime] = {}
        self.rejected_at: datetime | None = None
        self.limits: dict[str, RateLimit] = {}


class Limiter:
    """Orders all requests of a client, first come, first served.

    `pause_s` is the minimum interval between the starts of two requests of all clients with these `limits`; `concurrency` the
    maximum of concurrent requests of this one. `narrate` gets a line at the start of a wait and every ten minutes; `waiting` gets
    the sentence and the end for a countdown, and `("", None)` afterwards.
    """

    def __init__(
        self,
        clock: Clock,
        narrate: Narrate,
        waiting: Waiting,
        *,
        pause_s: float,
        concurrency: int,
        limits: GitHubLimits | None = None,
    ) -> None:
        self._clock = clock
        self._narrate = narrate
        self._waiting = waiting
        self._pause_s = pause_s
        self._places = asyncio.Semaphore(concurrency)
        self._door = asyncio.Lock()
        self._shared = limits or GitHubLimits()

    @asynccontextmanager
    async def turn(self, resource: str) -> AsyncIterator[None]:
        """Wait until a request for this resource may be sent; hold a slot while it is in flight."""
        async with self._places:
            async with self._door:
                await self._sit_out(resource)
                while pause := self._begin(resource):
                    await self._clock.sleep(pause)
                    await self._sit_out(resource)
            yield

    def check_token(self) -> None:
        """Raises SecretRejected if another client's token, which is this one's, was rejected within `REJECTED`."""
        with self._shared.lock:
            rejected_at = self._shared.rejected_at
        if rejected_at is not None and self._clock.now() - rejected_at < REJECTED:
            until = (rejected_at + REJECTED).astimezone(UTC)
            raise SecretRejected(
                f"GitHub rejected this token (401) in another job. It is tried again at {until:%H:%M} UTC; set a new one to "
                "continue at once.",
                name="github",
            )

    def reject_token(self) -> None:
        """Keep the other clients of this token from sending it, because repeated failed logins lock an account."""
        with self._shared.lock:
            self._shared.rejected_at = self._clock.now()

    def learn(self, resource: str, headers: Mapping[str, str]) -> RateLimit | None:
        """Record the limit that an answer reports; None if it reports none. `reset_at` is converted to our clock with the
        answer's Date, so a wrong clock causes neither long waits nor early requests."""
        try:
            limit, remaining = (_whole_number(headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining"))
            seconds = seconds_until_reset(headers, self._clock.now())
        except (KeyError, ValueError):
            return None
        if seconds is None:
            return None
        resource = headers.get("x-ratelimit-resource", resource)
        reset_at = self._clock.now() + timedelta(seconds=seconds)
        limit_read = RateLimit(resource, limit, remaining, reset_at)
        with self._shared.lock:
            self._shared.limits[resource] = limit_read
        return limit_read

    def hold(self, resource: str, limited: Limited, times: int, host: str) -> None:
        """Block all requests until the limit is over; `times` counts the limits this request has hit, from 1. Raises
        LimitReached after the last one."""
        wait_is_known = limited.seconds is not None
        wait = limited.seconds if limited.seconds is not None else UNKNOWN_WAIT_S * 2.0 ** (times - 1)
        wait = min(max(wait, 0.0), LONGEST_WAIT_S)
        if times > (MOST_WAITS if wait_is_known else MOST_UNKNOWN_WAITS):
            raise LimitReached(
                f"{host} still limits requests after {times - 1} waits: try again later, or stop other users of this token.",
                retry_after_s=wait,
            )
        with self._shared.lock:
            for paused_resource in (GRAPHQL, CORE) if limited.everything else (resource,):
                self._hold(paused_resource, wait)

    def _hold(self, resource: str, seconds: float) -> None:
        until = self._clock.now() + timedelta(seconds=seconds)
        self._shared.held[resource] = max(until, self._shared.held.get(resource, until))

    def _until(self, resource: str) -> datetime | None:
        """When the resource is free again; None if it is free now."""
        self._count_minute(resource)
        moments = [self._shared.held[resource]] if resource in self._shared.held else []
        limit = self._shared.limits.get(resource)
        if limit is not None and limit.remaining <= 0:
            moments.append(limit.reset_at)
        until = max(moments, default=None)
        return until if until is not None and until > self._clock.now() else None

    def _count_minute(self, resource: str) -> None:
        starts = self._shared.starts.setdefault(resource, deque())
        now = self._clock.monotonic()
        while starts and now - starts[0] >= 60:
            starts.popleft()
        if len(starts) >= MOST_A_MINUTE.get(resource, MOST_A_MINUTE[CORE]):
            self._hold(resource, 60 - (now - starts[0]))

    async def _sit_out(self, resource: str) -> None:
        said_at: datetime | None = None
        try:
            while (until := self._free_at(resource)) is not None:
                now = self._clock.now()
                sentence = going_on(until, now)
                if said_at is None or now - said_at >= _SAY_AGAIN:
                    self._narrate(Level.WARNING, sentence)
                    said_at = now
                self._waiting(REASON, until)
                await self._clock.sleep(min((until - now).total_seconds(), _NAP_S))
        finally:
            if said_at is not None:
                self._waiting("", None)

    def _free_at(self, resource: str) -> datetime | None:
        with self._shared.lock:
            return self._until(resource)

    def _begin(self, resource: str) -> float:
        """Start a request: 0. Otherwise the seconds to wait before the next check: another was sent, or hit a limit."""
        with self._shared.lock:
            now = self._clock.monotonic()
            pause = 0.0 if self._shared.last_start is None else self._shared.last_start + self._pause_s - now
            if pause <= 0 and self._until(resource) is None:
                self._shared.last_start = now
                self._shared.starts[resource].append(now)
                return 0.0
            return pause if pause > 0 else _LOOK_AGAIN_S


def going_on(until: datetime, now: datetime) -> str:
    """The sentence of a wait: a countdown up to an hour, beyond that the end time (UTC)."""
    seconds = (until - now).total_seconds()
    if seconds > 3600:
        return f"GitHub's limit: continuing at {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if seconds >= 120:
        return f"{REASON}: continuing in {round(seconds / 60)} min"
    return f"{REASON}: continuing in {max(1, round(seconds))} s"


def seconds_until_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from the answer's Date (ours if it has none) to its `x-ratelimit-reset`; None if that is not a number."""
    try:
        reset = _whole_number(headers["x-ratelimit-reset"])
    except (KeyError, ValueError):
        return None
    return min(max(reset - (date_of(headers) or now).timestamp(), 0.0), LONGEST_WAIT_S)


def _whole_number(header: str) -> int:
    """The number in a header. Raises ValueError if it is none, or has more digits than any number that GitHub sends."""
    if len(header) > _MOST_DIGITS:
        raise ValueError("too many digits")
    return int(header)


def seconds_of_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """`retry-after`: seconds, or a date (RFC 9110); None where it is absent or unreadable."""
    header = headers.get("retry-after", "").strip()
    if not header:
        return None
    if header.isascii() and header.isdigit():
        return min(float(header[:9]), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return min(max((_aware(moment) - (date_of(headers) or now)).total_seconds(), 0.0), LONGEST_WAIT_S)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The answer's Date; None if absent or unreadable."""
    try:
        return _aware(parsedate_to_datetime(headers.get("date", "")))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
