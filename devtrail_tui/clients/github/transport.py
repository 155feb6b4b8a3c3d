"""One HTTP exchange with GitHub: limited in time and size, pinned to one origin, with errors as sentences."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx

from devtrail_tui import __version__
from devtrail_tui.clients.github.endpoint import Endpoint
from devtrail_tui.clients.github.failures import TooHeavy, Unreachable
from devtrail_tui.core.bounded_body import BodyRefused, BoundedBody
from devtrail_tui.core.errors import AuthenticationError, PermanentError
from devtrail_tui.core.proxies import proxy_for
from devtrail_tui.core.text import safe_line

API_VERSION = "2026-03-10"
"""Known to github.com, to Enterprise Cloud, and to Enterprise Server from 3.21; an older server answers 400 to it. Without the
header a server uses its oldest supported version, which has everything that is read here."""
_VERSION_HEADER = "X-GitHub-Api-Version"
_UNKNOWN_VERSION = b"not a supported version"
LARGEST_BODY = 64 * 1024 * 1024
"""Maximum bytes after decompression; twenty pull requests with GitHub's largest texts are smaller."""
MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 307, 308})
_ANY_METHOD = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer with any status. Header names are case-insensitive."""

    status: int
    headers: httpx.Headers
    body: bytes


class Transport:
    """Sends the token to one origin only.

    `timeout_s` is the deadline of the whole exchange: httpx's timeouts restart with every byte received. `proxy` as of
    core.proxies; certificates come from the environment as in httpx.
    """

    def __init__(self, endpoint: Endpoint, token: str, *, timeout_s: float, connect_timeout_s: float) -> None:
        proxy = proxy_for(endpoint.rest, os.environ)
        self._proxy = proxy.variable if proxy else ""
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {_checked(token)}",
                "Accept": "application/vnd.github+json",
                "Accept-Encoding": "gzip",
                **({} if endpoint.enterprise_server else {_VERSION_HEADER: API_VERSION}),
                "User-Agent": f"devtrail-tui/{__version__}",
            },
            timeout=httpx.Timeout(timeout_s, connect=connect_timeout_s),
            follow_redirects=False,
            trust_env=False,  # neither its own choice of a proxy nor ~/.netrc
            verify=httpx.create_ssl_context(),
            proxy=proxy.url if proxy else None,
        )

    async def __aenter__(self) -> Transport:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def exchange(self, method: str, url: str, content: bytes | None = None) -> HttpAnswer:
        """One request and its complete answer. Raises Unreachable, TooHeavy, and PermanentError for an untrusted certificate or a
        redirect to another origin."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._follow(method, url, content)
                if answer.status == 400 and _UNKNOWN_VERSION in answer.body:
                    self._http.headers.pop(_VERSION_HEADER, None)
                    answer = await self._follow(method, url, content)
                return answer
        except TimeoutError as error:
            raise TooHeavy(f"{self._host} did not finish its answer within {self._timeout_s:g} s.") from error
        except httpx.ConnectTimeout as error:
            raise Unreachable(f"{self._host} does not answer: check the network and the proxy.") from error
        except httpx.TimeoutException as error:
            raise TooHeavy(f"{self._host} did not finish its answer within {self._timeout_s:g} s.") from error
        except httpx.RequestError as error:
            raise self._explained(error) from error

    async def _follow(self, method: str, url: str, content: bytes | None) -> HttpAnswer:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._send(method, url, content)
            location = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not location:
                return answer
            url = self._redirected(url, location)
            if method != "GET" and answer.status not in _ANY_METHOD:
                raise PermanentError(f"{self._host} has moved its API: check DEVTRAIL_GITHUB_URL.")
        raise PermanentError(f"{self._host} has a redirect loop: check DEVTRAIL_GITHUB_URL.")

    def _redirected(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        target_url = urlsplit(target)
        if f"{target_url.scheme}://{target_url.netloc}" != self._endpoint.origin:
            other_host = safe_line(target_url.netloc.rpartition("@")[2], limit=100)
            raise PermanentError(
                f"{self._host} redirects to {other_host}; the token was not sent there. "
                "Check DEVTRAIL_GITHUB_URL and any proxy."
            )
        return target

    async def _send(self, method: str, url: str, content: bytes | None) -> HttpAnswer:
        headers = {"Content-Type": "application/json"} if content is not None else None
        async with self._http.stream(method, url, content=content, headers=headers) as response:
            try:
                body = BoundedBody(response.headers.get("content-encoding", ""), LARGEST_BODY)
                async for chunk in response.aiter_raw():
                    body.add(chunk)
                return HttpAnswer(response.status_code, response.headers, body.whole())
            except BodyRefused as error:
                raise TooHeavy(f"{self._host}'s answer {error}.") from None

    def _explained(self, error: httpx.RequestError) -> Unreachable | PermanentError:
        causes = tuple(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return PermanentError(
                f"The certificate of {self._host} is not trusted: log in to the network first, or set SSL_CERT_FILE to your "
                "company's certificates."
            )
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return Unreachable(f"The host {self._host} was not found: check the network and DEVTRAIL_GITHUB_URL.")
        if isinstance(error, httpx.ProxyError):
            return Unreachable(f"The proxy for {self._host} refused the connection: check {self._proxy}.")
        if isinstance(error, httpx.ConnectError):
            return Unreachable(f"{self._host} cannot be reached: check the network.")
        return Unreachable(f"The connection to {self._host} was lost during an answer.")

    @property
    def _host(self) -> str:
        return self._endpoint.api_host


def _checked(token: str) -> str:
    """The token without surrounding white space. Raises AuthenticationError if it is empty or not printable ASCII: such a
    token cannot be sent in a header, and the text of httpx's error would contain it."""
    token = token.strip()
    if not token or not all("!" <= character <= "~" for character in token):
        raise AuthenticationError(
            "The GitHub token is empty or has invalid characters: copy it again.", service="github"
        )
    return token


def _causes(error: BaseException) -> Iterator[BaseException]:
    visited: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in visited:
            continue
        visited.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
