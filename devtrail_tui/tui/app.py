"""The app: paints its frame first, then opens the database off the UI thread, then shows what the feed reads.

It holds what outlives a screen: the services, the feed, the worker's thread, and the way out. Screens hold their own behaviour.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from rich.text import Text
from textual import events
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.worker import WorkerFailed

from devtrail_tui.actions.running import make_worker, start_weekly_backup
from devtrail_tui.core.errors import DevTrailError, StoreError
from devtrail_tui.core.status import Status
from devtrail_tui.core.text import safe, safe_line
from devtrail_tui.tui import terminal, themes
from devtrail_tui.tui.changed_cells import TerminalCells
from devtrail_tui.tui.input_order import InputOrder
from devtrail_tui.tui.keymap import bindings, check_keys
from devtrail_tui.tui.live_screen import LiveScreen, Notice
from devtrail_tui.tui.screen_table import SCREENS, ScreenEntry
from devtrail_tui.tui.screens.dashboard import DashboardScreen

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver

    from devtrail_tui.actions import Services
    from devtrail_tui.tui.feed import Feed, FeedFault, FeedTrouble, Reading, Snapshot, SnapshotReady

LEAVE_S = 1.7
"""How long leaving waits for the worker to give its jobs back."""
LAST_RESORT_S = 1.95
"""When a program that still has not ended is ended by force (design: over in two seconds)."""
SECOND_S = 1.0
FIRST_ROWS_S = 1.0
"""How long the worker waits for the first rows to be shown; then it starts all the same."""


class JobWorker(Protocol):
    """The worker as the app knows it; `trouble` is a sentence while it cannot work."""

    @property
    def busy(self) -> bool: ...

    @property
    def trouble(self) -> str: ...

    def run(self) -> object: ...

    def stop(self) -> None: ...


class Opened(Message):
    """The database is open."""


class WorkerMade(Message):
    """The worker is ready to be started."""

    def __init__(self, worker: JobWorker) -> None:
        super().__init__()
        self.worker = worker


class NotOpened(Message):
    """The database could not be opened, and why."""

    def __init__(self, error: DevTrailError) -> None:
        super().__init__()
        self.error = error


class WorkerEnded(Message):
    """The worker's thread ended; a sentence where it should not have."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


def _commands() -> type[Provider]:
    from devtrail_tui.tui.commands import CommandProvider

    return CommandProvider


def _system_commands() -> type[Provider]:
    from textual.system_commands import SystemCommandsProvider

    return SystemCommandsProvider


def _screen_maker(entry: ScreenEntry) -> Callable[[], Screen[Any]]:
    def make() -> Screen[Any]:
        screen: Screen[Any] = getattr(importlib.import_module(entry.module), entry.class_name)()
        return screen

    return make


