"""Proves a token or key with one call that costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from devtrail_tui.core.context import GITHUB
from devtrail_tui.core.errors import TemporaryError
from devtrail_tui.services import Services

PATIENCE_S = 20.0
"""How long a service may take to answer; a limit is not waited out here."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What the service said. `login` and `scopes` are GitHub's, `model` is the Claude model that the key may use."""

    login: str = ""
    scopes: tuple[str, ...] = ()
    model: str = ""

    @property
    def words(self) -> str:
        """Such as `robin, scopes: repo, read:org`."""
        if self.model:
            return f"the key is valid for {self.model}"
        scopes = ", ".join(self.scopes) or "a fine-grained token, which lists none"
        reach = "; without repo it sees public repositories only" if self.narrow else ""
        return f"logged in as {self.login}, scopes: {scopes}{reach}"

    @property
    def narrow(self) -> bool:
        """Whether a classic token lacks the scope that private repositories need."""
        return bool(self.scopes) and "repo" not in self.scopes

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"model": self.model} if self.model else {"login": self.login, "scopes": list(self.scopes)}


async def verify(services: Services, name: str, value: str) -> Verified:
    """One free call with this very secret. Raises AuthenticationError, PermanentError, TemporaryError."""
    clients, scope = services.clients, services.clients.outside_jobs(value)
    if name == "anthropic":
        model = services.settings.model
        async with patient("Claude"), aclosing(await clients.analyser(scope, model=model)) as claude:
            await claude.check()
        return Verified(model=model)
    async with patient("GitHub"), aclosing(await clients.source(GITHUB, scope)) as github:
        account = await github.account()
    return Verified(login=account.login, scopes=account.scopes)


@asynccontextmanager
async def patient(service: str) -> AsyncIterator[None]:
    """Give up after a while, with a sentence. Raises TemporaryError."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except TimeoutError:
        raise TemporaryError(f"{service} did not answer within {PATIENCE_S:.0f} s; try again later.") from None
