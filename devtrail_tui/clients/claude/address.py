"""The host of Claude's API; the key must not travel in clear text."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.proxies import is_loopback
from devtrail_tui.core.text import safe_line

DEFAULT_BASE_URL = "https://api.anthropic.com"


def host_of(base_url: str | None, http_hosts: Collection[str] = ()) -> str:
    """The host of a base URL; Claude's own for None.

    Raises UsageError for an invalid URL, a URL with user name or password, and http to another machine that is not one of
    `http_hosts`.
    """
    url = base_url or DEFAULT_BASE_URL
    try:
        address = urlsplit(url.strip())
        host, _ = address.hostname or "", address.port  # raises ValueError for a bad port
    except ValueError:
        address, host = urlsplit(""), ""
    if not host or address.scheme not in ("https", "http"):
        raise UsageError(f"“{safe_line(url, limit=80)}” is not a valid ANTHROPIC_BASE_URL; write https://HOST.")
    if address.username is not None or address.password is not None:
        raise UsageError("ANTHROPIC_BASE_URL has a user name or password; remove it and set ANTHROPIC_API_KEY.")
    if address.scheme == "http" and not is_loopback(host) and host not in http_hosts:
        shown_host = safe_line(host, limit=80)
        raise UsageError(
            f"http to {shown_host} would send your Claude key unencrypted; use https, or allow it with "
            f'http_hosts = ["{shown_host}"] in config.toml.'
        )
    return address.netloc
