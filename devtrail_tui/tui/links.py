"""Opens the links of evidence in the browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Any
from urllib.parse import urlsplit

from devtrail_tui.tui.live_screen import LiveScreen


def open_link(screen: LiveScreen[Any], url: str) -> None:
    """Open a link in a graphical browser, or say why not."""
    if urlsplit(url).scheme not in ("http", "https"):
        screen.say("This entry has no link.")
    elif screen.services.demo:
        screen.say(f"Demo links do not exist on the web: {url}")
    elif not _has_browser():
        screen.say(f"No browser is available. The link is {url}")
    else:
        screen.in_thread(lambda _: "" if webbrowser.open(url) else f"The browser did not open. The link is {url}")


def _has_browser() -> bool:
    """Whether a graphical browser is available; a text browser would take over the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
