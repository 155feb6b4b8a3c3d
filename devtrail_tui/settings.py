"""Settings (flags > environment > config.toml > defaults), and the folders of this system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from devtrail_tui.core.errors import DevTrailError, InvalidInput, UsageError
from devtrail_tui.core.model_price import ModelPrice
from devtrail_tui.core.setting import Kind, Setting, read_values, setting, settings_of
from devtrail_tui.core.text import safe_line
from devtrail_tui.core.typed_paths import typed_path

T = TypeVar("T")
LOG_LEVELS = ("debug", "info", "warning", "error")
EFFORTS = ("low", "medium", "high")
APP_NAME = "devtrail-tui"


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders of config, data, state and logs. `DEVTRAIL_HOME` moves all four under one folder."""

    config: Path
    data: Path
    state: Path
    log: Path

    @property
    def config_file(self) -> Path:
        """The path of config.toml; the file need not exist."""
        return self.config / "config.toml"

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Folders:
        """The folders for this person, by the conventions of the system (platformdirs). Raises UsageError if it has no home."""
        home = environ.get("DEVTRAIL_HOME")
        try:
            if home:
                home.encode()  # raises UnicodeEncodeError for bytes that are not UTF-8
                root = typed_path(home)
                return cls(root / "config", root / "data", root / "state", root / "logs")
            import platformdirs

            dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
            return cls(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path, dirs.user_log_path)
        except UnicodeEncodeError:
            raise UsageError("The folder in DEVTRAIL_HOME is not UTF-8; choose another name.") from None
        except RuntimeError:  # no HOME, and no entry of this user in the system's list
            raise UsageError("This user has no home folder; name a folder for DevTrail in DEVTRAIL_HOME.") from None


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)  # unused methods would cost start-up time
class UserSettings:
    """The settings of config.toml; a field's name is its key. Times are in seconds, amounts in US dollars."""

    database_url: str = setting(
        "Database", Kind.TEXT, default="", environment="DEVTRAIL_DATABASE_URL", help="URL, sqlite:////path"
    )
    github_url: str = setting(
        "GitHub", Kind.TEXT, default="https://api.github.com", environment="DEVTRAIL_GITHUB_URL", help="API URL"
    )
    anthropic_base_url: str | None = setting(
        "Claude", Kind.TEXT, environment="ANTHROPIC_BASE_URL", help="gateway URL; default: Claude's own"
    )
    model: str = setting("Model", Kind.TEXT, default="claude-sonnet-5-5", maximum=100, help="default for jobs")
    budget_usd: float = setting(
        "Budget (USD)", Kind.DOLLARS, default=5.0, minimum=0, maximum=10_000, help="default for jobs"
    )
    effort: str = setting(
        "Effort",
        Kind.CHOICE,
        default="low",
        choices=EFFORTS,
        help="Claude's thinking, billed, where the model has a choice",
    )
    language: str = setting(
        "Language", Kind.TEXT, default="", maximum=60, help="of Claude's explanations, such as German; default: English"
    )
    concurrency: int = setting("Jobs at once", Kind.INTEGER, default=1, minimum=1, maximum=32, help="per worker")
    claude_concurrency: int = setting(
        "Calls to Claude", Kind.INTEGER, default=4, minimum=1, maximum=16, help="concurrent calls per job"
    )
    github_pause_s: float = setting(
        "Pause", Kind.SECONDS, default=0.1, minimum=0, maximum=60, help="between two requests to GitHub"
    )
    lease_s: float = setting(
        "Lease",
        Kind.SECONDS,
        default=30.0,
        minimum=1,
        maximum=3600,
        help="time until a silent worker loses its job",
    )
    heartbeat_s: float = setting(
        "Heartbeat", Kind.SECONDS, default=10.0, minimum=0.2, maximum=600, help="interval of lease renewals"
    )
    max_wait: float = setting(
        "Longest wait",
        Kind.SECONDS,
        default=12 * 3600.0,
        minimum=0,
        maximum=14 * 24 * 3600,
        help="for a network or service that is down: seconds, or such as 90m or 12h",
    )
    theme: str = setting("Theme", Kind.TEXT, default="devtrail-dark", help="the app's colours")
    keys: Mapping[str, str] = setting("Keys", Kind.TABLE, default={}, help="the app's keys, by command")
    log_level: str = setting(
        "Log level",
        Kind.CHOICE,
        default="warning",
        choices=LOG_LEVELS,
        environment="DEVTRAIL_LOG_LEVEL",
        help="for the log file",
    )
    secret_key_file: str | None = setting(
        "Key file", Kind.TEXT, environment="DEVTRAIL_SECRET_KEY_FILE", help="encryption key for stored secrets"
    )
    plain_secrets: bool = setting(
        "Plain secrets", Kind.FLAG, default=False, help="let auth login store secrets unencrypted as a last resort"
    )
    prices: Mapping[str, ModelPrice] = setting(
        "Prices", Kind.PRICES, default={}, help="of models, in dollars per million tokens; for aliases of a gateway"
    )
    http_hosts: tuple[str, ...] = setting(
        "Hosts over http", Kind.PATTERNS, default=(), help="that may get your keys unencrypted"
    )
    exclude_repositories: tuple[str, ...] = setting(
        "Excluded repositories", Kind.PATTERNS, default=(), help="neither fetched nor sent"
    )
    exclude_paths: tuple[str, ...] = setting("Excluded paths", Kind.PATTERNS, default=(), help="not sent to Claude")


