"""The composition root: builds everything a front end needs from the settings. Importing it is cheap."""

from devtrail_tui.services.composition import Services

__all__ = ["Services"]
