"""The settings of config.toml: list, show, check."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtrail_tui.actions import Outcome
from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.setting import Setting, read_values
from devtrail_tui.services.composition import settings_problems
from devtrail_tui.settings import SETTINGS, Settings, load_settings, read_settings

_APP_SETTINGS = ("theme", "keys")
_DEMO_SETTINGS = (*_APP_SETTINGS, "log_level")


@dataclass(frozen=True, slots=True)
class SettingState:
    """A setting with its value and origin."""

    setting: Setting
    content: Any
    origin: str

    def to_json(self) -> dict[str, Any]:
        setting = self.setting
        limits = {name: getattr(setting, name) for name in ("default", "minimum", "maximum", "choices", "environment")}
        state = {"name": setting.name, "value": self.content, "origin": self.origin}
        return state | limits | {"help": f"{setting.label}: {setting.help}"}

    def texts(self) -> dict[str, str]:
        """The fields of `to_json` as text; empty if there is no value."""
        return {
            key: content if isinstance(content, str) else json.dumps(content) if content not in (None, ()) else ""
            for key, content in self.to_json().items()
        }


def list_settings(environ: Mapping[str, str]) -> list[SettingState]:
    """All settings. Raises InvalidInput for invalid settings."""
    settings = load_settings(environ)
    return [_state(setting, settings) for setting in SETTINGS.values()]


def get_setting(environ: Mapping[str, str], name: str) -> SettingState:
    """One setting. Raises InvalidInput for an unknown name and for invalid settings."""
    settings = load_settings(environ)
    if unknown := read_values(SETTINGS, {name: None})[1]:
        raise InvalidInput(unknown)
    return _state(SETTINGS[name], settings)


def check_settings(
    environ: Mapping[str, str], app_readers: Callable[[], Mapping[str, Callable[[Any], object]]]
) -> Outcome:
    """All problems of the settings, one per line. `app_readers` returns the validators of the app's settings by name; it is
    called only if one of these is set, because it loads Textual."""
    settings, problems = read_settings(environ)
    problems |= settings_problems(settings)
    if settings.origins.keys() & set(_APP_SETTINGS):
        problems |= settings.problems(app_readers())
    file = settings.folders.config_file
    lines = [f"✗ {origin}: {problem}" if origin else f"✗ {problem}" for origin, problem in problems.items()]
    fine = f"✓ {file} is valid." if file.exists() else f"✓ {file} does not exist; the defaults apply."
    details = {"ok": not problems, "file": str(file), "problems": problems}
    return Outcome("\n".join(lines or [fine]), details, settings.notices, exit_code=2 if problems else 0)


def demo_settings(environ: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    """The demo's folder, and the settings that the demo shares with the person; the others concern their data, accounts and
    money. Raises InvalidInput."""
    settings = load_settings(environ)
    return settings.folders.data / "demo", {name: getattr(settings, name) for name in _DEMO_SETTINGS}


def _state(setting: Setting, settings: Settings) -> SettingState:
    origin = settings.origins.get(setting.name, "default")
    from_file = origin == f"{settings.folders.config_file}: {setting.name}"
    return SettingState(setting, getattr(settings, setting.name), "config.toml" if from_file else origin)
