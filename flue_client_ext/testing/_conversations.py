"""Every conversation of one server: created, found, read, listened to, lost. Knows no HTTP.

It is there once, whatever agent's mount it is reached by, and goes on when nobody listens.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import attrs

from ._clock import Clock
from ._conversation_log import ConversationLog, Lost
from ._conversation_store import ConversationStore, Key, Row
from ._ids import ulid
from ._listeners import Listeners
from ._observers import Observers
from ._store import Page
from ._stream_format import StreamFormat


class Active(Protocol):
    """The submission that a conversation is at work on."""

    def abort(self) -> None:
        """End it as aborted, here and now."""
        ...


@attrs.define(eq=False)
class Conversation:
    """One conversation: its stream, the submission at work, the ids of those that wait."""

    log: ConversationLog
    active: Active | None = None
    waiting: deque[str] = attrs.field(factory=deque[str])

    @property
    def born(self) -> bool:
        """Whether there is more than a stream without a batch, as a refused send leaves it."""
        return self.log.head >= 0 or not self.log.format.reset_first

    @property
    def seed(self) -> Any:
        """The initial data, `None` without any."""
        return None if self.log.row.seed is None else json.loads(self.log.row.seed)


class Conversations:
    """The conversations of one server, over its store and clock.

    `delta_hold` is in seconds; `None` is that of the format.
    """

    def __init__(
        self,
        store: ConversationStore,
        clock: Clock,
        stream_format: StreamFormat,
        delta_hold: float | None,
    ) -> None:
        self.store = store
        self.clock = clock
        #: Held while a send decides whether there is a conversation.
        self.lock = threading.RLock()
        self.observers = Observers()
        self._format = stream_format
        self._delta_hold = stream_format.hold if delta_hold is None else delta_hold
        self._listeners = Listeners()
        self._known: dict[Key, Conversation] = {}

    def find(self, key: Key) -> Conversation | None:
        """Return a conversation, if there is one."""
        with self.lock:
            if key not in self._known and (row := self.store.get(key)) is not None:
                self._known[key] = Conversation(self._log(row))
            return self._known.get(key)

    def open(self, key: Key) -> Conversation:
        """Return a conversation, begun as a stream without a batch if there is none."""
        now = self.clock.time()
        with self.lock:
            if self.find(key) is None:
                names = [ulid(prefix, now) for prefix in ("inst", "conv", "inc")]
                self.store.create(Row(*key, names[0], names[1], names[2], None))
            found = self.find(key)
            assert found is not None
            return found

    def bear(self, conversation: Conversation, seed: str | None) -> None:
        """Begin a conversation with its initial data, by a reset to nothing."""
        log = conversation.log
        with log.lock:
            log.row = attrs.evolve(log.row, seed=seed)
            self.store.plant(log.row)
            log.reset()

    def _log(self, row: Row) -> ConversationLog:
        def told(texts: list[str]) -> None:
            self._listeners.changed(row.key)
            for text in texts if self.observers else ():
                self.observers.tell(row.agent, row.id, json.loads(text))

        return ConversationLog(row, self.store, self.clock, told, self._format, self._delta_hold)

    def lose(self, key: Key, keep: int) -> None:
        """Lose a conversation, or all but its first batches: what is left is another stream."""
        with self.lock:
            known = self.find(key)
            if known is None:
                return
            with known.log.lock:
                known.log.lost = True
                del self._known[key]
                if keep:
                    incarnation = ulid("inc", self.clock.time())
                    self.store.truncate(known.log.row, incarnation, keep)
                else:
                    self.store.forget(known.log.row)
        self._listeners.changed(key)

    def subscribe(self, key: Key, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` at each change, until the returned function is called."""
        return self._listeners.subscribe(key, listener)

    def followers(self, key: Key) -> int:
        """Return how many readers wait for news of a conversation."""
        return self._listeners.count(key)


@attrs.frozen
class ConversationFeed:
    """One conversation's chunks, page by page, and the news of them; `Lost` when it is another."""

    conversations: Conversations
    log: ConversationLog

    def read(self, after: int, limit: int) -> Page:
        if self.log.lost:
            raise Lost
        return self.conversations.store.read(self.log.row.incarnation, after, limit)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self.conversations.subscribe(self.log.row.key, listener)
