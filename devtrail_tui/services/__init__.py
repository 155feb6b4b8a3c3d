"""The composition root: settings in, everything a front end needs out. Importing it is cheap."""

from devtrail_tui.services.composition import Services

__all__ = ["Services"]
