"""A conversation for people: its messages, and on a terminal the one that comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from rich.text import Text

from ._message_text import message_lines
from ._view import View

if TYPE_CHECKING:
    from .._flue.conversation_state import ConversationState


class ConversationView(View):
    """Prints each message once it cannot change any more; until then it is drawn anew."""

    def __init__(self, stream: TextIO, moving: bool = True, *, newest: int | None = None) -> None:
        super().__init__(stream, moving)
        self._newest = newest
        self._shown: set[Any] | None = None
        self._coming: list[dict[str, Any]] = []
        self._busy = False

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
        self._busy = state.busy

    def region(self) -> list[Text]:
        """The messages that may still change."""
        lines = [line for message in self._coming for line in message_lines(message, self.symbols)]
        doing = "the agent is at work" if self._busy else "waiting"
        return [*lines, Text(f"{self.spinner()} {doing}", "dim")]


def _finished(messages: list[dict[str, Any]], pending: tuple[str, ...]) -> int:
    """How many of the messages belong to submissions that have settled."""
    open_ones = (at for at, each in enumerate(messages) if each.get("submissionId") in pending)
    return next(open_ones, len(messages))
