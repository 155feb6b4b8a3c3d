"""Where Claude is reached: the key must not travel in clear."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line

DEFAULT_BASE_URL = "https://api.anthropic.com"


def host_of(base_url: str | None) -> str:
    """The host that a base URL names; Claude's own where there is none.

    Raises UsageError: not a URL, with a name or password in it, or http to another machine.
    """
    url = base_url or DEFAULT_BASE_URL
    try:
        address = urlsplit(url.strip())
        host = address.hostname or ""
    except ValueError:
        address, host = urlsplit(""), ""
    if not host or address.scheme not in ("https", "http"):
        raise UsageError(
            f"“{safe_line(url, limit=80)}” is no address for Claude; ANTHROPIC_BASE_URL is such as https://HOST."
        )
    if address.username is not None or address.password is not None:
        raise UsageError("Claude's address holds a user name or password; leave it out and set ANTHROPIC_API_KEY.")
    if address.scheme == "http" and not _is_loopback(host):
        raise UsageError(f"http to {safe_line(host, limit=80)} would send your Claude key in clear; use https.")
    return address.netloc


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
