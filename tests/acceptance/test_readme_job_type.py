"""README's section "Add a job type", tried literally: the file as printed, in the place it names, with form and command."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import devtrail_tui
from tests.acceptance.terminal import CTRL_S, ENTER, Terminal
from tests.house.program import PROGRAM

README = Path(__file__).parents[2] / "README.md"
PACKAGE = Path(devtrail_tui.__file__).parent
SYNC = ("sync", "acme/web", "--no-analyse")


@pytest.fixture(scope="module")
def section() -> str:
    """The section's text, from its heading to the next of the same rank."""
    found = re.search(r"^## Add a job type\n(.*?)(?=^## |\Z)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture(scope="module")
def code(section: str) -> str:
    """The only Python block in it."""
    blocks = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.fixture(scope="module")
def place(section: str) -> str:
    """Where it says to put the file."""
    found = re.search(r"`(devtrail_tui/jobs/\w+\.py)`", section)
    assert found is not None
    return found.group(1)


@pytest.fixture(scope="module")
def checkout(code: str, place: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with that one file added."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(PACKAGE, folder / "devtrail_tui", ignore=shutil.ignore_patterns("__pycache__"))
    assert not (folder / place).exists()
    (folder / place).write_text(code)
    return folder


@pytest.fixture
def run(checkout: Path, environ: dict[str, str]) -> Callable[..., str]:
    """Run the program of that copy."""

    def start(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "devtrail_tui", *arguments],
            cwd=checkout,
            env={**environ, "PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


@pytest.fixture
def app(checkout: Path, environ: dict[str, str]) -> Iterator[Terminal]:
    """The app of that copy in a terminal."""
    terminal = Terminal([PROGRAM], {**environ, "PYTHONPATH": str(checkout)})
    yield terminal
    terminal.close()


def test_it_is_about_as_short_as_it_says(code: str) -> None:
    written = [line for line in code.splitlines() if line.strip() and not line.startswith(("from ", "import "))]
    assert len(written) <= 22


@pytest.mark.usefixtures("processes")
@pytest.mark.parametrize(
    "check", [("ruff", "check", "--config", str(README.parent / "pyproject.toml")), ("mypy", "--strict")]
)
def test_it_passes_the_houses_own_checks(check: tuple[str, ...], checkout: Path, place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *check, place], cwd=checkout, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_command_is_there_with_its_options(run: Callable[..., str]) -> None:
    assert re.search(r"^  backlog +List pull requests", run("--help"), re.MULTILINE)
    shown = run("backlog", "--help")
    assert "[OPTIONS] [OWNER/REPO]...\n" in shown
    assert re.search(r"--most N +At most: how many to list. Default: 20.", shown)


def test_it_runs_headless_on_real_evidence(run: Callable[..., str]) -> None:
    synced: dict[str, Any] = json.loads(run(*SYNC, "--json"))["result"]
    assert synced["notAnalysed"] > 5
    job = json.loads(run("backlog", "--most", "5", "--json"))
    assert (job["type"], job["status"]) == ("BACKLOG", "COMPLETED")
    assert job["result"]["notAnalysed"] == synced["notAnalysed"]
    assert len(job["logs"]) == 5
    assert job["config"]["_progress"] == {"currentRepo": "", "currentPR": "", "totalPRs": 5, "processedPRs": 5}
    other = json.loads(run("backlog", "acme/shop", "--json"))
    assert other["result"]["notAnalysed"] == 0


def test_bad_values_are_refused_with_its_own_words(checkout: Path, environ: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "devtrail_tui", "backlog", "--most", "0"],
        cwd=checkout,
        env={**environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "--most: At most must be at least 1." in done.stderr


def test_the_app_offers_its_form_and_runs_it(app: Terminal) -> None:
    app.wait_for("No jobs yet")
    app.type("n")
    app.wait_for("List the backlog")
    app.type(ENTER)
    assert "Repositories" in app.wait_for("At most")
    app.type(CTRL_S)
    app.wait_for("✓ done")
