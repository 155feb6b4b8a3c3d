"""`devtrail-tui config`: every setting of config.toml, its value and where it comes from."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from devtrail_tui.cli.output import json_option, narrate, print_json, say, table
from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.setting import Setting, read_values
from devtrail_tui.services import settings_problems
from devtrail_tui.settings import SETTINGS, Settings, load_settings, read_settings

_WRONG = 2
"""The exit code where a setting is wrong."""


@click.group(short_help="Show and check the settings.")
def config() -> None:
    """The settings of config.toml: what holds, and where it comes from."""


@config.command("list")
@json_option
def list_settings(*, as_json: bool) -> int:
    """List every setting with its value and its origin."""
    settings = load_settings(os.environ)
    listed = [_described(each, settings) for each in SETTINGS.values()]
    if as_json:
        print_json(listed)
        return 0
    rows = [(each["name"], _words(each["value"]), each["origin"]) for each in listed]
    for line in table(("Setting", "Value", "Origin"), rows):
        say(line)
    return 0


@config.command()
@click.argument("name")
@json_option
def show(*, name: str, as_json: bool) -> int:
    """Show one setting: value, origin, default, limits, and what it means."""
    settings = load_settings(os.environ)
    if unknown := read_values(SETTINGS, {name: None})[1]:
        raise InvalidInput(unknown)
    described = _described(SETTINGS[name], settings)
    if as_json:
        print_json(described)
        return 0
    for key, value in described.items():
        if words := _words(value):
            say(f"{key:<13}{words}")
    return 0


@config.command()
@json_option
def check(*, as_json: bool) -> int:
    """Say everything that is wrong with the settings; the exit code is 2 where something is."""
    settings, problems = read_settings(os.environ)
    problems |= settings_problems(settings)
    if settings.origins.keys() & {"theme", "keys"}:
        from devtrail_tui.cli.app import app_problems  # loads Textual, which knows them

        problems |= app_problems(settings)
    for notice in settings.notices:
        narrate(notice)
    path = settings.folders.config_file
    if as_json:
        print_json({"ok": not problems, "file": str(path), "problems": problems})
        return _WRONG if problems else 0
    for origin, sentence in problems.items():
        say(f"✗ {origin}: {sentence}" if origin else f"✗ {sentence}")
    if not problems:
        say(f"✓ {path} is well." if path.exists() else f"✓ {path} is not there; the defaults hold.")
    return _WRONG if problems else 0


def _described(each: Setting, settings: Settings) -> dict[str, Any]:
    origin = settings.origins.get(each.name, "default")
    return {
        "name": each.name,
        "value": getattr(settings, each.name),
        "origin": "config.toml" if origin == f"{settings.folders.config_file}: {each.name}" else origin,
        "default": each.default,
        "minimum": each.minimum,
        "maximum": each.maximum,
        "choices": each.choices,
        "environment": each.environment,
        "help": f"{each.label}: {each.help}",
    }


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if value not in (None, ()) else ""
