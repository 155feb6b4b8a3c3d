"""Settings as data: fields of job configs and keys of config.toml.

Both are frozen dataclasses whose fields are made by `setting(...)`. Label, help, limits and secrecy are data, so form, command
line, HTTP and `config list` present the same setting and report the same error.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.model_price import PRICE_EXAMPLE, ModelPrice
from devtrail_tui.core.repository_names import repository_name
from devtrail_tui.core.text import safe, safe_line

C = TypeVar("C")
NO_DEFAULTS: Mapping[str, Any] = MappingProxyType({})
_METADATA = "devtrail"


class Kind(StrEnum):
    """The kind of a setting; it determines the Python type of the parsed value."""

    TEXT = "text"  # str, one line
    LONG_TEXT = "long_text"  # str, several lines
    REPOSITORIES = "repositories"  # tuple[str, ...] of owner/name
    DAY = "day"  # date | None, a day in the person's time zone
    SECRET = "secret"  # str: a reference once stored, never the value  # noqa: S105 - a kind, no secret
    FLAG = "flag"  # bool
    INTEGER = "integer"  # int | None
    DOLLARS = "dollars"  # float | None
    SECONDS = "seconds"  # float
    CHOICE = "choice"  # str, one of `choices`
    PATTERNS = "patterns"  # tuple[str, ...] of globs; in config.toml only
    TABLE = "table"  # dict[str, str]; in config.toml only
    PRICES = "prices"  # dict[str, ModelPrice] by model; in config.toml only


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of a config for the front ends. `key` is the JSON key, `flag` the command line option without dashes.

    A required secret must be entered or be available from its standard sources (`secret_name`). `default_from` names the
    config.toml setting that provides `default` (None until known). `environment` is the variable that sets it.
    """

    name: str
    key: str
    flag: str
    kind: Kind
    label: str
    help: str
    default: Any
    required: bool
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    secret_name: str
    advanced: bool
    default_from: str
    environment: str

    @property
    def secret(self) -> bool:
        """Whether the value is a secret, which a job stores as a reference only."""
        return self.kind is Kind.SECRET


def setting(
    label: str,
    kind: Kind,
    *,
    default: Any = None,
    help: str = "",
    key: str = "",
    flag: str = "",
    required: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
    secret_name: str = "",
    advanced: bool = False,
    default_from: str = "",
    environment: str = "",
) -> Any:
    """A dataclass field with its description. `advanced` settings are at the end of a form; `secret_name` names the secret's
    standard sources ("github", "anthropic"). A field with `default_from` has no default here, so its dataclass must be `kw_only`.
    `environment` names the environment variable of a setting of config.toml."""
    described = locals() | {"choices": tuple(choices)}  # the parameters are the description
    metadata = {_METADATA: described}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=dataclasses.MISSING if default_from else default, metadata=metadata)


def camel(name: str) -> str:
    """The JSON key of a name: `prNumber` for `pr_number`."""
    head, *later_words = name.split("_")
    return head + "".join(word.title() for word in later_words)


def settings_of(config_type: type[Any], defaults: Mapping[str, Any] = NO_DEFAULTS) -> tuple[Setting, ...]:
    """The fields of a config dataclass, in order. `defaults` are config.toml's values for fields with `default_from`.

    Raises TypeError for a field not made by `setting`: no front end could show it.
    """
    settings = []
    for field in dataclasses.fields(config_type):
        described = field.metadata.get(_METADATA)
        if described is None:
            raise TypeError(f"{config_type.__name__}.{field.name} is not described; declare it with setting(...)")
        arguments = dict(described)
        arguments["key"] = arguments["key"] or camel(field.name)
        arguments["flag"] = arguments["flag"] or field.name.replace("_", "-")
        arguments["default"] = defaults.get(arguments["default_from"], arguments["default"])
        settings.append(Setting(name=field.name, **arguments))
    return tuple(settings)


def parse_config(config_type: type[C], raw: Mapping[str, Any], defaults: Mapping[str, Any] = NO_DEFAULTS) -> C:
    """Parse input (JSON keys, text or JSON values) into a typed config. `defaults` as in `settings_of`.

    Raises InvalidInput with a sentence for every wrong, unknown or missing field.
    """
    described = {setting.key: setting for setting in settings_of(config_type, defaults)}
    config_values, problems = read_values(
        described, {key: raw_value for key, raw_value in raw.items() if not key.startswith("_")}
    )
    for key, setting in described.items():
        if raw.get(key, "") is None and setting.default is not None:
            problems.setdefault(key, f"{setting.label} is null; give a value or omit it.")
    if problems:
        raise InvalidInput(problems)
    return config_type(**config_values)


