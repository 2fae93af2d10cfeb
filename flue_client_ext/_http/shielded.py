"""Work that a cancellation must not break, and work that outlives its caller.

A task that is cancelled inside httpx may never free its slot of the pool: httpcore protects
its clean-up by cancel scopes of anyio, which `task.cancel()` ignores. On asyncio such work runs in
a task of its own, and a cancellation reaches it through a scope. trio has scopes only, and needs
none of this. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

import anyio
import anyio.lowlevel

T = TypeVar("T")

_GRACE = 0.1
"""Seconds for a request to become cancellable. One that waits in a pool never does, nor does one
whose transport reports no events."""

_running: set[asyncio.Task[Any]] = set()  # asyncio itself holds tasks by weak references only


def in_trio() -> bool:
    """Whether the caller runs in trio, which is not imported for this."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def current_loop() -> object:
    """Return a value that identifies the process and its running event loop."""
    loop: object
    if in_trio():
        loop = sys.modules["trio"].lowlevel.current_trio_token()
    else:
        loop = asyncio.get_running_loop()
    return os.getpid(), loop


def loop_time() -> float:
    """Return the time of the running event loop. `anyio.current_time` takes three times as long to
    find the loop, and a stream asks for each batch."""
    if in_trio():
        return float(sys.modules["trio"].current_time())
    return asyncio.get_running_loop().time()


def loop_caller() -> Callable[[Callable[[], None]], object]:
    """Return a thread-safe function that schedules a call in the running event loop. It raises
    `RuntimeError` once the loop has ended."""
    if in_trio():
        run_soon: Callable[[Callable[[], None]], object]
        run_soon = sys.modules["trio"].lowlevel.current_trio_token().run_sync_soon
        return run_soon
    return asyncio.get_running_loop().call_soon_threadsafe


async def cancellable(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`. A cancellation reaches it through a scope, and the caller does not wait for its
    end."""
    if in_trio():
        return await work
    scope = anyio.CancelScope()
    try:
        return await _result_of(_spawn(_within(scope, work)))
    except asyncio.CancelledError:
        scope.cancel()
        raise


async def cancellable_while(
    interruptible: asyncio.Event,
    work: Coroutine[Any, Any, T],
    discard: Callable[[T], Coroutine[Any, Any, None]],
) -> T:
    """As `cancellable`, but cancel `work` only while `interruptible` is set, or after a grace
    period. `discard` disposes of a result that comes after the cancellation."""
    if in_trio():
        return await work
    scope = anyio.CancelScope()
    task = _spawn(_within(scope, work))
    try:
        return await _result_of(task)
    except asyncio.CancelledError:
        _spawn(_cancel(task, scope, interruptible, discard))
        raise


async def shielded(work: Coroutine[Any, Any, None]) -> None:
    """Await `work`, which runs to its end even if the caller is cancelled."""
    if in_trio():
        with anyio.CancelScope(shield=True):
            await work
    else:
        await _result_of(_spawn(work))


async def to_its_end(begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Begin work that ends by itself, and wait for its end. A cancellation in the meantime is
    raised then: who cleans up after it has the work behind him."""
    if in_trio():
        return await begin()
    await anyio.lowlevel.checkpoint_if_cancelled()
    task = _spawn(begin())
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):  # or a cancelled scope would go on cancelling
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()


async def _result_of(task: asyncio.Task[T]) -> T:
    """Await `task`, which goes on if the caller is cancelled. `asyncio.shield` would report an
    error of the task then (since CPython 3.14), though no caller is left to handle it;
    `asyncio.wait` takes half as long again, and each request waits here."""
    ended = task.get_loop().create_future()

    def end(_: object) -> None:
        if not ended.done():  # or the caller has been cancelled
            ended.set_result(None)

    task.add_done_callback(end)
    await ended
    return task.result()


async def _within(scope: anyio.CancelScope, work: Coroutine[Any, Any, T]) -> T:
    with scope:
        return await work
    raise asyncio.CancelledError


async def _cancel(
    task: asyncio.Task[T],
    scope: anyio.CancelScope,
    interruptible: asyncio.Event,
    discard: Callable[[T], Coroutine[Any, Any, None]],
) -> None:
    with anyio.move_on_after(_GRACE):
        while not interruptible.is_set():
            await interruptible.wait()
    scope.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and task.exception() is None:
        await discard(task.result())


def in_background(
    work: Callable[[], Coroutine[Any, Any, None]],
    call_in_loop: Callable[[Callable[[], None]], object] | None = None,
) -> None:
    """Start `work` in the caller's context, and do not wait for it.

    Outside of an event loop, as in a thread whose garbage collection drops an object, start it in
    the loop of `call_in_loop`. Do nothing once that loop has ended.
    """
    if in_trio():  # a system task has the context of the loop by default
        sys.modules["trio"].lowlevel.spawn_system_task(work, context=copy_context())
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if call_in_loop is not None:
            with suppress(RuntimeError):
                call_in_loop(lambda: in_background(work))
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
        task.exception()  # retrieved here, or asyncio reports that nobody has
