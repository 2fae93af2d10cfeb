"""One waiting task, woken for a reason from any thread; on asyncio and on trio alike.

`anyio.Event` is not thread-safe, and anyio's own bridge blocks the caller until the loop has run
it, which a caller on that very loop cannot survive. This one only posts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import anyio

Poster = Callable[[Callable[[], object]], object]


def _poster() -> Poster:
    """Return the running loop's thread-safe 'run this soon'."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        trio: Any = import_module("trio")  # there, since it runs us, though we do not need it
        post: Poster = trio.lowlevel.current_trio_token().run_sync_soon
        return post


def soon(callback: Callable[[], object]) -> Callable[[], None]:
    """Return a function that any thread may call to run `callback` on the loop of this task."""
    post = _poster()

    def run() -> None:
        with suppress(RuntimeError):  # the loop has ended, and whoever waited with it
            post(callback)

    return run


class Wake:
    """An event with reasons: any thread rings, any number of times, and one task awaits."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._pending: set[str] = set()
        self._notice = soon(self._rung)

    def ring(self, reason: str = "") -> None:
        """Wake the waiting task, now or at its next wait."""
        self._pending.add(reason)
        self._notice()

    def _rung(self) -> None:
        self._event.set()

    async def wait(self) -> set[str]:
        """Wait for a ring since the last wait and return the reasons."""
        await self._event.wait()
        self._event = anyio.Event()
        reasons = set(self._pending)
        self._pending -= reasons
        return reasons
