"""Awaiting in another context than the task's own."""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def in_context(context: Context, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await `work`, each of whose steps runs in `context`.

    A task has one context for its life, and no other task may be made for this: cancellation and
    the scopes of asyncio, anyio and trio belong to the task. So it resumes the coroutine as `yield
    from` does (PEP 380), through `Context.run`.
    """
    resume: Callable[[Any], Any] = work.send
    value: Any = None
    while True:
        try:
            awaited = context.run(resume, value)
        except StopIteration as stop:
            result: T = stop.value
            return result
        try:
            value = yield awaited
            resume = work.send
        except BaseException as error:
            value, resume = error, work.throw
