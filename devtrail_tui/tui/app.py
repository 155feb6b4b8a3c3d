"""The app: paints its frame, then opens the database off the UI thread, then shows what the feed reads."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import BindingType
from typing_extensions import override

from devtrail_tui.actions.running import make_worker, start_weekly_backup
from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe
from devtrail_tui.tui import terminal
from devtrail_tui.tui.changed_cells import TerminalCells
from devtrail_tui.tui.choices import ChoosingApp
from devtrail_tui.tui.input_order import InputOrder
from devtrail_tui.tui.keymap import bindings
from devtrail_tui.tui.live_screen import LiveScreen, Notice
from devtrail_tui.tui.palette import command_provider, system_provider
from devtrail_tui.tui.screen_table import SCREENS
from devtrail_tui.tui.screens.dashboard import DashboardScreen
from devtrail_tui.tui.worker_host import JobWorker, WorkerEnded, WorkerHost

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.notifications import SeverityLevel

    from devtrail_tui.actions import Services
    from devtrail_tui.tui.feed import Feed, FeedFault, FeedTrouble, Reading, Snapshot, SnapshotReady

LEAVE_S = 1.7
"""How long shutdown waits for the worker to hand back its jobs."""
LAST_RESORT_S = 1.95
"""After this time a program that has not ended is ended by force."""
LASTING_S = 24 * 3600.0  # for notices of what ends the work; a click removes them
SECOND_S = 1.0
FIRST_ROWS_S = 1.0
"""How long the worker's start waits for the first rows to be shown."""


