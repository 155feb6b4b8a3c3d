"""What a job would send to Claude, shown before anything is sent: GitHub is asked for one example, nobody is paid."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from devtrail_tui.core.context import Analyser
from devtrail_tui.store.secrets import PREFIX

if TYPE_CHECKING:
    from devtrail_tui.core.clock import Clock
    from devtrail_tui.core.evidence import Criterion
    from devtrail_tui.core.job_type import JobType
    from devtrail_tui.services.clients import Clients
    from devtrail_tui.store.criteria_store import CriteriaStore
    from devtrail_tui.store.secrets import Secrets

P = TypeVar("P")


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

    async def client(self, protocol: type[P], **options: Any) -> P:
        """A service without a voice. Raises SecretMissing."""
        value = "" if protocol is Analyser else self._typed("github")
        made = await self._clients.outside_jobs(protocol, value=value, **options)
        self._exits.push_async_callback(made.aclose)
        found: P = made
        return found

    async def criteria(self) -> Sequence[Criterion]:
        """The criteria that would be sent."""
        listed = await asyncio.to_thread(self._criteria.list)
        return [each for each in listed if each.pr_detectable]

    def _typed(self, name: str) -> str | None:
        value = self._given.get(name)
        self._secrets.redact.learn(value)
        return self._secrets.resolve(name, value) if value and value.startswith(PREFIX) else value
