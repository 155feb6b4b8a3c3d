"""The addresses of a GitHub: REST root, GraphQL URL, and web host.

By GitHub's documentation: `https://api.github.com` with `/graphql`; GitHub Enterprise Server `https://HOST/api/v3` with
`/api/graphql`; GitHub Enterprise Cloud with data residency `https://api.NAME.ghe.com` with `/graphql`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.proxies import is_loopback
from devtrail_tui.core.text import safe_line

_EXPECTED = "Write https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`rest` has no trailing slash; `origin` is scheme, host and port; `api_host` is the display name."""

    rest: str
    graphql: str
    origin: str
    api_host: str
    web_host: str
    loopback: bool
    enterprise_server: bool = False


def endpoint(api_url: str) -> Endpoint:
    """Parse an API root. Raises UsageError for an invalid URL, a URL with user name or password, and http to another machine,
    which would send the token unencrypted."""
    url = _split(api_url)
    host = (url.hostname or "").rstrip(".")
    loopback = is_loopback(host)
    _check(url, host, loopback=loopback)
    port = f":{url.port}" if url.port else ""
    origin = f"{url.scheme}://{f'[{host}]' if ':' in host else host}{port}"
    path = url.path.rstrip("/")
    if path == "/api/v3":
        return Endpoint(
            origin + path, f"{origin}/api/graphql", origin, host + port, host, loopback, enterprise_server=True
        )
    if path:
        raise UsageError(f"GitHub's API is not at {safe_line(url.path, limit=80)} of {host}. {_EXPECTED}")
    if not (loopback or host == "api.github.com" or _is_data_residency(host)):
        raise UsageError(f"{host} is a web address, not GitHub's API. {_EXPECTED}")
    return Endpoint(origin, f"{origin}/graphql", origin, host + port, _web_host(host), loopback)


def _split(api_url: str) -> SplitResult:
    try:
        url = urlsplit(api_url.strip())
        _ = url.port  # reading it validates it
    except ValueError as error:
        raise UsageError(f"GitHub's address is not a valid URL. {_EXPECTED}") from error
    return url


def _check(parts: SplitResult, host: str, *, loopback: bool) -> None:
    if parts.scheme not in ("https", "http") or not host:
        raise UsageError(f"GitHub's address is not an https URL. {_EXPECTED}")
    if not all(character.isascii() and (character.isalnum() or character in "-.:_") for character in host):
        raise UsageError(f"GitHub's address has no valid host name. {_EXPECTED}")
    if parts.username is not None or parts.password is not None:
        raise UsageError("GitHub's address has a user name or password: remove it and set the token separately.")
    if parts.query or parts.fragment:
        raise UsageError(f"GitHub's address has a query or fragment. {_EXPECTED}")
    if parts.scheme == "http" and not loopback:
        raise UsageError(f"http to {host} would send your token unencrypted: use https.")


def _is_data_residency(host: str) -> bool:
    return host.startswith("api.") and host.endswith(".ghe.com")


def _web_host(host: str) -> str:
    """Without the port: evidence belongs to a host, and the demo's port changes."""
    return host.removeprefix("api.") if host == "api.github.com" or _is_data_residency(host) else host
