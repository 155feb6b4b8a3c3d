"""The whole app over real services on a database of its own, with a job type that does what a test tells it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.events import Key
from textual.keys import _character_to_key

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.core.context import Context
from devtrail_tui.core.job import Job, Level
from devtrail_tui.core.job_type import JobType, Surroundings
from devtrail_tui.core.progress import Count, Part, Progress
from devtrail_tui.core.setting import Kind, setting
from devtrail_tui.jobs import Catalogue
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from devtrail_tui.store.secrets import Secrets
from devtrail_tui.tui.app import DevTrailApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryKind:
    """A config with a setting of every kind."""

    repositories: tuple[str, ...] = setting(
        "Repositories", Kind.REPOSITORIES, default=(), required=True, help="owner/name"
    )
    start_date: date | None = setting("From", Kind.DAY, help="first day")
    end_date: date | None = setting("To", Kind.DAY, help="last day")
    github_token: str = setting("GitHub token", Kind.SECRET, default="", secret_name="github")
    about: str = setting("About you", Kind.LONG_TEXT, default="", help="who you are")
    style: str = setting("Style", Kind.CHOICE, default="short", choices=("short", "long"))
    dry_run: bool = setting("Dry run", Kind.FLAG, default=False, help="only say what would be done")
    budget_usd: float = setting("Budget (USD)", Kind.DOLLARS, default=5.0, minimum=0, maximum=100)
    model: str = setting("Model", Kind.TEXT, default="small", maximum=20)
    at_most: int | None = setting("At most", Kind.INTEGER, minimum=1, advanced=True, help="how many")


def check(config: EveryKind, surroundings: Surroundings) -> Mapping[str, str]:
    """Two problems that only a check of the whole can find."""
    problems = {}
    if config.start_date is not None and config.end_date is not None and config.start_date > config.end_date:
        problems["startDate"] = f"{config.start_date} is after the last day."
    if config.model == "huge":
        problems[""] = "Nothing is left to run a huge model."
    return problems


class Stage:
    """What the test's jobs do: they say that they have begun, and end when they are let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.error: Exception | None = None

    async def run(self, config: EveryKind, context: Context) -> dict[str, Any]:
        """Some log and progress, then wait."""
        context.log(f"{config.repositories[0]}: 4 merged pull requests found")
        context.log("GitHub's limit: continuing in 12 s", Level.WARNING)
        context.progress(
            Progress(
                percent=25,
                phase="fetching",
                parts=(Part(config.repositories[0], 1, 4),),
                counts=(Count("new", 1),),
            )
        )
        self.begun.set()
        while not self.let_go.is_set():  # noqa: ASYNC110 - the event is set by the test, in another thread
            await asyncio.sleep(0.005)
        if self.error is not None:
            raise self.error
        return {"message": "1 new pull request stored."}

    def job_type(self) -> JobType[EveryKind]:
        """The type of the test's jobs."""
        return JobType(
            name="GITHUB_SYNC",
            title="Sync pull requests",
            config=EveryKind,
            run=self.run,
            check=check,
            describe=lambda config: " ".join(config.repositories),
            discloses=lambda config, _surroundings: f"Titles of {config.repositories[0]} go to api.example.",
        )


class EmptyKeyring:
    """A system keyring that holds nothing."""

    def get_password(self, service: str, name: str) -> str | None:
        """Nothing."""
        return None


class House:
    """Services in a folder of their own, the stage its jobs play on, and the apps that were opened over it."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None, **flags: Any) -> None:
        self.environ = {"DEVTRAIL_HOME": str(folder), "PATH": "", **(environ or {})}
        self.stage = Stage()
        self.services = Services(load_settings(self.environ, **flags), environ=self.environ)
        self.services.secrets = Secrets(self.environ, keyring=EmptyKeyring())
        self.services.catalogue = Catalogue({"GITHUB_SYNC": self.stage.job_type()})

    def opened(self) -> House:
        """With its database open already, so that a test can put something in it; the app opens it once more."""
        self.services.open()
        return self

    def launch(self, *repositories: str) -> Job:
        """Enqueue a job."""
        return launch_job(self.services, "GITHUB_SYNC", {"repositories": list(repositories)})

    @asynccontextmanager
    async def app(self, *, size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[DevTrailApp, Pilot[None]]]:
        """The app, its first rows on the screen; ended in order, its job given back."""
        app = DevTrailApp(self.services)
        async with app.run_test(size=size, notifications=True) as pilot:
            try:
                await until(pilot, lambda: app.snapshot is not None, "the first snapshot")
                yield app, pilot
            finally:
                self.stage.let_go.set()
                app.leave()
                await until(pilot, app.worker.ended.is_set, "the worker's end")
        if app.feed is not None:
            app.feed.join(PATIENCE_S)
        self.services.close()


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str) -> None:
    """Let the app work until something holds, as a person would look at the screen until it does."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}; on the screen:\n{screen_text(pilot.app)}")
        await asyncio.sleep(0.01)


def screen_text(app: Any) -> str:
    """What a person sees, as text."""
    width, _ = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip)[:width].rstrip() for strip in lines)


async def sees(pilot: Pilot[None], *texts: str) -> str:
    """Wait until all these texts stand on the screen; returns the whole screen."""
    shown = ""

    def all_are_shown() -> bool:
        nonlocal shown
        shown = screen_text(pilot.app)
        return all(text in shown for text in texts)

    await until(pilot, all_are_shown, " and ".join(map(repr, texts)))
    return shown


async def typed(pilot: Pilot[None], text: str) -> None:
    """Type into whatever has the focus, faster than the app draws."""
    driver = pilot.app._driver
    assert driver is not None
    for character in text:
        driver.send_message(Key(_character_to_key(character), character))
    await pilot.pause()
