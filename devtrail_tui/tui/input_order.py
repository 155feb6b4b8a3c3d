"""Typed keys are handled one at a time: the next waits until the one before has done its work.

Textual sends a key to whatever has the focus when the key comes in, whether or not the keys before it have done their work. Of
`/copy`, typed ahead of the screen or sent in one packet by a slow line, the filter would get nothing, `c` would ask whether to
cancel the job, and `y` would say yes; a token behind a Tab would end in the field before.
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
"""After so long the next key is handed out whatever became of the one before: a widget may be closed with its messages unread."""
_ROUNDS = 2
"""Ways up from the widget to the app: the key itself goes first, then what the widget made of it, such as Submitted."""

Typed = events.Key | events.Paste


class InputOrder:
    """The queue of what was typed. `hand_out` gives an event to Textual."""

    def __init__(self, app: App[Any], hand_out: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._hand_out = hand_out
        self._waiting: deque[Typed] = deque()
        self._under_way: Typed | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._screen: Screen[Any] | None = None

    async def take(self, event: Typed) -> None:
        """Hand it out now, or once everything before it has done its work."""
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
        """Stand in line behind the event, here and then in each parent, as it goes up itself."""
        if node is None:
            node = self._app  # closed meanwhile, by the event perhaps
        node.post_message(events.Callback(callback=partial(self._passed, node, event, target, rounds)))

    async def _passed(self, node: DOMNode, event: Typed, target: DOMNode, rounds: int) -> None:
        if node is not self._app:
            self._follow(node.parent, event, target, rounds)  # the way that Textual's own events take
        elif rounds > 1:
            self._follow(target if target.is_running else None, event, target, rounds - 1)
        elif self._app.screen is not self._screen:  # it opened a screen, which takes what follows once it has a focus
            self._screen = target = self._app.screen
            self._follow(target, event, target, 1)
        else:
            self._app.call_later(self._settled, event)  # behind the change of focus, which Textual puts off likewise

    async def _settled(self, event: Typed) -> None:
        if self._under_way is not event:
            return  # it took so long that the next one went before
        if self._deadline is not None:
            self._deadline.cancel()
        self._under_way = None
        if self._waiting:
            await self._begin(self._waiting.popleft())
