"""The updates of a conversation for people, one after another as they come.

It reads them as they were received, and passes over what it does not understand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

from rich.text import Text

from .._flue.usage import usage_of
from .._values.jsoncodec import as_array, as_object
from ._events import Item
from ._message_text import data_line, message_lines, role_line, tool_line
from ._printable import brief, printable_text
from ._spending import Spending
from ._view import Growing, View, duration_text

_STYLES = {"text": "", "reasoning": "dim italic"}
_OUTCOMES = {"completed": "green", "failed": "red"}


class UpdateView(View):
    """Shows updates from wherever they begin: what came before is not known."""

    def __init__(self, stream: TextIO, moving: bool = True) -> None:
        super().__init__(stream, moving)
        self._message: object = None
        self._kind, self._growing = "text", Growing()
        #: What was printed of the text of the present message.
        self._said: list[str] = []
        #: The calls under way, as parts of a message, with the time of each.
        self._calls: dict[str, tuple[dict[str, Any], float]] = {}
        self._usages: dict[object, Any] = {}
        self._effects: dict[str, Callable[[dict[str, Any]], None]] = {
            "conversation-reset": self._reset,
            "message-appended": self._appended,
            "message-started": self._started,
            "message-delta": self._delta,
            "message-metadata": self._metadata,
            "message-completed": self._completed,
            "tool-input": self._call,
            "tool-output": self._result,
            "tool-output-error": self._result,
            "data-part": self._data,
            "submission-settled": self._settled,
        }

    def show(self, item: Item) -> None:
        chunk = item.to_dict()
        effect = self._effects.get(str(chunk.get("type")))
        if effect is not None:
            effect(chunk)

    def gap(self) -> None:
        """Print the text so far: something was left out behind it."""
        self._put()

    def region(self) -> list[Text]:
        """The text that comes, the calls under way."""
        lines = [self._growing.tail(_STYLES[self._kind])] if self._growing else []
        now = time.monotonic()
        for part, began in list(self._calls.values()):
            took = duration_text((now - began) * 1000)
            lines.append(tool_line(part, self.symbols, f"{self.spinner()} {took}"))
        facts = self.symbols.dot.join([self.elapsed(), *self._spent(), *self.connection()])
        return [*lines, Text(f"{self.spinner()} {facts}", "dim")]

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._put()

    def _reset(self, chunk: dict[str, Any]) -> None:
        """Say so if text that was printed is not there any more; go on with what grows."""
        self._growing.take()
        self._calls.clear()
        parts = self._parts_in(as_object(chunk.get("snapshot")))
        texts = [
            printable_text(each["text"]) for each in parts if isinstance(each.get("text"), str)
        ]
        kept = [said for said in self._said if any(said in text for text in texts)]
        if len(kept) < len(self._said):
            self.line("(what was said so far is taken back)", "yellow")
        self._said = kept
        if parts and parts[-1].get("state") == "streaming":
            self._delta({"kind": parts[-1].get("type"), "delta": parts[-1].get("text")})

    def _parts_in(self, snapshot: dict[str, Any]) -> list[dict[str, Any]]:
        """The parts of the present message."""
        for message in map(as_object, as_array(snapshot.get("messages"))):
            if message.get("id") == self._message:
                return [as_object(part) for part in as_array(message.get("parts"))]
        return []

    def _appended(self, chunk: dict[str, Any]) -> None:
        self._put()
        for line in message_lines(as_object(chunk.get("message")), self.symbols):
            self.line(line)

    def _started(self, chunk: dict[str, Any]) -> None:
        self._put()
        if chunk.get("messageId") != self._message:  # else: the next step of the same response
            self._message, self._said = chunk.get("messageId"), []
            self.line(role_line("assistant"))

    def _delta(self, chunk: dict[str, Any]) -> None:
        kind, delta = chunk.get("kind"), chunk.get("delta")
        if kind in _STYLES and isinstance(delta, str):
            if kind != self._kind:
                self._put()
                self._kind = kind
            self._growing.add(delta)

    def _metadata(self, chunk: dict[str, Any]) -> None:
        self._spend(chunk, usage_of(chunk))

    def _completed(self, chunk: dict[str, Any]) -> None:
        self._put()
        self._spend(chunk, chunk.get("usage"))

    def _call(self, chunk: dict[str, Any]) -> None:
        self._put()
        self._calls[str(chunk.get("toolCallId"))] = chunk, time.monotonic()

    def _result(self, chunk: dict[str, Any]) -> None:
        call, _ = self._calls.pop(str(chunk.get("toolCallId")), ({}, 0.0))
        failed = chunk.get("type") == "tool-output-error"
        state = "output-error" if failed else "output-available"
        self.line(tool_line({**call, **chunk, "state": state}, self.symbols))

    def _data(self, chunk: dict[str, Any]) -> None:
        self._put()
        self.line(data_line(str(chunk.get("name")), chunk.get("data")))

    def _settled(self, chunk: dict[str, Any]) -> None:
        self._put()
        self._calls.clear()
        outcome = chunk.get("outcome")
        good = outcome == "completed"
        words = f"{self.symbols.done if good else self.symbols.failed} {brief(outcome)}"
        if (error := chunk.get("error")) is not None:
            words += f": {brief(as_object(error).get('message') or error, 300)}"
        line = Text(words, _OUTCOMES.get(str(outcome), "yellow"))
        self.line(line.append("".join(f"  {fact}" for fact in self._spent()), "dim"))

    def _spend(self, chunk: dict[str, Any], usage: Any) -> None:
        if usage is not None:
            self._usages[chunk.get("messageId")] = usage

    def _spent(self) -> list[str]:
        spending = Spending()
        for usage in list(self._usages.values()):
            spending.add(usage)
        return spending.words()

    def _put(self) -> None:
        if text := self._growing.take():
            self._said.append(text)
            self.line(text, _STYLES[self._kind])
