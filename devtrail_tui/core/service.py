"""An outside service as a job asks for it: by a description that carries the type of its client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class Service(Protocol):
    """A client of an outside service."""

    async def aclose(self) -> None:
        """Close its connections; harmless when repeated. What `Context` handed out is closed with the job."""
        ...


S = TypeVar("S", bound=Service)


@dataclass(frozen=True)
class ServiceSpec(Generic[S]):
    """A service that a job can ask for: `ServiceSpec[PullRequestSource]("GitHub", secret="github")`.

    The type in brackets is the protocol of its client, `name` what people call it, `secret` the name of the secret it needs.
    `services/clients.py` maps it to the client.
    """

    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is left of a limit in its window; `reset_at` is aware UTC. `resource` is GitHub's name: core, graphql, search.

    `service` as people call it, its web host and the account say whose limit it is; "" where that is not known.
    """

    resource: str
    limit: int
    remaining: int
    reset_at: datetime
    service: str = ""
    host: str = ""
    account: str = ""