def read_values(described: Mapping[str, Setting], raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Typed values by field name, and a sentence by key for every wrong, unknown or missing field."""
    problems: dict[str, str] = {}
    typed_values: dict[str, Any] = {}
    for key in raw:
        if key not in described:
            near = difflib.get_close_matches(key, described, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"The settings are: {', '.join(described)}."
            problems[safe_line(key, limit=60)] = f"There is no such setting. {hint}"
    for key, setting in described.items():
        raw_value = raw.get(key)
        if raw_value is None or raw_value in ("", [], ()):
            raw_value = setting.default if setting.default_from else None
        if raw_value is None:
            if (setting.required and setting.kind is not Kind.SECRET) or setting.default_from:
                problems[key] = f"{setting.label} is needed."
            continue
        try:
            typed_values[setting.name] = _READERS[setting.kind](setting, raw_value)
        except ValueError as error:
            problems[key] = str(error)
    return typed_values, problems


def config_json(config: Any) -> dict[str, Any]:
    """A config as JSON under its JSON keys; days as ISO dates. The inverse of `parse_config`."""
    out: dict[str, Any] = {}
    for setting in settings_of(type(config)):
        json_value = getattr(config, setting.name)
        if isinstance(json_value, date):
            json_value = json_value.isoformat()
        elif isinstance(json_value, tuple):
            json_value = list(json_value)
        out[setting.key] = json_value
    return out


_YEARS = range(1990, 2101)
"""A margin of both sides that time zones and the ends of slices need."""
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([smhd])")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _read_text(each: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{each.label} must be text in quotes.")
    text = safe(value) if each.kind is Kind.LONG_TEXT else safe_line(value)
    if each.maximum is not None and len(text) > each.maximum:
        raise ValueError(f"{each.label} may have {each.maximum:,.0f} characters; this has {len(text):,}.")
    return text


def _read_secret(each: Setting, value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or " " in value.strip():
        raise ValueError(f"{each.label} must be one word without spaces; paste it again.")
    return value.strip()


def _read_choice(each: Setting, value: Any) -> str:
    value = value.lower() if isinstance(value, str) else value
    if value not in each.choices:
        raise ValueError(f"{each.label} must be one of: {', '.join(each.choices)}.")
    return str(value)


def _read_flag(each: Setting, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "yes", "on", "1", "false", "no", "off", "0"):
        return value.lower() in ("true", "yes", "on", "1")
    raise ValueError(f"{each.label} must be yes or no.")


def _read_number(each: Setting, value: Any) -> float:
    kind = "a whole number" if each.kind is Kind.INTEGER else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{each.label} must be {kind}.")
    try:
        number = float(value.strip().removeprefix("$") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{each.label} must be {kind}, not “{safe_line(str(value), limit=30)}”.")
    if each.minimum is not None and number < each.minimum:
        raise ValueError(f"{each.label} must be at least {each.minimum:g}.")
    if each.maximum is not None and number > each.maximum:
        raise ValueError(f"{each.label} must be at most {each.maximum:,g}.")
    return number


def _read_seconds(each: Setting, value: Any) -> float:
    """Seconds, or a number with a unit: 90s, 30m, 12h, 2d."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return _read_number(each, value)
    return _read_number(each, float(match[1]) * _UNITS_S[match[2]])


def _read_integer(each: Setting, value: Any) -> int:
    number = _read_number(each, value)
    if number != int(number):
        raise ValueError(f"{each.label} must be a whole number.")
    return int(number)


def _read_patterns(each: Setting, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(
        isinstance(pattern, str) and pattern.strip() for pattern in value
    ):
        raise ValueError(f'{each.label} must be a list of patterns, such as ["acme/secret-*"].')
    return tuple(safe_line(pattern) for pattern in value)


def _read_table(each: Setting, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(entry, str) for entry in value.values()):
        raise ValueError(f'{each.label} must be a table of binding = "keys", such as cancel_job = "x".')
    return dict(value)


def _read_day(each: Setting, value: Any) -> date:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value.strip())
    except (ValueError, AttributeError):
        raise ValueError(
            f"{each.label} must be a day such as 2026-03-31, not “{safe_line(str(value), limit=30)}”."
        ) from None
    if day.year not in _YEARS:
        raise ValueError(f"{each.label} must be a day of the years {_YEARS[0]} to {_YEARS[-1]}, not {day}.")
    return day


def _read_repositories(each: Setting, value: Any) -> tuple[str, ...]:
    items = re.split(r"[\s,]+", value) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise ValueError(f"{each.label} must be a list of owner/name.")
    names: dict[str, str] = {}
    for item in items:
        if item:
            name = repository_name(item)
            names.setdefault(name.lower(), name)
    if each.required and not names:
        raise ValueError(f"{each.label} is needed.")
    return tuple(names.values())


def _read_prices(each: Setting, value: Any) -> dict[str, ModelPrice]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{each.label} must be a table with a line for each model: {PRICE_EXAMPLE}.")
    prices: dict[str, ModelPrice] = {}
    for model, amounts in value.items():
        try:
            prices[model] = ModelPrice(**amounts)
        except (TypeError, ValueError) as error:
            problem = f" ({error})" if isinstance(error, ValueError) else ""
            raise ValueError(
                f"The price of {safe_line(model, limit=60)} must be dollars per million tokens: {PRICE_EXAMPLE}{problem}."
            ) from None
    return prices


_READERS: Mapping[Kind, Callable[[Setting, Any], Any]] = {
    Kind.TEXT: _read_text,
    Kind.LONG_TEXT: _read_text,
    Kind.REPOSITORIES: _read_repositories,
    Kind.DAY: _read_day,
    Kind.SECRET: _read_secret,
    Kind.FLAG: _read_flag,
    Kind.INTEGER: _read_integer,
    Kind.DOLLARS: _read_number,
    Kind.SECONDS: _read_seconds,
    Kind.CHOICE: _read_choice,
    Kind.PATTERNS: _read_patterns,
    Kind.TABLE: _read_table,
    Kind.PRICES: _read_prices,
}
