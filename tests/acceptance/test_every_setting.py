"""Every setting of config.toml reaches what it names. A newly declared setting fails here until its proof is written below.

A proof runs the installed program, or the composed services where only they show the value at work.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from devtrail_tui.actions.launching import launch_job
from devtrail_tui.actions.running import make_worker
from devtrail_tui.core.clock import Clock
from devtrail_tui.demo.latency import Latency
from devtrail_tui.demo.sent_text import sent_pull_request
from devtrail_tui.demo.server import GITHUB_TOKEN
from devtrail_tui.demo.world import World
from devtrail_tui.services import Services
from devtrail_tui.services.log_file import logging_to
from devtrail_tui.settings import SETTINGS, load_settings
from tests.acceptance.terminal import Terminal
from tests.doubles.clock import HastyClock
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.house.program import PROGRAM, environ_of, write_config

PATIENCE_S = 30.0
SYNC = ("sync", "acme/web", "--max-pull-requests", "6", "--json")


class Person:
    """A home with a config.toml, and a server that the environment names, unless a proof is about its address."""

    def __init__(self, home: Path, server: FaultyServer) -> None:
        self.home = home
        self.server = server
        self.environ = environ_of(home, server, devtrail_home=home)

    def set(self, *lines: str) -> None:
        """What config.toml holds from now on; no pause before each request to the server, unless that is what is proved."""
        pause = () if any(line.startswith("github_pause_s") for line in lines) else ("github_pause_s = 0",)
        write_config(self.home, *pause, *lines)

    def run(self, *arguments: str, stdin: str = "", exit_code: int = 0) -> str:
        """What the program prints."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=self.environ, input=stdin, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout + done.stderr if exit_code else done.stdout

    def messages(self) -> list[Any]:
        """What was sent to Claude."""
        return [each.json for each in self.server.recorder.requests if "messages" in each.routes]

    @contextmanager
    def services(self, clock: Clock | None = None) -> Iterator[Services]:
        """The composed services, their database open."""
        made = Services(load_settings(self.environ), environ=self.environ, clock=clock)
        made.open()
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def running_job(self) -> Iterator[Services]:
        """Services whose worker has claimed a sync that stands still at GitHub's door."""
        gate = self.server.faults.hang("user")
        with self.services() as services:
            launch_job(services, "GITHUB_SYNC", {"repositories": ["acme/web"], "analyse": False})
            worker = make_worker(services)
            thread = threading.Thread(target=worker.run)
            thread.start()
            try:
                gate.wait(PATIENCE_S)
                yield services
            finally:
                gate.release()
                worker.stop()
                thread.join(PATIENCE_S)

    def lease_end(self) -> datetime:
        """When the lease of the only job runs out."""
        with sqlite3.connect(f"file:{self.home}/data/devtrail.db?mode=ro", uri=True) as database:
            (microseconds,) = database.execute("SELECT lease_expires_at FROM jobs").fetchone()
        database.close()
        return datetime.fromtimestamp(microseconds / 1e6, UTC)


@pytest.fixture
def person(tmp_path: Path, world: World) -> Iterator[Person]:
    with FaultyServer(world, latency=Latency(claude=0.2)) as server:
        yield Person(tmp_path / "home", server)


Proof = Callable[[Person], None]
PROOFS: dict[str, Proof] = {}


def proof(prove: Proof) -> Proof:
    """Register the proof of the setting that the function is named after."""
    PROOFS[prove.__name__] = prove
    return prove


@proof
def database_url(person: Person) -> None:
    person.set(f'database_url = "sqlite:///{person.home}/mine.db"')
    person.run("jobs", "list")
    assert (person.home / "mine.db").exists()
    assert not (person.home / "data" / "devtrail.db").exists()


@proof
def github_url(person: Person) -> None:
    person.environ["DEVTRAIL_GITHUB_URL"] = ""
    person.set(f'github_url = "{person.server.url}"')
    person.run(*SYNC, "--no-analyse")
    assert person.server.recorder.count("hydrate")


@proof
def anthropic_base_url(person: Person) -> None:
    del person.environ["ANTHROPIC_BASE_URL"]
    person.set(f'anthropic_base_url = "{person.server.url}"')
    person.run(*SYNC)
    assert person.messages()


@proof
def model(person: Person) -> None:
    person.set('model = "claude-haiku-5-5"')
    person.run(*SYNC)
    assert {each["model"] for each in person.messages()} == {"claude-haiku-5-5"}
    assert "claude-haiku-5-5" in person.run("doctor")


@proof
def prices(person: Person) -> None:
    person.set('model = "team-sonnet"')
    assert "[prices]" in person.run(*SYNC, exit_code=2)
    person.set('model = "claude-haiku-5-5"', "[prices]", "claude-haiku-5-5 = {input = 2_000.0, output = 10_000}")
    assert json.loads(person.run(*SYNC, "--budget", "1000"))["result"]["spentUsd"] > 1


@proof
def http_hosts(person: Person) -> None:
    person.environ["ANTHROPIC_BASE_URL"] = person.server.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - the same server
    person.set()
    assert 'http_hosts = ["0.0.0.0"]' in person.run(*SYNC, exit_code=2)
    person.set('http_hosts = ["0.0.0.0"]')
    person.run(*SYNC)
    assert person.messages()


@proof
def effort(person: Person) -> None:
    person.set('effort = "medium"')
    person.run(*SYNC)
    assert {each["output_config"]["effort"] for each in person.messages()} == {"medium"}


