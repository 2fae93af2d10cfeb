"""Functions that wait for the disk, for async code: in a thread, so that the event loop goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from anyio.to_thread import run_sync

from .._http.shielded import to_its_end


def aside(function: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    """Return `function` as a driver may call it. A call that is cancelled ends with it:
    `task.cancel()` would leave the thread at work on a file that is being discarded."""
    return partial(to_its_end, partial(run_sync, function))
