"""Asking an agent and showing its reply as it comes, however the conversation's stream is cut,
moved or reset.

The updates since the admission tell it all, unless the message joins a response that had begun
before: then the conversation is looked at, and followed from there."""

from __future__ import annotations

from typing import Any

from .._stream.options import Live
from .._stream.stats import Counters
from .._values.jsoncodec import as_object
from .._values.steps import Batch, Emit, Flow
from .asking import reply_in, start_offset
from .conversation_api import ConversationApi
from .conversation_results import Admission, Reply
from .dialects import Outgoing
from .fold import Fold
from .growing_message import Json
from .reply import reply_message
from .reply_change import ReplyChange
from .reply_changes import ReplyChanges
from .sending import send
from .settling import Settled, Settling, history_after


class Answer:
    """What is known of an answer: the key and admission of its message, its changes, the whole
    reply."""

    def __init__(self, outgoing: Outgoing) -> None:
        self.idempotency_key: str | None = outgoing.body.get("idempotencyKey")
        self.admission: Admission | None = None
        self.changes: ReplyChanges | None = None
        self.reply: Reply | None = None

    @property
    def usage(self) -> Json | None:
        """The tokens and the cost so far, where they are known."""
        return None if self.changes is None else self.changes.usage


def ask_stream(
    api: ConversationApi, outgoing: Outgoing, answer: Answer, counters: Counters, live: Live
) -> Flow[None]:
    """Send a message; emit the changes of the reply, each update's as a batch. Completes `answer`;
    raises what became of the submission unless it completed."""
    admission = answer.admission = yield from send(api, outgoing, deadline=False)
    answer.idempotency_key = admission.idempotency_key
    streaming = ReplyStreaming(api, admission.submission_id, counters, live)
    answer.changes = streaming.changes
    settled = yield from streaming.run(start_offset(admission, watched=False))
    snapshot = yield from streaming.finish(settled)
    settled.completed(streaming.id)
    answer.reply = reply_in(snapshot, streaming.id, admission.uid)


class ReplyStreaming(Settling):
    """One submission whose reply is shown until it has settled."""

    def __init__(
        self, api: ConversationApi, submission_id: str, counters: Counters, live: Live
    ) -> None:
        super().__init__(api, submission_id, counters, live)
        self.changes = ReplyChanges(submission_id)
        self._fold = Fold()
        self._from_history = self._has_joined = False

    def run(self, offset: str | None) -> Flow[Settled]:
        if offset is not None:
            yield from self._follow_or_look(offset, None)
            if self._found is not None:
                return self._found
        self._has_joined = False
        return (yield from super().run(None))

    def finish(self, settled: Settled) -> Flow[Json]:
        """Return the conversation with the whole reply; show what was not shown of it."""
        snapshot = self._fold.snapshot()
        completed = settled.settlement.get("outcome") == "completed"
        missing = completed and reply_message(snapshot, self.id) is None
        if missing and not self._from_history:
            snapshot = yield from history_after(self._api, settled, self.id)
        yield from self._advance(snapshot)
        return snapshot

    def _is_over(self) -> bool:
        return self._has_joined or super()._is_over()

    def _adopt(self, snapshot: Json) -> None:
        super()._adopt(snapshot)
        self._fold, self._from_history = Fold(snapshot), True

    def _follow(self, offset: str, incarnation: str | None) -> Flow[None]:
        if self._from_history:
            yield from self._advance(self._fold.snapshot())
        yield from super()._follow(offset, incarnation)

    def _take(self, batch: Batch) -> Flow[None]:
        self._has_joined = not self._from_history and any(map(self._joins, batch.items))
        if self._has_joined:
            return
        self._fold.incarnation = self._updates.incarnation
        changes = self.changes.apply_batch(self._fold, batch.items, batch.offset)
        yield from _show(changes, batch.offset)
        yield from super()._take(batch)

    def _advance(self, snapshot: Json) -> Flow[None]:
        return _show(self.changes.advance(snapshot), str(snapshot.get("offset")))

    def _joins(self, item: Any) -> bool:
        """Whether an update says that another submission's response answers this one, too."""
        chunk = as_object(item)
        if chunk.get("type") == "submission-settled":
            if chunk.get("submissionId") != self.id or chunk.get("outcome") != "completed":
                return False
            describes_own = "result" in chunk  # before 2.0, where no submission joins another
            return not describes_own and chunk.get("answeredBySubmissionId") != self.id
        message = as_object(chunk.get("message"))
        own = message.get("submissionId") == self.id and message.get("role") != "assistant"
        return own and bool(message.get("turnId"))


def _show(changes: list[ReplyChange], offset: str) -> Flow[None]:
    if changes:
        yield Emit(Batch(changes, offset, False, False))
