"""Settings: flags > environment > config.toml > defaults, and where files belong on this system."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from devtrail_tui.core.errors import UsageError
from devtrail_tui.core.text import safe_line

APP_NAME = "devtrail-tui"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where config, data, state and logs live. `DEVTRAIL_HOME` moves all four under one folder."""

    config: Path
    data: Path
    state: Path
    log: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Folders:
        """The folders for this person, by the system's own custom (platformdirs)."""
        home = environ.get("DEVTRAIL_HOME")
        if home:
            root = Path(home).expanduser()
            return cls(root / "config", root / "data", root / "state", root / "logs")
        import platformdirs

        dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
        return cls(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path, dirs.user_log_path)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Times are seconds, dollars are US dollars.

    Every field but `folders` may stand in config.toml under its name; `keys` maps a binding's id to its keys. `plain_secrets`
    lets `auth login` keep a secret unencrypted where nothing better is there. `exclude_repositories` and `exclude_paths` are
    globs (core/exclusions.py).
    """

    folders: Folders
    database_url: str
    github_url: str = "https://api.github.com"
    anthropic_base_url: str | None = None
    model: str = "claude-sonnet-5-5"
    concurrency: int = 1
    claude_concurrency: int = 4
    github_pause_s: float = 0.1
    lease_s: float = 30.0
    heartbeat_s: float = 10.0
    poll_s: float = 0.25
    budget_usd: float = 5.0
    theme: str = "devtrail-dark"
    log_level: str = "warning"
    secret_key_file: str | None = None
    plain_secrets: bool = False
    exclude_repositories: tuple[str, ...] = ()
    exclude_paths: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def config_file(self) -> Path:
        """The person's own config.toml; it need not exist."""
        return self.folders.config / "config.toml"


_NUMBER_LIMITS: Mapping[str, tuple[float, float]] = {
    "concurrency": (1, 32),
    "claude_concurrency": (1, 16),
    "github_pause_s": (0, 60),
    "lease_s": (1, 3600),
    "heartbeat_s": (0.2, 600),
    "poll_s": (0.05, 60),
    "budget_usd": (0, 10_000),
}
_FLAGS = ("plain_secrets",)
_LISTS = ("exclude_repositories", "exclude_paths")
LOG_LEVELS = ("debug", "info", "warning", "error")
_FROM_ENVIRONMENT: Mapping[str, str] = {
    "DEVTRAIL_DATABASE_URL": "database_url",
    "DEVTRAIL_LOG_LEVEL": "log_level",
    "DEVTRAIL_SECRET_KEY_FILE": "secret_key_file",
    "DEVTRAIL_GITHUB_URL": "github_url",
    "ANTHROPIC_BASE_URL": "anthropic_base_url",
}


def load_settings(environ: Mapping[str, str], **flags: Any) -> Settings:
    """Settle every setting. `flags` are values given on the command line; None means not given.

    Raises UsageError for a config.toml that cannot be read, a key that does not exist, or a value that does not fit.
    """
    folders = Folders.of(environ)
    settings = Settings(folders=folders, database_url=f"sqlite:///{folders.data / 'devtrail.db'}")
    settings = _with(settings, _from_file(settings.config_file), f"{settings.config_file}: ")
    from_environment = {name: environ[key] for key, name in _FROM_ENVIRONMENT.items() if environ.get(key)}
    settings = _with(settings, from_environment, "environment: ")
    settings = _with(settings, {key: value for key, value in flags.items() if value is not None}, "")
    if settings.heartbeat_s * 2 > settings.lease_s:
        raise UsageError(
            f"heartbeat_s ({settings.heartbeat_s:g}) must be at most half of lease_s ({settings.lease_s:g}), "
            "or a healthy worker would lose its jobs. Change one of them."
        )
    return settings


def _from_file(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read ({safe_line(str(error), limit=120)}). Mend or move the file."
        ) from None
    import tomllib  # only for those who have a config file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {safe_line(str(error), limit=160)}.") from None


def _with(settings: Settings, values: Mapping[str, Any], origin: str) -> Settings:
    known = {each.name: each for each in fields(Settings) if each.name != "folders"}
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."
            raise UsageError(f"{origin}there is no setting “{safe_line(key, limit=60)}”. {hint}")
        checked[key] = _fitting(origin, key, value)
    return replace(settings, **checked)


def _fitting(origin: str, key: str, value: Any) -> Any:
    if key == "keys":
        if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
            raise UsageError(f'{origin}keys is a table of binding = "keys", such as cancel_job = "x".')
        return dict(value)
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise UsageError(f"{origin}{key} is true or false.")
        return value
    if key in _LISTS:
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each.strip() for each in value):
            raise UsageError(f'{origin}{key} is a list of patterns, such as ["acme/secret-*"].')
        return tuple(safe_line(each) for each in value)
    if key == "log_level" and value not in LOG_LEVELS:
        raise UsageError(f"{origin}log_level is one of: {', '.join(LOG_LEVELS)}.")
    limits = _NUMBER_LIMITS.get(key)
    if limits is None:
        if not isinstance(value, str):
            raise UsageError(f"{origin}{key} is text in quotes.")
        return safe_line(value)
    whole = key.endswith("concurrency")
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        raise UsageError(f"{origin}{key} is a {'whole ' if whole else ''}number.")
    if not limits[0] <= value <= limits[1]:
        raise UsageError(f"{origin}{key} is from {limits[0]:g} to {limits[1]:,g}, not {value:,g}.")
    return value
