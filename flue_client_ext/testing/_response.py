"""One response of an agent as it is written: steps of one message, deltas, tools, data parts.

Every method may be called from any thread. Once the response has been stopped, each raises
`Stopped`, so that the function that writes it ends.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from . import _entries as entries
from ._conversation_log import ConversationLog, Lost
from ._halt import Halt, Stopped
from ._ids import ulid

Kind = Literal["text", "reasoning"]


class Response:
    """The message that answers a submission, and those that have joined it."""

    def __init__(self, log: ConversationLog, submission_id: str) -> None:
        self.log = log
        self.halt = Halt(log.clock)
        self.turn = ""
        self._submission_id = submission_id
        known = log.transcript.answer_to(submission_id)
        self.started = known is not None
        self._id = known or ulid("entry", log.clock.time())
        self._open = False
        self._spoke = False
        self._failed = False
        self._base = 0
        self._metadata: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """The text so far, part by part, as a reader of the reply has it."""
        with self.log.lock:
            message = self.log.transcript.message(self._id) or {"parts": []}
        return "\n\n".join(part["text"] for part in message["parts"] if part["type"] == "text")

    def write(self, *chunks: dict[str, Any]) -> None:
        """Write a batch."""
        with self._writing():
            self.log.append(*chunks)

    @contextmanager
    def _writing(self) -> Generator[None]:
        with self.log.lock:
            self.halt.check()
            try:
                yield
            except Lost:
                raise Stopped from None

    def begin(self) -> None:
        """Begin a step, unless one is open; behind a failed attempt, take that back."""
        with self._writing():
            if self._open:
                return
            self.turn = ulid("turn", self.log.clock.time())
            if self._failed:
                self.log.transcript.cut(self._id, self._base)
                self.log.reset()
            else:
                self._base = self.log.transcript.size(self._id) if self.started else 0
                self.write(self._started())
            self._failed, self._open, self._spoke = False, True, False

    def _started(self) -> dict[str, Any]:
        told: dict[str, Any] = {"messageId": self._id, "submissionId": self._submission_id}
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

    def call(self, call_id: str, name: str, input: Any) -> None:
        """Write a tool's call, behind what was said."""
        told = {"messageId": self._id, "toolCallId": call_id, "toolName": name}
        with self.log.lock:
            self._end_block()
            self.write()
            self.write({"type": "tool-input", **told, "input": input})

    def _end_block(self) -> None:
        if self._spoke:
            self.write()
            self._spoke = False

    def outcomes(self, outcomes: Sequence[dict[str, Any]]) -> None:
        """Write what came of a step's tools, all at once."""
        self.write()
        self.write(*outcomes)

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

    def complete(self) -> None:
        """End the step, if one is open."""
        with self.log.lock:
            if not self._open:
                return
            self._end_block()
            self._open = False
            self.write({"type": "message-completed", "messageId": self._id})

    def begin_if_new(self) -> None:
        """Begin the message, unless it has begun."""
        with self.log.lock:
            if not self.started:
                self.begin()

    def fail_attempt(self) -> None:
        """End the step as an attempt of the model that is retried: what it said will be gone."""
        self.complete()
        self._failed = True

    def compact(self) -> None:
        """Write the whole state anew, as happens when a model's context has been compacted."""
        with self._writing():
            self.log.reset()

    def go_on(self) -> None:
        """Go on with what a process that has ended began: end its step, with two notices."""
        if self.started:
            self.write({"type": "message-completed", "messageId": self._id})
            self.write(*entries.interrupted(self._id, self._submission_id))
