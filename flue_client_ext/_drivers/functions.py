"""Running users' functions. Their errors belong to the flow, which may know what to do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .._values.steps import Outcome

Function = Callable[[], Any]


def call(function: Function) -> Outcome:
    """Run a function for blocking code, in which nobody awaits what it returns."""
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
    """Run a function for async code, and await what it returns where that is due."""
    try:
        value = function()
        if inspect.isawaitable(value):
            value = await value
    except Exception as error:
        return Outcome(error=error)
    return Outcome(value)
