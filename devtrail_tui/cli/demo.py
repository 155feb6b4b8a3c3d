"""`devtrail-tui demo`: everything on made-up data, without keys and without a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devtrail_tui.actions.jobs import list_jobs
from devtrail_tui.actions.launching import launch_job
from devtrail_tui.cli.output import json_option
from devtrail_tui.cli.run import report_end, run_job
from devtrail_tui.cli.session import opened
from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.job import Job
from devtrail_tui.settings import load_settings

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.demo.tour import Tour

_SYNC = "sync"
_LARGE_BUDGET_USD = 500.0
_OWN_SETTINGS = ("theme", "keys", "log_level")
"""The person's settings that hold in the demo too; the others are about their data, their accounts and their money."""
_TERMINAL_VARIABLES = (
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
)


@click.command(short_help="The app on made-up data; no keys, no network.")
@click.option("--headless", is_flag=True, help="Run the demo's sync without a screen and print the job as JSON.")
@click.option("--keep", is_flag=True, help="Go on with what earlier demos stored.")
@click.option("--scale", is_flag=True, help="1,000 of your pull requests among 30,000.")
@click.option("--fast", is_flag=True, help="Let the made-up services answer at once.")
@json_option
def demo(*, headless: bool, keep: bool, scale: bool, fast: bool, as_json: bool) -> int:
    """Show everything on made-up data. A GitHub and a Claude run on this machine's loopback; nothing leaves it, nothing is
    paid, and your own database is not touched. Each demo begins anew unless --keep is given."""
    from devtrail_tui.demo.dataset import Scale
    from devtrail_tui.demo.home import DemoHome
    from devtrail_tui.demo.latency import Latency
    from devtrail_tui.demo.tour import LIFELIKE, make_tour

    settings = load_settings(os.environ)
    own = {name: getattr(settings, name) for name in _OWN_SETTINGS}
    with DemoHome(settings.folders.data / "demo", keep=keep) as home:
        tour = make_tour(scale=Scale.large() if scale else None, latency=Latency() if fast else LIFELIKE)
        with tour.server:
            environ = demo_environment(tour, home)
            config = sync_config(tour)
            if scale:
                config["budgetUsd"] = _LARGE_BUDGET_USD
            if headless or as_json:
                return _headless(environ, config, own)
            return _on_screen(environ, config, own)


def demo_environment(tour: Tour, home: Path) -> dict[str, str]:
    """The environment a demo runs in: what the terminal needs of the person's own, none of their keys, its servers."""
    from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN

    return {
        **{name: os.environ[name] for name in _TERMINAL_VARIABLES if name in os.environ},
        "DEVTRAIL_HOME": str(home),
        "DEVTRAIL_GITHUB_URL": tour.server.url,
        "ANTHROPIC_BASE_URL": tour.server.url,
        "GITHUB_TOKEN": GITHUB_TOKEN,
        "ANTHROPIC_API_KEY": CLAUDE_KEY,
    }


def sync_config(tour: Tour) -> dict[str, Any]:
    """The demo's sync: every repository, from the first day there is."""
    return {"repositories": list(tour.repositories), "startDate": tour.since.isoformat()}


def _headless(environ: Mapping[str, str], config: Mapping[str, Any], own: Mapping[str, Any]) -> int:
    with opened(environ, demo=True, **own) as services:
        job = _unfinished_or_new(services, config)
        return report_end(services, run_job(services, job.id), as_json=True)


def _on_screen(environ: Mapping[str, str], config: Mapping[str, Any], own: Mapping[str, Any]) -> int:
    from devtrail_tui.cli.app import run_app
    from devtrail_tui.services import Services

    with opened(environ, demo=True, **own) as services:  # the app opens its own once its frame stands
        _unfinished_or_new(services, config)
    return run_app(Services(load_settings(environ, **own), environ=environ, demo=True))


def _unfinished_or_new(services: Services, config: Mapping[str, Any]) -> Job:
    """The demo's sync, put in the queue; one that an earlier demo left unfinished goes on instead."""
    job_type = services.catalogue.by_command(_SYNC)
    if job_type is None:
        raise DevTrailError("This installation lacks the sync job, so there is nothing to show; install it again.")
    for status in ("running", "pending"):
        if jobs := list_jobs(services, f"state:{status}", limit=1).jobs:
            return jobs[0]
    return launch_job(services, job_type.name, config)
