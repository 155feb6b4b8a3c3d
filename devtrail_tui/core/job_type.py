"""What a job type is: one file in `devtrail_tui/jobs` (or a plugin) with a `JOB = JobType(...)`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from devtrail_tui.core.setting import Setting, parse_config, settings_of

if TYPE_CHECKING:
    from devtrail_tui.core.context import Context, Preview, PreviewDoor

C = TypeVar("C")


class Surroundings(Protocol):
    """What a config check may ask about the world; made real by `services`."""

    @property
    def today(self) -> date:
        """Today in the person's own time zone."""
        ...

    @property
    def github_host(self) -> str:
        """The host that GitHub's API is asked at."""
        ...

    @property
    def claude_host(self) -> str:
        """The host that prompts are sent to."""
        ...

    def excluded(self, repository: str) -> bool:
        """Whether the person's settings exclude a repository."""
        ...

    def price_known(self, model: str) -> bool:
        """Whether the price list knows what `model` costs."""
        ...


def _no_problems(_config: Any, _surroundings: Surroundings) -> Mapping[str, str]:
    return {}


def _nothing_to_say(_config: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType(Generic[C]):
    """A kind of work. `run` is a coroutine `run(config, context) -> dict`, cancellable at every await.

    `check` sees a well-formed config and returns problems by JSON key (start after end, say). `describe` gives the short text
    of the table's "What" column. `unique_key` names what may be queued only once at a time, or None;
    secrets in the config it is given are empty, but for those that were given for this job alone. `discloses` is the line that
    says what will be sent to which host; `preview` shows it whole, on one example, before anything is sent. `timeout_s` bounds
    one attempt in seconds (None: no bound). `max_attempts` counts tries. `defaults` are the person's values for settings with
    `default_from`; `services` fills them in.
    """

    name: str
    title: str
    config: type[C]
    run: Callable[[C, Context], Awaitable[dict[str, Any]]]
    description: str = ""
    command: str = ""
    check: Callable[[C, Surroundings], Mapping[str, str]] = _no_problems
    describe: Callable[[C], str] = _nothing_to_say
    unique_key: Callable[[C, Surroundings], str | None] | None = None
    discloses: Callable[[C, Surroundings], str] | None = None
    preview: Callable[[C, PreviewDoor], Awaitable[Preview]] | None = None
    timeout_s: float | None = None
    max_attempts: int = 5
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The config's described fields, their defaults as far as they are known."""
        return settings_of(self.config, self.defaults)

    def parse(self, raw: Mapping[str, Any]) -> C:
        """The typed config out of JSON keys. Raises InvalidInput as `parse_config`."""
        return parse_config(self.config, raw, self.defaults)
