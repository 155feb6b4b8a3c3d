"""The part of the app that knows the theme and the keys, and keeps what is chosen in the app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen
from typing_extensions import override

from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.tui import themes
from devtrail_tui.tui.keymap import check_keys
from devtrail_tui.tui.live_screen import Notice
from devtrail_tui.tui.textual_hooks import HookedApp

if TYPE_CHECKING:
    from textual.theme import Theme

    from devtrail_tui.actions import Services


class ChoosingApp(HookedApp):
    """Raises UsageError for an unknown key or theme. `keys` are those that differ from the defaults, by command id."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.secrets.redact)
        self.services = services
        self.keys = services.settings.read("keys", check_keys)
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.set_first_theme(services.settings.read("theme", themes.checked))
        self.set_keymap(self.keys)

    def keep_choices(self) -> None:
        """From now on write a chosen theme into config.toml."""
        self.theme_changed_signal.subscribe(self, self._theme_changed)

    @override
    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The useful part of Textual's own commands."""
        yield SystemCommand("Theme", "Choose another theme", self.action_change_theme)

    async def action_change_key(self) -> None:
        """Choose a command and press its new key."""
        from devtrail_tui.tui.screens.change_key import ChangeKeyScreen

        await self.push_screen(ChangeKeyScreen(self.keys), self._keys_changed)

    def _keys_changed(self, keys: Mapping[str, str] | None) -> None:
        if keys is not None:
            self.keys = dict(keys)
            self.set_keymap(self.keys)
            self._keep("keys", self.keys)

    def _theme_changed(self, theme: Theme) -> None:
        self._keep("theme", theme.name)

    def _keep(self, name: str, content: Any) -> None:
        """Write a setting into config.toml, in a thread; a demo forgets it."""
        from devtrail_tui.actions.settings import kept_sentence

        def run() -> None:
            try:
                self.post_message(Notice(kept_sentence(self.services, name, content)))
            except DevTrailError as error:
                self.post_message(Notice(str(error), failed=True))

        self.run_worker(run, thread=True, group="choices")
