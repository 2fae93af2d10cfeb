"""Awaiting work of httpx, which a careless cancellation breaks, and work that must go on after one.

A task that is cancelled inside httpx can leave its place in the pool taken for ever, since httpcore
protects its cleaning up by anyio's scopes, which mean nothing to `task.cancel()`. So on asyncio
such work runs in a task of its own, and a cancellation reaches it as that of a scope. trio has
nothing but scopes and needs none of it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

import anyio

T = TypeVar("T")

_SOON = 0.1
"""Seconds for a request to become interruptible, unless it waits for a place in a pool, or its
transport does not tell."""

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


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; a cancellation reaches it as that of a scope, and does not wait for it."""
    if in_trio():
        return await work
    scope = anyio.CancelScope()
    try:
        return await _result_of(_spawn(_within(scope, work)))
    except asyncio.CancelledError:
        scope.cancel()
        raise


async def _result_of(task: asyncio.Task[T]) -> T:
    """Await `task`, which goes on when its awaiter is cancelled. So does `asyncio.shield`, which
    reports what the task raises then (since CPython 3.14), though nobody is there to be told."""
    await asyncio.wait([task])
    return task.result()


async def _within(scope: anyio.CancelScope, work: Coroutine[Any, Any, T]) -> T:
    with scope:
        return await work
    raise asyncio.CancelledError


async def undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Await `work`, which goes on to its end although its awaiter is cancelled."""
    if in_trio():
        with anyio.CancelScope(shield=True):
            await work
    else:
        await _result_of(_spawn(work))


async def detached_request(
    work: Coroutine[Any, Any, T],
    interruptible: asyncio.Event,
    discard: Callable[[T], Coroutine[Any, Any, None]],
) -> T:
    """As `shielded`, but cancelled only while `interruptible` is set, or soon if it never is.
    `discard` disposes of a result that came too late."""
    if in_trio():
        return await work
    scope = anyio.CancelScope()
    task = _spawn(_within(scope, work))
    try:
        return await _result_of(task)
    except asyncio.CancelledError:
        _spawn(_called_off(task, scope, interruptible, discard))
        raise


async def _called_off(
    task: asyncio.Task[T],
    scope: anyio.CancelScope,
    interruptible: asyncio.Event,
    discard: Callable[[T], Coroutine[Any, Any, None]],
) -> None:
    with anyio.move_on_after(_SOON):
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
    """Start `work` in the caller's context and leave it; outside of an event loop (an object was
    dropped by another thread) in that of `call_in_loop`. There is nothing to do where the loop has
    ended."""
    if in_trio():  # whose system tasks have the context of the loop otherwise
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
        task.exception()  # looked at, so that asyncio does not report it as never retrieved
