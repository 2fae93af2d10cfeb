"""Handing batches over to a consumer, and the checkpoint that moves behind it.

The offset moves when the last item of a batch is returned, at once for an empty batch (PROTOCOL,
offset and cancel). So it never points beyond what the consumer has seen."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any, Generic, Self, TypeVar

from attrs import field, frozen

from flue_client.models import FlueEvent, parse_event

from .._values.jsoncodec import as_object
from .._values.steps import Batch
from ..errors import FlueError, UnsupportedFlueEventVersionError

T = TypeVar("T")

EVENT_VERSION = 3
_version = itemgetter("v")


class Delivery(Generic[T]):
    """The position of one consumer. `last` is the item that it was given last."""

    def __init__(self, offset: str) -> None:
        self.offset = offset
        self.up_to_date = False
        self.closed = False
        self.last: T | None = None
        self.broken: FlueError | None = None
        self.left: list[T] = []
        """What is left of the batch that is handed over item by item, the next one last."""
        self._batch: Batch | None = None

    def begin(self, batch: Batch) -> list[T]:
        """Return what `batch` holds for the consumer. Sets `broken` if that is not all of it."""
        return list(batch.items)

    def finish(self, batch: Batch) -> None:
        """Move behind `batch`: its last item is being handed over."""
        if self.broken is None:
            self.offset = batch.offset
            self.up_to_date, self.closed = batch.up_to_date, batch.closed

    def load(self, batch: Batch) -> None:
        """Begin to hand `batch` over item by item."""
        self._batch = batch
        self.left = self.begin(batch)
        self.left.reverse()
        if not self.left:
            self.finish(batch)

    def take(self) -> T:
        """Return the next item of what is left."""
        item = self.last = self.left.pop()
        if not self.left and self._batch is not None:
            self.finish(self._batch)
        return item

    def take_all(self, batch: Batch) -> list[T]:
        """Hand `batch` over as a whole."""
        items = self.begin(batch)
        if items:
            self.last = items[-1]
        self.finish(batch)
        return items

    def check(self) -> None:
        if self.broken is not None:
            raise self.broken


def _is_string(_: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{attribute.name} must be a string, not {type(value).__name__}")


def _is_offset(instance: Any, attribute: Any, value: Any) -> None:
    _is_string(instance, attribute, value)
    if not value:
        raise ValueError(f"{attribute.name} must not be empty")


def _is_index(_: Any, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise TypeError(f"{attribute.name} must be a whole number, not {type(value).__name__}")
    if value is not None and value < 0:
        raise ValueError(f"{attribute.name} must be at least 0, not {value}")


@frozen(eq=False)
class Position:
    """Where a consumer stands in a run; its public form is the `Checkpoint`, which knows files."""

    run_id: str = field(validator=_is_string)
    offset: str = field(validator=_is_offset)
    event_index: int | None = field(default=None, validator=_is_index)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Position):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[str, str, int | None]:
        return self.run_id, self.offset, self.event_index

    def to_json(self) -> str:
        """Return the checkpoint as JSON text."""
        fields = {"runId": self.run_id, "offset": self.offset, "eventIndex": self.event_index}
        return json.dumps(fields)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return the checkpoint that `to_json` wrote; `ValueError` if it is none."""
        try:
            data = json.loads(text)
            index = data.get("eventIndex")
            return cls(run_id=data["runId"], offset=data["offset"], event_index=index)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ValueError("not the JSON text of a Checkpoint") from None


class EventDelivery(Delivery[FlueEvent]):
    """Events of a run: typed, of the known version, without those that were handled before.

    `handled` is the index up to which a resumed consumer has handled events; those at the start of
    the stream are left out. Gaps in the indexes mean nothing (PROTOCOL, events).
    """

    def __init__(self, run_id: str, offset: str, handled: int | None = None) -> None:
        super().__init__(offset)
        self.run_id = run_id
        self.dropped = 0
        self._handled = handled
        self._index = handled
        self._given: list[FlueEvent] = []

    @property
    def checkpoint(self) -> Position:
        return Position(run_id=self.run_id, offset=self.offset, event_index=self._reached())

    def _reached(self) -> int | None:
        """The index of the latest event handed over; of one before it where that one has none."""
        if self.last is None:
            return self._index
        index = index_of(self.last)
        if index is not None:
            return index
        place = next((p for p, event in enumerate(self._given) if event is self.last), -1)
        indexes = (index_of(event) for event in reversed(self._given[: place + 1]))
        return next((index for index in indexes if index is not None), self._index)

    def begin(self, batch: Batch) -> list[FlueEvent]:
        self._index = self._reached()
        events = list(map(parse_event, batch.items))
        if not _all_known(batch.items):
            self._cut_at_unknown_version(batch.items, events)
        if self._handled is not None:
            events = self._new(events, self._handled)
        self._given = list(events)
        return events

    def _cut_at_unknown_version(self, items: list[Any], events: list[FlueEvent]) -> None:
        for place, item in enumerate(items):
            if isinstance(item, dict) and as_object(item).get("v") != EVENT_VERSION:
                self.broken = UnsupportedFlueEventVersionError(
                    received=as_object(item).get("v"),
                    supported=EVENT_VERSION,
                    run_id=self.run_id,
                )
                del events[place:]
                return

    def _new(self, events: list[FlueEvent], handled: int) -> list[FlueEvent]:
        """Leave out all up to the last event that was handled; one without an index tells
        nothing."""
        start = 0
        for place, event in enumerate(events):
            index = index_of(event)
            if index is not None and index <= handled:
                start = place + 1
            elif index is not None:
                self._handled = None
                break
        self.dropped += start
        return events[start:]


def _all_known(items: list[Any]) -> bool:
    """Whether all items are events of the known version: the usual case, at a glance."""
    try:
        return {*map(_version, items)} <= {EVENT_VERSION}
    except (KeyError, TypeError):
        return False


def index_of(event: FlueEvent) -> int | None:
    """The event's index, `None` where a strange event has none."""
    index: Any = getattr(event, "event_index", None)
    known = isinstance(index, int) and not isinstance(index, bool) and index >= 0
    return index if known else None
