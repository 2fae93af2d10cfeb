"""Streams for async code: an async iterator over a driver, with a resume point and `cancel`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, Self, TypeVar

from ._closing import OpenStreams
from ._drivers.async_driver import AsyncDriver
from ._stream.aborting import CLIENT_CLOSED, Aborted
from ._stream.consumer import Consumer
from ._stream.delivery import Delivery
from ._stream.states import ABORTED
from ._stream.stats import Counters, StreamStats
from ._values.steps import Batch
from ._values.uncopied import Uncopied
from .signals import AbortController

T = TypeVar("T")
B = TypeVar("B")


class AsyncStream(Uncopied, Generic[T]):
    """Items of a stream as they come; iterate over it with `async for`, once.

    After `cancel()` a stream ends, and its `offset` stays valid. If the task is cancelled instead
    (by a time limit over `anext(stream)`, for example), the connection is closed, and the stream
    resumes from its offset when the next item is asked for. Leaving the loop closes the
    connection; another loop goes on where that one stopped. Leaving an `async with` block, or
    dropping the stream, ends it. Once the client is closed, reading raises `RuntimeError`."""

    _instead = "open another stream, with resume=stream.checkpoint or offset=stream.offset"

    def __init__(
        self,
        driver: AsyncDriver[None],
        delivery: Delivery[T],
        controller: AbortController,
        counters: Counters,
        held: OpenStreams | None = None,
    ) -> None:
        self._driver = driver
        self._delivery = delivery
        self._controller = controller
        self._counters = counters
        self._reading = Reading(driver, delivery, controller)
        if held is not None:
            held.add(self._reading)

    def __aiter__(self) -> AsyncIterator[T]:
        self._reading.consumer.begin("item by item")
        return _Items(self._reading)

    async def __anext__(self) -> T:
        self._reading.consumer.begin("item by item")
        return await self._reading.item()

    @property
    def offset(self) -> str:
        """The resume point: it moves when the last item of a batch is returned."""
        return self._delivery.offset

    @property
    def stats(self) -> StreamStats:
        """What the stream has done so far."""
        return self._counters.snapshot()

    def cancel(self, reason: Any = None) -> None:
        """End the stream, from any task or thread: a wait under way ends at once, and no more
        items are delivered."""
        self._controller.abort(reason)

    async def aclose(self) -> None:
        """Cancel the stream and release its connection."""
        self.cancel()
        self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    def _in_groups(self, group: Callable[[Batch, list[T]], B]) -> AsyncIterator[B]:
        self._reading.consumer.begin("in batches")
        return _Batches(self._reading, group)


class Reading(Generic[T]):
    """Reads a driver for a stream and the iterators over it. These share it: when the last of them
    is dropped, the reading ends. (In `async for _ in runs.stream(id)`, the iterator outlives the
    stream.)"""

    def __init__(
        self, driver: AsyncDriver[None], delivery: Delivery[T], controller: AbortController
    ) -> None:
        self._driver = driver
        self._controller = controller
        self.machine = driver.machine
        self.delivery = delivery
        self.consumer = Consumer(driver.machine, delivery, StopAsyncIteration)

    # A default argument, since the module's globals may be gone when the interpreter finalises.
    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # Daemon threads do not run while the interpreter finalises, and keep the locks they hold.
        if not finalizing():
            words = self.consumer.unread()
            self._driver.close()
            if words:
                warnings.warn(words, ResourceWarning, source=self, stacklevel=2)

    def iterator_dropped(self) -> None:
        if self.consumer.iterator_dropped():
            self._driver.release()

    def client_closed(self) -> None:
        """End the reading because the client was closed; from any thread."""
        # In this order: a reader whose connection is closed finds the reason.
        self._controller.abort(CLIENT_CLOSED)
        self._driver.release()

    async def item(self) -> T:
        """Return the next item."""
        while True:
            if self.machine.state is ABORTED:
                raise self._ended()
            for item in self.delivery.pending:
                return item
            await self._next(self.delivery.load)

    async def batch(self, group: Callable[[Batch, list[T]], B]) -> B:
        """Return the next batch, as `group` shows it."""
        return await self._next(lambda batch: group(batch, self.consumer.take_all(batch)))

    async def _next(self, take: Callable[[Batch], B]) -> B:
        """Read the next batch and return what `take` makes of it. The one before was taken."""
        consumer, before = self.consumer, self.delivery.current
        try:
            consumer.check()
            return take(consumer.received(await self._driver.advance()))
        except Aborted:
            raise self._ended() from None
        except BaseException as error:
            if consumer.failed(error, before):
                self._driver.close()
            raise

    def _ended(self) -> Exception:
        self._driver.close()
        return self.consumer.ending()


class _Iterator(Generic[T]):
    """An iterator over a stream's items or batches. A loop that is left drops it, which closes the
    connection."""

    def __init__(self, reading: Reading[T]) -> None:
        self._reading = reading
        reading.consumer.iterator_made()

    def __aiter__(self) -> Self:
        return self

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not finalizing():
            self._reading.iterator_dropped()


class _Items(_Iterator[T]):
    def __init__(self, reading: Reading[T]) -> None:
        super().__init__(reading)
        self._machine = reading.machine
        self._delivery = reading.delivery

    async def __anext__(self) -> T:
        # As `Reading.item` does, without a call where an item is there: items come by the million.
        if self._machine.state is not ABORTED:
            for item in self._delivery.pending:
                return item
        return await self._reading.item()


class _Batches(_Iterator[T], Generic[T, B]):
    def __init__(self, reading: Reading[T], group: Callable[[Batch, list[T]], B]) -> None:
        super().__init__(reading)
        self._group = group

    async def __anext__(self) -> B:
        return await self._reading.batch(self._group)
