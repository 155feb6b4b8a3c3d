"""Creates clients of outside services, for running jobs and for checks outside jobs."""

from __future__ import annotations

import asyncio
import importlib
import os
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from devtrail_tui.clients.claude.address import DEFAULT_BASE_URL
from devtrail_tui.clients.claude.calls import CallFailed
from devtrail_tui.clients.claude.child_process import ClaudeProcess
from devtrail_tui.clients.claude.shared_limits import ClaudeLimits
from devtrail_tui.core.context import Analyser
from devtrail_tui.core.errors import PermanentError
from devtrail_tui.core.proxies import proxy_for
from devtrail_tui.core.service import ClientEnvironment, S, ServiceSpec
from devtrail_tui.core.text import safe_line
from devtrail_tui.runtime.job_output import ClientScope

if TYPE_CHECKING:
    from devtrail_tui.core.clock import Clock
    from devtrail_tui.core.exclusions import Exclusions
    from devtrail_tui.settings import Settings
    from devtrail_tui.store.secrets import Secrets


class Clients:
    """Creates clients from the settings; their libraries are imported on first use, off the event loop."""

    def __init__(self, settings: Settings, secrets: Secrets, exclusions: Exclusions, clock: Clock) -> None:
        self._settings = settings
        self._secrets = secrets
        self._exclusions = exclusions
        self._clock = clock
        self._shared: dict[tuple[ServiceSpec[Any], str], dict[str, Any]] = {}
        """Limits shared by the clients of one service and secret, each in its own event loop."""
        self._claude: ClaudeProcess | None = ClaudeProcess(clock)
        self._claude_limits: dict[tuple[str, str | None], ClaudeLimits] = {}

    async def source(self, spec: ServiceSpec[S], scope: ClientScope) -> S:
        """The client of a service; the caller closes it. Raises SecretMissing, PermanentError for an unknown service."""
        module, _, name = getattr(spec, "maker", "").partition(":")
        if not module:
            raise PermanentError(
                f"This job needs the service “{safe_line(getattr(spec, 'name', str(spec)), limit=60)}”, which is not "
                "available. Update DevTrail or the job's plugin."
            )
        secret = await scope.secret(spec.secret) if spec.secret else ""
        connect = getattr(await asyncio.to_thread(importlib.import_module, module), name)
        client: S = connect(
            ClientEnvironment(
                secret,
                clock=self._clock,
                settings=vars(self._settings),
                exclusions=self._exclusions,
                shared=self._shared.setdefault((spec, secret), {}),
                narrate=scope.narrate,
                waiting=scope.waiting,
                service_limit=scope.service_limit,
            )
        )
        return client

    async def analyser(self, scope: ClientScope, *, model: str, about: str = "") -> Analyser:
        """The Claude client; the caller closes it. With a key, its child process starts now. Raises SecretMissing."""
        claude = await asyncio.to_thread(importlib.import_module, "devtrail_tui.clients.claude.client")
        settings = self._settings
        proxy_for(
            settings.anthropic_base_url or DEFAULT_BASE_URL, os.environ
        )  # refuses a bad one before the child meets it
        key = await scope.secret("anthropic")
        process = self._claude
        if process is not None and key:
            with suppress(CallFailed):  # the first call reports it
                await asyncio.to_thread(process.start)
        client: Analyser = claude.ClaudeAnalyser(
            key,
            claude.Judging(model, about, settings.language, settings.effort, settings.prices),
            connection=process,
            limits=self._claude_limits.setdefault((key, settings.anthropic_base_url), ClaudeLimits()),
            base_url=settings.anthropic_base_url,
            clock=self._clock,
            random=random.Random(),  # noqa: S311 - jitter, no secret
            narrate=scope.narrate,
            waiting=scope.waiting,
            redact=self._secrets.redact,
            exclusions=self._exclusions,
            concurrency=settings.claude_concurrency,
        )
        return client

    def close(self) -> None:
        """End the Claude child process, even with calls in flight."""
        if self._claude is not None:
            self._claude.close()

    def outside_jobs(self, value: str | None = None) -> ClientScope:
        """The scope of a service check: secrets from the standard sources (or `value`), no log."""

        async def secret(name: str) -> str:
            return await asyncio.to_thread(self._secrets.resolve, name, "") if value is None else value

        return ClientScope(secret)