class DevTrailApp(App[None], inherit_bindings=False):
    """Made by `make_app`. `return_code` after the run is what the process should exit with."""

    TITLE = "DevTrail"
    CSS_PATH = "app.tcss"
    MODES: ClassVar[dict[str, Any]] = {each.mode: _screen_maker(each) for each in SCREENS}
    DEFAULT_MODE = SCREENS[0].mode
    COMMANDS = {_commands, _system_commands}  # noqa: RUF012 - Textual's own declaration
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(*(f"show_{each.mode}" for each in SCREENS), "palette", "help", "restart_worker", "quit"),
        *bindings("quit_anywhere", priority=True),
    ]

    def __init__(self, services: Services) -> None:
        self._gone_reported = False
        super().__init__()
        self._input_order = InputOrder(self, super().on_event)
        self._cells = TerminalCells()
        self.services = services
        self.feed: Feed | None = None
        self.snapshot: Snapshot | None = None
        self.worker_trouble = ""
        self.leaving = False
        self.forced_restore: Callable[[], None] | None = None
        self.early_signals: terminal.EarlySignals | None = None
        self._job_worker: JobWorker | None = None
        self._rows_shown = threading.Event()
        self._worker_ended = asyncio.Event()
        self._worker_ended.set()
        self._trouble_code = 0
        self._trouble_told = ""
        self.keys = services.settings.read("keys", check_keys)
        for theme in themes.THEMES:
            self.register_theme(theme)
        self._begin_with_theme(services.settings.read("theme", themes.checked))
        self.set_keymap(self.keys)

    def _begin_with_theme(self, name: str) -> None:
        """Textual's own setter parses every style sheet anew, twice before the first paint; nothing is parsed yet here."""
        self.set_reactive(App.theme, name)
        dark = self.current_theme.dark
        self.update_classes({f"-theme-{name}": True, "-dark-mode": dark, "-light-mode": not dark}, update=False)
        self.stylesheet.set_variables(self.get_css_variables())
        self._refresh_truecolor_filter(self.ansi_theme)

    # -- beginning

    def on_mount(self) -> None:
        """Signals end the app in order; the database is opened once the frame stands."""
        if not self.is_headless:
            terminal.catch_signals(asyncio.get_running_loop(), self.leave)
        if self.early_signals is not None and self.early_signals.told:
            self.call_after_refresh(self.leave)
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
            _ = self.services.catalogue  # imports the job types, which the UI thread should not wait for
        except DevTrailError as error:
            self.post_message(NotOpened(error))
            return
        self.post_message(Opened())
        self._rows_shown.wait(
            FIRST_ROWS_S
        )  # the worker's imports would hold the interpreter while the first rows are drawn
        self.post_message(WorkerMade(make_worker(self.services)))

    def on_not_opened(self, message: NotOpened) -> None:
        """Say why on the whole screen; quitting then tells the shell."""
        from devtrail_tui.tui.screens.trouble import TroubleScreen

        self._trouble_code = message.error.exit_code
        self._stands()
        self.push_screen(TroubleScreen(self.services.secrets.redact(str(message.error))))

    def on_opened(self) -> None:
        """Data flows from here on."""
        if self.leaving or self.feed is None:
            return
        self.feed.show(self.reading)
        self.feed.start()
        if self.live is not None:
            self.live.opened()

    def on_worker_made(self, message: WorkerMade) -> None:
        """The screen shows what there is; now the work begins."""
        if not self.leaving:
            self._start_worker(message.worker)
            start_weekly_backup(self.services)

    # -- the worker's thread

    def _start_worker(self, worker: JobWorker) -> None:
        self._job_worker = worker
        self.worker_trouble = self._trouble_told = ""
        self._worker_ended.clear()

        def run() -> None:
            sentence = ""
            try:
                worker.run()
            except StoreError as error:
                sentence = str(error)
            except Exception as error:  # noqa: BLE001 - whatever ended the worker, the header says so and the screen stays
                path = self._report(error)[1] or "nowhere, for the log folder cannot be written"
                sentence = f"It met a fault of its own ({type(error).__name__}); see {path}."
            self.post_message(WorkerEnded(self.services.secrets.redact(sentence)))

        self.run_worker(run, thread=True, group="job-worker")

    def on_worker_ended(self, message: WorkerEnded) -> None:
        """Expected when leaving; otherwise the header says it until somebody starts it again."""
        self._worker_ended.set()
        if self.leaving:
            return
        self.worker_trouble = message.sentence or "It ended."
        self.notify(
            f"The worker stopped. {self.worker_trouble} Start it again from the palette (:).",
            severity="error",
            markup=False,
        )
        self._redraw()

    def action_restart_worker(self) -> None:
        """Start the worker again after it stopped; says so where it lives."""
        if self.feed is None:
            return
        if self._worker_ended.is_set():
            self._start_worker(make_worker(self.services))
            self.notify("The worker runs again.", markup=False)
            self._redraw()
        else:
            self.notify("The worker is running.", markup=False)

    # -- what the feed brings

    @property
    def live(self) -> LiveScreen[Any] | None:
        """The screen that shows data now; a dialog may stand over it."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, LiveScreen)), None)

    @property
    def reading(self) -> Reading:
        """What the shown mode's screens read."""
        reading: Reading = getattr(self.screen_stack[0], "reading", None) or self.dashboard.reading
        return reading

    @property
    def dashboard(self) -> DashboardScreen:
        """The jobs' screen; it lives as long as the app."""
        screen = self.get_screen_stack("jobs")[0]
        assert isinstance(screen, DashboardScreen)  # noqa: S101 - the mode's base screen
        return screen

    def on_snapshot_ready(self, message: SnapshotReady) -> None:
        """Hand it to the screen in view."""
        self.snapshot = message.snapshot
        self._redraw()
        if not self._rows_shown.is_set():
            self.call_after_refresh(self._stands)

    def _stands(self) -> None:
        """The start is over: what was made so far is kept for good, and garbage is looked for from here on (see __main__)."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        self._rows_shown.set()

    def _redraw(self) -> None:
        screen = self.live
        if self.snapshot is not None and screen is not None and screen.is_mounted:
            screen.draw(self.snapshot)

    def on_feed_trouble(self, message: FeedTrouble) -> None:
        """The database cannot be read now; what is shown grows old, so it is said."""
        text = message.sentence or "The database can be read again."
        self.notify(text, severity="error" if message.sentence else "information", timeout=10, markup=False)

    def on_feed_fault(self, message: FeedFault) -> None:
        """A fault of the program ends it like any other."""
        raise message.error

    def on_notice(self, message: Notice) -> None:
        """What came of something done in a thread."""
        self.notify(message.sentence, severity="warning" if message.failed else "information", markup=False)

    def _second(self) -> None:
        if not self.is_headless and terminal.terminal_is_gone():
            self.leave()
            return
        self._tell_trouble()
        if self.live is not None and self.live.is_mounted:
            self.live.tick(self.services.clock.now())

    def _tell_trouble(self) -> None:
        """The worker waits for something that only a person can mend (a full disk, say), or does so no longer."""
        if self._job_worker is None or self._worker_ended.is_set():
            return
        trouble = self._job_worker.trouble
        if trouble == self._trouble_told:
            return
        self._trouble_told = self.worker_trouble = trouble
        text = trouble or "What waited is stored; the worker goes on."
        self.notify(text, severity="error" if trouble else "information", timeout=10, markup=False)
        self._redraw()

    # -- screens

    async def action_show_mode(self, mode: str) -> None:
        """Show the screens of a mode of `screen_table`."""
        if self.current_mode != mode:
            await self.switch_mode(mode)
            self._redraw()

    def action_help(self) -> None:
        """Every key."""
        from devtrail_tui.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.keys))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's signature
        """What Textual itself brings and is of use here."""
        yield SystemCommand("Theme", "Choose other colours, for now", self.action_change_theme)

    # -- what goes out

    def notify(self, message: str, *, title: str = "", **how: Any) -> None:
        """A notification, without secrets."""
        redact = self.services.secrets.redact
        super().notify(safe(redact(message)), title=safe_line(redact(title)), **how)

    async def on_event(self, event: events.Event) -> None:
        """What is pasted was often written by others: a field would show its control sequences to the terminal."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            event.text = safe(event.text)
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._input_order.take(event)
        else:
            await super().on_event(event)

    def copy_to_clipboard(self, text: str) -> None:
        """Copies go to the terminal, and from there anywhere; without secrets."""
        super().copy_to_clipboard(self.services.secrets.redact(text))

    # -- leaving

    @property
    def jobs_running_here(self) -> int:
        """How many jobs quitting would interrupt."""
        if self._job_worker is None or self._worker_ended.is_set() or not self._job_worker.busy:
            return 0
        return max(self.snapshot.header.counts.get(Status.RUNNING, 0), 1) if self.snapshot else 1

    async def action_quit(self) -> None:
        """Quit; asks when jobs run."""
        from devtrail_tui.tui.screens.confirm import ConfirmScreen

        running = self.jobs_running_here
        if not running or isinstance(self.screen, ConfirmScreen):
            self.leave()
            return
        what = "1 job is running." if running == 1 else f"{running} jobs are running."
        question = f"{what} Quit all the same?\n\nNothing is lost: it goes on from its last save when you come back."

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - Textual calls it with the answer
            if yes:
                self.leave()

        self.push_screen(ConfirmScreen(question, yes="Quit", no="Stay"), answered)

    def leave(self) -> None:
        """Give running jobs back and end; over in two seconds whatever happens. From the UI thread, any number of times."""
        if self.leaving:
            return
        self._let_go(self._trouble_code)
        self._redraw()
        self.run_worker(self._leave(self._trouble_code), group="leave")

    def _let_go(self, code: int) -> None:
        """Begin to stop everything that works in threads, and make sure that the end comes."""
        self.leaving = True
        self._rows_shown.set()
        if self.forced_restore is not None:
            terminal.end_at_the_latest(LAST_RESORT_S, self.forced_restore, code)
        if self.feed is not None:
            self.feed.stop()
        if self._job_worker is not None:
            self._job_worker.stop()

    async def _leave(self, code: int) -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._worker_ended.wait()
        except TimeoutError:
            self.log.warning("the worker did not end in time")
        self.exit(return_code=code)

    # -- the terminal and faults

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """What Textual has drawn goes to the terminal, less what is there already."""
        if not self.is_headless:
            renderable = self._cells.changes(renderable, self.console, compare=self._rows_shown.is_set())
        super()._display(screen, renderable)

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, made to survive a closed terminal."""
        import sys

        if sys.platform == "win32":
            return super().get_driver_class()
        return terminal.posix_driver(self._terminal_gone)

    def _terminal_gone(self) -> None:
        """From any thread."""
        loop = self._loop
        if loop is not None and not self._gone_reported:
            self._gone_reported = True
            loop.call_soon_threadsafe(self.leave)

    def _report(self, error: BaseException) -> tuple[str, Path | None]:
        from devtrail_tui.actions.crash_report import write_crash_report

        return write_crash_report(error, self.services.secrets.redact, self.services.environ)

    def _fatal_error(self) -> None:
        """Textual would print a traceback with local variables, where secrets are; a person needs a sentence."""
        error: BaseException = self._exception or RuntimeError("unknown")
        if isinstance(error, WorkerFailed):
            error = error.error
        self._exit_renderables.append(Text(self._report(error)[0]))
        self._let_go(1)
        self._close_messages_no_wait()


def make_app(services: Services) -> DevTrailApp:
    """The app over these services, not yet running. Raises UsageError for a key or a theme that does not exist."""
    return DevTrailApp(services)


def run_app(services: Services) -> int:
    """Run the app in this terminal and close the services; returns the exit code. Raises UsageError as `make_app`."""
    app = make_app(services)
    with terminal.terminal_restored() as restore:
        app.forced_restore = restore
        app.early_signals = terminal.EarlySignals(lambda: terminal.end_at_the_latest(LAST_RESORT_S, restore, 0))
        app.early_signals.catch()
        app.run()
    if app.feed is not None:
        app.feed.join(0.5)
        services.close()
    return app.return_code or 0
