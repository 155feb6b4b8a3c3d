"""The description of a job type: one file in `devtrail_tui/jobs` (or a plugin) with a `JOB = JobType(...)`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from devtrail_tui.core.price_range import PriceRange
from devtrail_tui.core.setting import Setting, parse_config, settings_of

if TYPE_CHECKING:
    from devtrail_tui.core.context import Context, Preview, PreviewContext

C = TypeVar("C")


class Surroundings(Protocol):
    """The environment that a config check can query; implemented in `services`."""

    @property
    def today(self) -> date:
        """Today in the person's time zone."""
        ...

    @property
    def github_host(self) -> str:
        """The host of GitHub's API."""
        ...

    @property
    def claude_host(self) -> str:
        """The host that prompts are sent to."""
        ...

    def excluded(self, repository: str) -> bool:
        """Whether the settings exclude a repository."""
        ...

    def usual_price(self, model: str) -> PriceRange | None:
        """What judging one pull request of usual size costs; None for a model without a known price."""
        ...


def _no_problems(_config: Any, _surroundings: Surroundings) -> Mapping[str, str]:
    return {}


def _nothing_to_say(_config: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType(Generic[C]):
    """A type of job. `run` is a coroutine `run(config, context) -> dict`, cancellable at every await.

    `check` takes a well-formed config and returns problems by JSON key (start after end, for example). `describe` returns the
    text for the table column "What". `unique_key` returns a key that only one active job may have, or None; secrets in its config
    are empty unless they were entered for this job. `discloses` says what is sent to which host; `preview` shows the complete
    request on one example before anything is sent. `timeout_s` limits one attempt, in seconds (None: no limit). `max_attempts`
    counts tries. `defaults` are the values of settings with `default_from`, set by `services`.
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
    preview: Callable[[C, PreviewContext], Awaitable[Preview]] | None = None
    timeout_s: float | None = None
    max_attempts: int = 5
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The config's fields, with their defaults if known."""
        return settings_of(self.config, self.defaults)

    def parse(self, raw: Mapping[str, Any]) -> C:
        """The typed config from JSON keys. Raises InvalidInput as `parse_config`."""
        return parse_config(self.config, raw, self.defaults)
