"""Awaiting work that must be cancelled only once, and work that must go on after a cancellation.

httpx leaves its pool full for ever when a task is cancelled twice inside it, so on asyncio its
calls run in a task of their own that sees one cancellation at most. trio cancels by level and
needs none of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()


def in_trio() -> bool:
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def current_loop() -> object:
    """The identity of the running event loop and its process."""
    loop: object
    if in_trio():
        loop = sys.modules["trio"].lowlevel.current_trio_token()
    else:
        loop = asyncio.get_running_loop()
    return os.getpid(), loop


def loop_caller() -> Callable[[Callable[[], None]], object]:
    """Return what calls a function soon in the running event loop, from any thread."""
    if in_trio():
        run_soon: Callable[[Callable[[], None]], object]
        run_soon = sys.modules["trio"].lowlevel.current_trio_token().run_sync_soon
        return run_soon
    return asyncio.get_running_loop().call_soon_threadsafe


async def detached(
    work: Coroutine[Any, Any, T],
    discard: Callable[[T], Coroutine[Any, Any, None]] | None = None,
) -> T:
    """Await `work`; a cancellation reaches it once, and does not wait for it. `discard` disposes of
    a result that came too late to be taken."""
    if in_trio():
        return await work
    task = _spawn(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        if discard is not None:
            _spawn(_disposed_of(task, discard))
        raise


async def _disposed_of(
    task: asyncio.Task[T], discard: Callable[[T], Coroutine[Any, Any, None]]
) -> None:
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is None:
        await discard(task.result())


def in_background(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start `work` and leave it; there is nothing to do where the event loop has ended."""
    if in_trio():
        sys.modules["trio"].lowlevel.spawn_system_task(work)
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    _spawn(work())


def _spawn(work: Awaitable[T]) -> asyncio.Task[T]:
    task = asyncio.ensure_future(work)
    assert isinstance(task, asyncio.Task)
    _running.add(task)
    task.add_done_callback(_finished)
    return task


def _finished(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not report it as never retrieved
