"""Promise 14: a database deleted, replaced, damaged or made read-only under a running program is named within five seconds,
on the screen and headless, and never silently made anew."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.terminal import ESCAPE
from tests.doubles.server import FaultyServer
from tests.faults.processes import Site
from tests.faults.worker_processes import PATIENCE_S
from tests.house.program import CHECKOUT, PROGRAM

BOUND_S = 5.0
SLACK_S = 3.0
"""What a busy test machine may add."""
HELP = "change keys by name"
NOBODY = 65534
Fault = Callable[[Path], None]


def deleted(path: Path) -> None:
    path.unlink()


def moved_away_with_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def replaced(path: Path) -> None:
    """By an empty database of somebody else's making."""
    other = path.with_name("other.db")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE songs (title)")
    other.replace(path)


def journal_deleted(path: Path) -> None:
    path.with_name(f"{path.name}-wal").unlink()


def head_damaged(path: Path) -> None:
    overwrite(path, 0, path.stat().st_size // 2)


def middle_damaged(path: Path) -> None:
    """The head is as it was; what is torn are pages that nobody reads just now."""
    overwrite(path, 4096 * 3, path.stat().st_size - 4096 * 3)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def overwrite(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * length)


FAULTS: Mapping[Fault, str] = {
    deleted: "deleted or",
    moved_away_with_its_folder: "deleted or",
    replaced: "deleted or",
    journal_deleted: "deleted or",
    head_damaged: "damaged",
    middle_damaged: "damaged",
    cut_short: "damaged",
}
"""What happens to the file, and the words that name it (short, because a screen breaks lines)."""
IN_SHORT = (deleted, middle_damaged)
faults = pytest.mark.parametrize(
    "fault", [pytest.param(each, marks=() if each in IN_SHORT else pytest.mark.full) for each in FAULTS]
)


def grown(site: Site) -> Path:
    """A database with something in it, all of it in the file itself."""
    site.write(
        "INSERT INTO reports (title, format, config, content, created_at)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
        " SELECT 'report', 'md', '{}', hex(randomblob(1000)), i FROM n"
    )
    with closing(sqlite3.connect(site.services.database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return site.services.database.path


def assert_not_made_anew(path: Path, fault: Fault) -> None:
    """Where the file went, nothing stands; where another stands, it is not ours."""
    if fault in (deleted, moved_away_with_its_folder):
        assert not path.exists()
    if fault is replaced:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]


@faults
def test_named_headless(site: Site, fault: Fault) -> None:
    path = grown(site)
    worker = site.headless()
    worker.worker_id()
    fault(path)
    took = site.wait_until(lambda: not worker.alive, "the worker to say so", seconds=BOUND_S + SLACK_S)
    assert worker.wait() == 2
    assert FAULTS[fault] in site.said_by(worker)
    assert "Traceback" not in site.said_by(worker)
    assert_not_made_anew(path, fault)
    print(f"{fault.__name__}: named headless after {took:.1f} s")


@faults
def test_named_on_the_screen(site: Site, fault: Fault) -> None:
    path = grown(site)
    terminal = site.terminal()
    try:
        terminal.wait_for("worker ●")
        fault(path)
        began = time.monotonic()
        terminal.wait_for(FAULTS[fault], seconds=BOUND_S + SLACK_S)
        took = time.monotonic() - began
        terminal.type("?")
        terminal.wait_for(HELP)
        terminal.type(ESCAPE)
        terminal.wait_until(lambda screen: HELP not in screen, "the help to close")
        terminal.type("q")
        terminal.wait_for_end()
        assert terminal.left_on() == []
    finally:
        terminal.close()
    assert_not_made_anew(path, fault)
    print(f"{fault.__name__}: named on the screen after {took:.1f} s")


@pytest.fixture
def anybody_s_site(server: FaultyServer, processes: None) -> Iterator[Site]:
    """A site of a user who is not root, whom permissions hold."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can start a program as somebody else")
    folder = Path(tempfile.mkdtemp(prefix="devtrail-faults-"))
    folder.chmod(0o711)
    made = Site(server, folder)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(folder)


def test_made_read_only(anybody_s_site: Site) -> None:
    site = anybody_s_site
    launcher = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", PROGRAM)
    can_run = subprocess.run([*launcher, "--version"], cwd="/", env=site.environ, capture_output=True, check=False)
    if can_run.returncode != 0 or not os.access(CHECKOUT, os.X_OK):
        pytest.skip(f"nobody else may run {sys.executable}")
    path = site.services.database.path
    for each in (site.home, *site.home.rglob("*")):
        os.chown(each, NOBODY, NOBODY)
    worker = site.headless(launcher=launcher)
    worker.worker_id()
    path.chmod(0o400)
    took = site.wait_until(lambda: not worker.alive, "the worker to say so", seconds=BOUND_S + SLACK_S)
    assert worker.wait() == 2
    assert "made read-only" in site.said_by(worker)
    print(f"read-only: named headless after {took:.1f} s")


def test_a_database_that_a_newer_version_migrated_gets_no_more_writes(open_site: Callable[..., Site]) -> None:
    site = open_site()
    gate = site.server.faults.hang("hydrate")
    job = site.sync("acme/web")
    worker = site.headless()
    app = site.terminal()
    gate.wait(PATIENCE_S)
    app.wait_for("acme/web")
    url = site.services.settings.database_url
    newer = subprocess.run(
        [sys.executable, "-m", "tests.faults.next_schema", url],
        env=site.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert newer.returncode == 0, newer.stderr
    gate.release()
    assert worker.wait() == 2
    assert "was migrated by a newer DevTrail while it was open here" in site.said_by(worker)
    app.wait_for("migrated by a newer")
    app.close()
    assert site.rows("SELECT count(*) FROM evidence_entries") == [(0,)]
    assert site.rows("SELECT status FROM jobs WHERE id = :id", id=job.id) == [("RUNNING",)]
