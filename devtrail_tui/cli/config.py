"""`devtrail-tui config`: the settings of config.toml, their values and origins."""

from __future__ import annotations

import os

import click

from devtrail_tui.actions.settings import check_settings, get_setting, list_settings, set_setting
from devtrail_tui.cli.app import app_readers
from devtrail_tui.cli.output import json_option, print_result, report, table


@click.group(short_help="Show, change and check the settings.")
def config() -> None:
    """The settings of config.toml, their values and origins."""


@config.command("list")
@json_option
def list_command(*, as_json: bool) -> int:
    """List every setting with its value and its origin."""
    settings = list_settings(os.environ)
    rows = [(row["name"], row["value"], row["origin"]) for row in (setting.texts() for setting in settings)]
    details = [setting.to_json() for setting in settings]
    return print_result(details, table(("Setting", "Value", "Origin"), rows), as_json=as_json)


@config.command()
@click.argument("name")
@json_option
def show(*, name: str, as_json: bool) -> int:
    """Show one setting: value, origin, default, limits, meaning."""
    setting = get_setting(os.environ, name)
    lines = [f"{key:<13}{text}" for key, text in setting.texts().items() if text]
    return print_result(setting.to_json(), lines, as_json=as_json)


@config.command("set")
@click.argument("name")
@click.argument("value")
@json_option
def set_command(*, name: str, value: str, as_json: bool) -> int:
    """Write a setting into config.toml and leave the rest of the file as it is. Examples: theme nord; budget_usd 3;
    keys.cancel_job x; exclude_paths '["legal/"]'."""
    return report(set_setting(os.environ, name, value, app_readers), as_json=as_json)


@config.command()
@json_option
def check(*, as_json: bool) -> int:
    """Report everything that is wrong with the settings; the exit code is 2 if there is a problem."""
    return report(check_settings(os.environ, app_readers), as_json=as_json)
