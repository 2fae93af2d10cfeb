"""A response as Flue 1.0.0-beta.8 and .9 write it: a message for each step, with usage and model.

What the betas do not have is not written: data parts, metadata of the author's, joined messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from . import _entries as entries
from ._conversation_log import ConversationLog
from ._model import Model, NamedCall, Spent, usage
from ._response import Counts, Kind, Response
from ._transcript import Chunk

_SENT = ("id", "role", "submissionId", "parts")
_NOTICE = ("id", "role", "parts")
_ERROR = ("name", "message", "type", "details")
_OUTCOME = ("type", "toolCallId", "output", "errorText")


def opened(chunk: Chunk) -> dict[str, Any]:
    """Return the message that begins with a `message-started`; whose answer it is, it hides."""
    metadata = {name: chunk[name] for name in ("timestamp", "model") if name in chunk}
    return {"id": chunk["messageId"], "role": "assistant", "parts": [], "metadata": metadata}


def appended(chunk: Chunk, moment: str) -> Chunk:
    """Return a message of 2.x as these servers append it: notices are a user's, too."""
    given = chunk["message"]
    names = _SENT if given["role"] == "user" else _NOTICE
    message = {name: given[name] for name in names}
    return {**chunk, "message": {**message, "role": "user", "metadata": {"timestamp": moment}}}


def settled(
    submission_id: str, error: dict[str, Any] | None, result: dict[str, Any] | None = None
) -> Chunk:
    """Return a settlement; one that is completed has the result."""
    told = {} if error is not None or result is None else {"result": result}
    return {**entries.settled(submission_id, error, None), **told}


def aborted_unheard(submission_id: str, moment: str) -> Sequence[Chunk]:
    """Return what is written of a submission that is aborted before it has begun."""
    notice = appended(entries.aborted(submission_id), moment)
    return notice, settled(submission_id, entries.abort_error())


class StepResponse(Response):
    """The messages that answer a submission."""

    def __init__(self, log: ConversationLog, submission_id: str, model: str) -> None:
        super().__init__(log, submission_id, model)
        self.model = Model.of(model)
        self._spent = Spent()
        self._deltas = 0
        self._kind: Kind | None = None
        self._blocks = 0
        self._said: list[str] = []

    @property
    def result(self) -> dict[str, Any]:
        """What a prompt that has waited is answered: the last step's text, all steps' usage."""
        spent = usage(self._spent.counts)
        return {"text": "".join(self._said), "usage": spent, "model": self.model.wire}

    def deliver(
        self, submission_id: str, sent: dict[str, Any], files: Sequence[dict[str, Any]], turn: str
    ) -> None:
        message = entries.delivered(submission_id, sent, files, turn)
        self.write(appended(message, self.log.moment))

    def delivered(self) -> None:
        """Write nothing: these servers record nothing more."""

    def _begin(self) -> None:
        """Begin a message, behind a failed attempt too: these servers take nothing back."""
        self.started, self._deltas, self._said = True, 0, []
        self._id = f"entry_{uuid4()}"
        told = {"messageId": self._id, "submissionId": self.submission_id}
        self.write({"type": "message-started", **told, "model": self.model.wire})

    def delta(self, kind: Kind, delta: str) -> None:
        with self.writing():
            self.begin()
            if self._kind != kind:
                self._kind, self._blocks = kind, self._blocks + 1
                self.log.use_up()
            told = {"messageId": self._id, "kind": kind, "delta": delta}
            self.log.delta({"type": "message-delta", **told})
        self._deltas += 1
        if kind == "text":
            self._said.append(delta)

    def break_off(self, reason: str) -> None:
        """End the step as one in which the model has failed; unless one is open, begin it first."""
        self.begin()
        self.complete()

    def _end_block(self, *, calls: bool = False) -> None:
        for _ in range(self._blocks):
            self.write()
        self._kind, self._blocks = None, 0

    def _completed(self, counts: Counts) -> dict[str, Any]:
        told = {"type": "message-completed", "messageId": self._id, "usage": usage()}
        if counts is None:
            return told
        spent = self._spent.add(counts, self._deltas)
        return {**told, "usage": {**usage(spent), "reasoning": 0}}

    def outcomes(self, calls: Sequence[NamedCall]) -> None:
        told = [entries.outcome(call_id, call) for call_id, call in calls]
        self.write()
        self.write(*({name: one[name] for name in _OUTCOME if name in one} for one in told))

    def data(self, name: str, value: Any) -> None:
        """Write nothing: these servers have no data parts."""

    def metadata(self, values: Mapping[str, Any]) -> None:
        """Write nothing: these servers have no metadata of the author's."""

    def model_error(self, reason: str) -> dict[str, Any]:
        return _plain(super().model_error(reason))

    def internal_error(self) -> dict[str, Any]:
        error = _plain(super().internal_error())
        return {**error, "details": error["details"].partition(" When reporting")[0]}

    def go_on(self) -> None:
        """End the message that was cut off, with two notices if it has said anything."""
        cut = self.log.transcript.message(self._id)
        if cut is None or "usage" in cut["metadata"]:
            return
        said = any(part["type"] in ("text", "reasoning") for part in cut["parts"])
        notices = entries.interrupted(self._id, self.submission_id) if said else []
        told = [appended(notice, self.log.moment) for notice in notices]
        self.write(self._completed(None), *told)

    def abort(self) -> None:
        self.complete()
        self.write(appended(entries.aborted(self.submission_id), self.log.moment))

    def settle(self, submission_id: str, error: dict[str, Any] | None) -> None:
        self.write(settled(submission_id, error, self.result))


def _plain(error: dict[str, Any]) -> dict[str, Any]:
    return {name: error[name] for name in _ERROR}
