"""A user's script that waits for a run, to be interrupted: `... BASE_URL WORLD WHAT`."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from typing import Any

from flue_client_ext import AsyncFlueClient, FlueClient

from .replay import RUN


def blocking(base_url: str, what: str) -> None:
    with FlueClient(base_url, token=None) as client:
        if what == "invoke":
            client.workflows.invoke("w", wait="result")
        elif what == "many":
            list(client.runs.as_completed([RUN] * 5))
        else:
            for _ in client.runs.stream(RUN, live=what):  # type: ignore[arg-type]
                pass


async def tasks(base_url: str, what: str) -> None:
    async with AsyncFlueClient(base_url, token=None) as client:
        if what == "many":
            async for _ in client.runs.as_completed([RUN] * 5):
                pass
        async for _ in client.runs.stream(RUN, live=what):  # type: ignore[arg-type]
            pass


def hang(*_: Any, **__: Any) -> Any:
    os.write(1, b"looking up\n")
    threading.Event().wait(60)


def main() -> None:
    # A shell starts its background jobs with the signal ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGWINCH, lambda *_: None)  # sent to end a system call
    base_url, world, what = sys.argv[1:]
    if what == "look-up":
        socket.getaddrinfo = hang
        base_url, what = "http://slow.test", "sse"
    if world == "asyncio":
        asyncio.run(tasks(base_url, what))
    elif world == "trio":
        import trio

        trio.run(tasks, base_url, what)
    else:
        blocking(base_url, what)


if __name__ == "__main__":
    main()
