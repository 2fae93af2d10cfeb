"""Hands batches over to a consumer.

The offset moves when the last item of a batch is returned, at once for an empty batch (PROTOCOL,
offset and cancel). So it never points beyond what the consumer has seen.

Nothing is recorded when an item is returned, since items come by the million: the iterator of the
batch knows how many are left, and the position follows from that when it is asked for. It follows
from one attribute, so any thread may ask."""

from __future__ import annotations

from collections.abc import Iterator
from operator import length_hint
from typing import ClassVar, Generic, NamedTuple, TypeVar

from .._values.steps import Batch
from ..errors import FlueError

T = TypeVar("T")


class Place(NamedTuple):
    """An offset, and what the server has said of it."""

    offset: str
    up_to_date: bool = False
    closed: bool = False


class HandOver(NamedTuple, Generic[T]):
    """The items of a batch, as far as they were returned. `start`: the place before them; `end`:
    the place that the last of them leads to, `None` if it leads to none."""

    start: Place
    end: Place | None
    items: list[T]
    pending: Iterator[T]
    """A list's iterator over the items."""

    @property
    def is_complete(self) -> bool:
        return self.end is not None and not length_hint(self.pending)

    @property
    def place(self) -> Place:
        return self.start if self.end is None or length_hint(self.pending) else self.end

    @property
    def returned(self) -> list[T]:
        """The items that were returned."""
        return self.items[: len(self.items) - length_hint(self.pending)]


class Delivery(Generic[T]):
    """The position of one consumer."""

    unread: ClassVar[str] = ""
    """The warning for a stream that is dropped before it was read; empty for none."""

    def __init__(self, offset: str) -> None:
        self.broken: FlueError | None = None
        """The error that follows the pending items."""
        self.pending: Iterator[T] = iter([])
        """Returns the items of the current batch that are still to be returned."""
        self.current: HandOver[T] = HandOver(Place(offset), Place(offset), [], self.pending)

    @property
    def offset(self) -> str:
        return self.current.place.offset

    @property
    def up_to_date(self) -> bool:
        return self.current.place.up_to_date

    @property
    def closed(self) -> bool:
        return self.current.place.closed

    def begin(self, batch: Batch) -> list[T]:
        """Return the items of `batch` for the consumer. Sets `broken` if an error follows them."""
        return list(batch.items)

    def load(self, batch: Batch) -> None:
        """Begin to hand `batch` over; all items of the one before were returned."""
        start, items = self.current.place, self.begin(batch)
        end = None if self.broken else Place(batch.offset, batch.up_to_date, batch.closed)
        self.current = HandOver(start, end, items, iter(items))
        self.pending = self.current.pending

    def take_all(self, batch: Batch) -> list[T]:
        """Return all items of `batch` at once."""
        self.load(batch)
        return list(self.pending)

    def drop(self, before: HandOver[T]) -> None:
        """Return nothing more, since a batch may be lost that was being handed over; the offset
        stays before it. `before`: what was current when it was asked for."""
        self.pending = iter([])
        if self.current is not before:
            self.current = HandOver(self.current.start, None, [], self.pending)

    def check(self) -> None:
        if self.broken is not None:
            raise self.broken
