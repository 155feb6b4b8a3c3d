"""A GitHub and a Claude on loopback, with a team's year of data: for `devtrail-tui demo` and for the tests.

    from devtrail_tui.demo import DemoServer, Fault, Latency, Scale, build_world

    with DemoServer() as server:                    # its own thread; `async with` runs it in the current loop
        server.url                                  # GitHub's API root and Claude's base URL
        server.faults.next("hydrate", Fault.bad_gateway(502))
        gate = server.faults.hang("messages")       # gate.wait() / await gate.arrived(), then gate.release()
        server.recorder.wait("search", 3)           # or await server.recorder.until("search", 3)
        server.count("graphql"), server.requests    # what was asked

`build_world(today, seed=, scale=)` makes the data, `start_tour()` everything the demo command needs. Names are imported when
first used: importing this package loads neither graphql-core nor the data.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devtrail_tui.demo.dataset import Scale, build_world
    from devtrail_tui.demo.faults import Fault, Faults, Gate
    from devtrail_tui.demo.latency import Latency
    from devtrail_tui.demo.recorder import Recorded, Recorder
    from devtrail_tui.demo.server import CLAUDE_KEY, GITHUB_TOKEN, DemoServer, NotLoopback
    from devtrail_tui.demo.tour import Tour, start_tour
    from devtrail_tui.demo.world import World

__all__ = [
    "CLAUDE_KEY",
    "GITHUB_TOKEN",
    "DemoServer",
    "Fault",
    "Faults",
    "Gate",
    "Latency",
    "NotLoopback",
    "Recorded",
    "Recorder",
    "Scale",
    "Tour",
    "World",
    "build_world",
    "start_tour",
]

_HOMES = {
    "CLAUDE_KEY": "server",
    "GITHUB_TOKEN": "server",
    "DemoServer": "server",
    "NotLoopback": "server",
    "Fault": "faults",
    "Faults": "faults",
    "Gate": "faults",
    "Latency": "latency",
    "Recorded": "recorder",
    "Recorder": "recorder",
    "Scale": "dataset",
    "build_world": "dataset",
    "Tour": "tour",
    "start_tour": "tour",
    "World": "world",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"devtrail_tui.demo.{_HOMES[name]}"), name)
