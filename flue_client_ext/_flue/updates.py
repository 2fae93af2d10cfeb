"""The updates of a conversation as a stream of their own, from wherever it is to begin."""

from __future__ import annotations

from .._stream.options import Live
from .._stream.stats import Counters
from .._values.steps import Batch, Emit, Flow
from .conversation_api import ConversationApi
from .conversation_resource import ConversationResource
from .detection import has_abort
from .dialects import BETA_3

NOW = "now"
"""The offset of what comes next. No server that has updates knows it."""


def read_updates(
    api: ConversationApi, updates: ConversationResource, offset: str, live: Live, counters: Counters
) -> Flow[None]:
    """Read the updates since `offset`, batch by batch. The end of a stream that begins now comes
    first, as an empty batch."""
    if offset == NOW:
        offset = yield from _tail(api)
        yield Emit(Batch([], offset, True, False))
        if live is None:
            return
    yield from api.follow(updates, offset, live, counters)


def _tail(api: ConversationApi) -> Flow[str]:
    """Return the offset where the updates end now. A `HEAD` tells it; where that is refused,
    the conversation does, or says why: an answer to a `HEAD` has no body.

    An `ETag` is a sign of beta.3 to beta.7, which have no updates, but proxies add some too."""
    request = api.requests.tail()
    response = yield from api.call(request)
    offset = response.headers.get("stream-next-offset")
    if response.status != 200 or not offset:
        return (yield from api.history(what="updates")).offset
    if api.dialect is None and "etag" in response.headers and not (yield from has_abort(api)):
        api.found(BETA_3)
        raise BETA_3.unsupported("updates")
    return offset
