"""The content of the palette, imported when it is first opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.command import Provider


def command_provider() -> type[Provider]:
    """The provider of the app's commands."""
    from devtrail_tui.tui.commands import CommandProvider

    return CommandProvider


def system_provider() -> type[Provider]:
    """The provider of Textual's own commands."""
    from textual.system_commands import SystemCommandsProvider

    return SystemCommandsProvider
