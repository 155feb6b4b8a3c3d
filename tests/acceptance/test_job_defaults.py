"""A job setting that takes its default from config.toml, on the installed program: command line, `--config` JSON, help, form."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.terminal import CTRL_S, Terminal
from tests.house.program import PROGRAM, environ_of

pytestmark = pytest.mark.usefixtures("processes")

SYNC = ("sync", "acme/shop", "--no-wait", "--json")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A person with a token; nothing is asked on the network, for no test here runs a job."""
    nowhere = {"DEVTRAIL_GITHUB_URL": "http://127.0.0.1:9", "GITHUB_TOKEN": "ghp_never_sent_anywhere"}
    return {**environ_of(tmp_path), **nowhere}


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "devtrail" / "config" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('budget_usd = 0.5\nmodel = "claude-haiku-5-5"\n')
    return path


def run(environ: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments], env=environ, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def stored(environ: dict[str, str], *arguments: str, stdin: str = "") -> tuple[float, str]:
    """Budget and model of the job that a command put into the queue."""
    done = run(environ, *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    config: dict[str, Any] = json.loads(done.stdout)["config"]
    return config["budgetUsd"], config["model"]


@pytest.mark.usefixtures("config_file")
def test_a_sync_has_the_budget_and_the_model_of_config_toml(environ: dict[str, str]) -> None:
    assert stored(environ, *SYNC) == (0.5, "claude-haiku-5-5")
    from_stdin = json.dumps({"repositories": ["acme/api"]})
    assert stored(environ, "sync", "--config", "-", "--no-wait", "--json", stdin=from_stdin) == (
        0.5,
        "claude-haiku-5-5",
    )


@pytest.mark.usefixtures("config_file")
def test_what_is_given_for_the_job_wins(environ: dict[str, str]) -> None:
    assert stored(environ, *SYNC, "--budget", "2") == (2.0, "claude-haiku-5-5")
    from_stdin = json.dumps({"repositories": ["acme/api"], "model": "claude-opus-5-5"})
    assert stored(environ, "sync", "--config", "-", "--no-wait", "--json", stdin=from_stdin) == (0.5, "claude-opus-5-5")


def test_a_retry_keeps_what_the_job_was_launched_with(environ: dict[str, str], config_file: Path) -> None:
    job_id = json.loads(run(environ, *SYNC).stdout)["id"]
    assert run(environ, "jobs", "cancel", str(job_id)).returncode == 0
    config_file.write_text("budget_usd = 9\n")
    assert run(environ, "jobs", "retry", str(job_id)).returncode == 0
    newest = json.loads(run(environ, "jobs", "list", "--json").stdout)[0]
    config = json.loads(run(environ, "jobs", "show", str(newest["id"]), "--json").stdout)["config"]
    assert (config["budgetUsd"], config["model"]) == (0.5, "claude-haiku-5-5")


def test_help_names_the_default_where_it_is_known(environ: dict[str, str], config_file: Path) -> None:
    shown = " ".join(run(environ, "sync", "--help").stdout.split())
    assert "Default: 0.5." in shown
    assert "Default: claude-haiku-5-5." in shown
    config_file.write_text("budget_usd = 'lots'\n")
    broken = run(environ, "sync", "--help")
    assert broken.returncode == 0
    assert "Default: 0.5" not in broken.stdout


@pytest.mark.usefixtures("config_file")
def test_the_form_starts_with_it_and_the_job_has_it(environ: dict[str, str], tmp_path: Path) -> None:
    terminal = Terminal([PROGRAM], environ)
    try:
        terminal.wait_for("No jobs yet")
        terminal.type("n")
        terminal.wait_for("Budget (USD)")
        assert "claude-haiku-5-5" in terminal.wait_for("0.50")
        terminal.type("acme/shop" + CTRL_S)
        terminal.wait_for("acme/shop · the last")
    finally:
        terminal.close()
    with sqlite3.connect(f"file:{tmp_path}/devtrail/data/devtrail.db?mode=ro", uri=True) as database:
        (config,) = database.execute("SELECT config FROM jobs").fetchone()
    database.close()
    assert (json.loads(config)["budgetUsd"], json.loads(config)["model"]) == (0.5, "claude-haiku-5-5")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('model = "claude-made-up-9"', ("price of claude-made-up-9 is not known", "config.toml", "model")),
        ("budget_usd = -1", ("config.toml", "budget_usd", "at least 0")),
        ('budget_usd = "lots"', ("config.toml", "budget_usd", "must be a number, not “lots”")),
        ('model = ""', ("config.toml", "model", "is empty")),
        ('github_url = "git.example"', ("config.toml", "github_url", "not an https URL")),
        (
            'anthropic_base_url = "proxy.example"',
            ("config.toml", "anthropic_base_url", "not a valid ANTHROPIC_BASE_URL"),
        ),
    ],
)
def test_a_bad_default_is_refused_and_its_place_named(
    environ: dict[str, str], config_file: Path, line: str, words: tuple[str, ...]
) -> None:
    del environ["DEVTRAIL_GITHUB_URL"]
    config_file.write_text(line + "\n")
    done = run(environ, "sync", "acme/shop", "--no-wait")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr
    assert not (config_file.parents[1] / "data" / "devtrail.db").exists() or "price" in done.stderr
