"""Promise 17: hostile text in every foreign field, through every widget and every output, does nothing but stand there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from devtrail_tui import cli
from devtrail_tui.actions.evidence import export_evidence
from devtrail_tui.core.job import Status
from devtrail_tui.tui.app import DevTrailApp
from devtrail_tui.tui.live_screen import LiveScreen
from devtrail_tui.tui.screens.confirm import ConfirmScreen
from devtrail_tui.tui.screens.entry import EntryScreen
from devtrail_tui.tui.screens.log import LogScreen
from devtrail_tui.tui.screens.new_job import NewJobScreen
from devtrail_tui.tui.screens.trouble import TroubleScreen
from devtrail_tui.tui.widgets.evidence_table import EvidenceTable
from devtrail_tui.tui.widgets.job_table import JobTable
from tests.acceptance.terminal import ENTER, ESCAPE, Terminal
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk
from tests.house.program import PROGRAM, environ_of
from tests.security.hostile_home import HostileHome, hostile_toml
from tests.security.hostile_strings import LONG, MARK, STRINGS
from tests.security.terminal_output import between_sequences, harmful_characters, inside_sequences, sequences
from tests.tui.app_host import screen_text, until

pytestmark = pytest.mark.xdist_group("hostile-text")  # the home is made once

LEAST = 45
"""Strings the promise speaks of."""
SOME = 8
"""Entries that stand for all in the short form."""
KINDS = [
    STRINGS[name]
    for name in (
        "clipboard",
        "click quit",
        "closing tag",
        "tags",
        "C1 sequence",
        "lone surrogate",
        "line ends",
        "empty closing tag",
    )
]
"""Strings that stand for all in the short form, the worst first: each costs a screen."""


def some(texts: Sequence[str], count: int = SOME) -> list[str]:
    """Evenly spread over the list."""
    return list(texts[:: max(1, len(texts) // count)])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileHome]:
    made = HostileHome(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


def assert_harmless(text: str) -> None:
    harmful = harmful_characters(text.replace("\r\n", "\n"))  # CSV ends its lines so (RFC 4180)
    assert not harmful, f"{sorted(harmful)} in {text[:2000]!r}"


def texts_in(data: Any) -> Iterator[str]:
    """Every string of a JSON document, keys included."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from texts_in(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts_in(value)
    elif isinstance(data, str):
        yield data


def texts_of_column(value: str) -> list[str]:
    """The strings inside a column that holds JSON; none of one that does not."""
    try:
        return list(texts_in(json.loads(value)))
    except ValueError:
        return []


def test_there_are_enough_strings_and_they_would_do_harm() -> None:
    assert len(STRINGS) >= LEAST
    assert len(set(STRINGS.values())) == len(STRINGS)
    harmful = [name for name, text in STRINGS.items() if harmful_characters(text)]
    assert len(harmful) >= LEAST


