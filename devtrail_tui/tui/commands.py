"""The command palette: all commands with name, help and key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode
from typing_extensions import override

from devtrail_tui.tui.keymap import Command, declared, order, shown_key


class CommandProvider(Provider):
    """The commands available on the screen below the palette."""

    @override
    async def discover(self) -> Hits:
        """All commands, in the order of the table."""
        for command, key, node in self._callable():
            yield DiscoveryHit(_title(command), partial(self._call, command, node), help=_help(command, key))

    @override
    async def search(self, query: str) -> Hits:
        """The commands whose help, label or id match."""
        matcher = self.matcher(query)
        for command, key, node in self._callable():
            title = _title(command)
            score = max(matcher.match(title), matcher.match(command.id), matcher.match(command.label))
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(self._call, command, node), help=_help(command, key))

    def _callable(self) -> Iterator[tuple[Command, str, DOMNode]]:
        available: dict[str, tuple[Command, str, DOMNode]] = {}
        for active in self.screen.active_bindings.values():
            command = declared(active.binding.id or "")
            if command is not None and command.in_palette and active.enabled:
                available.setdefault(command.id, (command, active.binding.key, active.node))
        yield from sorted(available.values(), key=lambda each: order(each[0].id))

    async def _call(self, command: Command, node: DOMNode) -> None:
        await self.app.run_action(command.action, node)


def _title(command: Command) -> str:
    return command.help


def _help(command: Command, key: str) -> str:
    return f"{command.id} · {shown_key(key)}"
