"""The updates of a conversation as a stream of their own, from wherever it is to begin."""

from __future__ import annotations

from .._stream.options import Live
from .._stream.stats import Counters
from .._values.steps import Batch, Emit, Flow
from .conversation_api import ConversationApi
from .conversation_resource import ConversationResource

NOW = "now"
"""The offset of what comes next. No server of 2.x knows it."""


def read_updates(
    api: ConversationApi, updates: ConversationResource, offset: str, live: Live, counters: Counters
) -> Flow[None]:
    """Read the updates since `offset`, batch by batch. The end of a stream that begins now comes
    first, as an empty batch."""
    if offset == NOW:
        offset = yield from api.tail()
        yield Emit(Batch([], offset, True, False))
        if live is None:
            return
    yield from api.follow(updates, offset, live, counters)
