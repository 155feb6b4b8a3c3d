"""The settings of config.toml: list, show, check."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtrail_tui.actions import Outcome, Services
from devtrail_tui.actions.documents import write_document
from devtrail_tui.core.errors import InvalidInput, UsageError
from devtrail_tui.core.setting import Kind, Setting, read_values
from devtrail_tui.core.text import safe_line
from devtrail_tui.services.composition import settings_problems
from devtrail_tui.settings import SETTINGS, Settings, load_settings, read_settings
from devtrail_tui.store.private_files import make_private_folder

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


def save_setting(environ: Mapping[str, str], name: str, content: Any) -> Path:
    """Write a setting into config.toml; everything else in it stays as it is, comments too. Returns the file.

    Raises UsageError for a file that is no TOML or cannot be written, InvalidInput for an invalid value."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    if problems := read_values(SETTINGS, {name: content})[1]:
        raise InvalidInput(problems)
    file = load_settings(environ).folders.config_file
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
        document[name] = content
        make_private_folder(file.parent)
        write_document(tomlkit.dumps(document), str(file), replace=True)
    except (OSError, TOMLKitError) as error:
        raise UsageError(f"{file} cannot be changed: {safe_line(str(error), limit=160)}.") from None
    return file


def set_setting(
    environ: Mapping[str, str],
    name: str,
    text: str,
    app_readers: Callable[[], Mapping[str, Callable[[Any], object]]],
) -> Outcome:
    """Write a setting that was typed: a TOML value, or text without quotes; `keys.cancel_job` is one key of the app.

    Raises InvalidInput for an unknown name or an invalid value, UsageError as `save_setting`."""
    name, _, command_id = name.partition(".")
    content = _typed(text, is_text=name in SETTINGS and SETTINGS[name].kind in (Kind.TEXT, Kind.CHOICE))
    if command_id and name == "keys":
        content = {**load_settings(environ).keys, command_id: text}
    elif command_id:
        raise InvalidInput({f"{name}.{command_id}": "There is no such setting; only keys have parts."})
    if name in _APP_SETTINGS:
        app_readers()[name](content)
    file = save_setting(environ, name, content)
    origin = load_settings(environ).origins.get(name, "")
    overridden = () if str(file) in origin else (f"{origin} takes precedence.",)
    return Outcome(f"{name} is set in {file}.", {"name": name, "value": content, "file": str(file)}, overridden)


def _typed(text: str, *, is_text: bool) -> Any:
    import tomllib

    try:
        content = tomllib.loads(f"typed = {text}")["typed"]
    except tomllib.TOMLDecodeError:
        return text
    return text if is_text and not isinstance(content, str) else content


def kept_sentence(services: Services, name: str, content: Any) -> str:
    """Keep a setting that was chosen in the app, and say where. Raises as `save_setting`."""
    if services.demo:
        return "This choice holds for this demo; your own config.toml is not changed."
    file = save_setting(services.environ, name, content)
    return f"Kept in {file}: {name}."


def demo_settings(environ: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    """The demo's folder, and the settings that the demo shares with the person; the others concern their data, accounts and
    money. Raises InvalidInput."""
    settings = load_settings(environ)
    return settings.folders.data / "demo", {name: getattr(settings, name) for name in _DEMO_SETTINGS}


def _state(setting: Setting, settings: Settings) -> SettingState:
    origin = settings.origins.get(setting.name, "default")
    from_file = origin == f"{settings.folders.config_file}: {setting.name}"
    return SettingState(setting, getattr(settings, setting.name), "config.toml" if from_file else origin)
