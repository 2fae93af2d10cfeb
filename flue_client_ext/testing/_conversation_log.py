"""The stream of one conversation while its server lives: batches, numbered, kept and told.

The state that they make is kept beside them, so that a snapshot is always that of the head. A batch
may be without entries, as many of the genuine server's are: its number is used up, and readers see
the offset move. Deltas are collected, and all of them are written before anything else.
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
from ._stream_format import StreamFormat
from ._transcript import Chunk, Transcript


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
        stream_format: StreamFormat,
        delta_hold: float,
    ) -> None:
        self.row = row
        self.clock = clock
        self.format = stream_format
        #: Held over every change of the conversation, its queue of submissions included.
        self.lock = threading.RLock()
        self.lost = False
        self.transcript = Transcript(row.conversation_id, stream_format.opening)
        self._store = store
        self._told = told
        self._delta_hold = delta_hold
        self._held: list[Chunk] = []
        self._cancel: Cancel | None = None
        self._flushed = float("-inf") if stream_format.eager else float("inf")
        self._size = store.size(row.incarnation)
        for text in store.read(row.incarnation, -1, -1).texts:
            self._apply(text)

    @property
    def head(self) -> int:
        """The number of the last batch."""
        return self._size - 1

    @property
    def moment(self) -> str:
        """The time as the wire writes it."""
        return timestamp(self.clock)

    def snapshot(self) -> dict[str, Any]:
        """Return the conversation as it stands at the head of its stream."""
        with self.lock:
            snapshot = self.transcript.snapshot(offset_of(self.head))
        named = {"incarnation": self.row.incarnation} if self.format.incarnations else {}
        return {**snapshot, **named}

    def settlement(self, submission_id: str) -> dict[str, Any] | None:
        """Return how a submission has ended, once readers of the stream can see it."""
        with self.lock:
            return self.transcript.settlement(submission_id)

    def append(self, *entries: Chunk) -> None:
        """Write a batch, behind the deltas that are held."""
        with self.lock:
            self.flush()
            self._write(list(entries))

    def use_up(self) -> None:
        """Use up the number of a batch, in front of the deltas that are held."""
        with self.lock:
            self._write([])

    def delta(self, entry: Chunk) -> None:
        """Write a delta, now or soon."""
        with self.lock:
            self._held.append(entry)
            if not self._delta_hold or self.clock.time() - self._flushed >= self._delta_hold:
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
                if self.format.eager:
                    self._flushed = self.clock.time()
                self._write(held)

    def reset(self) -> None:
        """Write the whole state anew: what readers have of it does not hold any more."""
        with self.lock:
            self.flush()
            snapshot = self.transcript.snapshot(offset_of(self._size))
            self._write([{"type": "conversation-reset", "snapshot": snapshot}])

    def _write(self, entries: list[Chunk]) -> None:
        if self.lost:
            raise Lost
        for batch in self.format.batches(entries):
            texts = [self._text(entry, index) for index, entry in enumerate(batch)]
            for text in texts:
                self._apply(text)  # as a process would that starts anew
            self._store.append(self.row.incarnation, self._size, texts)
            self._size += 1
            self._told(texts)

    def _text(self, entry: Chunk, index: int) -> str:
        row = self.row
        return dumps(
            self.format.written(entry, row.conversation_id, self._size, index, self.moment)
        )

    def _apply(self, text: str) -> None:
        for chunk in self.format.fold(json.loads(text), self._sent):
            self.transcript.apply(chunk)

    def _sent(self, submission_id: str) -> str | None:
        found = self._store.submission(submission_id)
        return None if found is None else found.payload
