"""Leases are judged by whether they are renewed, whatever any clock says."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.job import Claim
from devtrail_tui.runtime.lease_watch import LONG_GONE, LeaseWatch
from tests.doubles.clock import START, ManualClock

LEASE_S = 30.0
MINE, OTHER = Claim(1, 1, "desk:1:1000:a"), Claim(2, 4, "lap:2:2000:b")


@given(ahead_s=st.floats(-290, 290), beats=st.integers(1, 30), jump_s=st.floats(-7200, 7200))
def test_an_owner_that_renews_is_never_silent(ahead_s: float, beats: int, jump_s: float) -> None:
    """Its clock is ours less `ahead_s`; ours jumps in between."""
    clock = ManualClock(START + timedelta(seconds=ahead_s))
    watch = LeaseWatch(clock, LEASE_S)
    lease = START + timedelta(seconds=LEASE_S)
    for beat in range(beats):
        for _ in range(2):
            assert watch.ran_out({MINE: lease}) == set()
            clock.advance(5)
        lease += timedelta(seconds=10)
        if beat == 0:
            clock.set_wall(jump_s)


@given(ahead_s=st.floats(-7200, 290), jump_s=st.floats(-7200, 7200))
def test_a_silent_owner_is_found_after_one_lease(ahead_s: float, jump_s: float) -> None:
    clock = ManualClock(START + timedelta(seconds=ahead_s))
    watch = LeaseWatch(clock, LEASE_S)
    leases = {MINE: START + timedelta(seconds=LEASE_S), OTHER: START}
    assert watch.ran_out(leases) == set()
    clock.set_wall(jump_s)
    clock.advance(LEASE_S - 0.1)
    leases[OTHER] += timedelta(seconds=10)
    assert watch.ran_out(leases) == set()
    clock.advance(0.1)
    assert watch.ran_out(leases) == {MINE}


def test_a_new_claim_of_the_same_job_begins_anew() -> None:
    clock = ManualClock()
    watch = LeaseWatch(clock, LEASE_S)
    lease = START + timedelta(seconds=LEASE_S)
    watch.ran_out({MINE: lease})
    clock.advance(LEASE_S)
    again = Claim(MINE.job_id, MINE.claim_no + 1, OTHER.worker_id)
    assert watch.ran_out({again: lease}) == set()
    clock.advance(LEASE_S)
    assert watch.ran_out({again: lease}) == {again}


def test_what_was_left_long_ago_is_found_at_the_first_look_only() -> None:
    clock = ManualClock()
    watch = LeaseWatch(clock, LEASE_S)
    assert watch.ran_out({MINE: START - LONG_GONE, OTHER: START}) == {MINE}
    assert watch.ran_out({OTHER: START - LONG_GONE}) == set(), (
        "a clock that stands wrong takes no healthy job over and over"
    )
