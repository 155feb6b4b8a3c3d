"""The app as a whole: it paints before it reads, shows what happens, does what keys say, and ends in order."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.actions.running import make_worker
from devtrail_tui.core.errors import DatabaseUnusable, UsageError
from devtrail_tui.core.job import Status
from devtrail_tui.tui.app import DevTrailApp
from devtrail_tui.tui.screens import dashboard
from devtrail_tui.tui.screens.confirm import ConfirmScreen
from devtrail_tui.tui.screens.help import HelpScreen
from devtrail_tui.tui.screens.job import JobScreen
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from devtrail_tui.tui.widgets.job_table import JobTable
from tests.tui.app_host import PATIENCE_S, House, screen_text, sees, typed, until


def status(house: House, job_id: int) -> Status:
    """How a job stands in the database."""
    return house.services.views.job(job_id).status


@pytest.mark.usefixtures("processes")
def test_starting_the_app_loads_nothing_heavy() -> None:
    code = (
        "import sys; import devtrail_tui.tui.app as app\n"
        "heavy = {'anthropic', 'httpx', 'httpx2', 'alembic', 'sqlalchemy', 'keyring', 'psutil', 'graphql', 'h11'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"


async def test_the_frame_stands_before_the_database_is_opened(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, allowed = threading.Event(), threading.Event()
    opening = house.services.open

    def open_when_allowed() -> None:
        asked.set()
        assert allowed.wait(PATIENCE_S)
        opening()

    monkeypatch.setattr(house.services, "open", open_when_allowed)
    app = DevTrailApp(house.services)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, asked.is_set, "the opening")
        shown = screen_text(app)
        assert "DevTrail" in shown
        assert "Jobs" in shown
        assert "Status" in shown
        assert "Log" in shown
        assert "n new" in shown
        assert "No jobs yet" not in shown
        allowed.set()
        await sees(pilot, "No jobs yet", "idle")
        app.leave()
        await until(pilot, app.worker.ended.is_set, "the worker's end")
    house.services.close()


async def test_a_database_that_cannot_be_opened_is_a_sentence_and_exit_code_2(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DatabaseUnusable("The database is from a newer version [/red]; update DevTrail.")

    monkeypatch.setattr(house.services, "open", refuse)
    app = DevTrailApp(house.services)
    async with app.run_test(size=(80, 24)) as pilot:
        await sees(pilot, "DevTrail cannot start", "newer version [/red]; update DevTrail.")
        await pilot.press("q")
    assert app.return_code == 2


async def test_a_job_launched_elsewhere_shows_runs_and_is_cancelled_by_c_y(house: House) -> None:
    async with house.app() as (app, pilot):
        job = house.launch("acme/shop", "acme/api")
        await until(pilot, house.stage.begun.is_set, "the job's begin")
        shown = await sees(pilot, "● running", "1/4", "acme/shop: 4 merged pull requests found", "1 running")
        assert "! GitHub's limit: continuing in 12 s" in shown

        await pilot.press("escape", "escape")
        assert status(house, job.id) is Status.RUNNING, "Esc never cancels a job"

        await pilot.press("c")
        await sees(pilot, f"Cancel job {job.id} · acme/shop acme/api?")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen), "the question's end")
        assert status(house, job.id) is Status.RUNNING, "Enter alone means no"

        await pilot.press("c")
        await sees(pilot, "Cancel job")
        await pilot.press("y")
        await sees(pilot, "■ cancelled")
        assert status(house, job.id) is Status.CANCELLED


async def test_cancel_and_retry_say_why_not(house: House) -> None:
    house.stage.let_go.set()
    async with house.app() as (_app, pilot):
        job = house.launch("acme/shop")
        await sees(pilot, "✓ done", "1 new pull request stored.")
        await pilot.press("c")
        await sees(pilot, f"Job {job.id} has already ended")
        await pilot.press("r")
        await sees(pilot, f"Job {job.id} is completed; only a failed or")
        assert status(house, job.id) is Status.COMPLETED


async def test_retry_runs_a_cancelled_job_again(house: House) -> None:
    house.opened()
    job = house.launch("acme/shop")
    house.services.queue.cancel(job.id).result()
    async with house.app() as (_app, pilot):
        await sees(pilot, "■ cancelled")
        await pilot.press("r")
        await until(pilot, house.stage.begun.is_set, "the job's begin")
        await sees(pilot, "● running")


async def test_quitting_asks_while_a_job_runs_and_gives_it_back(house: House) -> None:
    async with house.app() as (app, pilot):
        job = house.launch("acme/shop")
        await until(pilot, house.stage.begun.is_set, "the job's begin")
        await sees(pilot, "1 running")
        await pilot.press("q")
        await sees(pilot, "1 job is running. Quit anyway?")
        await pilot.press("n")
        assert not app.leaving
        await pilot.press("q")
        await sees(pilot, "Quit anyway?")
        await pilot.press("y")
        await until(pilot, app.worker.ended.is_set, "the worker's end")
        given_back = house.services.views.job(job.id)
        assert (given_back.status, given_back.attempt) == (Status.PENDING, 0)
    assert app.return_code == 0


async def test_quitting_with_nothing_running_asks_nothing(house: House) -> None:
    async with house.app() as (app, pilot):
        await pilot.press("q")
        assert app.leaving
    assert app.return_code == 0


async def test_a_worker_that_breaks_is_said_and_started_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        busy = False

        def run(self) -> None:
            raise RuntimeError("a fault with the token ghp_secret in it")

        def stop(self) -> None:
            """Nothing runs."""

    monkeypatch.setattr("devtrail_tui.tui.app.make_worker", lambda _services: Broken())
    async with house.app() as (app, pilot):
        await until(pilot, lambda: app.worker.trouble, "the worker's end")
        shown = await sees(pilot, "worker ✗ stopped")
        assert "ghp_secret" not in shown
        monkeypatch.setattr("devtrail_tui.tui.app.make_worker", make_worker)
        await pilot.press("f5")
        await until(pilot, lambda: not app.worker.trouble, "the restart")
        house.launch("acme/shop")
        await until(pilot, house.stage.begun.is_set, "the job's begin")
        assert "stopped" not in app.screen.query_one(HeaderBar).render_line(0).text


async def test_a_fault_prints_a_sentence_without_locals_and_strikes_out_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house = House(tmp_path, environ={"GITHUB_TOKEN": "ghp_very_secret_value"})
    assert house.services.secrets.find("github")
    token = house.services.secrets.resolve("github", "")
    app = DevTrailApp(house.services)

    def fail() -> None:
        kept = token
        raise RuntimeError(f"cannot go on with {kept}")

    with pytest.raises(RuntimeError, match="cannot go on"):  # noqa: PT012 - the app must run for it
        async with app.run_test() as pilot:
            await until(pilot, lambda: app.snapshot is not None, "the first snapshot")
            app.call_later(fail)
            await until(pilot, lambda: app._exception is not None, "the fault")
    said = capsys.readouterr().err
    assert "DevTrail stopped because of an internal error (RuntimeError)" in " ".join(said.split())
    assert "ghp_very" not in said
    (report,) = (house.services.settings.folders.log).glob("crash-*.log")
    assert "[secret]" not in said
    written = report.read_text()
    assert "RuntimeError: cannot go on with" in written
    assert "ghp_very" not in written
    assert report.stat().st_mode & 0o777 == 0o600
    assert app.return_code == 1
    house.services.close()


async def test_keys_can_be_mapped_anew_and_help_shows_them(tmp_path: Path) -> None:
    house = House(tmp_path, keys={"cancel_job": "x", "help": "f1"})
    async with house.app() as (app, pilot):
        job = house.launch("acme/shop")
        await sees(pilot, "● running", "x cancel")
        await pilot.press("c")
        assert not isinstance(app.screen, ConfirmScreen)
        await pilot.press("x")
        await sees(pilot, f"Cancel job {job.id}")
        await pilot.press("n", "f1")
        shown = await sees(pilot, "Cancel the selected job")
        assert isinstance(app.screen, HelpScreen)
        line = next(line for line in shown.splitlines() if "Cancel the selected job" in line)
        assert line.split("Cancel the selected job")[0].split()[-1] == "x"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"keys": {"cancle_job": "x"}}, "no command “cancle_job”. Did you mean cancel_job?"),
        ({"keys": {"cancel_job": "n"}}, "new_job and cancel_job would both have the key “n”"),
        ({"keys": {"cancel_job": "hyperspace"}}, "“hyperspace” for cancel_job is not a key"),
        ({"theme": "neon-dreams"}, "There is no theme “neon-dreams”. The themes are:"),
    ],
)
def test_settings_that_do_not_fit_are_sentences(tmp_path: Path, flags: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        DevTrailApp(House(tmp_path, **flags).services)
    assert said in str(caught.value)


async def test_letters_do_nothing_while_an_input_has_the_focus(house: House) -> None:
    house.stage.let_go.set()
    async with house.app() as (app, pilot):
        house.launch("acme/shop")
        house.launch("acme/api")
        await sees(pilot, "Jobs · all 2")
        await pilot.press("slash")
        await typed(pilot, "qnc api")
        await pilot.press("backspace", *["backspace"] * 6)
        await typed(pilot, "repo:api")
        await sees(pilot, "Jobs · 1 of 2")
        assert not app.leaving
        await pilot.press("enter", "escape")
        await sees(pilot, "Jobs · all 2")


async def test_a_filter_that_is_not_understood_is_said(house: House) -> None:
    async with house.app() as (_app, pilot):
        await pilot.press("slash")
        await typed(pilot, "state:blue")
        await sees(pilot, "“blue” is not a state")


async def test_the_palette_calls_every_command_by_its_name(house: House) -> None:
    async with house.app() as (_app, pilot):
        await pilot.press("colon")
        await sees(pilot, "Launch a new job from a form", "new_job")
        await typed(pilot, "evidence")
        await sees(pilot, "show_evidence")
        await pilot.press("enter")
        await sees(pilot, "No evidence yet")


async def test_the_chosen_job_follows_the_cursor_and_opens_whole(house: House) -> None:
    house.stage.let_go.set()
    async with house.app() as (_app, pilot):
        first = house.launch("acme/shop")
        second = house.launch("acme/api")
        await until(pilot, lambda: status(house, second.id) is Status.COMPLETED, "both jobs' end")
        await sees(pilot, f"{second.id} · Sync pull requests")
        await pilot.press("j")
        await sees(pilot, f"{first.id} · Sync pull requests", "acme/shop: 4 merged pull requests found")
        await pilot.press("enter")
        shown = await sees(pilot, "Settings", "Repositories", "1 new pull request stored.")
        assert "Style" in shown
        await pilot.press("escape")
        await sees(pilot, "Jobs · all 2")


async def test_a_failed_job_says_why_in_full(house: House) -> None:
    house.stage.let_go.set()
    house.stage.error = UsageError("The model “huge” does not exist [/]; choose another.")
    async with house.app() as (_app, pilot):
        house.launch("acme/shop")
        await sees(pilot, "✗ failed", "does not exist [/]; choose another.")
        await pilot.press("enter")
        await sees(pilot, "Error", "The model “huge” does not exist [/]; choose another.")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_table_bars_and_log_can_all_be_read(house: House, size: tuple[int, int]) -> None:
    async with house.app(size=size) as (_app, pilot):
        house.launch("acme/shop")
        await sees(pilot, "● running", "total", "1/4", "4 merged pull requests found", "? help")


async def test_while_the_cursor_moves_no_job_is_read_but_the_last(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "REST_S", 0.5)  # more than a busy machine takes between the moves
    house.opened()
    jobs = [house.launch(f"acme/service-{number}") for number in range(6)]
    for job in jobs:
        house.services.queue.cancel(job.id).result()
    async with house.app() as (app, pilot):
        assert app.feed is not None
        await until(pilot, lambda: app.snapshot and app.snapshot.data.request.chosen == jobs[-1].id, "the newest job")
        chosen: list[int | None] = []
        want = app.feed.want

        def watched(**changes: Any) -> None:
            chosen.extend(each for name, each in changes.items() if name == "chosen")
            want(**changes)

        monkeypatch.setattr(app.feed, "want", watched)
        table = app.dashboard.query_one(JobTable)
        for _ in range(4):
            table.action_move(1)
        await sees(pilot, f"{jobs[1].id} · Sync pull requests")
        assert chosen == [jobs[1].id]
        table.action_move(1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, JobScreen), "the job")
        await sees(pilot, f"{jobs[0].id} · Sync pull requests")
