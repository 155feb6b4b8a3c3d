"""What every screen of the app has: header, key bar, and the latest snapshot handed to it while it is on the stack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast

from textual.message import Message
from textual.screen import Screen

from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.tui.widgets.header_bar import HeaderBar

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.tui.feed import Feed, Snapshot


class ChosenJob(Protocol):
    """What can be done with the job that is chosen on the dashboard."""

    async def action_cancel_job(self) -> None: ...

    def action_retry_job(self) -> None: ...


class LiveApp(Protocol):
    """The app as its screens know it."""

    services: Services
    feed: Feed | None
    snapshot: Snapshot | None
    worker_trouble: str
    leaving: bool

    @property
    def dashboard(self) -> ChosenJob: ...

    async def action_show_jobs(self) -> None: ...


class Told(Message):
    """A sentence for the person about something that was done, or could not be, in a thread."""

    def __init__(self, sentence: str, *, failed: bool = False) -> None:
        super().__init__()
        self.sentence = sentence
        self.failed = failed


class LiveScreen(Screen[None]):
    """A whole screen that shows snapshots."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's own declaration
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high")]  # noqa: RUF012 - Textual's own declaration

    def __init__(self) -> None:
        super().__init__()
        # Textual sets these classes at the first resize and styles every widget anew for it, before the first paint.
        size = self.app.size
        self.add_class("-wide" if size.width >= self.HORIZONTAL_BREAKPOINTS[1][0] else "-narrow")
        self.add_class("-high" if size.height >= self.VERTICAL_BREAKPOINTS[1][0] else "-low")

    @property
    def devtrail(self) -> LiveApp:
        """The app, as far as screens know it."""
        return cast("LiveApp", self.app)

    @property
    def services(self) -> Services:
        """The door to data; its methods belong in threads."""
        return self.devtrail.services

    def on_screen_resume(self) -> None:
        """In view (again): what is known already."""
        if self.devtrail.snapshot is not None:
            self.show(self.devtrail.snapshot)

    def opened(self) -> None:
        """The database is open and the catalogue known."""

    def show(self, snapshot: Snapshot) -> None:
        """Draw a new snapshot; called on the UI thread for the screens in view."""

    def is_late(self, snapshot: Snapshot) -> bool:
        """Whether another job is asked for by now than the snapshot has."""
        feed = self.devtrail.feed
        return feed is not None and snapshot.wanted.chosen != feed.wanted.chosen

    def show_header(self, snapshot: Snapshot) -> None:
        """The first line of the screen."""
        app = self.devtrail
        self.query_one(HeaderBar).update(snapshot.header, stopping=app.leaving, trouble=app.worker_trouble)

    def tick(self, now: datetime) -> None:
        """A second went by: draw elapsed times and countdowns anew."""

    def say(self, sentence: str, *, failed: bool = False) -> None:
        """Tell the person something; foreign text in it is harmless."""
        self.app.notify(sentence, severity="warning" if failed else "information", markup=False)

    def in_thread(self, work: Callable[[Services], str | None], *, group: str = "deeds") -> None:
        """Do something to the store in a thread and tell what came of it: the sentence `work` returns, or the error's.

        `work` gets what it needs and must not ask this screen, which may be gone before the thread comes to it.
        """
        app, services = self.app, self.services

        def run() -> None:
            try:
                sentence = work(services)
            except DevTrailError as error:
                app.post_message(Told(str(error), failed=True))
                return
            if sentence:
                app.post_message(Told(sentence))

        app.run_worker(run, thread=True, group=group, exit_on_error=True)
