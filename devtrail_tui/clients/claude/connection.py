"""Talks to Claude through the anthropic package: imported late, quiet, without its own retries. The child process runs this."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from devtrail_tui.clients.claude.calls import Answer, Call, CallFailed, CallKind, Failure, Method

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_CONNECT_TIMEOUT_S = 10.0
_LOGGERS = ("anthropic", "httpx2", "httpcore2", "httpx", "httpcore")
_WAIT_HEADERS = ("retry-after", "retry-after-ms")
_METHODS: Mapping[Method, Callable[[AsyncAnthropic], Callable[..., Awaitable[Any]]]] = {
    Method.CREATE: lambda claude: claude.messages.with_raw_response.create,
    Method.COUNT_TOKENS: lambda claude: claude.messages.with_raw_response.count_tokens,
    Method.RETRIEVE_MODEL: lambda claude: claude.models.with_raw_response.retrieve,
    Method.LIST_MODELS: lambda claude: claude.models.with_raw_response.list,
}


def load_sdk() -> None:
    """Import the package and keep it quiet; blocks for 0.8-3 s the first time, and takes 78 MB."""
    import anthropic  # noqa: F401 - loaded for later

    for name in _LOGGERS:
        # Their debug and info lines (switched on by ANTHROPIC_LOG) write over the screen and show headers and texts.
        logging.getLogger(name).setLevel(logging.WARNING)


class SdkConnection:
    """`calls.Connection` in this very process and in one event loop; a client of the package for each key and address."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], AsyncAnthropic] = {}

    async def call(self, call: Call, late: Callable[[Answer], None] | None = None) -> Answer:  # noqa: ARG002
        """Make one call; a cancel ends it, so nothing comes late. Raises CallFailed."""
        if not self._clients:
            load_sdk()
        try:
            # The package's own timeouts are per read: a body that drips outlives them.
            async with asyncio.timeout(call.timeout_s):
                response = await _METHODS[call.method](self._client(call))(**call.arguments, timeout=_timeout(call))
                return Answer(await response.json(), response.request_id or "")
        except TimeoutError:
            failure = Failure(CallKind.UNKNOWN, f"no answer within {call.timeout_s:.0f} s")
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            failure = Failure(CallKind.UNREADABLE)
        except Exception as error:
            known = _failure(error)
            if known is None:
                raise
            failure = known
        # Raised out here, without the package's exception behind it: that one holds the request with its key.
        raise CallFailed(failure)

    async def aclose(self) -> None:
        """Close all connections; harmless when repeated."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    def _client(self, call: Call) -> AsyncAnthropic:
        """Key and address are explicit, so that no profile on the disk is picked up. Redirects are not followed: they would take
        a private pull request to another host. Tracing is off: it could carry texts to a third party."""
        import anthropic

        address = (call.api_key, call.base_url)
        if address not in self._clients:
            self._clients[address] = anthropic.AsyncAnthropic(
                api_key=call.api_key,
                base_url=call.base_url,
                max_retries=0,
                open_telemetry=False,
                http_client=anthropic.DefaultAsyncHttpxClient(follow_redirects=False),
            )
        return self._clients[address]


def _timeout(call: Call) -> Any:
    import httpx2

    return httpx2.Timeout(call.timeout_s, connect=min(_CONNECT_TIMEOUT_S, call.timeout_s))


def _failure(error: Exception) -> Failure | None:
    """What the package raised as plain data; None for what is no failure of the call."""
    import anthropic
    import httpx2

    if isinstance(error, anthropic.APIStatusError):
        headers = {name: header for name in _WAIT_HEADERS if (header := error.response.headers.get(name))}
        texts = (error.type, error.api_message, error.request_id)  # a gateway's error may have anything in its fields
        kind, message, request_id = (text if isinstance(text, str) else "" for text in texts)
        return Failure(CallKind.STATUS, "", error.status_code, kind, message, request_id, headers)
    if isinstance(error, anthropic.APIResponseValidationError):
        return Failure(CallKind.UNREADABLE)
    if not isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError):
        return None
    cause = error.__cause__ or error
    before_sending = (
        httpx2.ConnectError,
        httpx2.ConnectTimeout,
        httpx2.PoolTimeout,
        httpx2.ProxyError,
        httpx2.UnsupportedProtocol,
        httpx2.LocalProtocolError,
    )
    kind_of_failure = CallKind.NOT_SENT if isinstance(cause, before_sending) else CallKind.UNKNOWN
    return Failure(kind_of_failure, str(cause) or type(cause).__name__)
