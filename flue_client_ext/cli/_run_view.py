"""A run for people: its phases, its text, its tools with their durations, what it has spent.

It reads the events as they were received, and passes over what it does not understand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

from rich.text import Text

from .._values.jsoncodec import as_object
from ._event_text import named, reason, result_of, text_of, word
from ._events import Item
from ._printable import brief, printable_line
from ._spending import Spending
from ._view import Growing, View, duration_text

_LEVELS = {"warn": "yellow", "error": "red"}
#: What begins and ends, by the type of the event: where its name is.
_BEGINS = {"operation_start": "operationKind", "task_start": "agent", "tool_start": "toolName"}
_ENDS = {"operation": "operationKind", "task": "agent", "tool": "toolName"}
_IDS = {"operation": "operationId", "task": "taskId", "tool": "toolCallId"}


class RunView(View):
    """Shows the events of one run."""

    def __init__(self, stream: TextIO, moving: bool) -> None:
        super().__init__(stream, moving)
        self._spending = Spending()
        self._thinking, self._text = Growing(), Growing()
        #: What is under way: its words and when it began, by its id.
        self._open: dict[str, tuple[str, float]] = {}
        #: Whether the message that comes was streamed.
        self._streamed = False
        self._others: dict[str, Callable[[dict[str, Any]], None]] = {
            "run_start": self._run_start,
            "run_resume": self._run_resume,
            "run_end": self._run_end,
            "submission_settled": self._settled,
            "text_delta": self._text_delta,
            "thinking_delta": self._thinking_delta,
            "thinking_end": self._thinking_end,
            "message_end": self._message_end,
            "turn": self._turn,
            "log": self._log,
            "compaction": self._compaction,
        }

    def show(self, item: Item) -> None:
        event = item.to_dict()
        kind = _word(event.get("type"))
        if kind in _BEGINS:
            self._begun(kind.removesuffix("_start"), event.get(_BEGINS[kind]), event)
        elif kind in _ENDS:
            self._ended(kind, event.get(_ENDS[kind]), event)
        elif kind in self._others:
            self._others[kind](event)

    def gap(self) -> None:
        """Print the text so far: something was left out behind it."""
        self._put_text()

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._put_text()

    def region(self) -> list[Text]:
        """What is under way, with the text that comes."""
        now = time.monotonic()
        lines = [self._thinking.tail("dim italic")] if self._thinking else []
        lines += [self._text.tail()] if self._text else []
        for words, began in list(self._open.values()):
            took = duration_text((now - began) * 1000)
            lines.append(Text(f"{self.spinner()} {words}  {took}", "cyan"))
        facts = [self.elapsed(), *self._spending.words(), *self.connection()]
        footer = self.symbols.dot.join(facts)
        return [*lines, Text(f"{self.spinner()} {footer}", "dim")]

    def _begun(self, what: str, name: Any, event: dict[str, Any]) -> None:
        self._put_text()
        words = named(what, name)
        given = event.get("args") if what == "tool" else event.get("prompt")
        if given is not None:
            words += f" {brief(given)}"
        self._open[_word(event.get(_IDS[what]))] = words, time.monotonic()
        if what != "tool":
            self.line(f"{self.symbols.begun} {words}", "bold")

    def _ended(self, what: str, name: Any, event: dict[str, Any]) -> None:
        self._put_text()
        words, _ = self._open.pop(_word(event.get(_IDS[what])), (named(what, name), 0.0))
        failed = event.get("isError") is True
        result = result_of(event) if what == "tool" else event.get("error") if failed else None
        if result is not None:
            words += f": {brief(result)}"
        self._end(failed, words, event)

    def _end(self, failed: bool, words: str, event: dict[str, Any], *more: str) -> None:
        symbol, style = (self.symbols.failed, "red") if failed else (self.symbols.done, "green")
        facts = [fact for fact in (duration_text(event.get("durationMs")), *more) if fact]
        line = Text(f"{symbol} ", style)
        line.append(words, "red" if failed else "")
        line.append(f"  {self.symbols.dot.join(facts)}" if facts else "", "dim")
        self.line(line)

    def _run_start(self, event: dict[str, Any]) -> None:
        words = brief(event.get("workflowName")), brief(event.get("runId"))
        self.line(" ".join((self.symbols.begun, *words)), "bold")

    def _run_resume(self, event: dict[str, Any]) -> None:
        self.line(f"{self.symbols.begun} the run was resumed", "yellow")

    def _run_end(self, event: dict[str, Any]) -> None:
        self._put_text()
        self._open.clear()
        failed = event.get("isError") is True
        words = f"failed: {reason(event.get('error'))}" if failed else "completed"
        self._end(failed, words, event, *self._spending.words())

    def _settled(self, event: dict[str, Any]) -> None:
        """An agent's submission, of servers before 1.0.0-beta.8."""
        self._put_text()
        self._open.clear()
        outcome, error = brief(event.get("outcome")), event.get("error")
        words = outcome if error is None else f"{outcome}: {reason(error)}"
        self._end(outcome != "completed", words, event, *self._spending.words())

    def _text_delta(self, event: dict[str, Any]) -> None:
        self._streamed = True
        self._text.add(word(event.get("text")))

    def _thinking_delta(self, event: dict[str, Any]) -> None:
        self._thinking.add(word(event.get("delta")))

    def _thinking_end(self, event: dict[str, Any]) -> None:
        self._put_thinking()

    def _message_end(self, event: dict[str, Any]) -> None:
        message = as_object(event.get("message"))
        if message.get("role") == "assistant" and not self._streamed:
            self._text.add(text_of(message.get("content")))
        self._streamed = False
        self._put_text()

    def _turn(self, event: dict[str, Any]) -> None:
        response = as_object(event.get("response"))
        self._spending.add(response.get("usage"))
        if event.get("isError") is True:
            self.line(f"{self.symbols.failed} model: {reason(response.get('error'))}", "red")

    def _log(self, event: dict[str, Any]) -> None:
        self._put_text()
        level, attributes = word(event.get("level")), event.get("attributes")
        line = Text(f"{printable_line(level)} ", _LEVELS.get(level, "blue"))
        line.append(printable_line(word(event.get("message"))))
        line.append(f" {brief(attributes)}" if attributes else "", "dim")
        self.line(line)

    def _compaction(self, event: dict[str, Any]) -> None:
        before, after = event.get("messagesBefore"), event.get("messagesAfter")
        words = f"compaction {brief(before)} to {brief(after)} messages"
        self._end(event.get("isError") is True, words, event)

    def _put_thinking(self) -> None:
        if text := self._thinking.take():
            self.line(text, "dim italic")

    def _put_text(self) -> None:
        self._put_thinking()
        if text := self._text.take():
            self.line(text)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
