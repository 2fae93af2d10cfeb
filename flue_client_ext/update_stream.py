# Made from async_update_stream.py by `make generate`: edit that one.
"""Streams of a conversation's updates and states, for blocking code."""

from __future__ import annotations

from collections.abc import Iterator

from flue_client.models import ConversationChunk

from ._flue.conversation_state import ConversationState
from ._flue.update_delivery import UpdateBatch, UpdateDelivery
from .checkpoint import UpdateCheckpoint
from .stream import Stream


class UpdateStream(Stream[ConversationChunk]):
    """The updates of a conversation, typed, each once and in order."""

    _delivery: UpdateDelivery

    @property
    def checkpoint(self) -> UpdateCheckpoint:
        """Where the consumer stands, to the update: save it, and pass it to
        `conversation.updates(resume=)`. `ValueError` before the first read since `offset="now"`."""
        delivery = self._delivery
        batch, index = delivery.position or (None, None)
        return UpdateCheckpoint(delivery.path, delivery.offset, batch, index, delivery.incarnation)

    def __repr__(self) -> str:
        of = f"{self._delivery.path}, {self.stats.state}"
        return f"<{type(self).__name__} of {of}, at {self.offset}>"

    def batches(self) -> Iterator[UpdateBatch]:
        """Iterate over `(updates, offset)`, for those who commit both together. Batches may be
        empty."""
        delivery = self._delivery  # not the stream, which would then hold itself alive
        return self._in_groups(lambda batch, updates: UpdateBatch(updates, delivery.offset))


class StateStream(Stream[ConversationState]):
    """A conversation as it stands, each time it has changed; who reads slowly skips states."""

    _instead = "observe the conversation once more"
