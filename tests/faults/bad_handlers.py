"""Job types of a plugin whose authors made every mistake there is; worker processes find them by their entry points."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from devtrail_tui.core.context import Context
from devtrail_tui.core.job import Progress
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.setting import Kind, setting
from tests.faults.job_types import Nothing

BLOCKED_S = 60.0
DEATH_S = 0.5
Handler = Callable[[Any, Context], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """The file whose existence ends a healthy job."""

    path: str = setting("File", Kind.TEXT, default="")


class Weird(BaseException):
    """An exception that `except Exception` does not catch."""


class Mute(Exception):
    """An exception that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


async def _healthy(config: Until, context: Context) -> dict[str, Any]:
    """Work in small steps, and save now and then, until the file is there."""
    steps = 0
    while not Path(config.path).exists():  # noqa: ASYNC240 - one look at a local file
        steps += 1
        if steps % 20 == 1:
            await context.save(cursor={"": {"steps": steps}})
        await asyncio.sleep(0.02)
    return {"steps": steps}


async def _quiet(_config: Any, _context: Context) -> dict[str, Any]:
    """Work without a save, so that nothing proves it healthy before its end; longer than `_ends_the_process` takes to do that."""
    await asyncio.sleep(4 * DEATH_S)
    return {}


def returns(value: object) -> Handler:
    async def run(_config: Any, context: Context) -> dict[str, Any]:
        context.log("About to return.")
        return cast("dict[str, Any]", value)

    return run


async def _raises_weird(_config: Any, _context: Context) -> dict[str, Any]:
    raise Weird("out of the ordinary")


async def _raises_mute(_config: Any, _context: Context) -> dict[str, Any]:
    raise Mute


async def _exits(_config: Any, _context: Context) -> dict[str, Any]:
    sys.exit(3)


async def _part_exits(_config: Any, context: Context) -> dict[str, Any]:
    async def part() -> None:
        await asyncio.sleep(0)
        sys.exit("enough")

    async with asyncio.TaskGroup() as group:
        group.create_task(part())
        group.create_task(asyncio.sleep(BLOCKED_S))
    return {}


async def _logs_a_number(_config: Any, context: Context) -> dict[str, Any]:
    context.log("A line before.")
    context.log(cast("str", 42))
    return {}


async def _progress_is_nan(_config: Any, context: Context) -> dict[str, Any]:
    context.progress(Progress(percent=float("nan")))
    return {}


async def _sleeps(_config: Any, context: Context) -> dict[str, Any]:
    context.log("About to block.")
    time.sleep(BLOCKED_S)  # noqa: ASYNC251 - the fault that is tried here
    return {}


async def _spins(_config: Any, context: Context) -> dict[str, Any]:
    context.log("About to block.")
    end = time.monotonic() + BLOCKED_S
    while time.monotonic() < end:
        pass
    return {}


async def _deaf(_config: Any, context: Context) -> dict[str, Any]:
    context.log("About to block.")
    while True:
        try:
            await asyncio.sleep(BLOCKED_S)
        except asyncio.CancelledError:
            continue


async def _thread_sleeps(_config: Any, context: Context) -> dict[str, Any]:
    context.log("About to block.")
    await asyncio.to_thread(time.sleep, BLOCKED_S)
    return {}


async def _ends_the_process(_config: Any, context: Context) -> dict[str, Any]:
    context.log("About to end the process.")
    await asyncio.sleep(DEATH_S)
    os._exit(9)


def bad(name: str, run: Handler, **more: Any) -> JobType[Nothing]:
    return JobType(name=name, title=name.title(), config=Nothing, run=run, **more)


HEALTHY = JobType(name="HEALTHY", title="Healthy", config=Until, run=_healthy)
QUIET = JobType(name="QUIET", title="Quiet", config=Nothing, run=_quiet)
RETURNS_NONE = bad("RETURNS_NONE", returns(None))
RETURNS_NAN = bad("RETURNS_NAN", returns({"ratio": float("nan")}))
RETURNS_DATE = bad("RETURNS_DATE", returns(date(2026, 11, 20)))
RETURNS_LIST = bad("RETURNS_LIST", returns([1, 2]))
RAISES_WEIRD = bad("RAISES_WEIRD", _raises_weird)
RAISES_MUTE = bad("RAISES_MUTE", _raises_mute)
EXITS = bad("EXITS", _exits)
PART_EXITS = bad("PART_EXITS", _part_exits)
LOGS_A_NUMBER = bad("LOGS_A_NUMBER", _logs_a_number)
PROGRESS_IS_NAN = bad("PROGRESS_IS_NAN", _progress_is_nan)
SLEEPS = bad("SLEEPS", _sleeps)
SPINS = bad("SPINS", _spins)
DEAF = bad("DEAF", _deaf)
THREAD_SLEEPS = bad("THREAD_SLEEPS", _thread_sleeps)
ENDS_THE_PROCESS = bad("ENDS_THE_PROCESS", _ends_the_process)
