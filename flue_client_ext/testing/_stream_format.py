"""How the stream of a conversation is written, and which state it makes. Pure.

An entry of a stream is a chunk or, before Flue 1.0.0-beta.8, an event. A server that starts anew
learns all that it knows of a conversation from the entries: `fold` says what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from ._transcript import Chunk, opened

#: Finds the JSON that was sent as a submission.
Sent = Callable[[str], str | None]


def _itself(entry: Chunk, sent: Sent) -> Iterable[Chunk]:
    return (entry,)


@attrs.frozen(kw_only=True)
class StreamFormat:
    """The stream of one generation of servers.

    `dated` are the types of entries that say their moment. `chunks` says that entries have a
    position and name their conversation; else each is a batch by itself. `reset_first` says that a
    conversation begins with a reset to nothing, `incarnations` that readers are told which stream
    of a conversation they read. `hold` is how many seconds deltas are collected;
    `eager` publishes one at once that comes after such a time. `opening` makes a message of a
    `message-started`, `fold` chunks of an entry.
    """

    dated: frozenset[str] = frozenset()
    chunks: bool = True
    reset_first: bool = True
    incarnations: bool = False
    hold: float = 1.0
    eager: bool = False
    opening: Callable[[Chunk], dict[str, Any]] = opened
    fold: Callable[[Chunk, Sent], Iterable[Chunk]] = _itself

    def batches(self, entries: list[Chunk]) -> list[list[Chunk]]:
        """Split entries that are written at once into batches; none at all are one, too."""
        return [entries] if self.chunks else [[entry] for entry in entries]

    def written(
        self, entry: Chunk, conversation_id: str, batch: int, index: int, moment: str
    ) -> Chunk:
        """Return an entry as its readers see it."""
        if not self.chunks:
            return entry
        kind, *rest = entry.items()
        told = dict([kind, ("conversationId", conversation_id), *rest])
        if entry["type"] in self.dated:
            told["timestamp"] = moment
        return {**told, "position": {"batch": batch, "index": index}}
