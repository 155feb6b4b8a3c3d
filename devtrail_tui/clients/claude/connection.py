"""Calls Claude through the anthropic package: imported late, without log output and without its own retries."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from devtrail_tui.clients.claude.address import DEFAULT_BASE_URL
from devtrail_tui.clients.claude.calls import Call, CallFailed, CallKind, CallResult, Failure, Method
from devtrail_tui.core.proxies import proxy_for

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_CONNECT_TIMEOUT_S = 10.0
_LOGGERS = ("anthropic", "httpx2", "httpcore2", "httpx", "httpcore")
_WAIT_HEADERS = ("retry-after", "retry-after-ms", "x-should-retry")
_METHODS: Mapping[Method, Callable[[AsyncAnthropic], Callable[..., Awaitable[Any]]]] = {
    Method.CREATE: lambda claude: claude.messages.with_raw_response.create,
    Method.COUNT_TOKENS: lambda claude: claude.messages.with_raw_response.count_tokens,
    Method.RETRIEVE_MODEL: lambda claude: claude.models.with_raw_response.retrieve,
    Method.LIST_MODELS: lambda claude: claude.models.with_raw_response.list,
}


def load_sdk() -> None:
    """Import the package and silence its logs; takes 0.8-3 s the first time, and 78 MB."""
    import anthropic  # noqa: F401 - imported for later use

    for name in _LOGGERS:
        # Their debug and info lines (enabled by ANTHROPIC_LOG) write over the screen and show headers and texts.
        logging.getLogger(name).setLevel(logging.WARNING)


class SdkConnection:
    """A `calls.ClaudeConnection` in this process and one event loop; one SDK client per key and address."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], AsyncAnthropic] = {}

    async def call(self, call: Call, late: Callable[[CallResult | None], None] | None = None) -> CallResult:  # noqa: ARG002
        """Make one call; a cancel aborts it, so there are no late answers. Raises CallFailed."""
        if not self._clients:
            load_sdk()
        try:
            # The package's timeouts are per read: a slow body could exceed them indefinitely.
            async with asyncio.timeout(call.timeout_s):
                response = await _METHODS[call.method](self._client(call))(**call.arguments, timeout=_timeout(call))
                return CallResult(await response.json(), response.request_id or "")
        except TimeoutError:
            failure = Failure(CallKind.UNKNOWN, f"no answer within {call.timeout_s:.0f} s")
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
            failure = Failure(CallKind.UNREADABLE)
        except Exception as error:
            known = _failure(error)
            if known is None:
                raise
            failure = known
        # Raised here without the package's exception as context, which contains the request with its key.
        raise CallFailed(failure)

    async def aclose(self) -> None:
        """Close all connections; idempotent."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    def _client(self, call: Call) -> AsyncAnthropic:
        """Key and address are explicit, so that no profile on disk is used. Redirects are off: they could send a private pull
        request to another host. Tracing is off: it could send texts to a third party."""
        import anthropic

        address = (call.api_key, call.base_url)
        if address not in self._clients:
            self._clients[address] = anthropic.AsyncAnthropic(
                api_key=call.api_key,
                base_url=call.base_url,
                max_retries=0,
                open_telemetry=False,
                default_headers=None if call.base_url == DEFAULT_BASE_URL else {"x-api-key": call.api_key},
                http_client=_http_client(call.base_url),
            )
        return self._clients[address]


def _http_client(base_url: str) -> Any:
    import anthropic
    import httpx2

    from devtrail_tui.clients.claude.bounded_transport import BoundedTransport

    proxy = proxy_for(base_url, os.environ)
    transport = BoundedTransport(verify=httpx2.create_ssl_context(), proxy=proxy.url if proxy else None)
    # No trust_env: neither its own choice of a proxy nor ~/.netrc.
    return anthropic.DefaultAsyncHttpxClient(follow_redirects=False, trust_env=False, transport=transport)


def _gateway_message(body: object) -> str:
    """The reason in an error of another shape than Claude's: AWS (`message`), FastAPI (`detail`, a text or a list), Vertex (a
    list with an `error`); "" for any other."""
    if isinstance(body, list) and body:
        return _gateway_message(body[0])
    if not isinstance(body, dict):
        return body if isinstance(body, str) else ""
    for name in ("error", "message", "Message", "detail", "msg"):
        if reason := _gateway_message(body.get(name)):
            return reason
    return ""


def _timeout(call: Call) -> Any:
    import httpx2

    return httpx2.Timeout(call.timeout_s, connect=min(_CONNECT_TIMEOUT_S, call.timeout_s))


def _failure(error: Exception) -> Failure | None:
    """The package's exception as plain data; None if it is not a failed call."""
    import anthropic
    import httpx2

    from devtrail_tui.clients.claude.bounded_transport import AnswerRefused

    if isinstance(error, anthropic.APIStatusError):
        headers = {name: header for name in _WAIT_HEADERS if (header := error.response.headers.get(name))}
        texts = (error.type, error.api_message, error.request_id)  # a gateway's error may have any values
        kind, message, request_id = (text if isinstance(text, str) else "" for text in texts)
        message = _gateway_message(error.body) or message
        return Failure(CallKind.STATUS, "", error.status_code, kind, message, request_id, headers)
    if isinstance(error, anthropic.APIResponseValidationError):
        return Failure(CallKind.UNREADABLE)
    if not isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError):
        return None
    cause = error.__cause__ or error
    if isinstance(cause, AnswerRefused):
        return Failure(CallKind.UNREADABLE, str(cause))
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
