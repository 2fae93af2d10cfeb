"""The consumer's side of a reading: how a stream is read, and what it raises when it is over.

The streams of both worlds drive it; it opens nothing and waits for nothing."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

from .._values.steps import Batch
from .aborting import CLIENT_CLOSED, client_closed
from .delivery import Delivery
from .machine import Machine
from .states import BROKEN, SecondReader

T = TypeVar("T")

Mode: TypeAlias = Literal["item by item", "in batches"]


class Consumer(Generic[T]):
    """`end`: what an iterator of this world raises at its end."""

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
        """Say whether it was the last: then the connection is not needed."""
        self._iterators -= 1
        return not self._iterators

    def check(self) -> None:
        """End with what broke the delivery, once."""
        if self._delivery.broken is not None and not self._machine.ended:
            self._machine.close()
            raise self._delivery.broken

    def received(self, batch: Batch | None) -> Batch:
        """Return what the driver has brought; raise the end for `None`."""
        if batch is None:
            raise self._end
        return batch

    def take_all(self, batch: Batch) -> list[T]:
        """Hand `batch` over as a whole."""
        items = self._delivery.take_all(batch)
        if not items:
            self.check()
        return items

    def ending(self) -> Exception:
        """What an aborted stream raises: one that was cancelled just ends; one whose client was
        closed has not ended."""
        closed = self._machine.signal.reason is CLIENT_CLOSED
        return client_closed() if closed else self._end()

    def failed(self, error: BaseException) -> bool:
        """Told that `error` leaves whoever takes a batch, from which nothing is handed over then.
        Says whether the reading is over."""
        if isinstance(error, SecondReader):  # the first may stand between two batches by now
            return False
        self._machine.lose()
        if self._machine.state is BROKEN:
            self._delivery.pending = []
        return self._machine.ended
