"""Hands over the events of an agent instance, and knows the position of its consumer to the event.

The index of an event begins again with each submission (PROTOCOL, agent events), so it names an
event only together with the submission. A position is an offset and how many events after it were
handed over; the name of the last one shows whether the server still has the same events there."""

from __future__ import annotations

from typing import Any, NamedTuple

from flue_client.models import FlueEvent

from .._stream.delivery import Delivery
from .._values.jsoncodec import as_object
from .._values.steps import Batch
from ..errors import StreamResetError
from .delivery import index_of, known_events

_REMEMBERED = 1000
_NAMES = (str, int, float, type(None))
"""What may be a part of an event's name; a list, say, cannot be one."""


class Progress(NamedTuple):
    """How far a consumer has come: the submission and the index of the last event that it was
    given, and how many events `after` the offset that makes."""

    submission_id: str | None = None
    event_index: int | None = None
    after: int = 0


class AgentEventDelivery(Delivery[FlueEvent]):
    """Events of an agent instance: typed, of the known version, each once.

    A resumed consumer passes its `progress`: so many events are left out, and the last of them must
    be the one that it names. An event that comes again, with its time, is a redelivery."""

    def __init__(self, path: str, offset: str, progress: Progress | None = None) -> None:
        super().__init__(offset)
        self.path = path
        self.dropped = 0
        self._resumed = self._before = progress or Progress()
        """The progress of the consumer before this one, and that before the current batch."""
        self._to_skip = self._resumed.after
        self._recent: dict[Any, None] = {}
        self._places: list[int] = []
        """The places of the current events in their batch."""

    @property
    def progress(self) -> Progress:
        """How far the consumer has come. Counts from the offset behind a batch that was handed over
        whole: events are left there that are to be skipped, if the batches are smaller than those
        of the consumer before."""
        current, before = self.current, self._before
        returned = current.returned
        places = self._places[: len(returned)]
        after = places[-1] + 1 if places else before.after
        names = filter(_is_whole, map(_name, reversed(returned)))
        id, index = next(names, (before.submission_id, before.event_index))
        return Progress(id, index, self._to_skip if current.is_complete else after)

    def begin(self, batch: Batch) -> list[FlueEvent]:
        self._before = self.progress
        events, self.broken = known_events(batch.items)
        skipped = min(self._to_skip, len(events))
        self._to_skip -= skipped
        if self._is_another(events, skipped, batch):
            self.broken, events = StreamResetError(offset=self.offset, tail=None), []
        new = [n for n in range(len(events)) if self._is_new(batch.items[n])]
        self._places = [n for n in new if n >= skipped]
        self.dropped += len(events) - len(self._places)
        return [events[place] for place in self._places]

    def _is_another(self, events: list[FlueEvent], skipped: int, batch: Batch) -> bool:
        """Whether the events to skip are not those that the consumer was given."""
        if self._to_skip:
            return batch.up_to_date
        name = self._resumed.submission_id, self._resumed.event_index
        return skipped > 0 and None not in name and _name(events[skipped - 1]) != name

    def _is_new(self, item: Any) -> bool:
        event = as_object(item)
        index, time = event.get("eventIndex"), event.get("timestamp")
        key = (event.get("submissionId"), index, time)
        if index is None or time is None or not all(isinstance(each, _NAMES) for each in key):
            return True
        if key in self._recent:
            return False
        self._recent[key] = None
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return True


def _name(event: FlueEvent) -> tuple[str | None, int | None]:
    id: Any = getattr(event, "submission_id", None)
    return id if isinstance(id, str) else None, index_of(event)


def _is_whole(name: tuple[str | None, int | None]) -> bool:
    return None not in name
