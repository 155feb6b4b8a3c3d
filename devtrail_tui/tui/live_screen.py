"""What every screen of the app has: header, key bar, and the latest snapshot handed to it while it is on the stack."""

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
    """What a snapshot holds for the screens of a mode, with the request that it answers."""

    @property
    def request(self) -> Any: ...


D = TypeVar("D", bound=ScreenData)


class ChosenJob(Protocol):
    """What can be done with the job that is chosen on the dashboard."""

    async def action_cancel_job(self) -> None: ...

    def action_retry_job(self) -> None: ...


class LiveApp(Protocol):
    """The app as its screens know it."""

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


class Notice(Message):
    """A sentence for the person about something that was done, or could not be, in a thread."""

    def __init__(self, sentence: str, *, failed: bool = False) -> None:
        super().__init__()
        self.sentence = sentence
        self.failed = failed


class LiveScreen(Screen[None], Generic[D]):
    """A whole screen that shows snapshots whose data are of the type `DATA`."""

    DATA: type[D]
    data: D | None = None
    """What was drawn last."""

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
        """In view (again): read what its mode shows, and draw what is known already."""
        feed = self.devtrail.feed
        if feed is not None:
            feed.show(self.devtrail.reading)
        if self.devtrail.snapshot is not None:
            self.draw(self.devtrail.snapshot)

    def opened(self) -> None:
        """The database is open and the catalogue known."""

    def draw(self, snapshot: Snapshot) -> None:
        """Draw a new snapshot: the header, and the data where it is of the kind that this screen shows."""
        app = self.devtrail
        self.query_one(HeaderBar).update(snapshot.header, stopping=app.leaving, trouble=app.worker.trouble)
        if isinstance(snapshot.data, self.DATA):
            self.data = snapshot.data
            self.show(snapshot.data)

    def is_outdated(self, data: D) -> bool:
        """Whether something else is chosen by now than `data` were read for."""
        return bool(data.request.chosen != self.devtrail.reading.request.chosen)

    def show(self, data: D) -> None:
        """Draw the data of a snapshot; called on the UI thread for the screens in view."""

    def want(self, **changes: Any) -> None:
        """Ask the feed for something else: fields of its mode's request."""
        if self.devtrail.feed is not None:
            self.devtrail.feed.want(**changes)

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
                app.post_message(Notice(str(error), failed=True))
                return
            if sentence:
                app.post_message(Notice(sentence))

        app.run_worker(run, thread=True, group=group, exit_on_error=True)
