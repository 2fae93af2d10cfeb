"""Handing over a reply as it comes, and its text as far as it was handed over."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Any

from .._stream.delivery import Delivery
from .._stream.machine import Machine
from .._stream.states import ABORTED
from .._values.steps import Batch
from .reply_change import ReplyChange, Retracted, TextDelta
from .reply_streaming import Answer


class ReplyDelivery(Delivery[ReplyChange]):
    """The changes of one reply; `answer` is what else is known of it."""

    unread = "a reply stream was dropped before it was read: its message was not sent"

    def __init__(self, answer: Answer) -> None:
        super().__init__("-1")
        self.answer = answer
        self._before = StringIO()
        """The text before the current batch."""

    @property
    def text(self) -> str:
        """What a screen should show."""
        before = self._before.getvalue()  # first: another thread may see less of it, nothing twice
        added, retracted = _effect(self.current.returned)
        return added if retracted else before + added

    def missing(self, reading: Machine[Any], *, begun: bool) -> str:
        """Say why there is no reply, and how to come by it. `begun`: something was asked for."""
        cancelled = reading.state is ABORTED or (not reading.ended and reading.signal.aborted)
        if not (reading.ended or cancelled):
            return "there is no reply yet: read this stream to its end"
        if not begun:
            return "there is no reply: this stream ended before it was read, and nothing was sent"
        what = "was cancelled" if cancelled else "has ended"
        if self.answer.admission is not None:
            later = "conversation.read(stream.admission) waits for it"
        elif self.answer.idempotency_key is not None:
            later = "send the message again with stream.idempotency_key, which finishes the send"
        else:
            later = "whether the message was accepted is not known"
        return f"this stream {what} before the reply was whole: {later}"

    def load(self, batch: Batch) -> None:
        added, retracted = _effect(self.current.returned)
        super().load(batch)
        if retracted:
            self._before = StringIO()
        self._before.write(added)


def _effect(changes: Iterable[ReplyChange]) -> tuple[str, bool]:
    """Return the text that `changes` add, and whether they take back all that was before them."""
    texts: list[str] = []
    retracted = False
    for change in changes:
        if isinstance(change, TextDelta):
            texts.append(change.text)
        elif isinstance(change, Retracted):
            texts, retracted = [], True
    return "".join(texts), retracted
