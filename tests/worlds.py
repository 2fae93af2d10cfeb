"""The worlds that every driver behaviour is tested in: blocking calls, asyncio and trio.

A test is written once, in blocking style. In the async worlds a `Bridge` stands in front of the
real async object and runs each of its coroutines on a real event loop in another thread."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from types import TracebackType
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from flue_client_ext import AsyncFlueClient, FlueClient, durable_streams

NAMES = ("sync", "asyncio", "trio")


def in_turns(*parts: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return each combination of the values of `parts`, with a world for `any_world` before it.

    It is for cases that differ in what the protocol decides, by one code for all worlds. The worlds
    take turns, and each value of a part meets all of them if another part has three or more."""
    numbered = product(*(enumerate(part) for part in parts))
    return [
        (NAMES[sum(place for place, _ in case) % len(NAMES)], *(value for _, value in case))
        for case in numbered
    ]


class World:
    """Makes clients and streams of one world; those that are left open are closed at the end."""

    def __init__(self, name: str, portal: BlockingPortal | None, stack: ExitStack) -> None:
        self.name = name
        self.portal = portal
        self._stack = stack

    @property
    def is_async(self) -> bool:
        return self.portal is not None

    def client(self, base_url: str | None = None, **options: Any) -> Any:
        """A `FlueClient`, or an `AsyncFlueClient` that can be used like one."""
        if self.portal is None:
            return self._stack.enter_context(FlueClient(base_url, **options))
        client = AsyncFlueClient(base_url, **options)
        self._stack.callback(self.portal.call, client.aclose)
        return Bridge(self.portal, client)

    def durable(self, url: str, **options: Any) -> Any:
        """A `durable_streams.stream`, or an `astream` that can be used like one."""
        if self.portal is None:
            return self._stack.enter_context(durable_streams.stream(url, **options))
        stream = durable_streams.astream(url, **options)
        self._stack.callback(self.portal.call, stream.aclose)
        return Bridge(self.portal, stream)


@contextmanager
def world(name: str) -> Iterator[World]:
    with ExitStack() as outer:
        portal = None
        if name != "sync":
            portal = outer.enter_context(start_blocking_portal(name))
        with ExitStack() as stack:
            yield World(name, portal, stack)


class Bridge:
    """An async object seen from a blocking test; `real` is the object itself."""

    def __init__(self, portal: BlockingPortal, real: Any) -> None:
        self.portal = portal
        self.real = real

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.real, {"close": "aclose"}.get(name, name))
        if inspect.ismethod(value):
            return lambda *args, **kwargs: self._called(value, args, kwargs)
        return self._seen(value)

    def __iter__(self) -> Iterator[Any]:
        iterator = aiter(self.real)
        while True:
            try:
                yield self.portal.call(anext, iterator)
            except StopAsyncIteration:
                return

    def __next__(self) -> Any:
        try:
            return self.portal.call(anext, self.real)
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Bridge:
        self.portal.call(self.real.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.portal.call(self.real.__aexit__, kind, error, traceback)

    def _called(self, method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = method(*args, **kwargs)
        if inspect.isawaitable(result):

            async def awaited() -> Any:
                return await result

            result = self.portal.call(awaited)
        return self._seen(result)

    def _seen(self, value: Any) -> Any:
        module = type(value).__module__
        own = module.startswith("flue_client_ext.async_") or module.endswith("durable_streams")
        return Bridge(self.portal, value) if own or isinstance(value, AsyncIterator) else value
