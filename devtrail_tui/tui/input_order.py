"""Handles keys one at a time: the next key waits until the previous one was processed completely.

Textual sends a key to the widget that has the focus when the key arrives, even if earlier keys are still being processed. With
`/copy` typed ahead, or sent in one packet, the filter would receive nothing, `c` would ask to cancel the job, and `y` would
confirm; a token typed after a Tab would end up in the previous field.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen

PATIENCE_S = 2.0
"""After this time the next key is delivered anyway: a widget can be closed with unread messages."""
_ROUNDS = 2
"""Passes up the tree from widget to app: first for the key, then for messages it caused, such as Submitted."""

Typed = events.Key | events.Paste


class InputOrder:
    """The queue of typed keys. `hand_out` gives an event to Textual."""

    def __init__(self, app: App[Any], hand_out: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._hand_out = hand_out
        self._waiting: deque[Typed] = deque()
        self._under_way: Typed | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._screen: Screen[Any] | None = None

    async def take(self, event: Typed) -> None:
        """Deliver the event now, or after all earlier ones are processed."""
        if self._under_way is None:
            await self._begin(event)
        else:
            self._waiting.append(event)

    async def _begin(self, event: Typed) -> None:
        self._under_way = event
        expired = partial(self._app.call_later, self._settled, event)
        self._deadline = asyncio.get_running_loop().call_later(PATIENCE_S, expired)
        self._screen = self._app.screen
        target = self._app.focused or self._screen
        await self._hand_out(event)
        self._follow(target, event, target, _ROUNDS)

    def _follow(self, node: DOMNode | None, event: Typed, target: DOMNode, rounds: int) -> None:
        """Queue behind the event at this node, then at each parent, the path the event takes."""
        if node is None:
            node = self._app  # the node may have been closed by the event
        node.post_message(events.Callback(callback=partial(self._passed, node, event, target, rounds)))

    async def _passed(self, node: DOMNode, event: Typed, target: DOMNode, rounds: int) -> None:
        if node is not self._app:
            self._follow(node.parent, event, target, rounds)  # the path of Textual's own events
        elif rounds > 1:
            self._follow(target if target.is_running else None, event, target, rounds - 1)
        elif self._app.screen is not self._screen:  # a new screen takes the next keys once it has a focus
            self._screen = target = self._app.screen
            self._follow(target, event, target, 1)
        else:
            self._app.call_later(self._settled, event)  # after the change of focus, which Textual also defers

    async def _settled(self, event: Typed) -> None:
        if self._under_way is not event:
            return  # the time limit was reached: the next key was delivered already
        if self._deadline is not None:
            self._deadline.cancel()
        self._under_way = None
        if self._waiting:
            await self._begin(self._waiting.popleft())