def test_everything_was_stored_and_is_harmless_in_the_database(home: HostileHome) -> None:
    assert len(home.desk.evidence()) == len(STRINGS)
    with home.desk.services.database.read() as connection:
        names = [row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in names:
            for row in connection.exec_driver_sql(f"SELECT * FROM {name}"):  # noqa: S608 - the database's own names
                for value in row:
                    if isinstance(value, str):
                        assert_harmless(value)
                        # Claude's answer is kept as it was written, escapes and all; who reads it makes it safe.
                        for text in texts_of_column(value) if name != "analyses" else ():
                            assert_harmless(text)


# --- the command line


@pytest.fixture
def run(
    home: HostileHome, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """A command over the hostile home, in this process: its exit code and all it wrote."""
    for name, value in environ_of_desk(home.desk).items():
        monkeypatch.setenv(name, value)

    def one(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = cli.main(arguments)
        captured = capfd.readouterr()
        if "--json" in arguments and captured.out.strip():
            lines = captured.out.splitlines() if arguments[0] == "logs" and code == 0 else [captured.out]
            for line in lines:
                for text in texts_in(json.loads(line)):
                    assert_harmless(text)
        return code, captured.out + captured.err

    return one


def environ_of_desk(desk: Desk) -> dict[str, str]:
    """A person's environment for a program of its own."""
    folder = Path(desk.environ["DEVTRAIL_HOME"])
    return environ_of(folder, desk.server, devtrail_home=folder)


def looks(home: HostileHome, entries: int) -> list[tuple[str, ...]]:
    """Every command that shows something that is stored."""
    ids = some([str(each) for each in home.desk.services.evidence.ids()], entries)
    jobs = [str(job.id) for job in home.jobs]
    return [
        ("jobs", "list"),
        ("evidence", "list"),
        ("criteria", "list"),
        ("criteria", "export"),
        ("doctor",),
        *(("evidence", "export", "--format", form) for form in ("md", "json", "csv")),
        *(("jobs", "show", job) for job in jobs),
        *(("logs", job) for job in jobs),
        *(("jobs", "wait", job) for job in jobs),
        *(("evidence", "show", each) for each in ids),
    ]


def look_at_everything(home: HostileHome, run: Callable[..., tuple[int, str]], entries: int) -> None:
    shown = ""
    for command in looks(home, entries):
        for form in ((), ("--json",)):
            code, written = run(*command, *form)
            assert code in ((0, 1, 3) if not form else (0, 1, 2, 3)), (command, written)
            assert_harmless(written)
            assert "Traceback" not in written
            shown += written
    assert shown.count(MARK) > len(STRINGS)


def test_no_command_that_shows_what_is_stored_writes_a_control_character(
    home: HostileHome, run: Callable[..., tuple[int, str]]
) -> None:
    look_at_everything(home, run, SOME)


@pytest.mark.full
def test_no_command_writes_a_control_character_for_any_entry(
    home: HostileHome, run: Callable[..., tuple[int, str]]
) -> None:
    look_at_everything(home, run, len(STRINGS))


def complaints(text: str, folder: Path) -> list[tuple[str, ...]]:
    """Commands that have to say something about the text."""
    (folder / "criteria.csv").write_bytes(
        f'criterion_id,area_of_concentration,subarea,description,pr_detectable\n"{text}",a,b,c,"{text}"\n'.encode(
            "utf-8", "surrogatepass"
        )
    )
    return [
        (text or " ",),
        (f"--{text or ' '}",),  # without a text it would be no command at all, which opens the app
        ("jobs", text),
        ("jobs", "list", text),
        ("jobs", "list", f"state:{text}"),
        ("jobs", "show", text),
        ("logs", text),
        ("evidence", "list", text),
        ("evidence", "list", f"criterion:{text}"),
        ("evidence", "export", "--format", text),
        ("sync", text, "--no-wait"),
        ("sync", f"acme/{text}", "--no-wait"),
        ("sync", "acme/shop", "--since", text, "--no-wait"),
        ("sync", "acme/shop", "--budget", text, "--no-wait"),
        ("sync", "acme/shop", "--model", text, "--no-wait"),
        ("criteria", "import", str(folder / "criteria.csv")),
        ("criteria", "import", f"{folder}/{text.replace(chr(0), '')}"[:200]),
    ]


def complain(
    texts: Sequence[str], run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("DEVTRAIL_HOME", str(folder / "home"))  # some texts are right after all, and jobs are stored
    for text in texts:
        for command in complaints(text, folder):
            for form in ((), ("--json",)):
                code, written = run(*command, *form)
                assert code in (0, 1, 2), (command, written)
                assert_harmless(written)
                assert "Traceback" not in written, (command, written)


def test_complaints_about_hostile_arguments_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    complain(KINDS, run, monkeypatch, tmp_path)


@pytest.mark.full
def test_complaints_about_all_hostile_arguments_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    complain([*STRINGS.values(), *(text[:100_000] for text in LONG.values())], run, monkeypatch, tmp_path)


def settle(
    texts: Sequence[str], run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Settings by file and by environment."""
    monkeypatch.setenv("DEVTRAIL_HOME", str(folder))
    file = folder / "config" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    for text in texts:
        for content in hostile_toml(text):
            file.write_bytes(content.encode("utf-8", "surrogatepass"))
            code, written = run("jobs", "list")
            assert code in (0, 2), (content, written)
            assert_harmless(written)
            assert "Traceback" not in written
        file.unlink()
        plain = text.replace("\0", "").encode("utf-8", "replace").decode()
        for name in ("DEVTRAIL_DATABASE_URL", "DEVTRAIL_GITHUB_URL", "ANTHROPIC_BASE_URL"):
            with monkeypatch.context() as patch:
                patch.setenv(name, plain[:5_000])
                _, written = run("jobs", "list")
                assert_harmless(written)
                assert "Traceback" not in written


def test_hostile_settings_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(KINDS, run, monkeypatch, tmp_path)


@pytest.mark.full
def test_all_hostile_settings_are_harmless(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(list(STRINGS.values()), run, monkeypatch, tmp_path)


def test_no_spreadsheet_runs_a_cell_of_an_export(home: HostileHome) -> None:
    rows = list(csv.reader(io.StringIO(export_evidence(home.desk.services, "csv").text)))
    assert len(rows) > len(STRINGS)
    for row in rows:
        for cell in row:
            assert cell[:1] not in ("=", "+", "@", "\t", "\r"), cell
            assert not cell.startswith("-") or cell[1:].replace(".", "").isdigit(), cell


# --- a real terminal

PLAIN_OUTPUT = {"CSI m", "CSI K"}
"""What a command may write beside text: colours, and to clear the line its bar stands in."""
_MODES = (7, 25, 1000, 1003, 1004, 1006, 1015, 1049, 2004)
THE_APPS_OWN = frozenset(
    {"CSI m", "CSI H", "CSI >u 25", "CSI <u ", "CSI ?p 2026$", "CSI ?p 2048$", "OSC 22"}
    | {f"CSI ?{switch} {mode}" for switch in "hl" for mode in _MODES}
)
"""What the app itself writes, whatever it shows: colours, cursor, modes, questions about modes, the shape of the mouse pointer.
No title, no clipboard, no report."""
QUIET_S = 0.3
"""Longer than the app waits to tell Escape from the beginning of a sequence."""


def screenful(terminal: Terminal) -> None:
    """Read until the program has ended."""
    terminal.wait_for_end()
    while True:
        before = len(terminal.written)
        terminal.read(0.05)
        if len(terminal.written) == before:
            return


def in_a_terminal(home: HostileHome, commands: Sequence[Sequence[str]]) -> None:
    shown = 0
    for command in commands:
        terminal = Terminal([PROGRAM, *command], environ_of_desk(home.desk), columns=100, lines=30)
        try:
            screenful(terminal)
        finally:
            terminal.close()
        assert terminal.exit_code in (0, 1, 3)
        assert set(sequences(terminal.written)) <= PLAIN_OUTPUT, command
        assert inside_sequences(terminal.written) == []
        assert_harmless(between_sequences(terminal.written))
        shown += MARK.encode() in terminal.written
    assert shown > len(commands) / 2


@pytest.mark.usefixtures("processes")
def test_a_real_terminal_gets_text_and_colours_only(home: HostileHome) -> None:
    in_a_terminal(home, [("logs", str(home.spoken.id)), ("evidence", "list")])


@pytest.mark.full
@pytest.mark.usefixtures("processes")
def test_a_real_terminal_gets_text_and_colours_only_from_every_command(home: HostileHome) -> None:
    in_a_terminal(home, [command for command in looks(home, len(STRINGS)) if command != ("doctor",)])


def walk_through(terminal: Terminal, word: str) -> None:
    """Every screen of the app by hand: jobs, a log with find, evidence, an entry, help, palette, a form that is pasted into.
    `word` stands in the log and in the evidence."""
    terminal.wait_for("Jobs · all")
    terminal.wait_for(word)
    for keys in ("jjj", "g", "l"):
        terminal.type(keys)
    terminal.wait_for("Log of")
    for keys in ("w", "/", word, ENTER):
        terminal.type(keys)
        terminal.read(0.2)
    for keys in ("n", "N", "t", "g", "G"):
        terminal.type(keys)
        terminal.read(0.1)
    back_to(terminal, "Jobs · all")
    terminal.type("2")
    terminal.wait_for("Evidence · all")
    terminal.wait_for(word)
    for keys in ("jjjj", "G", "g", ENTER):
        terminal.type(keys)
        terminal.read(0.1)
    terminal.wait_for("Matches")
    terminal.type("G")
    back_to(terminal, "Evidence · all")
    terminal.type("?")
    leave(terminal)
    terminal.type(":")
    terminal.read(0.3)
    terminal.type(word)
    leave(terminal)
    terminal.type("1")
    terminal.wait_for("Jobs · all")
    terminal.type("n")
    terminal.wait_for("New job")
    terminal.type(f"\x1b[200~{word} \x07\x9b31m\x1b]0;{word}\x07 [/red]\x1b[201~")
    quiet(terminal)
    leave(terminal)
    terminal.wait_for("Discard")
    terminal.type("y")
    terminal.wait_for("Jobs · all")
    quiet(terminal)
    terminal.type("q")
    terminal.wait_for_end()


def back_to(terminal: Terminal, title: str) -> None:
    """Escape as often as it takes: the first may only leave a field."""
    for _ in range(4):
        leave(terminal)
        if title in terminal.text:
            return
    terminal.wait_for(title)


def leave(terminal: Terminal) -> None:
    """Escape, and quiet after it: a key that follows at once would make a sequence of the two."""
    terminal.type(ESCAPE)
    quiet(terminal)


def quiet(terminal: Terminal) -> None:
    """Read until the program has written nothing for a while."""
    for _ in range(20):
        before = len(terminal.written)
        terminal.read(QUIET_S)
        if len(terminal.written) == before:
            return


def app_in_a_terminal(environ: dict[str, str], word: str, columns: int, lines: int) -> bytes:
    terminal = Terminal([PROGRAM], environ, columns=columns, lines=lines)
    try:
        walk_through(terminal, word)
        assert terminal.exit_code == 0, terminal.text
        assert terminal.left_on() == []
        return terminal.written
    finally:
        terminal.close()


def assert_only_its_own(written: bytes) -> None:
    assert set(sequences(written)) <= THE_APPS_OWN
    assert inside_sequences(written) == []
    assert_harmless(between_sequences(written))


@pytest.mark.usefixtures("processes")
def test_the_app_writes_nothing_hostile_to_a_real_terminal(home: HostileHome) -> None:
    assert_only_its_own(app_in_a_terminal(environ_of_desk(home.desk), MARK, 100, 30))


@pytest.mark.full
@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40), (200, 60)])
def test_the_app_writes_nothing_hostile_to_a_terminal_of_any_size(columns: int, lines: int, home: HostileHome) -> None:
    assert_only_its_own(app_in_a_terminal(environ_of_desk(home.desk), MARK, columns, lines))


@pytest.mark.full
@pytest.mark.usefixtures("processes")
def test_what_the_app_writes_of_plain_text_is_what_is_allowed(tmp_path: Path) -> None:
    """The list above is no wider than need be."""
    with FaultyServer(small_world([Written("Plain words")] * 30)) as server:
        desk = Desk(server, tmp_path)
        desk.sync()
        environ = environ_of_desk(desk)
        desk.close()
        written = app_in_a_terminal(environ, "Plain", 100, 30)
    assert set(sequences(written)) == THE_APPS_OWN


# --- every widget


class Deeds:
    """Every action the app ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        run_action = DevTrailApp.run_action

        async def noted(app: DevTrailApp, action: Any, *arguments: Any, **how: Any) -> bool:
            self.done.append(str(action))
            return await run_action(app, action, *arguments, **how)

        monkeypatch.setattr(DevTrailApp, "run_action", noted)


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> Deeds:
    return Deeds(monkeypatch)


@asynccontextmanager
async def opened(home: HostileHome, size: tuple[int, int]) -> AsyncIterator[tuple[DevTrailApp, Pilot[None]]]:
    """The app over the hostile home."""
    desk = Desk(home.server, Path(home.desk.environ["DEVTRAIL_HOME"]))
    desk.services.catalogue = home.desk.services.catalogue
    app = DevTrailApp(desk.services)
    async with app.run_test(size=size, notifications=True) as pilot:
        try:
            await until(pilot, lambda: app.snapshot is not None, "the first snapshot")
            await until(pilot, lambda: MARK in screen_text(app), "hostile text")
            yield app, pilot
        finally:
            app.leave()
            await until(pilot, app.worker.ended.is_set, "the worker's end")
    if app.feed is not None:
        app.feed.join(20)
    desk.close()


OF_SCROLLBARS = {"grab", "release", "scroll_up", "scroll_down", "scroll_left", "scroll_right"}
"""What Textual's own scroll bars do when they are pressed."""


def look_at(app: DevTrailApp) -> None:
    """Every cell: harmless characters, no link, and no action that runs when it is clicked."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            if segment.control:
                continue
            assert_harmless(segment.text)
            if segment.style is not None:
                assert segment.style.link is None
                deeds = {value for key, value in segment.style.meta.items() if key.startswith("@")}
                assert deeds <= OF_SCROLLBARS, segment
    for widget in app.screen.walk_children(Widget):
        for title in (widget.border_title, widget.border_subtitle, widget.tooltip):
            assert_harmless(str(title or ""))


async def click_everywhere(app: DevTrailApp, pilot: Pilot[None], selector: str, step: int) -> int:
    """Click the cells of one widget, `step` cells apart (from 20 on, in every fourth line); whatever opens is closed again."""
    screen, clicks = app.screen, 0
    region = screen.query_one(selector).region
    for place, y in enumerate(range(region.y, region.bottom, 4 if step >= 20 else 1)):
        for x in range(region.x + place % step, region.right, step):
            await pilot.click(offset=(x, y))
            clicks += 1
            assert app.is_running
            if app.screen is not screen:
                look_at(app)
                await pilot.press("escape")
                await until(pilot, lambda: app.screen is screen, "the screen that was clicked")
    return clicks


async def visit(home: HostileHome, deeds: Deeds, size: tuple[int, int], texts: Sequence[str], *, step: int) -> None:
    """Every screen and every widget, cells clicked `step` apart, texts looked for, as many entries opened."""
    async with opened(home, size) as (app, pilot):
        for _ in home.jobs[: len(texts)]:
            await pilot.press("j")
            await pilot.pause()
            look_at(app)
        await pilot.press("g")
        for selector in ("JobTable", "ProgressPanel", "LogPane"):
            assert await click_everywhere(app, pilot, selector, step)
        table = app.screen.query_one(JobTable)
        table.focus()
        await until(pilot, lambda: app.focused is table, "the table's turn")
        await pilot.press("g")
        await until(pilot, lambda: table.cursor_job_id == home.spoken.id, "the newest job")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LogScreen), "the log")
        await until(pilot, lambda: MARK in screen_text(app), "its lines")
        await find_in_the_log(app, pilot, texts)
        assert await click_everywhere(app, pilot, "LogPane", step)
        await pilot.press("escape", "escape")
        await pilot.press("2")
        await until(pilot, lambda: "Evidence · all" in screen_text(app) and MARK in screen_text(app), "the evidence")
        look_at(app)
        for text in texts:
            assert app.screen.query_one(EvidenceTable).move_to(home.entry_of(text))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, EntryScreen), "an entry")
            await until(pilot, lambda: "Matches" in screen_text(app), "its text")
            look_at(app)
            await pilot.press("G")
            await pilot.pause()
            look_at(app)
            await pilot.press("escape")
        await pilot.press("enter")
        await until(pilot, lambda: "Matches" in screen_text(app), "an entry's text")
        assert await click_everywhere(app, pilot, "#entry-scroll", step)
        await pilot.press("escape")
        assert app.is_running
        assert not [deed for deed in deeds.done if "bell" in deed or "quit" in deed or MARK in deed]


async def find_in_the_log(app: DevTrailApp, pilot: Pilot[None], texts: Sequence[str]) -> None:
    await pilot.press("w", "slash")
    await until(pilot, lambda: isinstance(app.focused, Input), "the field to find with")
    for text in texts:
        await paste(app, pilot, text[:500])
        app.screen.query_one(Input).value = ""
    app.screen.query_one(Input).value = MARK
    await pilot.press("enter", "n", "N", "t")
    look_at(app)


async def test_no_widget_shows_or_runs_anything_hostile(home: HostileHome, deeds: Deeds) -> None:
    await visit(home, deeds, (80, 24), KINDS[:2], step=79)


@pytest.mark.full
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_no_widget_of_any_size_shows_or_runs_anything_hostile(
    size: tuple[int, int], home: HostileHome, deeds: Deeds
) -> None:
    await visit(home, deeds, size, list(STRINGS.values()), step=3 if size == (80, 24) else 17)


async def ask_and_tell(home: HostileHome, deeds: Deeds, told: Sequence[str], filled: Sequence[str]) -> None:
    """Toasts, questions and a screen of trouble that tell each text; offers, placeholders and a form filled with each."""
    async with opened(home, (100, 30)) as (app, pilot):
        for text in told:
            await tell(app, pilot, text)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, NewJobScreen), "the form")
        look_at(app)
        await until(pilot, lambda: "Sync" in screen_text(app), "the types")
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.screen.query(Input)), "the fields")
        for text in filled:
            await fill(app, pilot, text)
        await pilot.press("escape")
        assert app.is_running
        assert not [deed for deed in deeds.done if "bell" in deed or MARK in deed]


async def tell(app: DevTrailApp, pilot: Pilot[None], text: str) -> None:
    """One text in everything that speaks to the person."""
    screen = app.screen
    assert isinstance(screen, LiveScreen)
    screen.say(text)
    screen.say(text, failed=True)
    await pilot.pause()
    look_at(app)
    app.clear_notifications()
    modals: tuple[Screen[Any], ...] = (ConfirmScreen(text, yes=text[:20], no=text[:20]), TroubleScreen(text))
    for modal in modals:
        await app.push_screen(modal)
        await pilot.pause()
        look_at(app)
        app.pop_screen()
        await pilot.pause()


async def fill(app: DevTrailApp, pilot: Pilot[None], text: str) -> None:
    """One text pasted into every field of the form, as a terminal hands it over."""
    fields: list[Input | TextArea] = [*app.screen.query(Input), *app.screen.query(TextArea)]
    for field in fields:
        if field.focusable:
            field.focus()
            await paste(app, pilot, text)
            field.clear()


async def paste(app: DevTrailApp, pilot: Pilot[None], text: str) -> None:
    app.post_message(events.Paste(text[:5_000]))
    await pilot.pause()
    look_at(app)


async def test_what_speaks_to_the_person_and_what_is_filled_in_is_harmless(home: HostileHome, deeds: Deeds) -> None:
    await ask_and_tell(home, deeds, KINDS[:3], KINDS[:1])


@pytest.mark.full
async def test_whatever_speaks_to_the_person_and_is_filled_in_is_harmless(home: HostileHome, deeds: Deeds) -> None:
    await ask_and_tell(home, deeds, list(STRINGS.values()), list(STRINGS.values()))


# --- a megabyte at a time


@pytest.mark.full
def test_a_megabyte_in_every_field_is_taken_in_its_stride(tmp_path: Path) -> None:
    home = HostileHome(tmp_path, long=True)
    try:
        assert home.synced.status is Status.COMPLETED
        assert len(home.desk.evidence()) == len(home.texts)
        for form in ("md", "json", "csv"):
            text = export_evidence(home.desk.services, form).text
            for each in texts_in(json.loads(text)) if form == "json" else [text]:
                assert_harmless(each)
    finally:
        home.close()
