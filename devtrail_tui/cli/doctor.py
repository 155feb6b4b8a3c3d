"""`devtrail-tui doctor`: what was found, and whether it works. Never prints a secret."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import click

from devtrail_tui import __version__
from devtrail_tui.cli.database import megabytes
from devtrail_tui.cli.log_file import logging_to
from devtrail_tui.cli.output import json_option, local_time, print_json, say
from devtrail_tui.cli.verify import patient
from devtrail_tui.core.context import GITHUB, Account
from devtrail_tui.core.errors import DevTrailError
from devtrail_tui.core.job import iso
from devtrail_tui.core.service import RateLimit
from devtrail_tui.services import Services, sqlite_has_wal_reset_bug, sqlite_version
from devtrail_tui.settings import load_settings

_SKEW_S = 10.0
"""A clock that is further off than this is worth a word; GitHub's Date is in whole seconds, and an answer takes some."""
_ROOM_BYTES = 200 * 1000 * 1000
"""Free room below which a note is due, however small the database."""


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


_LOOK = {State.OK: ("✓", "green"), State.NOTE: ("!", "yellow"), State.WRONG: ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `exit_code` counts where the state is WRONG; `data` is for programs."""

    name: str
    state: State
    message: str
    data: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0

    @classmethod
    def wrong(cls, name: str, error: DevTrailError) -> Check:
        """A check that ended in an error."""
        return cls(name, State.WRONG, str(error), exit_code=error.exit_code)


@click.command(short_help="Check paths, database, token, keys and limits.")
@click.option("--offline", is_flag=True, help="Ask neither GitHub nor Claude.")
@json_option
def doctor(*, offline: bool, as_json: bool) -> int:
    """Say what was found and whether it works: folders, database, GitHub token, Claude key, limits. Asking is free."""
    services = Services(load_settings(os.environ), environ=os.environ)
    with logging_to(services):
        try:
            checks = [*_here(services), *_stored(services), *_looked_after(services), *_kept(services)]
            checks += asyncio.run(_asked(services)) if not offline else _found(services)
        finally:
            services.close()
    worst = max(check.exit_code for check in checks)
    if as_json:
        print_json({"ok": worst == 0, "checks": [_check_json(check) for check in checks]})
        return worst
    for check in checks:
        sign, colour = _LOOK[check.state]
        click.echo(click.style(f"{sign} {check.state:<5}", fg=colour), nl=False)
        say(f" {check.name:<13} {check.message}")
    return worst


def _check_json(check: Check) -> dict[str, Any]:
    return {"name": check.name, "state": str(check.state), "message": check.message, **check.data}


def _here(services: Services) -> Iterator[Check]:
    settings = services.settings
    yield Check("program", State.OK, f"devtrail-tui {__version__} on Python {platform.python_version()}")
    there = "" if settings.folders.config_file.exists() else " (not there; defaults hold)"
    yield Check(
        "settings", State.OK, f"{settings.folders.config_file}{there}", {"path": str(settings.folders.config_file)}
    )
    log = settings.folders.log / "devtrail.log"
    yield Check("log file", State.OK, str(log), {"path": str(log)})


def _stored(services: Services) -> Iterator[Check]:
    try:
        services.open()
    except DevTrailError as error:
        yield Check.wrong("database", error)
        return
    yield _database(services)
    count = len(services.criteria.list())
    yield Check("criteria", State.OK, f"{count} in force", {"count": count})
    workers = services.views.header_facts().workers
    words = (
        "one runs" if workers == 1 else f"{workers} run" if workers else "none runs now; the app or a sync brings one"
    )
    yield Check("worker", State.OK, words, {"count": workers})


def _database(services: Services) -> Check:
    path = services.database.path
    jobs, entries = sum(services.views.counts().values()), services.evidence.count()
    problems = services.maintenance.check()
    data = {"path": str(path), "jobs": jobs, "evidence": entries, "problems": problems}
    if problems:
        message = f"{path} is damaged: {problems[0]}. Restore a backup: devtrail-tui db backups"
        return Check("database", State.WRONG, message, data, exit_code=2)
    return Check("database", State.OK, f"{path} is whole: {jobs:,} jobs, {entries:,} entries of evidence", data)


def _looked_after(services: Services) -> Iterator[Check]:
    """The SQLite that Python brings, the disk, and the backups."""
    version, data = sqlite_version(), {"version": sqlite_version()}
    if sqlite_has_wal_reset_bug():
        message = (
            f"{version} can, very rarely, damage a database that several programs write to at once (its WAL-reset bug); "
            "3.51.3 and newer, 3.50.7 and 3.44.6 cannot. Update Python or SQLite; until then backups are the cure"
        )
        yield Check("SQLite", State.NOTE, message, {**data, "walResetBug": True})
    else:
        yield Check("SQLite", State.OK, version, {**data, "walResetBug": False})
    try:
        free, needed = services.maintenance.free_bytes(), max(_ROOM_BYTES, 2 * services.maintenance.size())
        state = State.OK if free >= needed else State.NOTE
        short = "" if state is State.OK else f"; make room: backups and updates want {megabytes(needed)}"
        yield Check("disk", state, f"{megabytes(free)} free{short}", {"freeBytes": free})
    except (OSError, DevTrailError) as error:
        yield Check("disk", State.NOTE, f"how much is free cannot be told ({error})")
    try:
        newest = next(iter(services.maintenance.backups()), None)
        count = len(services.maintenance.backups())
        words = f"{count}, the newest of {local_time(newest.made_at)}" if newest else "none yet; devtrail-tui db backup"
        yield Check("backups", State.OK if newest else State.NOTE, words, {"count": count})
    except DevTrailError as error:
        yield Check.wrong("backups", error)


def _kept(services: Services) -> Iterator[Check]:
    """Where `auth login` would keep a secret."""
    keyring = services.secrets.keyring
    problem, data = keyring.problem(), {"kind": keyring.describe()}
    if not problem:
        yield Check("keyring", State.OK, keyring.describe(), data)
    elif services.secret_key.named:
        yield Check("keyring", State.OK, f"{problem} Secrets are kept encrypted in the database.", data)
    else:
        message = f"{problem} auth login needs a key instead: devtrail-tui auth new-key FILE"
        yield Check("keyring", State.NOTE, message, data)
    if services.secret_key.named and (wrong := services.secret_key.problem()):
        yield Check("secret key", State.WRONG, wrong, exit_code=2)
    if services.settings.plain_secrets:
        yield Check(
            "plain secrets", State.NOTE, "plain_secrets is on: auth login may keep a secret UNENCRYPTED in a file"
        )


def _found(services: Services) -> Iterator[Check]:
    """Where the secrets are, nobody asked whether they work."""
    for name, label in (("github", "GitHub token"), ("anthropic", "Claude key")):
        found = services.secrets.find(name)
        state = State.OK if found else State.NOTE
        yield Check(label, state, f"found: {found.where}" if found else "not found", {"found": bool(found)})


async def _asked(services: Services) -> list[Check]:
    github, claude = await asyncio.gather(_github(services), _claude(services))
    return [*github, claude]


async def _github(services: Services) -> list[Check]:
    found = await asyncio.to_thread(services.secrets.find, "github")
    if found is None:
        message = services.secrets.locked("github") or "not found. Set GITHUB_TOKEN, or: devtrail-tui auth login github"
        return [Check("GitHub token", State.WRONG, message, {"found": False}, exit_code=2)]
    try:
        clients, scope = services.clients, services.clients.outside_jobs()
        async with patient("GitHub"), aclosing(await clients.source(GITHUB, scope)) as github:
            account = await github.account()
            limits = await github.limits()
    except DevTrailError as error:
        return [Check.wrong("GitHub token", error)]
    scopes = ", ".join(account.scopes) or "a fine-grained token, which lists none"
    data = {"found": True, "where": found.where, "login": account.login, "scopes": list(account.scopes)}
    state = State.NOTE if account.scopes and "repo" not in account.scopes else State.OK
    reach = "; without repo it sees public repositories only" if state is State.NOTE else ""
    token = Check("GitHub token", state, f"{account.login} · {found.where} · scopes: {scopes}{reach}", data)
    return [token, *_clock(account), *(_limit(each) for each in limits)]


def _clock(account: Account) -> Iterator[Check]:
    """How far this machine's clock is from GitHub's."""
    ahead = account.clock_ahead_s
    if ahead is None:
        return
    data = {"aheadS": round(ahead, 1)}
    if abs(ahead) < _SKEW_S:
        yield Check("clock", State.OK, f"within {max(abs(ahead), 1):.0f} s of GitHub's", data)
        return
    where = "ahead of" if ahead > 0 else "behind"
    message = f"{abs(ahead):,.0f} s {where} GitHub's. Nothing is lost by it, but times shown are wrong; set the clock"
    yield Check("clock", State.NOTE, message, data)


def _limit(limit: RateLimit) -> Check:
    state = State.OK if limit.remaining else State.NOTE
    message = f"{limit.remaining:,} of {limit.limit:,} left until {local_time(limit.reset_at)}"
    data = {"limit": limit.limit, "remaining": limit.remaining, "resetAt": iso(limit.reset_at)}
    return Check(f"{limit.resource} limit", state, message, data)


async def _claude(services: Services) -> Check:
    found = await asyncio.to_thread(services.secrets.find, "anthropic")
    if found is None:
        message = services.secrets.locked("anthropic") or (
            "not found; evidence is collected but not matched. Set ANTHROPIC_API_KEY, or: devtrail-tui auth login claude"
        )
        return Check("Claude key", State.NOTE, message, {"found": False})
    model = services.settings.model
    try:
        clients, scope = services.clients, services.clients.outside_jobs()
        async with patient("Claude"), aclosing(await clients.analyser(scope, model=model)) as claude:
            await claude.check()
    except DevTrailError as error:
        return Check.wrong("Claude key", error)
    return Check(
        "Claude key",
        State.OK,
        f"valid · {found.where} · {model}",
        {"found": True, "where": found.where, "model": model},
    )
