"""Waiting until a submission settles where a conversation is a stream of events (beta.3 to beta.7,
PROTOCOL, agent events)."""

from __future__ import annotations

from typing import Any

from .._stream.for_each import for_each_batch
from .._stream.options import Live
from .._stream.stats import Counters
from .._values.jsoncodec import as_object
from .._values.steps import Batch, Flow
from ..errors import FlueExecutionError
from .agent_events import events
from .conversation_api import ConversationApi
from .settling import TARGET, Settled

Json = dict[str, Any]

_SETTLEMENT = ("submissionId", "outcome", "result", "error")
"""The fields of the event `submission_settled` that are the settlement."""


class EventSettling:
    """One submission that is waited for. The data that the agent has sent are gathered."""

    def __init__(
        self, api: ConversationApi, submission_id: str, counters: Counters, live: Live
    ) -> None:
        self._api = api
        self._id = submission_id
        self._counters = counters
        self._live: Live = live
        self._data: dict[Any, tuple[str, Any]] = {}
        self._found: Settled | None = None

    def run(self, offset: str | None) -> Flow[Settled]:
        """Follow the events since the `offset` of the admission until the submission has settled;
        without one, all events of an instance that may not be there."""
        exists = offset is not None
        stream = events(self._api, exists=exists, ends=lambda items: self._found is not None)
        flow = self._api.follow(stream, offset or "-1", self._live, self._counters)
        yield from for_each_batch(flow, self._take)
        if self._found is None:
            raise FlueExecutionError(
                target=TARGET, target_id=self._id, failure="terminal_event_missing"
            )
        return self._found

    def _take(self, batch: Batch) -> Flow[None]:
        for event in map(as_object, batch.items):
            if event.get("submissionId") != self._id:
                continue
            if event.get("type") == "data":
                self._keep(event)
            elif event.get("type") == "submission_settled":
                self._found = self._settled(event, batch.offset)
        yield from ()

    def _keep(self, event: Json) -> None:
        """Keep the value of a data part: the latest of one id, every one without an id."""
        name, id = event.get("name"), event.get("id")
        if isinstance(name, str):
            key = (name, id) if isinstance(id, str) else len(self._data)
            self._data[key] = (name, event.get("data"))

    def _settled(self, event: Json, offset: str) -> Settled:
        """Return the settlement, and the conversation as far as events show it."""
        settlement = {name: event[name] for name in _SETTLEMENT if name in event}
        data: dict[str, list[Any]] = {}
        for name, value in self._data.values():
            data.setdefault(name, []).append(value)
        snapshot: Json = {"offset": offset, "messages": [], "settlements": [settlement]}
        return Settled(settlement, snapshot, data)
