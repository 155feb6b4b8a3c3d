"""The services of one running program: database, secrets, clients.

Importing this module is cheap. `open()` imports the database layer and opens the database, so the app calls it off the UI thread.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from devtrail_tui.clients.claude.address import DEFAULT_BASE_URL, host_of
from devtrail_tui.clients.github.endpoint import endpoint
from devtrail_tui.core.clock import Clock, SystemClock
from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.exclusions import Exclusions
from devtrail_tui.core.typed_paths import typed_path
from devtrail_tui.services.weekly_backup import WeeklyBackup
from devtrail_tui.settings import SETTINGS, Settings, load_settings
from devtrail_tui.store.encrypted_secrets import EncryptedTable, SecretKey
from devtrail_tui.store.private_files import close_to_others, why_not_private
from devtrail_tui.store.secret_places import PlainFile, SecretPlace
from devtrail_tui.store.secrets import Secrets

if TYPE_CHECKING:
    from devtrail_tui.core.model_price import ModelPrice
    from devtrail_tui.core.price_range import PriceRange
    from devtrail_tui.jobs import Catalogue
    from devtrail_tui.services.clients import Clients
    from devtrail_tui.store.analyses import Analyses
    from devtrail_tui.store.criteria_store import CriteriaStore
    from devtrail_tui.store.evidence_store import EvidenceStore
    from devtrail_tui.store.job_log import JobLog
    from devtrail_tui.store.queue import JobQueue
    from devtrail_tui.store.rubrics import Rubrics
    from devtrail_tui.store.sqlite.maintenance import DatabaseMaintenance

PLAIN_SECRETS = "secrets-unencrypted.json"


def job_types(settings: Settings | None = None) -> Catalogue:
    """All job types without a database, with defaults from `settings`. Raises UsageError."""
    from devtrail_tui.jobs import catalogue

    return catalogue({name: getattr(settings, name) for name in SETTINGS} if settings else None)


def settings_problems(settings: Settings) -> dict[str, str]:
    """By origin, a sentence for each value of config.toml or the environment that is well-formed but unusable."""
    from devtrail_tui.clients.claude.prices import price_known
    from devtrail_tui.store.sqlite.engine import SqliteDatabase

    def priced(model: str) -> None:
        if not price_known(model, settings.prices):
            raise NotPossible(
                f"The price of {model} is not known, so a budget cannot be enforced. Choose another, or give its price in "
                "config.toml ([prices])."
            )

    return settings.problems(
        {
            "database_url": SqliteDatabase,
            "github_url": endpoint,
            "anthropic_base_url": lambda url: host_of(url, settings.http_hosts),
            "model": priced,
            "secret_key_file": lambda path: SecretKey({}, path, (settings.folders.data,)).cipher(),
        }
    )


@dataclass(frozen=True, slots=True)
class LocalSurroundings:
    """The environment of config checks: the local day, hosts, exclusions, price list."""

    clock: Clock
    github_host: str
    claude_host: str
    exclusions: Exclusions
    prices: Mapping[str, ModelPrice]

    @property
    def today(self) -> date:
        return self.clock.now().astimezone().date()

    def excluded(self, repository: str) -> bool:
        return self.exclusions.repository(repository)

    def usual_price(self, model: str) -> PriceRange | None:
        from devtrail_tui.clients.claude.request import USUAL_TOKENS, expected_price

        return expected_price(model, *USUAL_TOKENS, self.prices)


class Services:
    """The stores and clients of one program. Methods block (database, keyring, `gh`): call them off the UI thread."""

    def __init__(
        self, settings: Settings, *, environ: Mapping[str, str], demo: bool = False, clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self.environ = environ
        self.demo = demo
        self.clock = clock or SystemClock()
        self._open = False
        github = settings.read("github_url", endpoint)
        self.exclusions = Exclusions(settings.exclude_repositories, settings.exclude_paths)
        self.surroundings = LocalSurroundings(
            self.clock,
            github.api_host,
            settings.read("anthropic_base_url", lambda url: host_of(url, settings.http_hosts)),
            self.exclusions,
            settings.prices,
        )
        key = SecretKey(
            environ, settings.secret_key_file, (settings.folders.data, database_folder(settings.database_url))
        )
        self.secret_key = key
        secret_places: list[SecretPlace] = [
            EncryptedTable(key, lambda: self.database if self._open else None, self.clock)
        ]
        if settings.plain_secrets:
            secret_places.append(PlainFile(settings.folders.data / PLAIN_SECRETS))
        self.secrets = Secrets(
            environ,
            github_host=github.web_host,
            claude_host=urlsplit(settings.anthropic_base_url or DEFAULT_BASE_URL).hostname or "",
            places=secret_places,
        )

    @classmethod
    def load(cls, environ: Mapping[str, str], *, demo: bool = False, **flags: Any) -> Services:
        """Create services from an environment; `flags` as in load_settings. Raises InvalidInput."""
        return cls(load_settings(environ, **flags), environ=environ, demo=demo)

    def open(self) -> None:
        """Open the database. Raises StoreError, InvalidInput for its address. Stores are created on first use: the first rows of
        a screen need only the views."""
        from devtrail_tui.store.sqlite.engine import SqliteDatabase
        from devtrail_tui.store.views import Views

        folders = self.settings.folders
        for folder in (folders.config, folders.data, folders.state, folders.log):
            close_to_others(folder.resolve())
        for folder in (folders.config, folders.log):  # the database checks its own
            if folder.exists() and (weakness := why_not_private(folder.resolve())):
                raise NotPossible(f"{folder} cannot be used: {weakness}. Make it yours alone: chmod 700 {folder}")
        database = self.settings.read("database_url", lambda url: SqliteDatabase(url, clock=self.clock))
        database.open()
        self.database = database
        self.views = Views(database, self.clock)
        self._open = True

    @cached_property
    def queue(self) -> JobQueue:
        """The job queue."""
        from devtrail_tui.store.queue import JobQueue

        return JobQueue(self.database, self.clock, self.secrets.redact)

    @cached_property
    def job_log(self) -> JobLog:
        """The log lines of jobs."""
        from devtrail_tui.store.job_log import JobLog

        return JobLog(self.database, self.secrets.redact)

    @cached_property
    def evidence(self) -> EvidenceStore:
        """Evidence entries and their matches."""
        from devtrail_tui.store.evidence_store import EvidenceStore

        return EvidenceStore(self.database, self.clock, self.secrets.redact, self.exclusions)

    @cached_property
    def criteria(self) -> CriteriaStore:
        """The rubric."""
        from devtrail_tui.store.criteria_store import CriteriaStore

        return CriteriaStore(self.database, self.clock)

    @cached_property
    def analyses(self) -> Analyses:
        """Paid answers."""
        from devtrail_tui.store.analyses import Analyses

        return Analyses(self.database, self.clock)

    @cached_property
    def rubrics(self) -> Rubrics:
        """The criteria that each job judges by."""
        from devtrail_tui.store.rubrics import Rubrics

        return Rubrics(self.database, self.clock)

    @cached_property
    def catalogue(self) -> Catalogue:
        """All job types. Raises UsageError."""
        return job_types(self.settings)

    @cached_property
    def clients(self) -> Clients:
        """The clients of GitHub and Claude."""
        from devtrail_tui.services.clients import Clients

        return Clients(self.settings, self.secrets, self.exclusions, self.clock)

    @cached_property
    def worker_id(self) -> str:
        """The id of this program's worker: only it can run a job whose secret is in this program's memory."""
        from devtrail_tui.runtime.process import this_process
        from devtrail_tui.store.workers import worker_id

        process = this_process()
        return worker_id(process.host, process.pid, process.start, os.urandom(4).hex())

    @cached_property
    def maintenance(self) -> DatabaseMaintenance:
        """Backups and checks of the database file, which need not be open. Raises InvalidInput for an invalid address."""
        from devtrail_tui.store.sqlite.engine import SqliteDatabase
        from devtrail_tui.store.sqlite.maintenance import DatabaseMaintenance

        return DatabaseMaintenance(self.settings.read("database_url", SqliteDatabase).path, self.clock)

    @cached_property
    def weekly_backup(self) -> WeeklyBackup:
        """The weekly backup of this program."""
        return WeeklyBackup(self.maintenance)

    def close(self) -> None:
        """Abort a backup, end the Claude child process, write pending data, close the database, each only if started."""
        if "weekly_backup" in vars(self):
            self.weekly_backup.finish(0)
        if "clients" in vars(self):
            self.clients.close()
        if self._open:
            self._open = False
            self.database.close()


def database_folder(url: str) -> Path:
    """The folder of a SQLite database URL; the current folder for any other."""
    return typed_path(unquote(url.removeprefix("sqlite:///").partition("?")[0])).absolute().parent