_RETIRED: Mapping[str, str] = {
    "poll_s": "poll_s is no longer needed: the program notices every change at once. Remove it.",
}
"""Settings of earlier versions that config.toml may still contain."""
SETTINGS: Mapping[str, Setting] = {each.name: each for each in settings_of(UserSettings)}


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Settings(UserSettings):
    """All settings; `origins` names the source of each value that is not a default, as a prefix for sentences:
    `/path/config.toml: model`; `notices` are sentences about keys of config.toml that have no effect."""

    folders: Folders
    origins: Mapping[str, str]
    notices: tuple[str, ...] = ()

    def read(self, name: str, reader: Callable[[Any], T]) -> T:
        """The result of `reader` for a setting. Raises InvalidInput with its message, prefixed with the value's origin."""
        try:
            return reader(getattr(self, name))
        except DevTrailError as error:
            raise InvalidInput({self.origins.get(name, name): str(error)}) from None

    def problems(self, readers: Mapping[str, Callable[[Any], object]]) -> dict[str, str]:
        """By origin, the readers' errors for values that are not defaults."""
        problems: dict[str, str] = {}
        for name in [name for name in readers if name in self.origins]:
            try:
                self.read(name, readers[name])
            except InvalidInput as error:
                problems |= error.problems
        return problems


def load_settings(environ: Mapping[str, str], **flags: Any) -> Settings:
    """Resolve all settings. `flags` are command line values; None means not given.

    Raises InvalidInput for an unreadable config.toml, unknown keys, and invalid values.
    """
    settings, problems = read_settings(environ, **flags)
    if problems:
        raise InvalidInput(problems)
    return settings


def read_settings(environ: Mapping[str, str], **flags: Any) -> tuple[Settings, dict[str, str]]:
    """As `load_settings`, but returns problems by origin; an invalid value is replaced by the next lower source."""
    folders = Folders.of(environ)
    path, problems = folders.config_file, {}
    try:
        in_file = dict(_from_file(path))
    except UsageError as error:
        in_file, problems = {}, {"": str(error)}
    notices = tuple(f"{path}: {sentence}" for name, sentence in _RETIRED.items() if in_file.pop(name, None) is not None)
    variables = {setting.name: setting.environment for setting in SETTINGS.values() if environ.get(setting.environment)}
    settled_values: dict[str, Any] = {"database_url": f"sqlite:///{quote(str(folders.data / 'devtrail.db'))}"}
    origins: dict[str, str] = {}
    layers: tuple[tuple[Mapping[str, Any], Callable[[str], str]], ...] = (
        (in_file, lambda name: f"{path}: {name}"),
        (
            {name: environ[setting] for name, setting in variables.items()},
            lambda name: f"environment variable {variables[name]}",
        ),
        (flags, lambda name: f"--{name.replace('_', '-')}"),
    )
    for raw, origin in layers:
        fitting, unfit = read_values(SETTINGS, raw)
        unfit |= {name: "The value is empty; omit the setting." for name, raw_value in raw.items() if raw_value == ""}
        problems |= {origin(name): sentence for name, sentence in unfit.items()}
        settled_values |= fitting
        origins |= {name: origin(name) for name in fitting}
    settings = Settings(folders=folders, origins=origins, notices=notices, **settled_values)
    if settings.heartbeat_s * 2 > settings.lease_s:
        problems[origins.get("heartbeat_s") or origins["lease_s"]] = (
            f"heartbeat_s ({settings.heartbeat_s:g}) must be at most half of lease_s ({settings.lease_s:g}), "
            "or a healthy worker would lose its jobs. Change one of them."
        )
    return settings, problems


def _from_file(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read ({safe_line(str(error), limit=120)}). Repair or move the file."
        ) from None
    import tomllib  # only needed with a config file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {safe_line(str(error), limit=160)}.") from None
