"""Doctor: checks folders, database, disk, backups, secrets and services. It shows no secrets."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from devtrail_tui import __version__
from devtrail_tui.actions.secrets import answer_timeout, describe_scopes, verify
from devtrail_tui.core.errors import DevTrailError, UsageError
from devtrail_tui.core.job import iso
from devtrail_tui.core.proxies import proxy_for
from devtrail_tui.core.pull_request_source import GITHUB, Account
from devtrail_tui.core.wording import count_of, file_size, local_time
from devtrail_tui.store.secrets import LABEL

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.service import RateLimit

_CLAUDE = "https://api.anthropic.com"
_CLOCK_TOLERANCE_S = 10.0
"""A larger clock difference gets a note; GitHub's Date has whole seconds, and an answer takes time."""
_FREE_BYTES = 200 * 1000 * 1000
"""Less free disk space gets a note, even for a small database."""


class State(StrEnum):
    """The result of a check."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `exit_code` applies if the state is WRONG; `data` is for programs."""

    name: str
    state: State
    message: str
    details: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0

    @classmethod
    def wrong(cls, name: str, error: DevTrailError) -> Check:
        """A check that failed with an error."""
        return cls(name, State.WRONG, str(error), exit_code=error.exit_code)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "state": str(self.state), "message": self.message, **self.details}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks, in display order."""

    checks: Sequence[Check]

    @property
    def exit_code(self) -> int:
        return max(check.exit_code for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        return {"ok": self.exit_code == 0, "checks": [check.to_json() for check in self.checks]}


def diagnose(services: Services, *, offline: bool) -> Diagnosis:
    """Run all checks; opens the database. `offline` skips GitHub and Claude; their checks are free."""
    checks = [
        *_program(services),
        *_plugins(services),
        *_proxies(services),
        *_stores(services),
        _sqlite(),
        _disk(services),
        _backups(services),
        *_secret_places(services),
    ]
    checks += _secret_sources(services) if offline else asyncio.run(_answers(services))
    return Diagnosis(checks)


def _program(services: Services) -> Iterator[Check]:
    folders = services.settings.folders
    yield Check("program", State.OK, f"devtrail-tui {__version__} on Python {platform.python_version()}")
    missing = "" if folders.config_file.exists() else " (does not exist; the defaults apply)"
    yield Check("settings", State.OK, f"{folders.config_file}{missing}", {"path": str(folders.config_file)})
    log = folders.log / "devtrail.log"
    yield Check("log file", State.OK, str(log), {"path": str(log)})


def _proxies(services: Services) -> Iterator[Check]:
    settings = services.settings
    for name, url in (("GitHub", settings.github_url), ("Claude", settings.anthropic_base_url or _CLAUDE)):
        try:
            proxy = proxy_for(url, os.environ)
        except UsageError as error:
            yield Check.wrong("proxy", error)
            return
        if proxy is not None:
            yield Check("proxy", State.OK, f"{name} through {proxy.host} ({proxy.variable})", {"host": proxy.host})


def _plugins(services: Services) -> Iterator[Check]:
    for problem in services.catalogue.problems:
        yield Check("plugin", State.WRONG, problem, exit_code=1)


def _stores(services: Services) -> Iterator[Check]:
    try:
        services.open()
    except DevTrailError as error:
        yield Check.wrong("database", error)
        return
    yield _database(services)
    count = len(services.criteria.list())
    yield Check("criteria", State.OK, f"{count} active", {"count": count})
    workers = services.views.header_facts().workers
    message = f"{count_of(workers, 'worker')} running" if workers else "none; the app or a sync starts one"
    yield Check("worker", State.OK, message, {"count": workers})


def _database(services: Services) -> Check:
    path = services.database.path
    jobs, entries = sum(services.views.counts().values()), services.evidence.count()
    problems = services.maintenance.check()
    details = {"path": str(path), "jobs": jobs, "evidence": entries, "problems": problems}
    if problems:
        message = f"{path} is damaged: {problems[0]}. Restore a backup: devtrail-tui db backups"
        return Check("database", State.WRONG, message, details, exit_code=2)
    return Check("database", State.OK, f"{path} is intact: {jobs:,} jobs, {entries:,} evidence entries", details)


def _sqlite() -> Check:
    """Whether Python's SQLite has the WAL-reset bug."""
    from devtrail_tui.store.sqlite.sqlite_file import LIBRARY_VERSION, has_wal_reset_bug

    has_bug, message = has_wal_reset_bug(), LIBRARY_VERSION
    if has_bug:
        message += (
            " can, very rarely, damage a database with several concurrent writers (WAL-reset bug); "
            "fixed in 3.51.3, 3.50.7 and 3.44.6. Update Python or SQLite, and keep backups until then"
        )
    return Check(
        "SQLite", State.NOTE if has_bug else State.OK, message, {"version": LIBRARY_VERSION, "walResetBug": has_bug}
    )


