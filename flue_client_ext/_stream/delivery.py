"""Hands batches over to a consumer.

The offset moves when the last item of a batch is returned, at once for an empty batch (PROTOCOL,
offset and cancel). So it never points beyond what the consumer has seen."""

from __future__ import annotations

from typing import Generic, TypeVar

from .._values.steps import Batch
from ..errors import FlueError

T = TypeVar("T")


class Delivery(Generic[T]):
    """The position of one consumer. `last` is the item that it was given last."""

    def __init__(self, offset: str) -> None:
        self.offset = offset
        self.up_to_date = False
        self.closed = False
        self.last: T | None = None
        self.broken: FlueError | None = None
        self.pending: list[T] = []
        """The items of the current batch that are still to be returned, the next one last."""
        self._batch: Batch | None = None

    def begin(self, batch: Batch) -> list[T]:
        """Return the items of `batch` for the consumer. Sets `broken` if an error follows them."""
        return list(batch.items)

    def finish(self, batch: Batch) -> None:
        """Move the offset past `batch`: its last item is being returned."""
        if self.broken is None:
            self.offset = batch.offset
            self.up_to_date, self.closed = batch.up_to_date, batch.closed

    def load(self, batch: Batch) -> None:
        """Begin to hand `batch` over item by item."""
        self._batch = batch
        self.pending = self.begin(batch)
        self.pending.reverse()
        if not self.pending:
            self.finish(batch)

    def take(self) -> T:
        """Return the next pending item."""
        item = self.last = self.pending.pop()
        if not self.pending and self._batch is not None:
            self.finish(self._batch)
        return item

    def take_all(self, batch: Batch) -> list[T]:
        """Return all items of `batch` at once."""
        items = self.begin(batch)
        if items:
            self.last = items[-1]
        self.finish(batch)
        return items

    def check(self) -> None:
        if self.broken is not None:
            raise self.broken
