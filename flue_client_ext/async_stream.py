"""Streams for async code: an async iterator over a driver, with a checkpoint and a way to stop
it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from flue_client.models import FlueEvent

from ._core.stats import StreamStats, Tally
from ._core.steps import Batch
from ._core.uncopied import Uncopied
from ._flue.delivery import Checkpoint, Delivery, EventDelivery
from ._flue.results import EventBatch
from ._net.async_driver import AsyncDriver
from ._net.interrupt import Interrupted
from .signals import AbortController

T = TypeVar("T")
B = TypeVar("B")


class AsyncStream(Uncopied, Generic[T]):
    """Items of a stream as they come; iterate over it with `async for`, once.

    A stream that is cancelled just ends; its `offset` stays right. When it is the task that is
    cancelled (by a time limit over `anext(stream)`, say), the connection closes, and the stream
    goes on from its offset when it is asked for the next item. Leaving an `async with` block, or
    dropping the iterator, closes the connection."""

    _instead = "open another stream, with resume=stream.checkpoint or offset=stream.offset"

    def __init__(
        self,
        driver: AsyncDriver[None],
        delivery: Delivery[T],
        controller: AbortController,
        tally: Tally,
    ) -> None:
        self._driver = driver
        self._delivery = delivery
        self._controller = controller
        self._tally = tally
        self._items: AsyncIterator[T] | None = None
        self._groups: AsyncIterator[Any] | None = None

    def __aiter__(self) -> AsyncIterator[T]:
        if self._groups is not None:
            raise RuntimeError("this stream is being read in batches")
        if self._items is None:
            self._items = _Items(self._driver, self._delivery)
        return self._items

    async def __anext__(self) -> T:
        return await anext(aiter(self))

    @property
    def offset(self) -> str:
        """The resume point: it moves when the last item of a batch is returned."""
        return self._delivery.offset

    @property
    def stats(self) -> StreamStats:
        """What the stream has done so far."""
        return self._tally.snapshot()

    def cancel(self, reason: Any = None) -> None:
        """End the stream, from any task or thread: a wait under way ends at once, nothing more is
        delivered."""
        self._controller.abort(reason)

    async def aclose(self) -> None:
        """Cancel, and let go of the connection."""
        self.cancel()
        if not self._driver.busy:
            self._driver.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _in_groups(self, group: Callable[[Batch, list[T]], B]) -> AsyncIterator[B]:
        if self._items is not None:
            raise RuntimeError("this stream is being read item by item")
        if self._groups is None:
            self._groups = _Groups(self._driver, self._delivery, group)
        return self._groups


class AsyncFlueEventStream(AsyncStream[FlueEvent]):
    """The events of a run, typed, each once and in order."""

    _delivery: EventDelivery

    @property
    def run_id(self) -> str:
        """The run that is read."""
        return self._delivery.run_id

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the consumer stands, to the event: save it, and pass it to
        `runs.stream(resume=)`."""
        return self._delivery.checkpoint

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.run_id}, {self.stats.state}, at {self.offset}>"

    def batches(self) -> AsyncIterator[EventBatch]:
        """Iterate over `(events, offset)`, for those who commit both together. Batches may be
        empty."""
        delivery = self._delivery  # not the stream, which would then hold itself alive
        return self._in_groups(lambda batch, events: EventBatch(events, delivery.offset))


class _Reader(Generic[T]):
    """Reads a driver. It does not know the stream, so that dropping either ends the rest, and it
    is no async generator, which would need an event loop to be dropped."""

    def __init__(self, driver: AsyncDriver[None], delivery: Delivery[T]) -> None:
        self._driver = driver
        self._delivery = delivery

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # Daemon threads stand still while the interpreter finalises, and keep the locks they hold.
        if not finalizing():
            self._driver.abort()

    def _check(self) -> None:
        """End with what broke the delivery, once."""
        if self._delivery.broken is not None and not self._driver.finished:
            self._driver.abort()
            raise self._delivery.broken

    def _interrupted(self) -> None:
        if self._driver.interrupted():
            self._delivery.left = []

    async def _advance(self) -> Batch:
        """Return the next batch; its predecessor has been handed over."""
        self._check()
        try:
            batch = await self._driver.advance()
        except Interrupted:
            batch = None
        if batch is None:
            raise StopAsyncIteration
        return batch


class _Items(_Reader[T]):
    """Items one by one."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if not self._delivery.left:
            await self._load()
        if self._driver.stopped:
            raise StopAsyncIteration
        return self._delivery.take()

    async def _load(self) -> None:
        try:
            while not self._delivery.left:
                self._delivery.load(await self._advance())
        except BaseException:
            self._interrupted()
            raise


class _Groups(_Reader[T], Generic[T, B]):
    """Whole batches, as `group` shows them."""

    def __init__(
        self,
        driver: AsyncDriver[None],
        delivery: Delivery[T],
        group: Callable[[Batch, list[T]], B],
    ) -> None:
        super().__init__(driver, delivery)
        self._group = group

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> B:
        try:
            batch = await self._advance()
            items = self._delivery.take_all(batch)
        except BaseException:
            self._interrupted()
            raise
        if not items:
            self._check()
        return self._group(batch, items)
