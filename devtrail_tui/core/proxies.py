"""Which proxy a request goes through: one rule for all clients, so that `doctor` can say it.

The variables are those of curl and httpx (https://curl.se/docs/manpage.html, ENVIRONMENT). Loopback is direct, and so is http to
any other host: a proxy would read the key in it.
"""

from __future__ import annotations

import importlib.util
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line

_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
_SCHEMES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: the variable that names it, its URL, and its host and port to show."""

    variable: str
    url: str
    host: str


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for requests to `url`; None for a direct connection. Raises UsageError, which names the variable, for a proxy
    that cannot be used."""
    address = urlsplit(url)
    host = address.hostname or ""
    if address.scheme != "https" or is_loopback(host):
        return None
    if _is_excepted(host, environ.get("NO_PROXY", environ.get("no_proxy", ""))):
        return None
    variable = next((name for name in _VARIABLES if environ.get(name)), None)
    return None if variable is None else _checked(variable, environ[variable].strip())


def _is_excepted(host: str, exceptions: str) -> bool:
    """Whether a host, or a domain of it, is one of the comma-separated exceptions; ports in them are ignored."""
    for exception in exceptions.split(","):
        name = exception.strip().lower().strip("[]")
        name = name.rpartition(":")[0] if name.count(":") == 1 else name
        name = name.removeprefix("*").removeprefix(".")
        if exception.strip() == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
    return False


def _checked(variable: str, named: str) -> Proxy:
    url = named if "://" in named else f"http://{named}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in _SCHEMES or not host:
        shown = safe_line(named.rpartition("@")[2], limit=80)
        raise UsageError(f"{variable} names no usable proxy (“{shown}”); write http://HOST:PORT, or unset it.")
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise UsageError(
            f"{variable} names a SOCKS proxy, which needs the package socksio; install it beside DevTrail, or name an http "
            "proxy in HTTPS_PROXY."
        )
    return Proxy(variable, url, f"{host}:{port}" if port else host)
