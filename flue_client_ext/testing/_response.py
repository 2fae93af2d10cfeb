"""One response of an agent as it is written: steps of one message, deltas, tools, data parts.

Every method may be called from any thread. Once the response has been stopped, each raises
`Stopped`, so that the function that writes it ends. This is how Flue 2.x writes; the responses of
the betas (`_step_response`, `_event_response`) have the same methods.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from . import _entries as entries
from ._conversation_log import ConversationLog, Lost
from ._halt import Halt, Stopped
from ._ids import ulid
from ._model import NamedCall, ToolCall

Kind = Literal["text", "reasoning"]
Counts = Mapping[str, int] | None


class Response:
    """The message that answers a submission, and those that have joined it."""

    def __init__(self, log: ConversationLog, submission_id: str, model: str) -> None:
        self.log = log
        self.halt = Halt(log.clock)
        self.turn = ""
        self.submission_id = submission_id
        known = log.transcript.answers_to(submission_id)
        self.started = bool(known)
        self._id = known[-1] if known else ulid("entry", log.clock.time())
        self._first = log.head == 0
        self._open = False
        self._spoke = False
        self._failed = False
        self._base = 0
        self._metadata: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """The text so far, part by part, as a reader of the reply has it."""
        transcript = self.log.transcript
        with self.log.lock:
            messages = map(transcript.message, transcript.answers_to(self.submission_id))
            parts = [part for message in messages if message for part in message["parts"]]
        return "\n\n".join(part["text"] for part in parts if part["type"] == "text")

    def write(self, *chunks: dict[str, Any]) -> None:
        """Write a batch."""
        with self.writing():
            self.log.append(*chunks)

    @contextmanager
    def writing(self) -> Generator[None]:
        """Hold the conversation's lock; raise `Stopped` unless the response may still write."""
        with self.log.lock:
            self.halt.check()
            try:
                yield
            except Lost:
                raise Stopped from None

    def deliver(
        self, submission_id: str, sent: dict[str, Any], files: Sequence[dict[str, Any]], turn: str
    ) -> None:
        """Write a message that was sent; `turn` is that which it has joined, if it has."""
        self.write(entries.delivered(submission_id, sent, files, turn))

    def delivered(self) -> None:
        """Use up the batches in which the runtime records what follows for itself."""
        for _ in range(2 if self._first else 1):
            self.write()

    def begin(self) -> None:
        """Begin a step, unless one is open; behind a failed attempt, take that back."""
        with self.writing():
            if not self._open:
                self.turn = ulid("turn", self.log.clock.time())
                self._begin()
                self._failed, self._open, self._spoke = False, True, False

    def _begin(self) -> None:
        if self._failed:
            self.log.transcript.cut(self._id, self._base)
            self.log.reset()
        else:
            self._base = self.log.transcript.size(self._id) if self.started else 0
            self.write(self._started())

    def _started(self) -> dict[str, Any]:
        told: dict[str, Any] = {"messageId": self._id, "submissionId": self.submission_id}
        meta = {"metadata": self._metadata} if self._metadata and not self.started else {}
        self.started = True
        return {"type": "message-started", **told, "turnId": self.turn, **meta}

    def delta(self, kind: Kind, delta: str) -> None:
        """Write a delta; the block that it begins uses a batch up."""
        with self.log.lock:
            self.begin()
            if not self._spoke:
                self.write()
                self._spoke = True
            told = {"messageId": self._id, "kind": kind, "delta": delta}
            self.log.delta({"type": "message-delta", **told})

    def call(self, call_id: str, call: ToolCall) -> None:
        """Write a tool's call, behind what was said."""
        told = {"messageId": self._id, "toolCallId": call_id, "toolName": call.name}
        with self.log.lock:
            self._end_block(calls=True)
            self.write({"type": "tool-input", **told, "input": dict(call.args)})

    def _end_block(self, *, calls: bool = False) -> None:
        if self._spoke:
            self.write()
            self._spoke = False
        if calls:
            self.write()

    def outcomes(self, calls: Sequence[NamedCall]) -> None:
        """Write what came of a step's tools, all at once."""
        self.write()
        self.write(*(entries.outcome(call_id, call) for call_id, call in calls))

    def data(self, name: str, value: Any) -> None:
        """Write a data part, or its new value."""
        with self.log.lock:
            self.begin_if_new()
            told = {"messageId": self._id, "name": name, "data": value}
            self.write({"type": "data-part", **told})

    def metadata(self, values: Mapping[str, Any]) -> None:
        """Merge into the message's metadata, with which it begins if it has not begun."""
        with self.log.lock:
            if self.started:
                told = {"messageId": self._id, "metadata": dict(values)}
                self.write({"type": "message-metadata", **told})
            else:
                self._metadata.update(values)

    def complete(self, counts: Counts = None) -> None:
        """End the step, if one is open, with its counts of tokens."""
        with self.log.lock:
            if not self._open:
                return
            self._end_block()
            self._open = False
            self.write(self._completed(counts))

    def _completed(self, counts: Counts) -> dict[str, Any]:
        return {"type": "message-completed", "messageId": self._id}

    def begin_if_new(self) -> None:
        """Begin the message, unless it has begun."""
        with self.log.lock:
            if not self.started:
                self.begin()

    def fail_attempt(self) -> None:
        """End the step as an attempt of the model that is retried: what it said will be gone."""
        self.break_off("The model is overloaded.")
        self._failed = True

    def break_off(self, reason: str) -> None:
        """End the step as one in which the model has failed; without any, begin one first."""
        self.begin_if_new()
        self.complete()

    def compact(self) -> None:
        """Write the whole state anew, as happens when a model's context has been compacted."""
        with self.writing():
            self.log.reset()

    def go_on(self) -> None:
        """Go on with what a process that has ended began: end its step, with two notices."""
        if self.started:
            self.write({"type": "message-completed", "messageId": self._id})
            self.write(*entries.interrupted(self._id, self.submission_id))

    def model_error(self, reason: str) -> dict[str, Any]:
        """Return the error of a submission whose model has failed."""
        return entries.model_error(self.submission_id, reason)

    def internal_error(self) -> dict[str, Any]:
        """Return the error of a submission whose agent has raised."""
        return entries.internal_error()

    def abort(self) -> None:
        """Write that the submission is aborted, which its settlement follows."""
        self.complete()
        self.write(entries.aborted(self.submission_id))

    def settle(self, submission_id: str, error: dict[str, Any] | None) -> None:
        """Write the settlement of the submission, or of one that has joined it."""
        host = self.submission_id if self.started else None
        self.write(entries.settled(submission_id, error, host))
