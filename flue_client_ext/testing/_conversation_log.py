"""The stream of one conversation while its server lives: batches, numbered, kept and told.

The state that they make is kept beside them, so that a snapshot is always that of the head. A batch
may be without chunks, as many of the genuine server's are: its number is used up, and readers see
the offset move. Deltas are collected: the first at once, those within `delta_hold` seconds of it
together, and all of them before anything else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from ._clock import Cancel, Clock, timestamp
from ._conversation_store import ConversationStore, Row
from ._json import dumps
from ._protocol import offset_of
from ._transcript import Chunk, Transcript

#: What a chunk says of its moment; a server before 2.2 dates these types only.
DATED = frozenset(
    {"message-started", "message-completed", "submission-settled"}
    | {"tool-input", "tool-output", "tool-output-error"}
)


class Lost(Exception):
    """The conversation is not there any more, or is another one."""


class ConversationLog:
    """One conversation's stream; every method may be called from any thread."""

    def __init__(
        self,
        row: Row,
        store: ConversationStore,
        clock: Clock,
        told: Callable[[list[str]], None],
        delta_hold: float,
    ) -> None:
        self.row = row
        self.clock = clock
        #: Held over every change of the conversation, its queue of submissions included.
        self.lock = threading.RLock()
        self.lost = False
        self.transcript = Transcript(row.conversation_id)
        self._store = store
        self._told = told
        self._delta_hold = delta_hold
        self._held: list[Chunk] = []
        self._cancel: Cancel | None = None
        self._flushed = float("-inf")
        self._size = store.size(row.incarnation)
        for text in store.read(row.incarnation, -1, -1).texts:
            self.transcript.apply(json.loads(text))

    @property
    def head(self) -> int:
        """The number of the last batch."""
        return self._size - 1

    def snapshot(self) -> dict[str, Any]:
        """Return the conversation as it stands, as a read of the history answers it."""
        with self.lock:
            snapshot = self.transcript.snapshot(offset_of(self.head))
        return {**snapshot, "incarnation": self.row.incarnation}

    def append(self, *chunks: Chunk) -> None:
        """Write a batch, behind the deltas that are held."""
        with self.lock:
            self.flush()
            self._write(list(chunks))

    def delta(self, chunk: Chunk) -> None:
        """Write a delta, now or soon."""
        with self.lock:
            self._held.append(chunk)
            if self.clock.time() - self._flushed >= self._delta_hold:
                self.flush()
            elif self._cancel is None:
                self._cancel = self.clock.call_later(self._delta_hold, self.flush)

    def flush(self) -> None:
        """Write the deltas that are held."""
        with self.lock:
            if self._cancel is not None:
                self._cancel()
                self._cancel = None
            held, self._held = self._held, []
            if held and not self.lost:
                self._flushed = self.clock.time()
                self._write(held)

    def reset(self) -> None:
        """Write the whole state anew: what readers have of it does not hold any more."""
        with self.lock:
            self.flush()
            snapshot = self.transcript.snapshot(offset_of(self._size))
            self._write([{"type": "conversation-reset", "snapshot": snapshot}])

    def _write(self, chunks: list[Chunk]) -> None:
        if self.lost:
            raise Lost
        texts = [self._text(chunk, index) for index, chunk in enumerate(chunks)]
        for text in texts:
            self.transcript.apply(json.loads(text))  # as a process would that starts anew
        self._store.append(self.row.incarnation, self._size, texts)
        self._size += 1
        self._told(texts)

    def _text(self, chunk: Chunk, index: int) -> str:
        kind, *rest = chunk.items()
        told = dict([kind, ("conversationId", self.row.conversation_id), *rest])
        if chunk["type"] in DATED:
            told["timestamp"] = timestamp(self.clock)
        return dumps({**told, "position": {"batch": self._size, "index": index}})
