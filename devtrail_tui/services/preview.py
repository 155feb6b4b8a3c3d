"""What a job would send to Claude, shown before anything is sent: GitHub is asked for one example, nobody is paid."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

from devtrail_tui.core.service import S, ServiceSpec
from devtrail_tui.runtime.context import ClientScope
from devtrail_tui.store.secrets import PREFIX

if TYPE_CHECKING:
    from devtrail_tui.core.clock import Clock
    from devtrail_tui.core.context import Analyser
    from devtrail_tui.core.evidence import Criterion
    from devtrail_tui.core.job_type import JobType
    from devtrail_tui.services.clients import Clients
    from devtrail_tui.store.criteria_store import CriteriaStore
    from devtrail_tui.store.secrets import Secrets


def typed_secrets(job_type: JobType[Any], config: Any) -> Mapping[str, str]:
    """The secrets that stand in the settings themselves, by name."""
    return {
        each.secret_name: value for each in job_type.settings if each.secret and (value := getattr(config, each.name))
    }


class PreviewServices:
    """The doors of a preview (core.context.PreviewDoor), closed with their clients at the end of the block.

    `given` are secrets that were typed, by name. Claude's client gets no key, so that it could not send anything if it tried.
    """

    def __init__(
        self, clients: Clients, criteria: CriteriaStore, secrets: Secrets, clock: Clock, given: Mapping[str, str]
    ) -> None:
        self._clients = clients
        self._criteria = criteria
        self._secrets = secrets
        self._given = given
        self._exits = AsyncExitStack()
        self.clock = clock

    async def __aenter__(self) -> PreviewServices:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def source(self, spec: ServiceSpec[S]) -> S:
        """A service without a voice. Raises SecretMissing, PermanentError for one nobody provides."""
        made = await self._clients.source(spec, ClientScope(self._secret))
        return await self._exits.enter_async_context(aclosing(made))

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        """Claude's client without a key."""
        made = await self._clients.analyser(self._clients.outside_jobs(""), model=model, about=about)
        return await self._exits.enter_async_context(aclosing(made))

    async def criteria(self) -> Sequence[Criterion]:
        """The criteria that would be sent."""
        listed = await asyncio.to_thread(self._criteria.list)
        return [each for each in listed if each.pr_detectable]

    async def _secret(self, name: str) -> str:
        value = self._given.get(name, "")
        if value and not value.startswith(PREFIX):
            self._secrets.redact.learn(value)
            return value
        return await asyncio.to_thread(self._secrets.resolve, name, value)
