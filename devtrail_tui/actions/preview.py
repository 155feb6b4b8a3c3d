"""Previews the Claude request of a job: fetches one example from GitHub, sends nothing to Claude."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

from devtrail_tui.actions.launching import check_config
from devtrail_tui.core.errors import NotPossible
from devtrail_tui.core.service import S, ServiceSpec
from devtrail_tui.runtime.job_output import ClientScope
from devtrail_tui.store.secrets import PREFIX

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.context import Analyser, Preview
    from devtrail_tui.core.evidence import Criterion


async def preview_job(services: Services, type_name: str, raw: Mapping[str, Any]) -> Preview:
    """The Claude request of a job with these settings, for one example fetched from GitHub; nothing is sent to Claude, stored
    or paid.

    Raises InvalidInput, NotPossible for a type that sends nothing, and the errors of the GitHub client.
    """
    job_type = services.catalogue.named(type_name)
    if job_type.preview is None:
        raise NotPossible(f"{job_type.title} sends nothing to Claude.")
    config = await asyncio.to_thread(check_config, services, job_type, raw)
    typed_secrets = {
        setting.secret_name: getattr(config, setting.name) for setting in job_type.settings if setting.secret
    }
    async with PreviewServices(services, typed_secrets) as context:
        return await job_type.preview(config, context)


class PreviewServices:
    """The context of a preview (core.context.PreviewContext); closes its clients at the end of the block.

    `typed_secrets` by name. Claude's client gets no key, so it cannot send anything.
    """

    def __init__(self, services: Services, typed_secrets: Mapping[str, str]) -> None:
        self._services = services
        self._typed_secrets = typed_secrets
        self._exits = AsyncExitStack()
        self.clock = services.clock

    async def __aenter__(self) -> PreviewServices:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def source(self, spec: ServiceSpec[S]) -> S:
        """A service that logs nothing. Raises SecretMissing, PermanentError for an unknown service."""
        source = await self._services.clients.source(spec, ClientScope(self._secret))
        return await self._exits.enter_async_context(aclosing(source))

    async def analyser(self, *, model: str, about: str = "") -> Analyser:
        """Claude's client without a key."""
        clients = self._services.clients
        analyser = await clients.analyser(clients.outside_jobs(""), model=model, about=about)
        return await self._exits.enter_async_context(aclosing(analyser))

    async def criteria(self) -> Sequence[Criterion]:
        """The criteria that would be sent."""
        listed = await asyncio.to_thread(self._services.criteria.list)
        return [criterion for criterion in listed if criterion.pr_detectable]

    async def _secret(self, name: str) -> str:
        secret = self._typed_secrets.get(name, "")
        if secret and not secret.startswith(PREFIX):
            self._services.secrets.redact.learn(secret)
            return secret
        return await asyncio.to_thread(self._services.secrets.resolve, name, secret)
