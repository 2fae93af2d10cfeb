"""The stream of a reply as it comes, for async code."""

from __future__ import annotations

from typing import Any

from ._flue.conversation_results import Admission, Reply
from ._flue.reply_change import ReplyChange
from ._flue.reply_delivery import ReplyDelivery
from .async_stream import AsyncStream


class AsyncReplyStream(AsyncStream[ReplyChange]):
    """An agent's reply as it comes: iterate over it.

    Yields `TextDelta`, `ReasoningDelta`, `ToolCall`, `ToolResult`, `DataUpdate` and, where the
    server takes back what it had said, `Retracted`: then `text` is empty, and what holds of it
    comes again. Without one, the text deltas joined are the reply's text.

    The message is sent when the first change is asked for. Leaving the stream early stops nothing
    at the server: that is what `conversation.abort()` is for."""

    _instead = "the rest is read by conversation.read(stream.admission)"
    _delivery: ReplyDelivery

    @property
    def text(self) -> str:
        """What a screen should show: the text of the reply as far as it was handed over."""
        return self._delivery.text

    @property
    def usage(self) -> dict[str, Any] | None:
        """The tokens and the cost of the reply so far, for display; `None` where they are unknown.

        Servers before 2.0 tell them for each step (`input`, `output`, `totalTokens`, `cost`, ...):
        this is their sum. On 2.x it is `usage` of the message's metadata, where the agent's author
        attaches one."""
        return self._delivery.answer.usage

    @property
    def admission(self) -> Admission | None:
        """The accepted message; `None` before it is known. Another process can wait for it."""
        return self._delivery.answer.admission

    @property
    def idempotency_key(self) -> str | None:
        """The key that the message is sent with; `None` if keys are turned off. Where the stream
        was cancelled before `admission` was known, sending the message again with this key finishes
        the send."""
        return self._delivery.answer.idempotency_key

    @property
    def reply(self) -> Reply:
        """The whole reply, once the iteration has ended. `RuntimeError` before, and where there is
        none, as after `cancel()`: it says how to come by the reply."""
        reply = self._delivery.answer.reply
        if reply is None:
            begun = self._counters.state != "new"
            raise RuntimeError(self._delivery.missing(self._driver.machine, begun=begun))
        return reply

    def __repr__(self) -> str:
        id = None if self.admission is None else self.admission.submission_id
        return f"<{type(self).__name__} of {id}, {self.stats.state}>"
