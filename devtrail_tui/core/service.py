"""An outside service as a job asks for it: by a description that carries the type of its client."""

from __future__ import annotations

from dataclasses import dataclass
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