@proof
def language(person: Person) -> None:
    person.set('language = "Norwegian"')
    person.run(*SYNC)
    assert all("Write each explanation in Norwegian" in str(each["system"]) for each in person.messages())
    assert person.messages()


@proof
def budget_usd(person: Person) -> None:
    person.set("budget_usd = 0")
    assert json.loads(person.run(*SYNC))["config"]["budgetUsd"] == 0
    assert not person.messages()


@proof
def concurrency(person: Person) -> None:
    person.set("concurrency = 2")
    for repository in ("acme/web", "acme/shop"):
        person.run("sync", repository, "--no-analyse", "--max-pull-requests", "1", "--no-wait")
    gate = person.server.faults.hang("user", times=2)
    with subprocess.Popen([PROGRAM, "work", "--once"], env=person.environ, stderr=subprocess.DEVNULL) as worker:
        try:
            person.server.recorder.wait("user", 2, PATIENCE_S)  # the second arrives while the first still waits
        finally:
            gate.release()
        assert worker.wait(PATIENCE_S) == 0


@proof
def claude_concurrency(person: Person) -> None:
    person.set("claude_concurrency = 1")
    person.run(*SYNC)
    assert person.server.recorder.peak("messages") == 1


@proof
def github_pause_s(person: Person) -> None:
    person.set("github_pause_s = 7")
    clock = HastyClock()
    with person.services(clock) as services:
        launch_job(services, "GITHUB_SYNC", {"repositories": ["acme/web"], "analyse": False, "maxPullRequests": 1})
        make_worker(services, once=True).run()
    assert 6 < max(clock.slept) <= 7


@proof
def lease_s(person: Person) -> None:
    person.set("lease_s = 1000")
    with person.running_job():
        assert (person.lease_end() - datetime.now(UTC)).total_seconds() > 500


@proof
def heartbeat_s(person: Person) -> None:
    person.set("heartbeat_s = 0.2")
    ends: list[datetime] = []
    with person.running_job() as services:
        committed = threading.Event()
        unsubscribe = services.database.on_commit(committed.set)
        while len(ends) < 4:
            assert committed.wait(PATIENCE_S)
            committed.clear()
            if person.lease_end() not in ends:
                ends.append(person.lease_end())
        unsubscribe()
    assert min((after - before).total_seconds() for before, after in pairwise(ends)) < 5


@proof
def max_wait(person: Person) -> None:
    person.set('max_wait = "0s"')
    person.server.faults.always("user", Fault.close())
    assert "Given up after 0 s of waiting" in person.run(*SYNC, exit_code=1)
    person.server.faults.clear()


@proof
def theme(person: Person) -> None:
    person.set('theme = "devtrail-light"')
    with terminal_of(person) as terminal:
        terminal.wait_for("No jobs yet")
    assert b"48;2;251;250;248" in terminal.written


@proof
def keys(person: Person) -> None:
    person.set("[keys]", 'new_job = "Z"')
    with terminal_of(person) as terminal:
        terminal.wait_for("No jobs yet")
        terminal.type("Z")
        terminal.wait_for("Budget (USD)")


@proof
def log_level(person: Person) -> None:
    person.set('log_level = "debug"')
    with person.services() as services, logging_to(services):
        logging.getLogger("devtrail_tui.test").debug("a detail")
    assert "a detail" in (person.home / "logs" / "devtrail.log").read_text()


@proof
def secret_key_file(person: Person) -> None:
    key = person.home / "usb" / "devtrail.key"
    person.run("auth", "new-key", str(key))
    person.set(f'secret_key_file = "{key}"')
    assert f"encrypted (key file {key})" in person.run("auth", "login", "github", "--with-token", stdin=GITHUB_TOKEN)


@proof
def plain_secrets(person: Person) -> None:
    person.run("auth", "login", "github", "--with-token", stdin=GITHUB_TOKEN, exit_code=2)
    person.set("plain_secrets = true")
    person.run("auth", "login", "github", "--with-token", stdin=GITHUB_TOKEN)
    assert GITHUB_TOKEN in (person.home / "data" / "secrets-unencrypted.json").read_text()


@proof
def exclude_repositories(person: Person) -> None:
    person.set('exclude_repositories = ["acme/w*"]')
    assert "acme/web: excluded by exclude_repositories" in person.run(*SYNC, exit_code=2)
    assert not person.server.recorder.requests


@proof
def exclude_paths(person: Person) -> None:
    person.set()
    path = files_sent(person)[0]
    person.set(f'exclude_paths = ["{path}"]')
    assert path not in files_sent(person)


@contextmanager
def terminal_of(person: Person) -> Iterator[Terminal]:
    terminal = Terminal([PROGRAM], person.environ)
    try:
        yield terminal
    finally:
        terminal.close()


def files_sent(person: Person) -> list[str]:
    """The paths in the prompt that `--show-prompt` shows."""
    prompt = json.loads(person.run("sync", "acme/web", "--show-prompt", "--json"))["request"]["messages"][0]["content"]
    return [each.partition(" +")[0] for each in sent_pull_request(prompt)["files"]]


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_reaches_what_it_names(name: str, person: Person) -> None:
    assert name in PROOFS, f"{name} is declared, and nothing shows that it reaches what it names; write its proof here."
    PROOFS[name](person)


def test_every_proof_is_of_a_setting() -> None:
    assert set(PROOFS) == set(SETTINGS)
