"""`devtrail-tui demo`: the program on made-up data, without keys and network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devtrail_tui.actions.job_types import job_type_of_command
from devtrail_tui.actions.jobs import list_jobs
from devtrail_tui.actions.launching import launch_job
from devtrail_tui.actions.settings import demo_settings
from devtrail_tui.cli.app import open_app
from devtrail_tui.cli.output import json_option
from devtrail_tui.cli.run import report_end, run_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.job import Job

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.demo.tour import Tour

_SYNC = "sync"
_LARGE_BUDGET_USD = 500.0
_TERMINAL_VARIABLES = [
    "PATH",
    "HOME",
    "TERM",
    "COLORTERM",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "NO_COLOR",
    "EDITOR",
    "BROWSER",
]


@click.command(short_help="The app on made-up data; no keys, no network.")
@click.option("--headless", is_flag=True, help="Run the demo's sync without the app and print the job as JSON.")
@click.option("--keep", is_flag=True, help="Keep the data of earlier demos.")
@click.option("--scale", is_flag=True, help="1,000 of your pull requests among 30,000.")
@click.option("--fast", is_flag=True, help="No delays in the made-up services.")
@json_option
def demo(*, headless: bool, keep: bool, scale: bool, fast: bool, as_json: bool) -> int:
    """Show the program on made-up data. A simulated GitHub and Claude run on loopback; nothing leaves this machine, nothing is
    paid, and your own database is not touched. Each demo starts empty unless --keep is given."""
    from devtrail_tui.demo.dataset import Scale
    from devtrail_tui.demo.home import DemoHome
    from devtrail_tui.demo.latency import Latency
    from devtrail_tui.demo.tour import LIFELIKE, make_tour

    folder, flags = demo_settings(os.environ)
    with DemoHome(folder, keep=keep) as home:
        tour = make_tour(scale=Scale.large() if scale else None, latency=Latency() if fast else LIFELIKE)
        with tour.server:
            environ = demo_environment(tour, home)
            config: dict[str, Any] = {"repositories": list(tour.repositories), "startDate": tour.since.isoformat()}
            if scale:
                config["budgetUsd"] = _LARGE_BUDGET_USD
            with opened(environ, demo=True, **flags) as services:
                job = _unfinished_or_new(services, config)
                if headless or as_json:
                    return report_end(services, run_job(services, job.id), as_json=True)
            return open_app(environ, demo=True, **flags)


def demo_environment(tour: Tour, home: Path) -> dict[str, str]:
    """The environment of a demo: the person's terminal, none of their keys, the demo's services."""
    from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN

    return {
        **{name: os.environ[name] for name in _TERMINAL_VARIABLES if name in os.environ},
        "DEVTRAIL_HOME": str(home),
        "DEVTRAIL_GITHUB_URL": tour.server.url,
        "ANTHROPIC_BASE_URL": tour.server.url,
        "GITHUB_TOKEN": GITHUB_TOKEN,
        "ANTHROPIC_API_KEY": CLAUDE_KEY,
    }


def _unfinished_or_new(services: Services, config: Mapping[str, Any]) -> Job:
    """The demo's unfinished sync of an earlier run, otherwise a new one."""
    job_type = job_type_of_command(_SYNC, services.environ)
    if job_type is None:
        raise DevTrailError("This installation has no sync job; reinstall DevTrail.")
    for status in ("running", "pending"):
        if jobs := list_jobs(services, f"state:{status}", limit=1).jobs:
            return jobs[0]
    return launch_job(services, job_type.name, config)
