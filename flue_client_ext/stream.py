# Made from async_stream.py by `make generate`: edit that one.
"""Streams for blocking code: an iterator over a driver, with a checkpoint and a way to stop it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar

from ._closing import OpenStreams
from ._drivers.interrupt import CLIENT_CLOSED, Aborted, client_closed
from ._drivers.sync_driver import Driver
from ._stream.delivery import Delivery
from ._stream.stats import Counters, StreamStats
from ._values.steps import Batch
from ._values.uncopied import Uncopied
from .signals import AbortController

T = TypeVar("T")
B = TypeVar("B")


class Stream(Uncopied, Generic[T]):
    """Items of a stream as they come; iterate over it, once.

    A stream that is cancelled just ends; its `offset` stays right. One that was interrupted by
    Ctrl-C in a wait goes on when it is asked for the next item; interrupted elsewhere, it raises
    `RuntimeError` then. Leaving the loop closes the connection; another loop goes on where that one
    stopped. Leaving a `with` block, or dropping the stream, ends it. Once the client is closed,
    reading raises `RuntimeError`."""

    _instead = "open another stream, with resume=stream.checkpoint or offset=stream.offset"

    def __init__(
        self,
        driver: Driver[None],
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

    def __iter__(self) -> Iterator[T]:
        self._reading.begin("item by item")
        return _Iterator(self._reading, self._reading.item)

    def __next__(self) -> T:
        self._reading.begin("item by item")
        return self._reading.item()

    @property
    def offset(self) -> str:
        """The resume point: it moves when the last item of a batch is returned."""
        return self._delivery.offset

    @property
    def stats(self) -> StreamStats:
        """What the stream has done so far."""
        return self._counters.snapshot()

    def cancel(self, reason: Any = None) -> None:
        """End the stream, from any thread: a wait under way ends at once, nothing more is
        delivered."""
        self._controller.abort(reason)

    def close(self) -> None:
        """Cancel, and let go of the connection."""
        self.cancel()
        if not self._driver.busy:
            self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _in_groups(self, group: Callable[[Batch, list[T]], B]) -> Iterator[B]:
        self._reading.begin("in batches")
        return _Iterator(self._reading, partial(self._reading.batch, group))


_How = Literal["item by item", "in batches"]


class Reading(Generic[T]):
    """Reads a driver for a stream and the iterators over it, which hold it together: the last one
    to be dropped ends it. (An iterator outlives its stream in `for _ in runs.stream(id)`.)"""

    def __init__(
        self, driver: Driver[None], delivery: Delivery[T], controller: AbortController
    ) -> None:
        self._driver = driver
        self._delivery = delivery
        self._controller = controller
        self._how: _How | None = None
        self._iterators = 0

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # Daemon threads stand still while the interpreter finalises, and keep the locks they hold.
        if not finalizing():
            self._driver.close()

    def begin(self, how: _How) -> None:
        if self._how not in (None, how):
            raise RuntimeError(f"this stream is being read {self._how}")
        self._how = how

    def entered(self) -> None:
        """Told that an iterator has been made."""
        self._iterators += 1

    def left(self) -> None:
        """Told that an iterator has been dropped; after the last one the connection is not
        needed."""
        self._iterators -= 1
        if not self._iterators:
            self._driver.release()

    def client_closed(self) -> None:
        """End for good, from any thread."""
        self._controller.abort(CLIENT_CLOSED)
        self._driver.release()

    def item(self) -> T:
        """Return the next item."""
        if not self._delivery.pending:
            self._load()
        if self._driver.stopped:
            raise self._stopped()
        return self._delivery.take()

    def _load(self) -> None:
        try:
            while not self._delivery.pending:
                self._delivery.load(self._advance())
        except BaseException:
            self._interrupted()
            raise

    def batch(self, group: Callable[[Batch, list[T]], B]) -> B:
        """Return the next batch, as `group` shows it."""
        try:
            batch = self._advance()
            items = self._delivery.take_all(batch)
        except BaseException:
            self._interrupted()
            raise
        if not items:
            self._check()
        return group(batch, items)

    def _advance(self) -> Batch:
        """Return the next batch; its predecessor has been handed over."""
        self._check()
        try:
            batch = self._driver.advance()
        except Aborted:
            raise self._stopped() from None
        if batch is None:
            raise StopIteration
        return batch

    def _stopped(self) -> Exception:
        """A stream that was cancelled just ends; one whose client was closed has not ended."""
        closed = self._driver.signal.reason is CLIENT_CLOSED
        return client_closed() if closed else StopIteration()

    def _check(self) -> None:
        """End with what broke the delivery, once."""
        if self._delivery.broken is not None and not self._driver.finished:
            self._driver.close()
            raise self._delivery.broken

    def _interrupted(self) -> None:
        if self._driver.interrupted():
            self._delivery.pending = []


class _Iterator(Generic[T]):
    """An iterator over a stream's items or batches. Dropping it closes the connection: that is how
    a loop is left."""

    def __init__(self, reading: Reading[Any], step: Callable[[], T]) -> None:
        self._reading = reading
        self._step = step
        reading.entered()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        return self._step()

    def __del__(self, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not finalizing():
            self._reading.left()
