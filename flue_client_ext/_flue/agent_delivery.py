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
"""What may be a part of an event'"'"'s name; a list, say, cannot be one."""


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
        self.progress = progress or Progress()
        self.dropped = 0
        self._resumed = self.progress
        self._to_skip = self.progress.after
        self._recent: dict[Any, None] = {}
        self._places: list[int] = []
        """The places in their batch of the pending events, the next one last."""

    def begin(self, batch: Batch) -> list[FlueEvent]:
        events, self.broken = known_events(batch.items)
        skipped = min(self._to_skip, len(events))
        self._to_skip -= skipped
        if self._is_another(events, skipped, batch):
            self.broken, events = StreamResetError(offset=self.offset, tail=None), []
        places = [n for n in range(len(events)) if self._is_new(batch.items[n]) and n >= skipped]
        self.dropped += len(events) - len(places)
        self._places = places[::-1]
        return [events[place] for place in places]

    def take(self) -> FlueEvent:
        self.progress = _progress(self.pending[-1], self._places.pop() + 1, self.progress)
        return super().take()

    def take_all(self, batch: Batch) -> list[FlueEvent]:
        events = super().take_all(batch)
        for event, place in zip(events, self._places[::-1], strict=True):
            self.progress = _progress(event, place + 1, self.progress)
        self._leave_batch()
        return events

    def finish(self, batch: Batch) -> None:
        super().finish(batch)
        self._leave_batch()

    def _leave_batch(self) -> None:
        """Count from the offset behind the batch: events are left there that are to be skipped, if
        the batches are smaller than those of the consumer before."""
        if self.broken is None:
            self.progress = self.progress._replace(after=self._to_skip)

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


def _progress(event: FlueEvent, after: int, before: Progress) -> Progress:
    submission_id, index = _name(event)
    if submission_id is None or index is None:
        return before._replace(after=after)
    return Progress(submission_id, index, after)


def _name(event: FlueEvent) -> tuple[str | None, int | None]:
    id: Any = getattr(event, "submission_id", None)
    return id if isinstance(id, str) else None, index_of(event)
