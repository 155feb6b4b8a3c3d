"""HTTP for the Claude SDK with a limit on the size of an answer. Imports the SDK's HTTP library, so it is imported late."""

from __future__ import annotations

from typing import Any

import httpx2
from typing_extensions import override

from devtrail_tui.core.bounded_body import BodyRefused, BoundedBody

LARGEST_ANSWER = 16 * 1024 * 1024
"""In bytes, decoded; the longest answer of a model is far below a megabyte."""


class AnswerRefused(httpx2.DecodingError):
    """The answer is too large, damaged, or encoded in a way that was not asked for."""


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Reads and decodes each answer up to `LARGEST_ANSWER`. Raises AnswerRefused."""

    @override
    async def handle_async_request(self, request: Any) -> Any:
        request.headers["accept-encoding"] = "gzip"
        response = await super().handle_async_request(request)
        try:
            body = BoundedBody(response.headers.get("content-encoding", ""), LARGEST_ANSWER)
            async for chunk in response.aiter_raw():
                body.add(chunk)
            content = body.whole()
        except BodyRefused as error:
            raise AnswerRefused(f"the answer {error}", request=request) from None
        finally:
            await response.aclose()
        headers = [(name, text) for name, text in response.headers.multi_items() if name != "content-encoding"]
        return httpx2.Response(response.status_code, headers=headers, content=content, extensions=response.extensions)
