"""A conversation for people: its messages, and on a terminal the one that comes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from rich.text import Text

from .._flue.usage import usage_of
from ._message_text import message_lines
from ._spending import Spending
from ._view import View, duration_text

if TYPE_CHECKING:
    from .._flue.conversation_state import ConversationState


class ConversationView(View):
    """Prints each message once it cannot change any more; until then it is drawn anew."""

    def __init__(self, stream: TextIO, moving: bool = True, *, newest: int | None = None) -> None:
        super().__init__(stream, moving)
        self._newest = newest
        self._shown: set[Any] | None = None
        self._coming: list[dict[str, Any]] = []
        self._busy_since: float | None = None
        self._spent: list[str] = []

    def messages(self, messages: Iterable[dict[str, Any]]) -> None:
        """Print messages for good."""
        for message in messages:
            for line in message_lines(message, self.symbols):
                self.line(line)

    def state(self, state: ConversationState) -> None:
        """Show a conversation as it stands."""
        messages = [message.to_dict() for message in state.messages]
        finished = _finished(messages, state.pending)
        if self._shown is None:
            skipped = 0 if self._newest is None else max(0, len(messages) - self._newest)
            self._shown = {message["id"] for message in messages[:skipped]}
            if state.phase == "absent":
                self.line("There is no such conversation yet.", "yellow")
        self.messages(each for each in messages[:finished] if each["id"] not in self._shown)
        self._shown |= {message["id"] for message in messages[:finished]}
        self._coming = [each for each in messages[finished:] if each["id"] not in self._shown]
        if not state.busy:
            self._busy_since = None
        elif self._busy_since is None:
            self._busy_since = time.monotonic()
        spending = Spending()
        for message in messages:
            spending.add(usage_of(message))
        self._spent = spending.words()

    def region(self) -> list[Text]:
        """The messages that may still change."""
        lines = [line for message in self._coming for line in message_lines(message, self.symbols)]
        facts = [*self._doing(), *self._spent, *self.connection()]
        return [*lines, Text(f"{self.spinner()} {self.symbols.dot.join(facts)}", "dim")]

    def _doing(self) -> list[str]:
        if (since := self._busy_since) is None:
            return ["waiting"]
        return ["the agent is at work", duration_text((time.monotonic() - since) * 1000)]


def _finished(messages: list[dict[str, Any]], pending: tuple[str, ...]) -> int:
    """How many of the messages belong to submissions that have settled."""
    open_ones = (at for at, each in enumerate(messages) if each.get("submissionId") in pending)
    return next(open_ones, len(messages))
