"""A plugin installed by its entry point: its job gets its ports by their types; its form and command are as our own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.terminal import CTRL_S, ENTER, TAB, Terminal
from tests.house.program import PROGRAM, install

MODULE = """
from dataclasses import dataclass
from typing import Any, cast

from devtrail_tui.core.context import Context
from devtrail_tui.core.pull_request_source import GITHUB
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.setting import Kind, setting
from devtrail_tui.core.service import ServiceSpec

JIRA = ServiceSpec[Any]("Jira", secret="jira")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    repositories: tuple[str, ...] = setting("Repositories", Kind.REPOSITORIES, default=(), help="default: all")
    other: str = setting("Other service", Kind.CHOICE, default="none", choices=("none", "unprovided", "no service"))


async def run(config: Config, context: Context) -> dict[str, Any]:
    if config.other != "none":
        await context.source(JIRA if config.other == "unprovided" else cast("Any", "jira"))
    github = await context.source(GITHUB)
    same = await context.source(GITHUB)
    claude = await context.analyser(model="claude-haiku-5-5", about="I lead the web team.")
    await claude.check()
    account = await github.account()
    limits = await github.limits()
    await github.aclose()
    await claude.aclose()
    return {
        "login": account.login,
        "limits": [each.resource for each in limits],
        "model": claude.model,
        "repositories": list(config.repositories),
        "same": same is github,
    }


JOB = JobType(name="PORTS", title="Look at the ports", command="ports", config=Config, run=run, description="Ports.")
"""


@pytest.fixture
def plugin(tmp_path: Path, environ: dict[str, str]) -> dict[str, str]:
    """The environment in which the plugin is installed, as pip leaves it: a module and its metadata in a folder of the path."""
    return {**environ, **install(tmp_path / "site", "ports_plugin", ["ports_plugin:JOB"], MODULE)}


Ports = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ports(plugin: dict[str, str]) -> Ports:
    """Run the plugin's command."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, "ports", *arguments],
            env=plugin,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_its_job_gets_its_ports(ports: Ports) -> None:
    done = ports("acme/web", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)["result"]
    assert result == {
        "login": "robin-demo",
        "limits": ["core", "graphql", "search"],
        "model": "claude-haiku-5-5",
        "repositories": ["acme/web"],
        "same": True,
    }


@pytest.mark.parametrize(("other", "named"), [("unprovided", "Jira"), ("no service", "jira")])
def test_a_service_that_nobody_provides_is_refused_with_a_sentence(ports: Ports, other: str, named: str) -> None:
    done = ports("--other", other, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    job = json.loads(done.stdout)
    sentence = f"This job needs the service “{named}”, which is not available. Update DevTrail or the job's plugin."
    assert (job["status"], job["error"]) == ("FAILED", sentence)


def test_an_optional_list_is_shown_as_optional_by_its_command(ports: Ports) -> None:
    assert "devtrail-tui ports [OPTIONS] [OWNER/REPO]...\n" in ports("--help").stdout


@pytest.mark.parametrize("empty", ["", " ", ",", [], [""]])
def test_an_optional_list_may_be_empty_in_any_way(ports: Ports, empty: object) -> None:
    done = ports("--config", "-", "--no-wait", "--json", stdin=json.dumps({"repositories": empty}))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["config"]["repositories"] == []


def test_an_optional_list_may_stay_empty_in_its_form(plugin: dict[str, str]) -> None:
    terminal = Terminal([PROGRAM], plugin)
    try:
        terminal.wait_for("No jobs yet")
        terminal.type("n")
        terminal.wait_for("Look at the ports")
        terminal.type("\x1b[B" + ENTER)
        screen = terminal.wait_for("default: all")
        assert "Repositories *" not in screen
        terminal.type("," + TAB)
        terminal.type(CTRL_S)
        terminal.wait_for("✓ done")
        assert "is needed" not in terminal.text
    finally:
        terminal.close()


MISTAKES = {
    "await context.source(GITHUB, model='x')": 'Unexpected keyword argument "model"',
    "await context.source(PullRequestSource)": "expected",
    "await context.analyser()": 'Missing named argument "model"',
    "await context.analyser(model='x', user_context='y')": 'Unexpected keyword argument "user_context"',
    "(await (await context.source(GITHUB)).limits())[0].left": '"RateLimit" has no attribute "left"',
    "await (await context.source(GITHUB)).prepare()": '"PullRequestSource" has no attribute "prepare"',
    "await (await context.analyser(model='x')).limits()": '"Analyser" has no attribute "limits"',
}


@pytest.mark.usefixtures("processes")
def test_the_ports_are_typed_and_a_wrong_call_is_found_before_it_runs(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(MODULE)
    body = "".join(f"    {line}\n" for line in MISTAKES)
    imports = "from devtrail_tui.core.context import GITHUB, Context, PullRequestSource\n"
    (tmp_path / "wrong.py").write_text(f"{imports}async def run(context: Context) -> None:\n{body}")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "right.py", "wrong.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    problems = re.findall(r"^(\w+\.py):(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    assert {name for name, _, _ in problems} == {"wrong.py"}, done.stdout
    for number, (line, sentence) in enumerate(MISTAKES.items(), start=3):
        assert any(int(at) == number and sentence in message for _, at, message in problems), (line, done.stdout)


BROKEN = {
    "import": ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
    "exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "error": ("raise RuntimeError('boom')", "RuntimeError: boom"),
    "object": ("JOB = 5", "it is an int, not a JobType"),
    "name": (MODULE.replace('name="PORTS"', 'name="GITHUB_SYNC"'), "the job type GITHUB_SYNC exists already"),
    "command": (MODULE.replace('command="ports"', 'command="sync"'), "the command sync exists already"),
    "nothing": ("pass", "AttributeError"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_named_and_everything_else_works(kind: str, environ: dict[str, str], tmp_path: Path) -> None:
    code, words = BROKEN[kind]
    broken = {**environ, **install(tmp_path / "plugins", "broken_plugin", ["broken_plugin:JOB"], code)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments], env=broken, capture_output=True, text=True, check=False, timeout=60
        )

    assert run("jobs", "list").returncode == 0
    assert "sync" in run("--help").stdout
    doctor = run("doctor", "--offline")
    assert doctor.returncode == 1
    assert f"The plugin broken_plugin:JOB cannot be used ({words}" in doctor.stdout
    assert run("sync", "acme/web", "--max-pull-requests", "1", "--no-analyse").returncode == 0
    if kind in ("exit", "object"):
        terminal = Terminal([PROGRAM], broken)
        terminal.wait_for("broken_plugin:JOB")
        terminal.close()
