"""Hands over the events of a run, and knows the position of its consumer to the event."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from flue_client.models import FlueEvent, parse_events

from .._stream.delivery import Delivery
from .._values.jsoncodec import as_object
from .._values.steps import Batch
from ..errors import UnsupportedFlueEventVersionError

EVENT_VERSION = 3
_version = itemgetter("v")


class EventDelivery(Delivery[FlueEvent]):
    """Events of a run: typed, of the known version, without those that were handled before.

    `handled` is the index up to which a resumed consumer has handled events. Such events at the
    start of the stream are dropped. Gaps in the indexes mean nothing (PROTOCOL, events).
    """

    def __init__(self, run_id: str, offset: str, handled: int | None = None) -> None:
        super().__init__(offset)
        self.run_id = run_id
        self.dropped = 0
        self._handled = handled
        self._index = handled
        """The index of the latest event before the current batch."""

    @property
    def event_index(self) -> int | None:
        """The index of the latest event that was handed over and has one."""
        indexes = map(index_of, reversed(self.current.returned))
        return next((index for index in indexes if index is not None), self._index)

    def begin(self, batch: Batch) -> list[FlueEvent]:
        self._index = self.event_index
        events, self.broken = known_events(batch.items, self.run_id)
        return events if self._handled is None else self._new(events, self._handled)

    def _new(self, events: list[FlueEvent], handled: int) -> list[FlueEvent]:
        """Drop the events up to the last one that was handled. An event without an index is dropped
        only if a later one was handled."""
        start = 0
        for at, event in enumerate(events):
            index = index_of(event)
            if index is not None and index <= handled:
                start = at + 1
            elif index is not None:
                self._handled = None
                break
        self.dropped += start
        return events[start:]


def known_events(
    items: list[Any], run_id: str | None = None
) -> tuple[list[FlueEvent], UnsupportedFlueEventVersionError | None]:
    """Return the events before the first one of another version, and the error that follows."""
    events = parse_events(items)
    if not _all_known(items):
        for at, item in enumerate(items):
            if isinstance(item, dict) and as_object(item).get("v") != EVENT_VERSION:
                received = as_object(item).get("v")
                error = UnsupportedFlueEventVersionError(
                    received=received, supported=EVENT_VERSION, run_id=run_id
                )
                return events[:at], error
    return events, None


def _all_known(items: list[Any]) -> bool:
    """Whether all items are events of the known version. Fast, since they usually are."""
    try:
        return list(map(_version, items)).count(EVENT_VERSION) == len(items)
    except (KeyError, TypeError):
        return False


def index_of(event: FlueEvent) -> int | None:
    """The event's index, `None` where an unknown event has none."""
    index: Any = getattr(event, "event_index", None)
    known = isinstance(index, int) and not isinstance(index, bool) and index >= 0
    return index if known else None
