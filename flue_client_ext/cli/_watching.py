"""What `watch` shows of a conversation: its messages, its updates, or an agent's events."""

from __future__ import annotations

import sys
from collections import deque
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import attrs

from ..checkpoint import AgentCheckpoint, UpdateCheckpoint
from ..client import FlueClient
from ..conversation import Conversation
from ._events import JsonLines, Show, event_view, of_types
from ._following import follow_conversation, start_of
from ._going_on import going_on
from ._options import Format, Server, live_of


@attrs.frozen
class Watching:
    """The options of `watch`. `names`: of the agent, and of the conversation."""

    client: FlueClient
    server: Server
    names: tuple[str, str]
    offset: str | None
    tail: int | None
    types: frozenset[str] | None
    resume: Path | None
    once: bool
    live: str

    def messages(self) -> None:
        """Show the conversation as it stands, each time it has changed."""
        from ._conversation_view import ConversationView

        states = self._conversation.observe(
            live=live_of(self.live), wait_for_it=not self.once, timeout=self.server.timeout
        )
        again = self.server.command("watch", *self.names)
        with (
            going_on(lambda _: f"To go on: {again}"),
            ConversationView(sys.stdout, newest=self.tail) as view,
            states,
        ):
            view.follows(states)
            for state in states:
                view.state(state)
                if self.once:
                    break

    def updates(self, format: Format) -> None:
        """Show each update, or from the latest `tail` on."""
        start = start_of(self.offset, None, self.resume, UpdateCheckpoint)
        with _update_view(format) as view:
            show = of_types(self.types, view)
            if self.tail is not None and "resume" not in start:
                latest: dict[str, Any] = {"resume": self._latest(show, self.tail, start)}
                start = latest
            stream = self._conversation.updates(
                live=False if self.once else live_of(self.live),
                timeout=self.server.remaining(),
                **start,
            )
            follow_conversation(stream, show, self.server, self.names, format, self.resume)

    def events(self, format: Format) -> None:
        """Show each event of the agent, as servers before 1.0.0-beta.8 have them."""
        stream = self.client.agents.stream(
            *self.names,
            live=False if self.once else live_of(self.live),
            timeout=self.server.remaining(),
            **start_of(self.offset, self.tail, self.resume, AgentCheckpoint),
        )
        with event_view(format, live=True) as view:
            show = of_types(self.types, view)
            follow_conversation(stream, show, self.server, self.names, format, self.resume)

    @property
    def _conversation(self) -> Conversation:
        return self.client.agents.conversation(*self.names)

    def _latest(self, show: Show, count: int, start: dict[str, Any]) -> UpdateCheckpoint:
        """Show the latest updates there are; return where they end. No server has such a read."""
        stream = self._conversation.updates(live=False, timeout=self.server.remaining(), **start)
        for update in deque(stream, count):
            show.show(update)
        return stream.checkpoint


def _update_view(format: Format) -> AbstractContextManager[Show]:
    if format == "ndjson":
        return JsonLines()
    from ._update_view import UpdateView

    return UpdateView(sys.stdout)
