"""The whole screens of the app: a new one is a module and a line here. Each module is imported when its screen is first shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScreenEntry:
    """One mode of the app: the key that shows it, its help, and where its screen class stands."""

    mode: str
    key: str
    help: str
    module: str
    class_name: str


SCREENS = (
    ScreenEntry("jobs", "1", "Go to the jobs", "devtrail_tui.tui.screens.dashboard", "DashboardScreen"),
    ScreenEntry("evidence", "2", "Go to the evidence", "devtrail_tui.tui.screens.evidence", "EvidenceScreen"),
)
FORM_MODULE = "devtrail_tui.tui.forms"
"""Declares the commands of the new-job dialog."""
