"""The composition root: settings in, everything a front end needs out.

Importing this module is cheap. `open()` imports the database layer and opens the database, so the app calls it off the UI thread.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import random
import threading
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from devtrail_tui.clients.claude.address import DEFAULT_BASE_URL, host_of
from devtrail_tui.clients.github.endpoint import endpoint
from devtrail_tui.core.clock import Clock, SystemClock
from devtrail_tui.core.errors import InvalidInput, NotPossible, SecretMissing, StoreError
from devtrail_tui.core.exclusions import Exclusions
from devtrail_tui.settings import Settings
from devtrail_tui.store.crash_reports import report_crash
from devtrail_tui.store.private_files import close_to_others, make_private_folder, write_private
from devtrail_tui.store.secret_places import EncryptedTable, Place, PlainFile, SecretKey
from devtrail_tui.store.secret_places import new_key as new_secret_key
from devtrail_tui.store.secrets import PREFIX, FoundSecret, Secrets

if TYPE_CHECKING:
    from devtrail_tui.core.context import Preview
    from devtrail_tui.core.evidence import Criterion
    from devtrail_tui.core.job import Job
    from devtrail_tui.core.job_type import JobType
    from devtrail_tui.jobs import Catalogue
    from devtrail_tui.runtime.context import ClientScope
    from devtrail_tui.runtime.worker import Worker
    from devtrail_tui.store.analyses import Analyses
    from devtrail_tui.store.care import DatabaseCare
    from devtrail_tui.store.criteria_store import CriteriaStore
    from devtrail_tui.store.evidence_store import EvidenceStore
    from devtrail_tui.store.job_log import JobLog
    from devtrail_tui.store.job_queue import JobQueue


P = TypeVar("P")
__all__ = [
    "Exported",
    "LocalSurroundings",
    "Services",
    "job_types",
    "make_private_folder",
    "new_secret_key",
    "report_crash",
    "write_private",
]

PLAIN_SECRETS = "secrets-unencrypted.json"


_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LocalSurroundings:
    """What config checks ask: the person's own day, and the price list."""

    clock: Clock
    github_host: str
    claude_host: str
    exclusions: Exclusions

    @property
    def today(self) -> date:
        return self.clock.now().astimezone().date()

    def excluded(self, repository: str) -> bool:
        return self.exclusions.repository(repository)

    def price_known(self, model: str) -> bool:
        from devtrail_tui.clients.claude.prices import price_known

        return price_known(model)


@dataclass(frozen=True, slots=True)
class Exported:
    """A document and how many entries of evidence it holds."""

    text: str
    entries: int


def sqlite_version() -> str:
    """Of the SQLite that this Python brings."""
    import sqlite3

    return sqlite3.sqlite_version


def sqlite_has_wal_reset_bug() -> bool:
    """Whether that SQLite is one of those with the bug (store.sqlite_file)."""
    from devtrail_tui.store.sqlite_file import has_wal_reset_bug

    return has_wal_reset_bug()


def job_types() -> Catalogue:
    """Every job type there is, for a front end that shows them without a database. Raises UsageError."""
    from devtrail_tui.jobs import catalogue

    return catalogue()


