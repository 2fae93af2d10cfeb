"""Streams of the events of runs and agents, for async code."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flue_client.models import FlueEvent

from ._flue.agent_delivery import AgentEventDelivery
from ._flue.delivery import EventDelivery
from ._flue.results import EventBatch
from .async_stream import AsyncStream
from .checkpoint import AgentCheckpoint, Checkpoint


class AsyncFlueEventStream(AsyncStream[FlueEvent]):
    """The events of a run, typed, each once and in order."""

    _delivery: EventDelivery

    @property
    def run_id(self) -> str:
        """The run that is read."""
        return self._delivery.run_id

    @property
    def checkpoint(self) -> Checkpoint:
        """The position of the consumer, to the event: save it, and pass it to
        `runs.stream(resume=)`. `ValueError` before the first read since `offset="now"`."""
        delivery = self._delivery
        return Checkpoint(delivery.run_id, delivery.offset, delivery.event_index)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.run_id}, {self.stats.state}, at {self.offset}>"

    def batches(self) -> AsyncIterator[EventBatch]:
        """Iterate over `(events, offset)`, to commit both together. Batches may be empty."""
        delivery = self._delivery  # not `self`: the iterator must not keep the stream alive
        return self._in_groups(lambda batch, events: EventBatch(events, delivery.offset))


class AsyncAgentEventStream(AsyncStream[FlueEvent]):
    """The events of an agent, typed, each once and in order (Flue 1.0.0-beta.3 to beta.7).

    `event.submission_id` tells which message an event belongs to; `event.event_index` begins again
    with each."""

    _delivery: AgentEventDelivery

    @property
    def checkpoint(self) -> AgentCheckpoint:
        """The position of the consumer, to the event: save it, and pass it to
        `agents.stream(resume=)`. `ValueError` before the first read since `offset="now"`."""
        delivery = self._delivery
        return AgentCheckpoint(delivery.path, delivery.offset, *delivery.progress)

    def __repr__(self) -> str:
        of = f"{self._delivery.path}, {self.stats.state}"
        return f"<{type(self).__name__} of {of}, at {self.offset}>"

    def batches(self) -> AsyncIterator[EventBatch]:
        """Iterate over `(events, offset)`, to commit both together. Batches may be empty."""
        delivery = self._delivery  # not `self`: the iterator must not keep the stream alive
        return self._in_groups(lambda batch, events: EventBatch(events, delivery.offset))
