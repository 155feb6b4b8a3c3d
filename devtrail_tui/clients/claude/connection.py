"""Opens the anthropic package's client: imported late, quiet, without its own retries, and talking to one address
only."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic


_CONNECT_TIMEOUT_S = 10.0
_LOGGERS = ("anthropic", "httpx2", "httpcore2", "httpx", "httpcore")


def open_connection(api_key: str, base_url: str, timeout_s: float) -> AsyncAnthropic:
    """A client for one key and one address. Blocks 0.8-3 s at the first call (the import), so call it in a thread.

    Key and address are explicit, so that no profile on the disk is picked up. Redirects are not followed: they would
    take a private pull request to another host. Tracing is off: it could carry texts to a third party.
    """
    import anthropic
    import httpx2

    for name in _LOGGERS:
        # Their debug and info lines (switched on by ANTHROPIC_LOG) write over the screen and show headers and texts.
        logging.getLogger(name).setLevel(logging.WARNING)
    timeout = httpx2.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S)
    return anthropic.AsyncAnthropic(
        api_key=api_key,
        base_url=base_url,
        max_retries=0,
        timeout=timeout,
        open_telemetry=False,
        http_client=anthropic.DefaultAsyncHttpxClient(follow_redirects=False, timeout=timeout),
    )
