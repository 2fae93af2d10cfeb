"""What an experiment must not leave behind: threads, sockets, tasks."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable

from tests.worlds import World

from . import unclosed
from .options import Broken

PATIENCE = 10.0


class Leftovers:
    """What there was before; `check` compares with what there is."""

    def __init__(self) -> None:
        self._threads = threads()
        self._sockets = open_sockets()

    def check(self) -> None:
        """Raise `Broken` for a thread or a socket that does not go, or was dropped unclosed."""
        if not eventually(lambda: threads() <= self._threads):
            more = [thread.name for thread in threads() - self._threads]
            raise Broken(f"threads are left over: {', '.join(more)}")
        if not eventually(lambda: open_sockets() <= self._sockets):
            raise Broken(f"{open_sockets() - self._sockets} sockets are left over")
        if found := unclosed.take():
            raise Broken(f"dropped unclosed, or failed unseen: {found[:5]}")


def threads() -> set[threading.Thread]:
    """All but that of the clock of local servers, which serves all of them for ever."""
    return {thread for thread in threading.enumerate() if thread.name != "flue-clock"}


def open_sockets() -> int:
    """How many sockets this process has."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except OSError:  # that of the listing itself
            pass
    return count


def tasks(world: World) -> int:
    """How many tasks the world's event loop has."""
    if world.portal is None:
        return 0

    async def count() -> int:
        if world.name == "trio":
            import trio

            return trio.lowlevel.current_statistics().tasks_living
        return len(asyncio.all_tasks())

    return world.portal.call(count)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it holds within some seconds: what was closed may take a moment to go."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True
