"""Blocking objects with the face of async ones: an experiment is written once, as coroutines.

In the blocking world each coroutine runs in a thread, from its start to its end without a pause.
"""

from __future__ import annotations

import inspect
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that only awaits what a `Blocking` gives."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("a blocking call was suspended")


class Blocking:
    """A client, namespace, conversation or stream; `real` is the object itself."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.real, {"aclose": "close"}.get(name, name))
        if inspect.ismethod(value):
            return lambda *args, **options: _seen(value(*args, **options), or_done=True)
        return _seen(value)

    def __aiter__(self) -> Blocking:
        return Blocking(iter(self.real))

    async def __anext__(self) -> Any:
        try:
            return next(self.real)
        except StopIteration:
            raise StopAsyncIteration from None


class _Done:
    """The result of a call, to be awaited."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[None, None, Any]:
        return self._value
        yield


def _seen(value: Any, or_done: bool = False) -> Any:
    package, _, module = type(value).__module__.partition(".")
    if package == "flue_client_ext" and not module.startswith("_"):
        return Blocking(value)
    return _Done(value) if or_done else value
