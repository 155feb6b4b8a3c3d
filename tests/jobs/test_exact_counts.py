"""The counts of a sync are exact over all its attempts, whatever happens between them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.clock import SystemClock
from devtrail_tui.core.evidence import AnalysisState
from devtrail_tui.core.job import Job, Status
from devtrail_tui.demo.world import World
from devtrail_tui.jobs.github_sync.tally import Judged, Record, Stored, Tally
from tests.doubles.server import FaultyServer
from tests.house.desk import Desk

SHOP = "acme/shop"
records = st.builds(Record, st.none() | st.sampled_from(Stored), st.none() | st.sampled_from(Judged))
nodes = st.sampled_from("abcdef")


@given(st.lists(st.lists(st.tuples(nodes, records)), max_size=5), st.sets(nodes))
def test_each_pull_request_counts_once(attempts: list[list[tuple[str, Record]]], last_found: set[str]) -> None:
    cursor: dict[str, object] = {}
    for number, attempt in enumerate(attempts, start=1):
        found = last_found if number == len(attempts) else set("abcdef")
        tally = Tally()
        tally.resume(cursor, found)
        for node, record in attempt:
            if node in found:
                cursor |= tally.cursor(node, record)
                tally.add(node, record)
        assert tally.count(*Stored) <= len(found)
        assert tally.count(*Judged) <= len(found)
        assert tally.count(Stored.NEW, Stored.UPDATED) == sum(tally.stores(node) for node in found)


@pytest.fixture
def server(world: World) -> Iterator[FaultyServer]:
    changing = replace(world, pull_requests=list(world.pull_requests))
    with FaultyServer(changing) as running:
        yield running


def change(world: World, chance: random.Random, count: int) -> None:
    """Some pull requests of the repository are changed on GitHub."""
    pulls = world.pull_requests
    assert isinstance(pulls, list)
    places = [place for place, pull in enumerate(pulls) if pull.repository.full_name == SHOP]
    for place in chance.sample(places, count):
        pulls[place] = replace(pulls[place], changed_at=pulls[place].updated_at + timedelta(hours=1))
    vars(world).pop("_by_id", None)  # indexes of the earlier records
    vars(world).pop("_by_person", None)


@pytest.mark.parametrize("seed", range(3))
def test_counts_hold_over_stops_changes_and_other_jobs(seed: int, server: FaultyServer, tmp_path: Path) -> None:
    chance = random.Random(seed)
    desk = Desk(server, tmp_path, clock=SystemClock())
    if seed:
        desk.sync(SHOP, maxPullRequests=chance.randint(1, 8))
        change(server.world, chance, 40)
    job = desk.launch(SHOP)
    for _ in range(2):
        stop_after(desk, job, chance.randint(1, 6))
        change(server.world, chance, 40)
        if seed == 2:
            desk.sync(SHOP, maxPullRequests=chance.randint(9, 12), budgetUsd=3)
    done = desk.work(job)
    assert done.status is Status.COMPLETED
    result = done.result
    assert result is not None
    stored = ("new", "updated", "alreadyStored", "notFetched", "notYours")
    assert sum(result[name] for name in stored) == result["found"]
    entries = [each.entry for each in desk.evidence().values()]
    assert len(entries) == result["found"] - result["notYours"]
    assert result["notAnalysed"] == sum(entry.analysis_state is AnalysisState.NOT_ANALYSED for entry in entries)
    if seed == 0:
        assert result["new"] == result["found"]
        assert result["matched"] == sum(bool(entry.matches) for entry in entries)
        analysed = sum(entry.analysis_state is AnalysisState.ANALYSED for entry in entries)
        assert result["matched"] + result["withoutMatch"] == analysed
    desk.close()


def stop_after(desk: Desk, job: Job, answers: int) -> None:
    """Run the job until so many judgements were asked for, then stop it."""
    asked = desk.server.count("messages")
    gate = desk.server.faults.hang("messages", times=1000, after=answers)
    desk.start()
    desk.wait_until(lambda: desk.server.count("messages") > asked + answers or desk.job(job).status.finished)
    desk.stop()
    desk.server.faults.clear()
    gate.release()
