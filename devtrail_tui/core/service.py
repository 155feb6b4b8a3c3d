"""The description of an outside service, typed with the protocol of its client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from devtrail_tui.core.clock import Clock
    from devtrail_tui.core.exclusions import Exclusions
    from devtrail_tui.core.status import Level


class Service(Protocol):
    """A client of an outside service."""

    async def aclose(self) -> None:
        """Close its connections; idempotent. Clients that `Context` handed out are closed with the job."""
        ...


S = TypeVar("S", bound=Service)


@dataclass(frozen=True)
class ServiceSpec(Generic[S]):
    """A service that a job can ask for: `ServiceSpec[Tracker]("Jira", secret="jira", maker="my_plugin.client:connect")`.

    The type parameter is the protocol of the client, `name` the display name, `secret` the name of the secret it needs ("" for
    none). `maker` is the path of the function `(ClientEnvironment) -> client`; its module is imported off the event loop.
    """

    name: str
    secret: str
    maker: str = ""


@dataclass(frozen=True, slots=True)
class ClientEnvironment:
    """The environment of a new client.

    `settings` are config.toml's values by name. `shared` is common to all clients of this service, secret and process, each in
    its own event loop. `narrate` takes lines for the job's log, `waiting` a sentence and the end of a client's wait ("" and None
    afterwards), `service_limit` the remaining limit. All return at once.
    """

    secret: str
    clock: Clock
    settings: Mapping[str, Any]
    exclusions: Exclusions
    shared: dict[str, Any]
    narrate: Callable[[Level, str], None]
    waiting: Callable[[str, datetime | None], None]
    service_limit: Callable[[RateLimit], None]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A rate limit in its current window; `reset_at` is aware UTC. `resource` is GitHub's name: core, graphql, search.

    `service` (display name), web host and account identify the limit; "" if unknown.
    """

    resource: str
    limit: int
    remaining: int
    reset_at: datetime
    service: str = ""
    host: str = ""
    account: str = ""
