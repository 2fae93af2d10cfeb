"""Runs users' functions. An error becomes part of the reply: the flow decides what it means."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .._values.steps import Outcome

Function = Callable[[], Any]


def call(function: Function) -> Outcome:
    """Run a function in blocking code. An awaitable result is an error: nothing here can await."""
    try:
        value = function()
    except Exception as error:
        return Outcome(error=error)
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        return Outcome(error=TypeError("an async function was given to the sync client"))
    return Outcome(value)


async def call_and_await(function: Function) -> Outcome:
    """Run a function in async code, and await its result if that is awaitable."""
    try:
        value = function()
        if inspect.isawaitable(value):
            value = await value
    except Exception as error:
        return Outcome(error=error)
    return Outcome(value)
