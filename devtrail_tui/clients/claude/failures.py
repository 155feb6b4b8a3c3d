"""Translates failed calls to core.errors, with a sentence: what happened, and what to do.

Of the service's answer only the message is quoted, sanitised, cut and without the key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from devtrail_tui.clients.claude.calls import CallKind, Failure
from devtrail_tui.core.errors import (
    AuthenticationError,
    DevTrailError,
    LimitReached,
    OutcomeUnknown,
    PermanentError,
    ServiceUnavailable,
    TemporaryError,
    UnknownModel,
)

SERVICE = "anthropic"
_TEMPORARY = frozenset({408, 409, 429})
_SPENT_WORDS = re.compile(
    r"spend(?:ing)? limit|credit balance|usage limits?\b|billing|insufficient (?:funds|credit)", re.IGNORECASE
)
"""What a 400 or 429 about money says (measured; Anthropic names no error type of its own for it)."""
_EFFORT = re.compile(r"\beffort\b", re.IGNORECASE)
LONGEST_SPEND_WAIT_S = 24 * 3600.0
"""The longest wait for a spend limit that a job sits out."""


class EffortRefused(PermanentError):
    """The model, or a gateway before it, has no choice of effort."""


class AccountError(AuthenticationError):
    """The account was refused, not only this request (HTTP 402, 403): the next request would fail too."""


def translate(
    failure: Failure, *, billed: bool, host: str, model: str, now: datetime, clean: Callable[[str], str]
) -> DevTrailError:
    """The core error for a failed call; `billed` calls cost money. `clean` makes foreign text safe to show."""
    reason = clean(failure.reason)
    match failure.kind:
        case CallKind.NOT_SENT:
            return ServiceUnavailable(f"Claude at {host} cannot be reached ({reason}); check the network.")
        case CallKind.UNKNOWN:
            return unanswered(
                f"The connection to Claude at {host} was lost before an answer came ({reason}).", billed=billed
            )
        case CallKind.STATUS:
            return _translate_status(failure, host=host, model=model, now=now, clean=clean)
        case CallKind.UNREADABLE:
            return unreadable(host)


def unanswered(sentence: str, *, billed: bool) -> TemporaryError:
    """The error for a call that was sent and has no answer."""
    return OutcomeUnknown(f"{sentence} The call may have been billed.") if billed else ServiceUnavailable(sentence)


def unreadable(host: str) -> PermanentError:
    """The error for a successful answer that is not from Claude. Not retried: it may have been billed."""
    return PermanentError(
        f"{host} returned an answer that is not from Claude; check ANTHROPIC_BASE_URL, or log in to the network."
    )


def _translate_status(
    failure: Failure, *, host: str, model: str, now: datetime, clean: Callable[[str], str]
) -> DevTrailError:
    status, message = failure.status, clean(failure.message).rstrip(".")
    trail = f" (request {clean(failure.request_id)})" if failure.request_id else ""
    if status == 401:
        return AuthenticationError(
            f"Claude rejected the API key (401){trail}; set ANTHROPIC_API_KEY to a valid one from platform.claude.com.",
            service=SERVICE,
        )
    if status in (402, 403):
        return AccountError(
            f"Claude does not allow this with this key ({status}){trail}: {message or 'no reason given'}. "
            "Check the workspace's permissions and credit at platform.claude.com.",
            service=SERVICE,
        )
    if status == 404 and failure.type == "not_found_error":
        return UnknownModel(f"Claude does not know the model {model}.")
    wait_s = retry_after_s(failure.headers, now)
    if _SPENT_WORDS.search(message):
        sentence = f"Claude's spend limit or credit is reached ({status}){trail}: {message}."
        if wait_s is not None and wait_s <= LONGEST_SPEND_WAIT_S:
            return LimitReached(sentence, retry_after_s=wait_s)
        return AccountError(f"{sentence} Raise it at platform.claude.com.", service=SERVICE)
    should_retry = failure.headers.get("x-should-retry", "").lower()
    if should_retry == "true" or (should_retry != "false" and (status in _TEMPORARY or status >= 500)):
        return ServiceUnavailable(f"{_trouble(status)} ({status}){trail}.", retry_after_s=wait_s)
    if status == 400 and _EFFORT.search(message):
        return EffortRefused(f"{host} knows no effort for {model}{trail}: {message}.")
    if not message:
        return PermanentError(f"{host} answered {status}, but not like Claude{trail}; check ANTHROPIC_BASE_URL.")
    return PermanentError(f"Claude refused the request ({status}){trail}: {message}.")


def _trouble(status: int) -> str:
    return {429: "Claude's rate limit is reached", 529: "Claude is overloaded"}.get(status, "Claude has a server error")


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait that the service asks for, in seconds: `retry-after-ms`, or `retry-after` as seconds or HTTP date; None if absent.

    Rule: RFC 9110, section 10.2.3; the milliseconds are Anthropic's extension.
    """
    for name, unit in (("retry-after-ms", 1_000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - now).total_seconds(), 0.0)
