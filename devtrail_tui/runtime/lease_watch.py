"""Detects expired leases of other workers without comparing clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from devtrail_tui.core.clock import Clock
from devtrail_tui.core.job import Claim

LONG_GONE = timedelta(minutes=5)
"""A lease that expired this long ago by our clock is lost at first sight: such a difference is a broken clock, not skew, and
short-lived workers (`work --once`) could otherwise never rescue a job."""


@dataclass(frozen=True, slots=True)
class _LeaseSample:
    lease: datetime
    since: float


class LeaseWatch:
    """Tracks since when each lease is unchanged.

    The end of a lease is written by its owner's clock, which may be wrong or change. It is therefore treated as a token that
    every heartbeat changes: an owner is silent if the token is unchanged for the length of a lease by our monotonic clock. A
    wrong clock then never costs a healthy job, and an orphan waits one lease at most.
    """

    def __init__(self, clock: Clock, lease_s: float) -> None:
        self._clock = clock
        self._lease_s = lease_s
        self._seen: dict[Claim, _LeaseSample] | None = None

    def ran_out(self, leases: Mapping[Claim, datetime]) -> set[Claim]:
        """The claims with a silent owner, out of all running ones. Call it several times per lease."""
        now = self._clock.monotonic()
        earlier_leases, first_look = self._seen or {}, self._seen is None
        self._seen = {claim: _LeaseSample(lease, now) for claim, lease in leases.items()}
        for claim, sample in earlier_leases.items():
            if leases.get(claim) == sample.lease:
                self._seen[claim] = sample
        silent = {claim for claim, sample in self._seen.items() if now - sample.since >= self._lease_s}
        if first_look:
            long_gone = self._clock.now() - LONG_GONE
            silent |= {claim for claim, lease in leases.items() if lease <= long_gone}
        return silent
