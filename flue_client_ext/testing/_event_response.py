"""A response as Flue 1.0.0-beta.3 to .7 write it: the events of one operation, numbered from 0.

The numbers are those of one attempt at a submission: in another process they begin at 0 again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._conversation_log import ConversationLog
from ._log import DELTAS
from ._model import NamedCall, ToolCall
from ._response import Counts, Kind
from ._script import Prompt
from ._step_response import StepResponse, settled
from ._turn import Turn


class EventResponse(StepResponse):
    """The operation that answers a submission, and the log of its events."""

    def __init__(self, log: ConversationLog, submission_id: str, model: str) -> None:
        super().__init__(log, submission_id, model)
        self._index = 0
        self._prompt = Prompt(self, log.clock, None, model, log.row.conversation_id)
        self._step: Turn | None = None
        self._calling: Turn | None = None
        self._calls: list[NamedCall] = []

    def emit(self, event: Mapping[str, Any]) -> None:
        """Append an event, with a number and where it belongs."""
        row = self.log.row
        place = {"instanceId": row.id, "submissionId": self.submission_id, "agentName": row.agent}
        with self.writing():
            told = {**event, **{key: event.get(key, value) for key, value in place.items()}}
            numbered = {"v": event.get("v", 3), "eventIndex": self._index}
            self._index += 1
            write = self.log.delta if event["type"] in DELTAS else self.log.append
            write({**told, **numbered, "timestamp": self.log.moment})

    def skip(self) -> None:
        """Spend a number."""
        self._index += 1

    def flush(self) -> None:
        """Append the deltas that are held back."""
        self.log.flush()

    def write(self, *events: dict[str, Any]) -> None:
        """Append events."""
        for event in events:
            self.emit(event)

    def deliver(
        self, submission_id: str, sent: dict[str, Any], files: Sequence[dict[str, Any]], turn: str
    ) -> None:
        """Begin the operation; what was sent is not among its events."""
        self._prompt.start()

    def begin(self) -> None:
        with self.writing():
            if self._step is None:
                if self._failed:
                    self._prompt.start_agent()
                self._step = self._prompt.begin()
                self.turn = self._step.id
                self.started, self._failed, self._calls = True, False, []

    def delta(self, kind: Kind, delta: str) -> None:
        with self.writing():
            self.begin()
            assert self._step is not None
            (self._step.think if kind == "reasoning" else self._step.say)(delta)

    def call(self, call_id: str, call: ToolCall) -> None:
        """Keep a call for the end of the turn, which tells it."""
        self._calls.append((call_id, call))

    def complete(self, counts: Counts = None) -> None:
        with self.writing():
            if self._step is not None:
                self._prompt.end(self._step, self._calls, counts or {})
                self._calling, self._step = self._step, None

    def outcomes(self, calls: Sequence[NamedCall]) -> None:
        with self.writing():
            assert self._calling is not None
            self._prompt.answer(self._calling, calls)

    def break_off(self, reason: str) -> None:
        with self.writing():
            self.begin()
            assert self._step is not None
            self._prompt.fail(self._step, reason)
            self._step = None

    def fail_attempt(self) -> None:
        super().fail_attempt()
        self._prompt.end_agent()

    def compact(self) -> None:
        """Write nothing: a reader of events has no state that could be written anew."""

    def go_on(self) -> None:
        """Begin another operation, unless that is done: the one that was cut off stays as it is."""
        if not self._prompt.started:
            self._prompt.start()

    def settle(self, submission_id: str, error: dict[str, Any] | None) -> None:
        told = None if error is None else {name: error[name] for name in ("name", "message")}
        self._prompt.finish(told)
        settlement = settled(submission_id, error, self._prompt.result)
        self.emit({**settlement, "type": "submission_settled"})
