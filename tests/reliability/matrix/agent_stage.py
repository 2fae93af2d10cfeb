"""A conversation on a raw server."""

from __future__ import annotations

from typing import Any

import trustme

from tests.servers.agents import AgentServer
from tests.servers.conversation import Conversation, Json, begin_reply, end_reply, message

from ..options import Broken
from .calls import Call
from .faults import Fault
from .stage import RawStage
from .uses import AGENT, ID, REPLY

PATH = f"/agents/{AGENT}/{ID}"
MESSAGES = 3
"""So many are there at first, and as many come later."""


class AgentStage(RawStage):
    """A conversation of one update a batch and two batches a page. An agent that is asked answers
    once the first update was seen."""

    most_posts = 100  # one with a key may be carried out again: it is the same message

    def __init__(self, call: Call, fault: Fault, *, tls: trustme.CA | None) -> None:
        self._is_streamed = call.column == "ask_stream"
        agents = AgentServer(self._begin, tls=tls or False)
        self._agents = agents
        agents.page, agents.batches_at_once = 2, 1
        if fault.when == "closing":
            agents.poll_seconds = 0.1
        super().__init__(agents, call, fault)
        self._is_asked = call.column.startswith(("ask", "send"))
        self._is_observed = call.column.startswith("observe")
        agents.lose_store(PATH)  # which makes an empty one
        if not self._is_asked:
            agents.change(PATH, lambda found: _add(found, 0))
            self.first = 1 if self._is_observed else MESSAGES + 1
        if call.mode == "catch-up" and not self._is_observed:
            self.go_on()
            self.first = 1  # before the next request, which may bring all the rest

    def let_rest_happen(self) -> None:
        if self._is_asked:
            (sent,) = self._sent()
            end = end_reply if self._is_streamed else Conversation.reply
            self._agents.change(PATH, lambda found: end(found, sent, REPLY))
        else:
            self._agents.change(PATH, lambda found: _add(found, MESSAGES))

    def lose(self) -> None:
        """Have another, shorter conversation in its place."""
        self._agents.lose_store(PATH)

    def is_complete(self) -> bool:
        if self._is_observed:
            has_happened = self._gone_on or self.fault.when == "midway"
            return has_happened and bool(self.items[-1].offset == self._found.offset)
        return super().is_complete()

    def expected(self) -> list[Any]:
        if self.call.column.startswith("send"):
            return self._sent()
        # The answer to a send that was repeated does not say where the conversation stood.
        batches = self._found.batches[1 if self._is_asked and self.posts == 1 else 0 :]
        return [chunk for batch in batches for chunk in batch]

    def verify(self, *, complete: bool) -> None:
        if self._is_observed:
            self._verify_state(complete)
        elif self._is_streamed:
            text = "".join(self.items)
            if not REPLY.startswith(text) or (complete and text != REPLY):
                raise Broken(f"another text: {text}")
        elif self.fault.when != "midway":  # another conversation is there then
            super().verify(complete=complete)
        if len(self._sent()) > 1:
            raise Broken(f"{len(self._sent())} messages of one send")

    def _verify_state(self, complete: bool) -> None:
        last = self.items[-1] if self.items else None
        if last is None or last.phase == "absent":
            return
        shown = [said.to_dict() for said in last.messages]
        if complete and shown != self._found.messages:
            raise Broken(f"another state: {shown}")

    @property
    def _found(self) -> Conversation:
        return self._agents.conversations[PATH]

    def _begin(self, text: str) -> None:
        if self._is_streamed:
            begin_reply(self._found, self._sent()[0], REPLY)

    def _sent(self) -> list[str]:
        return [
            str(said["submissionId"])
            for said in self._found.messages
            if said["parts"][0]["text"] == "hello"
        ]


def _add(conversation: Conversation, start: int) -> None:
    for number in range(start, start + MESSAGES):
        said: Json = message(f"sub_{number}", "user", f"message {number}")
        conversation.add(said)
