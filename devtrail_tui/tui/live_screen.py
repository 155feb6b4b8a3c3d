"""The base of all screens: header, key bar, and the latest snapshot while the screen is on the stack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from textual.message import Message
from textual.screen import Screen

from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.tui.widgets.header_bar import HeaderBar

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.tui.feed import Feed, Reading, Snapshot
    from devtrail_tui.tui.worker_host import WorkerHost


class ScreenData(Protocol):
    """A snapshot's data for one mode, with the request it answers."""

    @property
    def request(self) -> Any: ...


D = TypeVar("D", bound=ScreenData)


class ChosenJob(Protocol):
    """The actions on the job selected on the dashboard."""

    async def action_cancel_job(self) -> None: ...

    def action_retry_job(self) -> None: ...


class LiveApp(Protocol):
    """The app's interface for its screens."""

    services: Services
    feed: Feed | None
    snapshot: Snapshot | None
    worker: WorkerHost
    leaving: bool

    @property
    def reading(self) -> Reading: ...

    @property
    def dashboard(self) -> ChosenJob: ...

    async def action_show_mode(self, mode: str) -> None: ...

    def start_demo(self) -> None: ...


class Notice(Message):
    """The outcome of work in a thread, as a sentence for the person."""

    def __init__(self, sentence: str, *, failed: bool = False) -> None:
        super().__init__()
        self.sentence = sentence
        self.failed = failed


class LiveScreen(Screen[None], Generic[D]):
    """A full screen that shows snapshots with data of type `DATA`."""

    DATA: type[D]
    data: D | None = None
    """The snapshot that was drawn last."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - declared by Textual
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high")]  # noqa: RUF012 - declared by Textual

    def __init__(self) -> None:
        super().__init__()
        # Textual sets these classes at the first resize and restyles every widget, before the first paint.
        size = self.app.size
        self.add_class("-wide" if size.width >= self.HORIZONTAL_BREAKPOINTS[1][0] else "-narrow")
        self.add_class("-high" if size.height >= self.VERTICAL_BREAKPOINTS[1][0] else "-low")

    @property
    def devtrail(self) -> LiveApp:
        """The app's interface for screens."""
        return cast("LiveApp", self.app)

    @property
    def services(self) -> Services:
        """The services; call their methods in threads."""
        return self.devtrail.services

    def on_screen_resume(self) -> None:
        """Read this screen's mode and draw the latest data."""
        feed = self.devtrail.feed
        if feed is not None:
            feed.show(self.devtrail.reading)
        if self.devtrail.snapshot is not None:
            self.draw(self.devtrail.snapshot)

    def opened(self) -> None:
        """Called when the database is open and the catalogue loaded."""

    def draw(self, snapshot: Snapshot) -> None:
        """Draw a snapshot: the header, and the data if it is of this screen's type."""
        app = self.devtrail
        self.query_one(HeaderBar).update(snapshot.header, stopping=app.leaving, trouble=app.worker.trouble)
        if isinstance(snapshot.data, self.DATA):
            self.data = snapshot.data
            self.show(snapshot.data)

    def is_outdated(self, data: D) -> bool:
        """Whether the selection has changed since `data` were read."""
        return bool(data.request.chosen != self.devtrail.reading.request.chosen)

    def show(self, data: D) -> None:
        """Draw a snapshot's data; called on the UI thread for the screens in view."""

    def want(self, **changes: Any) -> None:
        """Change fields of the mode's read request."""
        if self.devtrail.feed is not None:
            self.devtrail.feed.want(**changes)

    def tick(self, now: datetime) -> None:
        """Redraw elapsed times and countdowns; called every second."""

    def say(self, sentence: str, *, failed: bool = False) -> None:
        """Show a notification; it is rendered without markup."""
        self.app.notify(sentence, severity="warning" if failed else "information", markup=False)

    def in_thread(self, work: Callable[[Services], str | None], *, group: str = "deeds") -> None:
        """Run `work` in a thread and notify with the sentence it returns, or its error's.

        `work` gets the services and must not access this screen, which may be closed before the thread runs.
        """
        app, services = self.app, self.services

        def run() -> None:
            try:
                sentence = work(services)
            except DevTrailError as error:
                app.post_message(Notice(str(error), failed=True))
                return
            if sentence:
                app.post_message(Notice(sentence))

        app.run_worker(run, thread=True, group=group, exit_on_error=True)
