"""The consumer's side of a reading: the mode of iteration, and what a stream raises at its end.

Blocking and async streams share it. It opens nothing and waits for nothing."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

from .._values.steps import Batch
from .aborting import CLIENT_CLOSED, client_closed
from .delivery import Delivery, HandOver
from .machine import Machine
from .states import BROKEN, NEW, SecondReader

T = TypeVar("T")

Mode: TypeAlias = Literal["item by item", "in batches"]


class Consumer(Generic[T]):
    """`end`: the exception that ends the iteration, `StopIteration` or `StopAsyncIteration`."""

    def __init__(self, machine: Machine[None], delivery: Delivery[T], end: type[Exception]) -> None:
        self._machine = machine
        self._delivery = delivery
        self._end = end
        self._mode: Mode | None = None
        self._iterators = 0

    def begin(self, mode: Mode) -> None:
        """Read in `mode`; `RuntimeError` where another one was chosen before."""
        if self._mode not in (None, mode):
            raise RuntimeError(f"this stream is being read {self._mode}")
        self._mode = mode

    def iterator_made(self) -> None:
        self._iterators += 1

    def iterator_dropped(self) -> bool:
        """Return whether it was the last one; then the stream needs no connection for now."""
        self._iterators -= 1
        return not self._iterators

    def unread(self) -> str:
        """Return the warning that is due where the stream is dropped now; empty for none."""
        is_new = self._machine.state is NEW and not self._machine.signal.aborted
        return self._delivery.unread if is_new else ""

    def check(self) -> None:
        """Raise the error that broke the delivery, once, and end the stream."""
        if self._delivery.broken is not None and not self._machine.ended:
            self._machine.close()
            raise self._delivery.broken

    def received(self, batch: Batch | None) -> Batch:
        """Return the driver's batch; for `None`, raise the end of the iteration."""
        if batch is None:
            raise self._end
        return batch

    def take_all(self, batch: Batch) -> list[T]:
        """Return all items of `batch`."""
        items = self._delivery.take_all(batch)
        if not items:
            self.check()
        return items

    def ending(self) -> Exception:
        """Return what an aborted stream raises: the end of the iteration after `cancel()`, a
        `RuntimeError` after the client was closed, since the stream may have more items."""
        closed = self._machine.signal.reason is CLIENT_CLOSED
        return client_closed() if closed else self._end()

    def failed(self, error: BaseException, before: HandOver[T]) -> bool:
        """Record that `error` interrupted the hand-over of a batch; `before`: what was handed over
        then. Return whether the reading has ended."""
        if isinstance(error, SecondReader):  # the first may stand between two batches by now
            return False
        self._machine.lose()
        if self._machine.state is BROKEN:
            self._delivery.drop(before)
        return self._machine.ended
