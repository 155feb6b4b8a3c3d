"""The Claude child process: reads calls from stdin and writes answers to stdout until stdin ends."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

from devtrail_tui.clients.claude.calls import Call, CallFailed, CallKind, Failure, Method, packed, read_message
from devtrail_tui.clients.claude.connection import SdkConnection, load_sdk


async def _serve(calls: BinaryIO, answers: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def read() -> None:
        try:
            while (message := read_message(calls)) is not None:
                loop.call_soon_threadsafe(inbox.put_nowait, message)
        finally:
            os._exit(0)  # the parent is gone: drop calls in flight

    threading.Thread(target=read, daemon=True).start()
    load_sdk()  # on the loop: the reading thread queues calls and detects the end of stdin meanwhile
    _write(answers, {"ready": True})
    connection = SdkConnection()
    under_way: set[asyncio.Task[None]] = set()
    while True:
        task = asyncio.create_task(_answer(connection, await inbox.get(), answers))
        under_way.add(task)
        task.add_done_callback(under_way.discard)


async def _answer(connection: SdkConnection, message: Mapping[str, Any], answers: BinaryIO) -> None:
    call = message["call"]
    try:
        answer = await connection.call(Call(**{**call, "method": Method(call["method"])}))
        outcome = {"answer": asdict(answer)}
    except CallFailed as error:
        outcome = {"failure": asdict(error.failure)}
    except Exception as error:  # noqa: BLE001 - an error must not hang a job or end other calls
        outcome = {"failure": asdict(Failure(CallKind.UNKNOWN, f"{type(error).__name__}: {error}"))}
    _write(answers, {"number": message["number"], **outcome})


def _write(answers: BinaryIO, message: Mapping[str, Any]) -> None:
    try:
        answers.write(packed(message))
        answers.flush()
    except OSError:
        os._exit(0)


def main() -> None:
    """Serve until stdin ends. Output of libraries is discarded: stdout carries answers only."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    asyncio.run(_serve(sys.stdin.buffer, answers))


if __name__ == "__main__":
    main()
