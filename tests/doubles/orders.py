"""Which requests are to meet which fault.

`server.faults.next("search", Fault.html(502), times=2)` spoils the next two searches. A fault either replaces the answer,
or leaves it and changes how it is delivered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.doubles.faults import Fault
from tests.doubles.gate import Gate
from tests.doubles.recorder import Recorded

Match = str | Callable[[Recorded], bool]
"""A route's name, or a test of the request."""


@dataclass(eq=False)
class _Order:
    match: Match
    fault: Fault
    times: int | None
    skip: int


class Faults:
    """The orders that are open. Orders are tried in the order they were given; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []
        self._gates: list[Gate] = []

    def next(self, match: Match, fault: Fault, *, times: int = 1, after: int = 0) -> None:
        """Spoil the next `times` matching requests, once `after` matching ones have passed untouched."""
        self._add(_Order(match, fault, times, after))

    def always(self, match: Match, fault: Fault) -> None:
        """Spoil every matching request until `clear`."""
        self._add(_Order(match, fault, None, 0))

    def hang(self, match: Match, *, times: int = 1, after: int = 0) -> Gate:
        """Hold the next `times` matching requests at the gate that is returned."""
        gate = Gate()
        with self._lock:
            self._gates.append(gate)
        self.next(match, Fault.hang(gate), times=times, after=after)
        return gate

    def too_heavy(self, most_ids: int, status: int = 502) -> None:
        """Answer 502 (or 504) to every hydration of more than `most_ids` pull requests at once."""
        self.always(lambda request: _ids(request) > most_ids, Fault.bad_gateway(status))

    def clear(self) -> None:
        """Forget every order and let through whoever waits at a gate."""
        with self._lock:
            self._orders.clear()
            gates, self._gates = self._gates, []
        for gate in gates:
            gate.release()

    def take(self, request: Recorded) -> Fault | None:
        """The server's side: the fault for this request, counted as used."""
        with self._lock:
            for order in self._orders:
                if not _matches(order.match, request):
                    continue
                if order.skip:
                    order.skip -= 1
                    continue
                if order.times is not None:
                    order.times -= 1
                    if order.times == 0:
                        self._orders.remove(order)
                return order.fault
        return None

    def _add(self, order: _Order) -> None:
        if order.times is not None and order.times < 1:
            raise ValueError("A fault happens at least once.")
        with self._lock:
            self._orders.append(order)


def _matches(match: Match, request: Recorded) -> bool:
    return match in request.routes if isinstance(match, str) else match(request)


def _ids(request: Recorded) -> int:
    return max((len(value) for value in request.variables.values() if isinstance(value, list)), default=0)
