"""Judges other workers' leases without trusting anybody's clock to agree with another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.job import Claim

LONG_GONE = timedelta(minutes=5)
"""A lease that ran out this long ago by our clock is lost at the first look: clocks that are further apart are broken, not
skewed, and a worker that only starts for a moment (`work --once`) could otherwise never take up what was left."""


@dataclass(frozen=True, slots=True)
class _Seen:
    lease: datetime
    since: float


class LeaseWatch:
    """Remembers since when each lease has stood as it stands now.

    The end of a lease is written by its owner's clock, which may be wrong, or be set while the job runs. So it is read as a
    token that every heartbeat changes: an owner is silent when the token has not changed for the length of a lease, counted by
    our own monotonic clock. A wrong clock then costs nobody a healthy job, and no orphan more than one lease.
    """

    def __init__(self, clock: Clock, lease_s: float) -> None:
        self._clock = clock
        self._lease_s = lease_s
        self._seen: dict[Claim, _Seen] | None = None

    def ran_out(self, leases: Mapping[Claim, datetime]) -> set[Claim]:
        """Which of these claims, all that run now, have a silent owner. To be asked several times a lease."""
        now = self._clock.monotonic()
        earlier_leases, first_look = self._seen or {}, self._seen is None
        self._seen = {claim: _Seen(lease, now) for claim, lease in leases.items()}
        for claim, seen in earlier_leases.items():
            if leases.get(claim) == seen.lease:
                self._seen[claim] = seen
        silent = {claim for claim, seen in self._seen.items() if now - seen.since >= self._lease_s}
        if first_look:
            long_gone = self._clock.now() - LONG_GONE
            silent |= {claim for claim, lease in leases.items() if lease <= long_gone}
        return silent
