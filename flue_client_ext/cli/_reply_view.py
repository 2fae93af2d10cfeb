"""A reply for people, as it comes: text, reasoning, tools with their durations, data.

On a terminal it is drawn anew until it has ended, so that text which the server takes back is gone
from the screen; then it is printed once. Elsewhere each part is printed when the next begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from rich.text import Text

from .._flue.reply_change import (
    DataUpdate,
    ReasoningDelta,
    ReplyChange,
    Retracted,
    TextDelta,
    ToolCall,
    ToolResult,
)
from ._message_text import data_line, tool_line
from ._spending import Spending
from ._view import Growing, View, duration_text

if TYPE_CHECKING:
    from .._flue.conversation_results import Reply
    from ..reply_stream import ReplyStream

_STYLES = {"text": "", "reasoning": "dim italic"}


class _Saying:
    """Text or reasoning that grows."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.growing = Growing()


class _Calling:
    """A tool call: `part` is as a message has it."""

    def __init__(self, call: ToolCall) -> None:
        self.part: dict[str, Any] = {
            "toolName": call.name,
            "toolCallId": call.call_id,
            "input": call.input,
        }
        self.began = time.monotonic()

    def finish(self, result: ToolResult) -> None:
        failed = result.error is not None
        self.part = {
            **self.part,
            "state": "output-error" if failed else "output-available",
            "output": result.output,
            "errorText": result.error,
            "durationMs": result.duration_ms,
        }


class ReplyView(View):
    """Shows the changes of one reply."""

    def __init__(self, stream: TextIO, moving: bool = True) -> None:
        super().__init__(stream, moving)
        self._items: list[_Saying | _Calling | Text] = []
        self._printed = False
        self._usage: Callable[[], Any] = lambda: None

    def change(self, change: ReplyChange) -> None:
        """Show one change."""
        if isinstance(change, TextDelta):
            self._say("text", change.text)
        elif isinstance(change, ReasoningDelta):
            self._say("reasoning", change.text)
        elif isinstance(change, Retracted):
            self._retract()
        elif isinstance(change, ToolCall):
            self._add(_Calling(change))
        elif isinstance(change, ToolResult):
            for item in self._items:
                if isinstance(item, _Calling) and item.part["toolCallId"] == change.call_id:
                    item.finish(change)
        else:
            self._add(_data(change))

    def asks(self, stream: ReplyStream) -> None:
        """Show what the stream knows beside its changes: tokens, cost, the connection."""
        self.follows(stream)
        self._usage = lambda: stream.usage

    def whole(self, reply: Reply) -> None:
        """Show a reply that came without a stream."""
        self._say("text", reply.text)
        self._usage = lambda: reply.usage

    def region(self) -> list[Text]:
        """The reply so far."""
        spinner = self.spinner()
        lines: list[Text] = []
        for item in list(self._items):
            if isinstance(item, _Saying):
                lines.append(item.growing.tail(_STYLES[item.kind]))
            elif isinstance(item, _Calling):
                took = duration_text((time.monotonic() - item.began) * 1000)
                lines.append(tool_line(item.part, self.symbols, f"{spinner} {took}"))
            else:
                lines.append(item)
        facts = [*self._facts(), *self.connection()]
        return [*lines, Text(f"{spinner} {self.symbols.dot.join(facts)}", "dim")]

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._put()
        facts = self._facts()
        if exception[0] is None and (self.moving or facts[1:]):
            self.line(self.symbols.dot.join(facts), "dim")

    def _facts(self) -> list[str]:
        return [self.elapsed(), *Spending().add(self._usage()).words()]

    def _say(self, kind: str, text: str) -> None:
        last = self._items[-1] if self._items else None
        if not (isinstance(last, _Saying) and last.kind == kind):
            last = _Saying(kind)
            self._add(last)
        last.growing.add(text)

    def _add(self, item: _Saying | _Calling | Text) -> None:
        if not self.moving and not self._running():
            self._put()
        self._items.append(item)

    def _running(self) -> bool:
        """Whether a tool has not returned: it is printed with its result."""
        return any(isinstance(each, _Calling) and "state" not in each.part for each in self._items)

    def _retract(self) -> None:
        self._items = [item for item in self._items if not isinstance(item, _Saying)]
        if self._printed:
            self.line("(what was said so far is taken back)", "yellow")

    def _put(self) -> None:
        """Print what there is, for good."""
        items, self._items = self._items, []
        for item in items:
            if isinstance(item, _Saying):
                if text := item.growing.take():
                    self.line(text, _STYLES[item.kind])
                    self._printed = True
            elif isinstance(item, _Calling):
                self.line(tool_line(item.part, self.symbols))
            else:
                self.line(item)


def _data(change: DataUpdate) -> Text:
    return data_line(change.name, change.data)
