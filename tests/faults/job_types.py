"""Job types that only the fault tests know. Worker processes find them as an installed plugin (see processes.Site)."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from typing import Any

from devtrail_tui.core.context import Context
from devtrail_tui.core.job_type import JobType
from devtrail_tui.core.setting import Kind, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """A config without settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deaths:
    """How often to die."""

    times: int = setting("Deaths", Kind.INTEGER, default=1, minimum=0, maximum=1000)


async def _step(_config: Nothing, context: Context) -> dict[str, Any]:
    context.log("A step.")
    return {"done": True}


async def _hold(_config: Nothing, context: Context) -> dict[str, Any]:
    """Save, then wait until somebody ends it."""
    await context.save(cursor={"": {"held": context.cursor.get("", {}).get("held", 0) + 1}})
    await asyncio.Event().wait()
    return {}


async def _poison(_config: Nothing, context: Context) -> dict[str, Any]:
    context.log("This is never stored.")
    return _end_this_process()


async def _moves_on(config: Deaths, context: Context) -> dict[str, Any]:
    """Die `times` times, each time after one more save."""
    steps = context.cursor.get("", {}).get("steps", 0) + 1
    await context.save(cursor={"": {"steps": steps}})
    return {"steps": steps} if steps > config.times else _end_this_process()


def _end_this_process() -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives SIGKILL")


STEP = JobType(name="STEP", title="Step", config=Nothing, run=_step)
HOLD = JobType(name="HOLD", title="Hold", config=Nothing, run=_hold)
POISON = JobType(name="POISON", title="Poison", config=Nothing, run=_poison)
MOVES_ON = JobType(name="MOVES_ON", title="Moves on", config=Deaths, run=_moves_on)
