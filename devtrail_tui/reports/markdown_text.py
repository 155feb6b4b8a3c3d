"""Escapes foreign text for Markdown so that it shows verbatim and forges nothing (CommonMark 0.31, GitHub's extensions)."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from devtrail_tui.core.text import safe, safe_line

_ADDRESS = re.compile(r"[\w.+-]{0,64}@[\w-][\w.-]*")
"""A mail address or a name behind @. Renderers link it even with an escape, but not in a code span."""
_INLINE = re.compile(
    r"[\\`*_\[\]<>&|~$@#!]|(?<=[a-zA-Z]):(?=//)|(?<=www)\.|(?<=[\w-])\.(?=(?:[a-z]{2}|"
    r"aero|asia|biz|com|coop|edu|gov|info|museum|name|net|org|pro|shop|web|xxx|рф)(?!\w))",
    re.IGNORECASE,
)
"""What Markdown interprets, and the dots of what some renderers take for a domain without `www`, such as the file orders.py."""
_BLOCK_START = re.compile(r"^(?:[-+=]|(\d{1,9})(?=[.)]))")
_URL_CHARACTERS = "/:?#@!$&'*+,;=%~-._"


def inline(text: str) -> str:
    """Foreign text as one line without emphasis, link, HTML, heading, list or table."""
    line, written, end = safe_line(text), [], 0
    for address in _ADDRESS.finditer(line):
        written += [_escaped(line[end : address.start()]), f"`{address.group()}`"]
        end = address.end()
    written.append(_escaped(line[end:]))
    return _BLOCK_START.sub(_unblocked, "".join(written))


def _escaped(text: str) -> str:
    return _INLINE.sub(lambda special: f"\\{special.group()}", text)


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


def quoted(text: str, source: str = "") -> str:
    """Foreign text as a block quote, line by line as written, with its source in a last line."""
    lines = [inline(line) for line in safe(text).strip("\n").split("\n")]
    if source:
        lines.append(f"— {inline(source)}")
    following = [*lines[1:], ""]
    ended = (f"{line}\\" if line and next_line else line for line, next_line in zip(lines, following, strict=True))
    return "\n".join(f"> {line}".rstrip() for line in ended)
