"""Messages that arrive while an agent answers: they join its response where a step ends."""

from __future__ import annotations

import json
from collections import deque

from . import _entries as entries
from ._conversation_store import ConversationStore
from ._message import Message, received
from ._response import Response


class Joins:
    """The submissions that have joined a host's response, and those that may."""

    def __init__(
        self,
        response: Response,
        host: str,
        waiting: deque[str],
        store: ConversationStore,
        *,
        allowed: bool,
    ) -> None:
        self.ids: list[str] = []
        self.messages: list[Message] = []
        self._response = response
        self._host = host
        self._waiting = waiting
        self._store = store
        self._allowed = allowed
        self._unanswered = False

    def take(self) -> None:
        """Let all that wait join: their messages follow in the stream."""
        with self._response.log.lock:
            while self._allowed and self._waiting:
                self._response.halt.check()
                self._join(self._waiting.popleft())

    def _join(self, submission_id: str) -> None:
        message = deliver(self._response, self._store, submission_id, self._response.turn)
        self._response.write()
        self._store.move(submission_id, self._host)
        self.ids.append(submission_id)
        self.messages.append(message)
        self._unanswered = True

    def answered(self) -> None:
        """Know that a step begins, whose model sees all that has joined."""
        self._unanswered = False

    def last(self) -> Message | None:
        """Return the last message behind which no step has begun."""
        return self.messages[-1] if self._unanswered else None


def deliver(
    response: Response, store: ConversationStore, submission_id: str, turn: str = ""
) -> Message:
    """Write the message of a submission, unless it is there already, and return it."""
    stored = store.submission(submission_id)
    sent = json.loads(stored.payload)["message"] if stored else {"kind": "user", "body": ""}
    message = received(submission_id, sent)
    if response.log.transcript.message(entries.entry_id(submission_id)) is None:
        files = [one.part for one in message.attachments]
        response.deliver(submission_id, sent, files, turn)
    return message
