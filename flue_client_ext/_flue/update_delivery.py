"""Handing over the updates of a conversation, and how far its consumer has come, to the update."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from flue_client.models import ConversationChunk, parse_chunks

from .._stream.delivery import Delivery
from .._values.checks import is_whole
from .._values.jsoncodec import as_object
from .._values.steps import Batch
from .conversation_resource import ConversationResource

Position: TypeAlias = tuple[int, int]
"""The place of an update among those of its conversation: batch, and index. Gaps mean nothing."""


class UpdateBatch(NamedTuple):
    """Updates that belong together, and the offset after them."""

    updates: list[ConversationChunk]
    offset: str


class UpdateDelivery(Delivery[ConversationChunk]):
    """Updates of a conversation: typed, without those that were handed over before.

    Positions rise; one that is not behind the latest is a redelivery. A consumer that resumes
    passes the `position` of the latest update that it has handled.
    """

    def __init__(
        self, resource: ConversationResource, offset: str, position: Position | None = None
    ) -> None:
        super().__init__(offset)
        self.dropped = 0
        self._resource = resource
        self._before = self._latest = position
        """The position of the latest update before the current batch; and of the latest one that
        was received."""

    @property
    def position(self) -> Position | None:
        """The position of the latest update handed over."""
        updates = reversed(self.current.returned)
        positions = (position_of(each["position"]) for each in updates if "position" in each)
        return next(filter(None, positions), self._before)

    @property
    def path(self) -> str:
        """The path of the conversation's URL, which checkpoints name it by."""
        return self._resource.path

    @property
    def incarnation(self) -> str | None:
        """The identity of the stream that the offset belongs to; `None` before it is known. Before
        2.0 it is the id of the conversation."""
        return self._resource.identity

    def begin(self, batch: Batch) -> list[ConversationChunk]:
        self._before = self.position
        return parse_chunks([item for item in batch.items if self._is_new(item)])

    def _is_new(self, item: Any) -> bool:
        position = position_of(as_object(item).get("position"))
        if position is None:
            return True
        if self._latest is not None and position <= self._latest:
            self.dropped += 1
            return False
        self._latest = position
        return True


def position_of(value: object) -> Position | None:
    """Return the position that an update has; `None` where a strange one has none."""
    position = as_object(value)
    batch, index = position.get("batch"), position.get("index")
    return (batch, index) if is_whole(batch) and is_whole(index) else None