def _disk(services: Services) -> Check:
    try:
        free, needed = services.maintenance.free_bytes(), max(_FREE_BYTES, 2 * services.maintenance.size())
    except (OSError, DevTrailError) as error:
        return Check("disk", State.NOTE, f"free space is unknown ({error})")
    details = {"freeBytes": free}
    if free >= needed:
        return Check("disk", State.OK, f"{file_size(free)} free", details)
    message = f"{file_size(free)} free; backups and updates need {file_size(needed)}"
    return Check("disk", State.NOTE, message, details)


def _backups(services: Services) -> Check:
    try:
        backups = services.maintenance.backups()
    except DevTrailError as error:
        return Check.wrong("backups", error)
    details = {"count": len(backups)}
    if not backups:
        return Check("backups", State.NOTE, "none yet; devtrail-tui db backup", details)
    return Check("backups", State.OK, f"{len(backups)}, the newest of {local_time(backups[0].made_at)}", details)


def _secret_places(services: Services) -> Iterator[Check]:
    """The store that `auth login` would use."""
    keyring, key = services.secrets.keyring, services.secret_key
    problem, details = keyring.problem(), {"kind": keyring.describe()}
    if not problem:
        yield Check("keyring", State.OK, keyring.describe(), details)
    elif key.named:
        yield Check("keyring", State.OK, f"{problem} Secrets are stored encrypted in the database.", details)
    else:
        message = f"{problem} auth login needs a key instead: devtrail-tui auth new-key FILE"
        yield Check("keyring", State.NOTE, message, details)
    if key.named and (key_problem := key.problem()):
        yield Check("secret key", State.WRONG, key_problem, exit_code=2)
    if services.settings.plain_secrets:
        message = "plain_secrets is on: auth login may store a secret UNENCRYPTED in a file"
        yield Check("plain secrets", State.NOTE, message)


def _secret_sources(services: Services) -> Iterator[Check]:
    """Where the secrets are found; their validity is not checked."""
    for name, label in LABEL.items():
        secret = services.secrets.find(name)
        message = f"found: {secret.where}" if secret else "not found"
        yield Check(label, State.OK if secret else State.NOTE, message, {"found": bool(secret)})


async def _answers(services: Services) -> list[Check]:
    github, claude = await asyncio.gather(_github(services), _claude(services))
    return [*github, claude]


async def _github(services: Services) -> list[Check]:
    secret = await asyncio.to_thread(services.secrets.find, "github")
    if secret is None:
        message = services.secrets.locked("github") or "not found. Set GITHUB_TOKEN, or: devtrail-tui auth login github"
        return [Check("GitHub token", State.WRONG, message, {"found": False}, exit_code=2)]
    try:
        clients, scope = services.clients, services.clients.outside_jobs()
        async with answer_timeout("GitHub"), aclosing(await clients.source(GITHUB, scope)) as github:
            account = await github.account()
            limits, version = await github.limits(), await github.server_version()
    except DevTrailError as error:
        return [Check.wrong("GitHub token", error)]
    details = {"found": True, "where": secret.where, "login": account.login, "scopes": list(account.scopes)}
    host = Check("GitHub", State.OK, f"Enterprise Server {version}", {"version": version}) if version else None
    state = State.NOTE if account.scopes and "repo" not in account.scopes else State.OK
    token = Check(
        "GitHub token", state, f"{account.login} · {secret.where} · {describe_scopes(account.scopes)}", details
    )
    return [*filter(None, [host]), token, *_clock(account), *(_limit(limit) for limit in limits)]


def _clock(account: Account) -> Iterator[Check]:
    """The difference between this machine's clock and GitHub's."""
    ahead_s = account.clock_ahead_s
    if ahead_s is None:
        return
    details = {"aheadS": round(ahead_s, 1)}
    if abs(ahead_s) < _CLOCK_TOLERANCE_S:
        yield Check("clock", State.OK, f"within {max(abs(ahead_s), 1):.0f} s of GitHub's", details)
        return
    direction = "ahead of" if ahead_s > 0 else "behind"
    message = f"{abs(ahead_s):,.0f} s {direction} GitHub's. Data is not affected, but displayed times are wrong; set the clock"
    yield Check("clock", State.NOTE, message, details)


def _limit(limit: RateLimit) -> Check:
    state = State.OK if limit.remaining else State.NOTE
    message = f"{limit.remaining:,} of {limit.limit:,} left until {local_time(limit.reset_at)}"
    details = {"limit": limit.limit, "remaining": limit.remaining, "resetAt": iso(limit.reset_at)}
    return Check(f"{limit.resource} limit", state, message, details)


async def _claude(services: Services) -> Check:
    secret = await asyncio.to_thread(services.secrets.find, "anthropic")
    if secret is None:
        message = services.secrets.locked("anthropic") or (
            "not found; evidence is collected but not matched. Set ANTHROPIC_API_KEY, or: devtrail-tui auth login claude"
        )
        return Check("Claude key", State.NOTE, message, {"found": False})
    try:
        proof = await verify(services, "anthropic")
    except DevTrailError as error:
        return Check.wrong("Claude key", error)
    message = f"valid · {secret.where} · {proof.details['model']}"
    return Check("Claude key", State.OK, message, {"found": True, "where": secret.where, **proof.details})