class DevTrailApp(ChoosingApp):
    """Raises UsageError for an unknown key or theme. `return_code` after the run is the exit code of the process."""

    TITLE = "DevTrail"
    CSS_PATH = "app.tcss"
    MODES: ClassVar[dict[str, Any]] = {entry.mode: entry.make for entry in SCREENS}
    DEFAULT_MODE = SCREENS[0].mode
    COMMANDS = {command_provider, system_provider}  # noqa: RUF012 - declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            *(f"show_{entry.mode}" for entry in SCREENS), "palette", "help", "change_key", "restart_worker", "quit"
        ),
        *bindings("quit_anywhere", priority=True),
    ]

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._input_order = InputOrder(self, super().on_event)
        self._cells = TerminalCells()
        self.feed: Feed | None = None
        self.snapshot: Snapshot | None = None
        self.leaving = self.demo_wanted = False
        self.forced_restore: Callable[[], None] | None = None
        self.early_signals: terminal.EarlySignals | None = None
        self.worker = WorkerHost(self, lambda error: self._report(error)[1], services.secrets.redact)
        self._rows_shown = threading.Event()
        self._trouble_code = 0

    # -- beginning

    def on_mount(self) -> None:
        """Install signal handlers; open the database after the first frame."""
        if not self.is_headless:
            terminal.catch_signals(asyncio.get_running_loop(), self.leave)
        if self.early_signals is not None and self.early_signals.received:
            self.call_after_refresh(self.leave)
        self.keep_choices()
        self.set_interval(SECOND_S, self._second)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if not self.leaving:
            self.run_worker(self._open, thread=True, group="open")

    def _open(self) -> None:
        try:
            self.services.open()
            from devtrail_tui.tui.feed import Feed

            self.feed = Feed(self.services, self.dashboard.reading, self.post_message)
            _ = self.services.catalogue  # imports the job types off the UI thread
        except DevTrailError as error:
            self.call_later(self._not_opened, error)
            return
        self.call_later(self._opened)
        # The worker's imports would delay the drawing of the first rows.
        self._rows_shown.wait(FIRST_ROWS_S)
        self.call_later(self._start_worker, make_worker(self.services))

    def _not_opened(self, error: DevTrailError) -> None:
        """Show the reason on the whole screen; quitting returns its exit code."""
        from devtrail_tui.tui.screens.trouble import TroubleScreen

        self._trouble_code = error.exit_code
        self._stands()
        self.push_screen(TroubleScreen(self.services.secrets.redact(str(error))))

    def _opened(self) -> None:
        """Start the feed."""
        if self.leaving or self.feed is None:
            return
        self.feed.show(self.reading)
        self.feed.start()
        if self.live is not None:
            self.live.opened()

    def _start_worker(self, worker: JobWorker) -> None:
        """The first rows are shown: start the worker."""
        if not self.leaving:
            self.worker.start(worker)
            start_weekly_backup(self.services)
            self._warn("\n".join(self.services.catalogue.problems))

    # -- the worker's thread

    def on_worker_ended(self, message: WorkerEnded) -> None:
        """Expected during shutdown; otherwise the header shows it until the worker is restarted."""
        self.worker.ended.set()
        if self.leaving:
            return
        self.worker.trouble = message.sentence or "It ended."
        self._warn(f"The worker stopped. {self.worker.trouble} Start it again from the palette (:).")
        self._redraw()

    def _warn(self, sentence: str) -> None:
        if sentence:
            self.notify(sentence, severity="error", timeout=LASTING_S, markup=False)

    def action_restart_worker(self) -> None:
        """Restart the worker after it stopped."""
        if self.feed is None:
            return
        if self.worker.ended.is_set():
            self.worker.start(make_worker(self.services))
            self.notify("The worker was restarted.", markup=False)
            self._redraw()
        else:
            self.notify("The worker is already running.", markup=False)

    # -- data from the feed

    @property
    def live(self) -> LiveScreen[Any] | None:
        """The screen that shows live data; a dialog may be on top of it."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, LiveScreen)), None)

    @property
    def reading(self) -> Reading:
        """The reads of the current mode's screens."""
        reading: Reading = getattr(self.screen_stack[0], "reading", None) or self.dashboard.reading
        return reading

    @property
    def dashboard(self) -> DashboardScreen:
        """The screen of the jobs; it exists as long as the app."""
        screen = self.get_screen_stack("jobs")[0]
        assert isinstance(screen, DashboardScreen)  # noqa: S101 - the mode's base screen
        return screen

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Pass the snapshot to the screen in view."""
        self.snapshot = message.snapshot
        self._redraw()
        if not self._rows_shown.is_set():
            self.call_after_refresh(self._stands)

    def _stands(self) -> None:
        """Start-up done: freeze objects, re-enable garbage collection (`__main__` disabled it)."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        self._rows_shown.set()

    def _redraw(self) -> None:
        screen = self.live
        if self.snapshot is not None and screen is not None and screen.is_mounted:
            screen.draw(self.snapshot)

    def on_feed_trouble(self, message: FeedTrouble) -> None:
        """Notify that the database cannot be read, or can be read again: without it the shown data would silently grow old."""
        self.clear_notifications()
        self._warn(message.sentence)
        if not message.sentence:
            self.notify("The database can be read again.")

    def on_feed_fault(self, message: FeedFault) -> None:
        """Re-raise the feed's error in the app."""
        raise message.error

    def on_notice(self, message: Notice) -> None:
        """Show the outcome of work done in a thread."""
        self.notify(message.sentence, severity="warning" if message.failed else "information", markup=False)

    def _second(self) -> None:
        if not self.is_headless and terminal.terminal_is_gone():
            self.leave()
            return
        trouble = self.worker.changed_trouble()
        if trouble is not None:
            severity: SeverityLevel = "error" if self.worker.trouble else "information"
            self.notify(trouble, severity=severity, timeout=10, markup=False)
            self._redraw()
        if self.live is not None and self.live.is_mounted:
            self.live.tick(self.services.clock.now())

    # -- screens

    async def action_show_mode(self, mode: str) -> None:
        """Show the first screen of a mode of `screen_table`; the screens opened over it close."""
        if self.current_mode != mode:
            await self.switch_mode(mode)
        while len(self.screen_stack) > 1 and isinstance(self.screen, LiveScreen):
            await self.screen.dismiss(None)
        self._redraw()

    def action_help(self) -> None:
        """Show all keys."""
        from devtrail_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.keys))

    @override
    async def on_event(self, event: events.Event) -> None:
        """Sanitise pasted text: an input would pass its control sequences to the terminal."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            event.text = safe(event.text)
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._input_order.take(event)
        else:
            await super().on_event(event)

    # -- shutdown

    @property
    def jobs_running_here(self) -> int:
        """The number of jobs that quitting would interrupt."""
        if not self.worker.busy:
            return 0
        return max(self.snapshot.header.counts.get(Status.RUNNING, 0), 1) if self.snapshot else 1

    @override
    async def action_quit(self) -> None:
        """Quit; asks while jobs run."""
        from devtrail_tui.tui.screens.confirm import ConfirmScreen

        running = self.jobs_running_here
        if not running or isinstance(self.screen, ConfirmScreen):
            self.leave()
            return
        activity = "1 job is running." if running == 1 else f"{running} jobs are running."
        question = f"{activity} Quit anyway?\n\nNothing is lost: work resumes from its last save at the next start."

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - called by Textual
            if yes:
                self.leave()

        self.push_screen(ConfirmScreen(question, yes="Quit", no="Stay"), answered)

    def leave(self) -> None:
        """Hand back running jobs and end within two seconds. Idempotent; call it from the UI thread."""
        if self.leaving:
            return
        self._let_go(self._trouble_code)
        self._redraw()
        self.run_worker(self._leave(self._trouble_code), group="leave")

    def start_demo(self) -> None:
        """Leave, and have the demo started after the app has closed."""
        self.demo_wanted = True
        self.leave()

    def _let_go(self, code: int) -> None:
        """Stop all threads, with a time limit for the whole shutdown."""
        self.leaving = True
        self._rows_shown.set()
        if self.forced_restore is not None:
            terminal.end_at_the_latest(LAST_RESORT_S, self.forced_restore, code)
        if self.feed is not None:
            self.feed.stop()
        self.worker.stop()

    async def _leave(self, code: int) -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await self.worker.ended.wait()
        except TimeoutError:
            self.log.warning("the worker did not end in time")
        self.exit(return_code=code)

    # -- terminal and errors

    @override
    def changed_cells(self, update: Any) -> Any:
        """The output of an update, without cells that the terminal already shows."""
        return (
            update if self.is_headless else self._cells.changes(update, self.console, compare=self._rows_shown.is_set())
        )

    @override
    def get_driver_class(self) -> type[Driver]:
        """Textual's driver, extended to survive a closed terminal."""
        import sys

        if sys.platform == "win32":
            return super().get_driver_class()
        return terminal.posix_driver(lambda: self.call_soon(self.leave))

    def _report(self, error: BaseException) -> tuple[str, Path | None]:
        from devtrail_tui.actions.crash_report import write_crash_report

        return write_crash_report(error, self.services.secrets.redact, self.services.environ)

    @override
    def ended_by_fault(self, error: BaseException) -> str:
        """Stop everything, and return the sentence to print."""
        self._let_go(1)
        return self._report(error)[0]
