"""The table of screens: a new screen is a module and a line here. A module is imported when its screen is first shown."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """One mode: the key that shows it, its title, its help, and its screen class."""

    mode: str
    key: str
    title: str
    help: str
    module: str
    class_name: str

    def make(self) -> Screen[Any]:
        """A new screen; imports its module."""
        screen: Screen[Any] = getattr(importlib.import_module(self.module), self.class_name)()
        return screen


SCREENS = (
    ScreenEntry("jobs", "1", "Jobs", "Go to the jobs", "devtrail_tui.tui.screens.dashboard", "DashboardScreen"),
    ScreenEntry(
        "evidence", "2", "Evidence", "Go to the evidence", "devtrail_tui.tui.screens.evidence", "EvidenceScreen"
    ),
)
