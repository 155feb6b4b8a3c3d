"""Escapes foreign text for Markdown so that it shows verbatim and forges nothing (CommonMark 0.31, GitHub's extensions)."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from devtrail_tui.core.text import safe, safe_line

_INLINE = re.compile(r"[\\`*_\[\]<>&|~$@#!]|(?<=[a-zA-Z]):(?=//)|(?<=www)\.", re.IGNORECASE)
_BLOCK_START = re.compile(r"^(?:[-+=]|(\d{1,9})(?=[.)]))")
_URL_CHARACTERS = "/:?#@!$&'*+,;=%~-._"


def inline(text: str) -> str:
    """Foreign text as one line without emphasis, link, HTML, heading, list or table."""
    line = _INLINE.sub(lambda found: f"\\{found.group()}", safe_line(text))
    return _BLOCK_START.sub(_unblocked, line)


def _unblocked(found: re.Match[str]) -> str:
    number = found.group(1)
    return f"&#{ord(number[0])};{number[1:]}" if number else f"\\{found.group()}"


def link(text: str, url: str | None) -> str:
    """A link with foreign text to a web address; only the text if there is no valid address."""
    link_text = inline(text)
    target = web_address(url)
    return f"[{link_text}](<{target}>)" if target else link_text


def web_address(url: str | None) -> str:
    """The address escaped for a link; empty if it is not an http(s) address."""
    address = safe_line(url or "")
    try:
        url_parts = urlsplit(address)
    except ValueError:  # such as an unclosed IPv6 bracket
        return ""
    if url_parts.scheme not in ("https", "http") or not url_parts.hostname:
        return ""
    return quote(address, safe=_URL_CHARACTERS)


def fenced(text: str) -> str:
    """Foreign text verbatim in a code fence that it cannot close."""
    body = safe(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"
