"""What holds for every test."""

from __future__ import annotations

import asyncio
import functools
import gc
import multiprocessing.process
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from hypothesis import settings

settings.register_profile(
    "shared-machine", deadline=None
)  # machines are shared: how long one example takes says nothing
settings.load_profile("shared-machine")

# Bytecode is cached, as it is for the people who run the program; otherwise each process that a test starts compiles the package.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


LONG_FORMS = ("full", "soak", "bench")
"""Markers of tests that run only where `-m` names them."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long forms that were not asked for; mark what starts processes by the fixture that it asks for."""
    expression = str(config.getoption("markexpr"))
    left_out = [each for each in LONG_FORMS if each not in expression]
    deselected = [item for item in items if any(item.get_closest_marker(each) for each in left_out)]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in set(deselected)]
    for item in items:
        if "processes" in getattr(item, "fixturenames", ()):
            item.add_marker("process")
    if config.getoption("loadgroup", default=False):
        _write_groups(items)


def _write_groups(items: list[pytest.Item]) -> None:
    """Let pytest-xdist see the marks `xdist_group`: 3.8 appends them to a field that pytest 9.2 no longer reads, and tests that
    share what is expensive to make would be spread over all workers (https://github.com/pytest-dev/pytest-xdist/issues/1386)."""
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        if mark is not None and hasattr(item, "_id"):
            item._id = type(item._id).parse(f"{item.nodeid}@{mark.args[0]}")


@pytest.fixture
def processes() -> None:
    """Asked for by tests that start the installed program, a worker process or another Python."""


_started: list[str] = []
"""The Python programs that the running test started."""


def _noting(start: Callable[..., Any], program_of: Callable[..., object]) -> Callable[..., Any]:
    def noting(self: Any, *arguments: Any, **options: Any) -> Any:
        name = Path(str(program_of(*arguments, **options))).name
        if name.startswith("python") or name == "devtrail-tui":
            _started.append(name)
        return start(self, *arguments, **options)

    return noting


def _first_word(command: Any = "", *_: Any, **options: Any) -> object:
    command = options.get("args", command)
    return command if isinstance(command, str | Path) else next(iter(command), "")


@pytest.fixture(scope="session", autouse=True)
def _processes_are_noted() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", _noting(subprocess.Popen.__init__, _first_word))
        patch.setattr(pexpect.spawn, "__init__", _noting(pexpect.spawn.__init__, _first_word))
        process = multiprocessing.process.BaseProcess
        patch.setattr(process, "start", _noting(process.start, lambda: sys.executable))
        yield


@pytest.fixture(autouse=True)
def _who_starts_processes_asks_for_them(request: pytest.FixtureRequest, _processes_are_noted: None) -> Iterator[None]:
    """The marker `process` is true: a test that starts a Python program without the fixture `processes` fails."""
    _started.clear()
    yield
    assert "processes" in request.fixturenames or not _started, f"started {_started}; ask for the fixture `processes`"


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means: half as many again as there are cores, for a fault's short form mostly waits for other processes.

    The long forms keep those processes busy and measure times; they get a core each.
    """
    cores = os.cpu_count() or 1
    long_forms = any(each in str(config.getoption("markexpr")) for each in LONG_FORMS)
    return cores if long_forms else cores + (cores + 1) // 2


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: that garbage is looked for in it again and again costs a sixth of the
    suite's time. Where there is so much else, it is looked for less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _claude_in_this_process() -> Iterator[None]:
    """Services that a test makes itself talk to Claude without a child process, whose start would cost every test a second or
    more. Installed programs have theirs, and tests/clients/claude/test_child.py is about it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("devtrail_tui.services.clients.ClaudeProcess", lambda _clock: None)
        yield


async def _until_no_task_is_ready(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """What the pilot waits for after each key: until every other task of the loop waits for a timer, a thread or I/O.

    Textual's own wait looks in steps of 20 ms whether the process computes: up to 2 s for each key, beside a worker and a feed.
    """
    from textual._context import active_app

    loop, deadline = asyncio.get_running_loop(), time.monotonic() + max_sleep
    for _ in range(2):
        await asyncio.sleep(0)
        # No event tells that the loop has nothing to do.
        while loop._ready and time.monotonic() < deadline:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0)
        active_app.get().screen._on_timer_update()


@pytest.fixture(scope="session", autouse=True)
def _keys_are_pressed_without_delay() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if "textual" in sys.modules:
            patch.setattr("textual.app.wait_for_idle", _until_no_task_is_ready)
            patch.setattr("textual.pilot.wait_for_idle", _until_no_task_is_ready)
        yield


@pytest.fixture(scope="session", autouse=True)
def _new_databases_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new database in this process is a copy of one that the migrations made: running them takes 50 ms each time."""
    from devtrail_tui.store.sqlite import schema_version, sqlite_file
    from devtrail_tui.store.sqlite.engine import SqliteDatabase

    path = tmp_path_factory.mktemp("migrated") / "devtrail.db"
    migrated = SqliteDatabase(f"sqlite:///{path}")
    migrated.open()
    migrated.close()
    content, head = path.read_bytes(), schema_version.HEAD
    prepare_file, preparing = sqlite_file.prepare_file, threading.Lock()

    def prepare_copy(path: Path) -> None:
        with preparing:
            is_new = not path.exists()
            prepare_file(path)
            if is_new and head == schema_version.HEAD:
                path.write_bytes(content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_file, "prepare_file", prepare_copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def _certificates_are_read_once() -> Iterator[None]:
    """Each HTTP client reads all certificates of the authorities anew, 20 ms each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield
