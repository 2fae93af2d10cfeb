"""Handing over a reply as it comes, and its text as far as it was handed over."""

from __future__ import annotations

from io import StringIO

from .._stream.delivery import Delivery
from .reply_change import ReplyChange, Retracted, TextDelta
from .reply_streaming import Answer


class ReplyDelivery(Delivery[ReplyChange]):
    """The changes of one reply; `answer` is what else is known of it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("-1")
        self.answer = answer
        self._text = StringIO()

    @property
    def text(self) -> str:
        """What a screen should show."""
        return self._text.getvalue()

    def take(self) -> ReplyChange:
        change = super().take()
        if isinstance(change, TextDelta):
            self._text.write(change.text)
        elif isinstance(change, Retracted):
            self._text = StringIO()
        return change
