"""A real pseudo-terminal with the program in it, and the screen a person would see."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pexpect
import pyte
from rich.cells import cell_len

ENTER, ESCAPE, TAB, CTRL_C, CTRL_S = "\r", "\x1b", "\t", "\x03", "\x13"

_ON_AND_OFF = {"alternate screen": 1049, "mouse": 1000, "mouse motion": 1003, "bracketed paste": 2004}


class Terminal:
    """`command` runs in a terminal of `columns` x `lines`. Waiting reads what the program writes; nothing sleeps."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], *, columns: int = 120, lines: int = 40
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.child = pexpect.spawn(
            command[0],
            list(command[1:]),
            env={**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
            dimensions=(lines, columns),
            timeout=None,
        )
        self._hung_up = False
        self._modes_before = _terminal_modes(self.child.child_fd)

    def read(self, seconds: float = 0.1) -> None:
        """Take in what the program writes within `seconds`."""
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            data = self.child.read_nonblocking(65536, timeout=seconds)
            self.written += data
            self._stream.feed(_without_private_modes(data))

    @property
    def text(self) -> str:
        """The screen, a line a row."""
        return "\n".join(self._line(y).rstrip() for y in range(self.screen.lines))

    def _line(self, y: int) -> str:
        """pyte's `display` fails where the first half of a wide character was overwritten; a terminal shows a blank there."""
        cells = [self.screen.buffer[y][x].data for x in range(self.screen.columns)]
        return "".join(cell or ("" if x and cell_len(cells[x - 1]) == 2 else " ") for x, cell in enumerate(cells))

    def wait_until(
        self, holds: Callable[[str], bool], what: str, *, seconds: float = 20, look_every_s: float = 0.1
    ) -> str:
        """Read until `holds(screen)`; returns the screen. Fails with the screen as it stands."""
        deadline = time.monotonic() + seconds
        while not holds(self.text):
            if time.monotonic() > deadline or not self.child.isalive():
                self.read()
                if holds(self.text):
                    break
                raise AssertionError(f"{what} did not come within {seconds} s; the screen:\n{self.text}")
            self.read(look_every_s)
        return self.text

    def wait_for(self, text: str, *, seconds: float = 20) -> str:
        """Read until the screen shows `text`."""
        return self.wait_until(lambda screen: text in screen, f"“{text}”", seconds=seconds)

    def type(self, keys: str) -> None:
        """Press keys."""
        self.child.send(keys)

    def wait_for_end(self, *, seconds: float = 20) -> float:
        """Read until the program has ended; returns the seconds that took."""
        began = time.monotonic()
        while self.child.isalive():
            self.read(0.02)
            if time.monotonic() - began > seconds:
                raise AssertionError(f"the program still ran after {seconds} s; the screen:\n{self.text}")
        took = time.monotonic() - began
        self.read(0.05)
        return took

    @property
    def exit_code(self) -> int | None:
        """What the program ended with."""
        code: int | None = self.child.exitstatus
        return code

    def left_on(self) -> list[str]:
        """Terminal modes that the program switched on and did not switch off again."""
        left = []
        for name, number in _ON_AND_OFF.items():
            on, off = self.written.rfind(b"\x1b[?%dh" % number), self.written.rfind(b"\x1b[?%dl" % number)
            if on > off:
                left.append(name)
        if self.written.rfind(b"\x1b[?25l") > self.written.rfind(b"\x1b[?25h"):
            left.append("hidden cursor")
        with contextlib.suppress(OSError, termios.error):
            if _terminal_modes(self.child.child_fd) != self._modes_before:
                left.append("line settings")
        return left

    def close(self) -> None:
        """End the program whatever it does."""
        if self.alive:
            self.child.kill(signal.SIGKILL)
        if not self._hung_up:
            self.child.close(force=True)

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        running: bool = self.child.ptyproc.isalive()
        return running

    def hang_up(self, *, seconds: float = 20) -> float:
        """Close the terminal under the program, as a window that is closed does; the seconds until the program had ended."""
        began = time.monotonic()
        self._hung_up = True
        self.child.ptyproc.fileobj.close()
        while self.alive:
            if time.monotonic() - began > seconds:
                raise AssertionError(f"the program outlived its terminal by {seconds} s")
            os.sched_yield()
        return time.monotonic() - began


def _terminal_modes(fd: int) -> list[Any]:
    return termios.tcgetattr(fd)[:4]


def _without_private_modes(data: bytes) -> bytes:
    """pyte does not know the kitty keyboard and some private sequences and would print them."""
    return data.replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b"")
