"""Log lines keep their order whoever writes them, and none is lost where a write fails."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from devtrail_tui.core.errors import DatabaseFull
from devtrail_tui.core.job import Level
from devtrail_tui.runtime.log_buffer import LogBuffer
from devtrail_tui.store.job_log import Line

NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Store:
    """Keeps every write open until the test ends it."""

    def __init__(self) -> None:
        self.writes: list[tuple[list[str], Future[bool]]] = []

    def __call__(self, lines: Sequence[Line]) -> Future[bool]:
        future: Future[bool] = Future()
        self.writes.append(([message for _, _, message in lines], future))
        return future


@pytest.fixture
def buffer() -> LogBuffer:
    return LogBuffer()


def add(buffer: LogBuffer, *messages: str) -> None:
    for message in messages:
        buffer.add((NOW, Level.INFO, message))


def test_a_write_takes_what_waits_and_the_next_begins_when_it_is_over(buffer: LogBuffer) -> None:
    store = Store()
    add(buffer, "a", "b")
    first = buffer.write(store)
    add(buffer, "c")
    second = buffer.write(store)
    assert [lines for lines, _ in store.writes] == [["a", "b"]]
    store.writes[0][1].set_result(True)
    assert first.result() is True
    assert store.writes[1][0] == ["c"]
    store.writes[1][1].set_result(False)
    assert second.result() is False
    assert not buffer


def test_lines_of_a_write_that_failed_come_first_in_the_next(buffer: LogBuffer) -> None:
    store = Store()
    add(buffer, "a")
    first = buffer.write(store)
    add(buffer, "b")
    second = buffer.write(store)
    store.writes[0][1].set_exception(DatabaseFull("No room."))
    with pytest.raises(DatabaseFull):
        first.result()
    assert store.writes[1][0] == ["a", "b"]
    store.writes[1][1].set_result(True)
    assert second.result() is True


def test_a_store_that_raises_at_once_loses_nothing(buffer: LogBuffer) -> None:
    def closed(_lines: Sequence[Line]) -> Future[bool]:
        raise DatabaseFull("No room.")

    add(buffer, "a")
    with pytest.raises(DatabaseFull):
        buffer.write(closed).result()
    assert buffer


def test_whoever_waits_for_a_write_cannot_cancel_it(buffer: LogBuffer) -> None:
    store = Store()
    written = buffer.write(store)
    assert not written.cancel()
    store.writes[0][1].set_result(True)
    assert written.result() is True
