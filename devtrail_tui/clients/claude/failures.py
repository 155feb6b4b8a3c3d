"""What the anthropic package raises, as core.errors with a sentence: what happened, and what to do.

Only what the service says of the request is quoted, made safe, bounded and without the key.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from devtrail_tui.core.errors import AuthenticationError, DevTrailError, PermanentError, TemporaryError, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import anthropic

SERVICE = "anthropic"
_TEMPORARY = frozenset({408, 409, 429})


class AccountError(AuthenticationError):
    """The account, not this one request, was turned away (HTTP 402, 403): asking again for the next one is of no
    use."""


def translate(
    error: anthropic.APIError, *, host: str, model: str, now: datetime, clean: Callable[[str], str]
) -> DevTrailError:
    """The core error for an exception of the anthropic package. `clean` makes foreign text fit to show."""
    import anthropic

    if isinstance(error, anthropic.APITimeoutError):
        return TemporaryError(f"Claude at {host} did not answer in time.")
    if isinstance(error, anthropic.APIConnectionError):
        cause = error.__cause__
        reason = clean(str(cause)) if cause is not None and str(cause) else "no connection"
        return TemporaryError(f"Claude at {host} cannot be reached ({reason}); check the network.")
    if isinstance(error, anthropic.APIStatusError):
        return _translate_status(error, host=host, model=model, now=now, clean=clean)
    return unreadable(host)


def unreadable(host: str) -> PermanentError:
    """A success whose body is not Claude's. Not retried: it may have been paid for."""
    return PermanentError(
        f"{host} answered with something that is not Claude's; check ANTHROPIC_BASE_URL,"
        " or sign in to the network you are on."
    )


def _translate_status(
    error: anthropic.APIStatusError, *, host: str, model: str, now: datetime, clean: Callable[[str], str]
) -> DevTrailError:
    status = error.status_code
    said = clean(error.api_message).rstrip(".") if isinstance(error.api_message, str) else ""
    trail = f" (request {clean(error.request_id)})" if error.request_id else ""
    if status == 401:
        return AuthenticationError(
            f"Claude refused the API key (401){trail}; set ANTHROPIC_API_KEY to a valid one from platform.claude.com.",
            service=SERVICE,
        )
    if status in (402, 403):
        return AccountError(
            f"Claude does not let this key do that ({status}){trail}: {said or 'no reason given'}. "
            "Check the workspace's permissions and credit at platform.claude.com.",
            service=SERVICE,
        )
    if status == 404 and error.type == "not_found_error":
        return UnknownModel(f"Claude does not know the model {model}.")
    if status in _TEMPORARY or status >= 500:
        return TemporaryError(
            f"{_trouble(status)} ({status}){trail}.", retry_after_s=retry_after_s(error.response.headers, now)
        )
    if not said:
        return PermanentError(f"{host} answered {status}, not as Claude does{trail}; check ANTHROPIC_BASE_URL.")
    return PermanentError(f"Claude refused the request ({status}){trail}: {said}.")


def _trouble(status: int) -> str:
    return {429: "Claude's rate limit is reached", 529: "Claude is overloaded"}.get(status, "Claude is in trouble")


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the service asks to wait: `retry-after-ms`, or `retry-after` as seconds or as an HTTP date; None where
    it does not say.

    Rule: RFC 9110, section 10.2.3; the milliseconds are Anthropic's own.
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
