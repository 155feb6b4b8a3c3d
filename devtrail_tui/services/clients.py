"""Makes the service behind a protocol: for a running job, or for a look from outside."""

from __future__ import annotations

import asyncio
import importlib
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devtrail_tui.core.clock import Clock
    from devtrail_tui.core.exclusions import Exclusions
    from devtrail_tui.runtime.context import ClientScope
    from devtrail_tui.settings import Settings
    from devtrail_tui.store.secrets import Secrets


class Clients:
    """GitHub's and Claude's clients as the settings want them; their libraries are imported when first used."""

    def __init__(self, settings: Settings, secrets: Secrets, exclusions: Exclusions, clock: Clock) -> None:
        self._settings = settings
        self._secrets = secrets
        self._exclusions = exclusions
        self._clock = clock

    async def for_job(self, protocol: type[Any], scope: ClientScope, options: Mapping[str, Any]) -> Any:
        """The service behind a protocol for one running job, imported when first used and off the event loop.

        Raises SecretMissing, or TypeError for a protocol nobody implements.
        """
        from devtrail_tui.core.context import Analyser, PullRequestSource

        if protocol is PullRequestSource:
            github = await asyncio.to_thread(importlib.import_module, "devtrail_tui.clients.github.client")
            return github.GitHubClient(
                self._settings.github_url,
                await scope.secret("github"),
                clock=self._clock,
                narrate=scope.narrate,
                waiting=scope.waiting,
                pause_s=self._settings.github_pause_s,
                excluded=self._exclusions.repository,
            )
        if protocol is Analyser:
            claude = await asyncio.to_thread(importlib.import_module, "devtrail_tui.clients.claude.client")
            return claude.ClaudeAnalyser(
                await scope.secret("anthropic"),
                options["model"],
                base_url=self._settings.anthropic_base_url,
                clock=self._clock,
                random=random.Random(),  # noqa: S311 - jitter, no secret
                narrate=scope.narrate,
                waiting=scope.waiting,
                user_context=options.get("user_context", ""),
                redact=self._secrets.redact,
                exclusions=self._exclusions,
                concurrency=self._settings.claude_concurrency,
            )
        raise TypeError(f"No service stands behind {protocol.__name__}.")

    async def outside_jobs(self, protocol: type[Any], *, value: str | None = None, **options: Any) -> Any:
        """The same service with the secrets of the standard sources (or with this very `value`), for a look at whether it works;
        it keeps silent, and whoever asks closes it. Raises SecretMissing."""
        from devtrail_tui.runtime.context import ClientScope

        async def secret(name: str) -> str:
            return await asyncio.to_thread(self._secrets.resolve, name, "") if value is None else value

        return await self.for_job(protocol, ClientScope(secret, lambda *_: None, lambda *_: None), options)
