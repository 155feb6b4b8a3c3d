"""Clocks that tests own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from devtrail_tui.core.clock import SystemClock

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class ManualClock:
    """Moves only when a test says so or somebody sleeps; `slept` holds every wait in seconds."""

    def __init__(self, start: datetime = START) -> None:
        self.slept: list[float] = []
        self._now = start
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self._elapsed_s += seconds
        self.set_wall(seconds)

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock so much further; the count of seconds goes on as it was."""
        self._now += timedelta(seconds=seconds)


class HeldClock(ManualClock):
    """Sleepers wait until they are woken one by one, or for ever."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)
        self.sleepers: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.Event()
        self.sleepers.put_nowait(woken)
        await woken.wait()


class HastyClock(SystemClock):
    """Ahead of the machine's clock by every wait, each of which is over at once; `slept` holds them in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self.slept.append(seconds)