class Services:
    """One running program's doors. Methods block (database, keyring, `gh`): call them off the UI thread."""

    def __init__(
        self, settings: Settings, *, environ: Mapping[str, str], demo: bool = False, clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self.environ = environ
        self.demo = demo
        self.clock = clock or SystemClock()
        self._open = False
        github = endpoint(settings.github_url)
        self.exclusions = Exclusions(settings.exclude_repositories, settings.exclude_paths)
        self.surroundings = LocalSurroundings(
            self.clock, github.api_host, host_of(settings.anthropic_base_url), self.exclusions
        )
        key = SecretKey(
            environ, settings.secret_key_file, (settings.folders.data, database_folder(settings.database_url))
        )
        self.secret_key = key
        places: list[Place] = [EncryptedTable(key, lambda: self.database if self._open else None, self.clock)]
        if settings.plain_secrets:
            places.append(PlainFile(settings.folders.data / PLAIN_SECRETS))
        self.secrets = Secrets(
            environ,
            github_host=github.web_host,
            claude_host=urlsplit(settings.anthropic_base_url or DEFAULT_BASE_URL).hostname or "",
            places=places,
        )

    def open(self) -> None:
        """Open the database. Raises StoreError with a sentence. The doors to it are made when first used: the first rows of a
        screen need the views alone."""
        from devtrail_tui.store.engine import Database
        from devtrail_tui.store.views import Views

        folders = self.settings.folders
        for folder in (folders.data, folders.state, folders.log):
            close_to_others(folder)
        database = Database(self.settings.database_url, clock=self.clock)
        database.open()
        self.database = database
        self.views = Views(database, self.clock)
        self._open = True

    @cached_property
    def queue(self) -> JobQueue:
        """The jobs' states."""
        from devtrail_tui.store.job_queue import JobQueue

        return JobQueue(self.database, self.clock, self.secrets.redact)

    @cached_property
    def job_log(self) -> JobLog:
        """What jobs say."""
        from devtrail_tui.store.job_log import JobLog

        return JobLog(self.database, self.clock, self.secrets.redact)

    @cached_property
    def evidence(self) -> EvidenceStore:
        """What was found, and what it speaks for."""
        from devtrail_tui.store.evidence_store import EvidenceStore

        return EvidenceStore(self.database, self.clock, self.secrets.redact)

    @cached_property
    def criteria(self) -> CriteriaStore:
        """What the person is judged by."""
        from devtrail_tui.store.criteria_store import CriteriaStore

        return CriteriaStore(self.database, self.clock)

    @cached_property
    def analyses(self) -> Analyses:
        """What was paid for."""
        from devtrail_tui.store.analyses import Analyses

        return Analyses(self.database)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Every job type there is. Raises UsageError."""
        return job_types()

    @cached_property
    def worker_id(self) -> str:
        """The identity of this program's worker: a job that holds one of its secrets in memory is for it alone."""
        from devtrail_tui.runtime.process import this_process
        from devtrail_tui.store.workers import worker_id

        here = this_process()
        return worker_id(here.host, here.pid, here.start, os.urandom(4).hex())

    @cached_property
    def care(self) -> DatabaseCare:
        """Backups and checks of the database file, which need not be open. Raises StoreError for an address that cannot be."""
        from devtrail_tui.store.care import DatabaseCare
        from devtrail_tui.store.engine import Database

        return DatabaseCare(Database(self.settings.database_url).path, self.clock)

    def start_weekly_backup(self) -> threading.Thread | None:
        """Make the weekly backup in a thread, where one is due; whoever starts a worker for a person calls this. None for the
        demo's data, which nobody misses."""
        if self.demo:
            return None

        def run() -> None:
            try:
                self.care.weekly_backup()
            except StoreError as error:  # the next start tries again; doctor shows how old the newest is
                _logger.warning("the weekly backup was not made: %s", error)

        thread = threading.Thread(target=run, name="weekly-backup", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Write what waits and let go of the database; nothing happens where it is not open."""
        if self._open:
            self._open = False
            self.database.close()

    def check(self, type_name: str, raw: Mapping[str, Any]) -> Any:
        """The typed config out of what a form or a command gave, checked against the world; stores nothing.

        Raises InvalidInput with a sentence per field.
        """
        from devtrail_tui.core.job_type import parse_config

        job_type = self.catalogue.named(type_name)
        config = parse_config(job_type.config, raw)
        problems = dict(job_type.check(config, self.surroundings))
        for each in job_type.settings:
            if each.secret and each.required and not getattr(config, each.name):
                try:
                    self.secrets.resolve(each.secret_name, "")
                except SecretMissing as error:
                    problems[each.key] = str(error)
        if problems:
            raise InvalidInput(problems)
        return config

    def disclosure(self, job_type: JobType[Any], config: Any) -> str:
        """What a job will send to which host, for the person to read before it starts; empty where it sends nothing."""
        return job_type.discloses(config, self.surroundings) if job_type.discloses else ""

    def launch(self, type_name: str, raw: Mapping[str, Any], *, elsewhere: bool = False, **job_fields: Any) -> Job:
        """Check, put secrets out of the config, and enqueue. `elsewhere`: another process is to run it, so a secret that only
        this memory holds is refused. `job_fields` are fields of NewJob such as `priority`.

        Raises InvalidInput before anything is stored.
        """
        from devtrail_tui.core.job import NewJob
        from devtrail_tui.core.job_type import config_json

        job_type = self.catalogue.named(type_name)
        config = self.check(type_name, raw)
        config, only_here = self._without_secrets(job_type, config)
        if only_here and elsewhere:
            raise InvalidInput(
                {
                    only_here: "This secret is known to this command only, and the job is to run elsewhere. "
                    "Set it in the environment of the worker, or leave out --no-wait."
                }
            )
        new = NewJob(
            type=job_type.name,
            config=config_json(config),
            title=job_type.describe(config),
            max_attempts=job_type.max_attempts,
            timeout_s=job_type.timeout_s,
            unique_key=job_type.unique_key(config) if job_type.unique_key else None,
            needs_worker=self.worker_id if only_here else None,
            **job_fields,
        )
        return self.queue.enqueue(new).result()

    def found(self, secret_name: str) -> FoundSecret | None:
        """Where a secret was found, for the form's “found” and for doctor; never its value."""
        return self.secrets.find(secret_name)

    def worker(self, *, concurrency: int | None = None, job_id: int | None = None, once: bool = False) -> Worker:
        """The worker of this process, ready to `run()` in the thread that calls it. `once`: end when nothing can run now;
        `job_id`: run that one job and end."""
        from devtrail_tui.runtime.worker import Doors, Pace, Worker

        doors = Doors(
            worker_id=self.worker_id,
            database=self.database,
            queue=self.queue,
            job_log=self.job_log,
            evidence=self.evidence,
            criteria=self.criteria,
            analyses=self.analyses,
            catalogue=self.catalogue,
            secrets=self.secrets,
            clients=self.client,
            clock=self.clock,
        )
        pace = Pace(
            concurrency=concurrency or self.settings.concurrency,
            lease_s=self.settings.lease_s,
            heartbeat_s=self.settings.heartbeat_s,
            poll_s=self.settings.poll_s,
        )
        return Worker(doors, pace, job_id=job_id, once=once)

    def export_evidence(self, form: str, wanted: str = "") -> Exported:
        """The evidence that passes a filter (core.evidence_filter) as a document; `form` is md, json or csv. A filter by
        criterion leaves other matches out."""
        from devtrail_tui.core.evidence_filter import parse
        from devtrail_tui.reports.evidence_report import EvidenceReport, only
        from devtrail_tui.reports.exports import FORMATS

        entries = self.evidence.entries(text=wanted)
        report = EvidenceReport(
            generated_at=self.clock.now(),
            entries=only(entries, parse(wanted).criteria),
            criteria=tuple(self.criteria.list(include_retired=True)),
            models=self.evidence.models(),
            chosen=wanted,
            demo=self.demo,
        )
        return Exported(self.secrets.redact(FORMATS[form](report)), len(report.entries))

    async def preview(self, type_name: str, raw: Mapping[str, Any]) -> Preview:
        """What a job with these settings would send to Claude, shown on one example that GitHub is asked for; nothing is sent
        there, stored or paid. Raises InvalidInput, NotPossible for a type that sends nothing, and what GitHub's client raises."""
        job_type = self.catalogue.named(type_name)
        if job_type.preview is None:
            raise NotPossible(f"{job_type.title} sends nothing to Claude.")
        config = await asyncio.to_thread(self.check, type_name, raw)
        given = {
            each.secret_name: value
            for each in job_type.settings
            if each.secret and (value := getattr(config, each.name))
        }
        async with PreviewServices(self, given) as door:
            return await job_type.preview(config, door)

    async def client(self, protocol: type[Any], scope: ClientScope, options: Mapping[str, Any]) -> Any:
        """The service behind a protocol for one running job, imported when first used and off the event loop.

        Raises SecretMissing, or TypeError for a protocol nobody implements.
        """
        from devtrail_tui.core.context import Analyser, PullRequestSource

        if protocol is PullRequestSource:
            github = await asyncio.to_thread(importlib.import_module, "devtrail_tui.clients.github.client")
            return github.GitHubClient(
                self.settings.github_url,
                await scope.secret("github"),
                clock=self.clock,
                narrate=scope.narrate,
                waiting=scope.waiting,
                pause_s=self.settings.github_pause_s,
                excluded=self.exclusions.repository,
            )
        if protocol is Analyser:
            claude = await asyncio.to_thread(importlib.import_module, "devtrail_tui.clients.claude.client")
            return claude.ClaudeAnalyser(
                await scope.secret("anthropic"),
                options["model"],
                base_url=self.settings.anthropic_base_url,
                clock=self.clock,
                random=random.Random(),  # noqa: S311 - jitter, no secret
                narrate=scope.narrate,
                waiting=scope.waiting,
                user_context=options.get("user_context", ""),
                redact=self.secrets.redact,
                exclusions=self.exclusions,
                concurrency=self.settings.claude_concurrency,
            )
        raise TypeError(f"No service stands behind {protocol.__name__}.")

    async def client_outside_jobs(self, protocol: type[Any], *, value: str | None = None, **options: Any) -> Any:
        """The same service with the secrets of the standard sources (or with this very `value`), for a look at whether it works;
        it keeps silent, and whoever asks closes it. Raises SecretMissing."""
        from devtrail_tui.runtime.context import ClientScope

        async def secret(name: str) -> str:
            return await asyncio.to_thread(self.secrets.resolve, name, "") if value is None else value

        return await self.client(protocol, ClientScope(secret, lambda *_: None, lambda *_: None), options)

    def _without_secrets(self, job_type: JobType[Any], config: Any) -> tuple[Any, str]:
        changes: dict[str, str] = {}
        only_here = ""
        for each in job_type.settings:
            value = getattr(config, each.name)
            if each.secret and value and not value.startswith(PREFIX):
                changes[each.name] = self.secrets.keep(each.secret_name, value)
                if changes[each.name].startswith(PREFIX + "memory:"):
                    only_here = each.key
        return replace(config, **changes), only_here


class PreviewServices:
    """The doors of a preview (core.context.PreviewDoor), closed with their clients at the end of the block.

    `given` are secrets that were typed, by name. Claude's client gets no key, so that it could not send anything if it tried.
    """

    def __init__(self, services: Services, given: Mapping[str, str]) -> None:
        self._services = services
        self._given = given
        self._exits = AsyncExitStack()
        self.clock = services.clock

    async def __aenter__(self) -> PreviewServices:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def client(self, protocol: type[P], **options: Any) -> P:
        """A service without a voice. Raises SecretMissing."""
        from devtrail_tui.core.context import Analyser

        value = "" if protocol is Analyser else self._typed("github")
        made = await self._services.client_outside_jobs(protocol, value=value, **options)
        self._exits.push_async_callback(made.aclose)
        found: P = made
        return found

    async def criteria(self) -> Sequence[Criterion]:
        """The criteria that would be sent."""
        listed = await asyncio.to_thread(self._services.criteria.list)
        return [each for each in listed if each.pr_detectable]

    def _typed(self, name: str) -> str | None:
        value = self._given.get(name)
        self._services.secrets.redact.learn(value)
        return self._services.secrets.resolve(name, value) if value and value.startswith(PREFIX) else value


def database_folder(url: str) -> Path:
    """The folder of a SQLite database address; the present folder for any other."""
    return Path(url.removeprefix("sqlite:///").partition("?")[0]).expanduser().absolute().parent
