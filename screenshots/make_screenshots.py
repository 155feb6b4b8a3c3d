"""Makes the pictures the README shows, out of the demo's data: `python screenshots/make_screenshots.py`.

Each screen is drawn at 120x40 and 80x24, in the dark and the light theme, as SVG beside this file. Everything runs on
loopback; the clock starts on a fixed day, so that the pictures change only where the app does.
"""

# ruff: noqa: INP001 - a script beside its pictures, no package

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.actions.running import make_worker
from devtrail_tui.cli.demo import demo_environment
from devtrail_tui.core.job import Job, Status
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.tour import make_tour
from devtrail_tui.services import Services
from devtrail_tui.settings import load_settings
from devtrail_tui.tui.app import DevTrailApp

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from devtrail_tui.demo.answers import Answer
    from devtrail_tui.demo.http1 import Request
    from devtrail_tui.demo.server import DemoServer
    from devtrail_tui.demo.tour import Tour

HERE = Path(__file__).parent
BEGIN = datetime(2026, 11, 22, 11, 28, tzinfo=UTC)
TODAY = (BEGIN + timedelta(days=1)).date()
SIZES = ((120, 40), (80, 24))
THEMES = ("dark", "light")
ANALYSED_BEFORE_THE_PICTURE = 41
PATIENCE_S = 60.0


class FixedStart:
    """A clock that begins on a fixed day and then goes on as clocks do; `skip` lets hours pass between jobs."""

    def __init__(self) -> None:
        self._zero = time.monotonic()
        self._skipped = timedelta()

    def now(self) -> datetime:
        return BEGIN + self._skipped + timedelta(seconds=time.monotonic() - self._zero)

    def skip(self, passed: timedelta) -> None:
        self._skipped += passed

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def main() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory() as home:
        tour = make_tour(today=TODAY, latency=Latency())
        with tour.server:
            clock = FixedStart()
            environ = demo_environment(tour, Path(home))
            services = Services(load_settings(environ), environ=environ, demo=True, clock=clock)
            services.open()
            earlier_jobs(services, clock, tour)
            release = hold_questions(tour.server, after=ANALYSED_BEFORE_THE_PICTURE)
            running = sync(services, tour.repositories, "2025-10-01")
            try:
                asyncio.run(pictures(services, running))
            finally:
                release.set()
                services.close()


def hold_questions(server: DemoServer, *, after: int) -> threading.Event:
    """Let Claude answer `after` more questions, and the others once the event is set."""
    questions, release, others = itertools.count(1), threading.Event(), server.intercept

    async def intercept(request: Request) -> Answer | None:
        if request.path == "/v1/messages" and next(questions) > after:
            await asyncio.to_thread(release.wait)
        return None if others is None else await others(request)

    server.intercept = intercept
    return release


def sync(services: Services, repositories: Any, start: str, **more: Any) -> Job:
    """Put a sync in the queue."""
    return launch_job(services, "GITHUB_SYNC", {"repositories": list(repositories), "startDate": start, **more})


def earlier_jobs(services: Services, clock: FixedStart, tour: Tour) -> None:
    """A past to look at: done, failed, cancelled, planned."""
    sync(services, ["acme/shop"], "2026-09-01", dryRun=True)
    run_all(services)
    clock.skip(timedelta(hours=20))
    sync(services, ["acme/shop"], "2026-09-01")
    run_all(services)
    clock.skip(timedelta(hours=2))
    sync(services, ["acme/no-such-repository"], "2026-09-01")
    run_all(services)
    clock.skip(timedelta(minutes=50))
    services.queue.cancel(sync(services, tour.repositories, "2026-01-01").id).result()
    clock.skip(timedelta(minutes=12))


def run_all(services: Services) -> None:
    """Work until nothing is left."""
    make_worker(services, once=True).run()


async def pictures(services: Services, running: Job) -> None:
    """Every screen in every size and theme, out of one run of the app."""
    app = DevTrailApp(services)
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: held(services, running))
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.data.job is not None)
        for theme in THEMES:
            for size in SIZES:
                app.theme = f"devtrail-{theme}"
                await pilot.resize_terminal(*size)
                await every_screen(app, pilot, f"{size[0]}x{size[1]}-{theme}")
        app.leave()


async def every_screen(app: DevTrailApp, pilot: Pilot[None], kind: str) -> None:
    """Walk through the app by its keys."""

    async def take(name: str, *keys: str, shown: str = "") -> None:
        await pilot.press(*keys)
        app.clear_notifications()
        await settle(pilot)
        await until(pilot, lambda: shows(app, shown))
        await settle(pilot)
        (HERE / f"{name}-{kind}.svg").write_text(app.export_screenshot(title="DevTrail"))

    await take("dashboard")
    await take("log", "l", shown="Log of")
    await take("form", "escape", "n", shown="Budget")
    await take("evidence", "escape", "2", shown="best")
    await take("entry", "g", "enter", shown="Matches")
    await take("help", "escape", "1", "question_mark", shown="new_job")
    await pilot.press("escape")


def held(services: Services, job: Job) -> bool:
    """The sync has come as far as the server lets it."""
    now = services.views.job(job.id)
    matched = sum(count.number for count in now.progress_detail.counts if count.label == "matched")
    return now.status is Status.RUNNING and matched >= ANALYSED_BEFORE_THE_PICTURE // 2


def shows(app: DevTrailApp, text: str) -> bool:
    """Whether a text stands on the screen."""
    return text.replace(" ", "&#160;") in app.export_screenshot()


async def settle(pilot: Pilot[None]) -> None:
    """Let what is under way be drawn."""
    for _ in range(6):
        await pilot.pause(0.1)


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Wait for something to come about."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("The picture did not come about; is the demo's sync running?")
        await pilot.pause(0.05)


if __name__ == "__main__":
    main()
