"""Asking an agent: a message is sent, its submission waited for, and the reply read from the
conversation as it is then."""

from __future__ import annotations

from typing import Any

from flue_client.models import ConversationMessage, ConversationSettlement

from .._stream.options import Live
from .._stream.stats import Counters
from .._values.steps import Flow
from ..errors import StreamResetError
from .conversation_api import ConversationApi
from .conversation_results import Admission, Reply
from .reply import read_reply
from .settling import OnUpdate, Settled, Settling, knows

Json = dict[str, Any]


class Waiting:
    """How a submission is waited for, whoever sent it and whenever."""

    def __init__(
        self, api: ConversationApi, counters: Counters, live: Live, on_update: OnUpdate | None
    ) -> None:
        self._api = api
        self._counters = counters
        self._live: Live = live
        self._on_update = on_update

    def settlement(self, awaited: Admission | str) -> Flow[ConversationSettlement]:
        """Return how it has settled; raise what became of it unless it completed."""
        settling = self._settling(awaited)
        settled = yield from self._settled(settling, awaited)
        return settled.completed(settling.id)

    def reply(self, awaited: Admission | str) -> Flow[Reply]:
        """Return the reply. The conversation is read once after the settlement, unless the
        settlement came with it."""
        settling = self._settling(awaited)
        settled = yield from self._settled(settling, awaited)
        id = settling.id
        settled.completed(id)
        snapshot = settled.snapshot
        if snapshot is None:
            snapshot = (yield from self._api.history()).to_dict()
        if not knows(snapshot, id):  # the server has lost it between the two requests
            raise StreamResetError(offset=str(snapshot["offset"]), tail=None)
        return reply_in(snapshot, id, None if isinstance(awaited, str) else awaited.uid)

    def ask(self, body: Json) -> Flow[Reply]:
        """Send a message and return the reply to it."""
        admission = yield from self._api.send(body, deadline=False)
        return (yield from self.reply(admission))

    def _settled(self, settling: Settling, awaited: Admission | str) -> Flow[Settled]:
        start = start_offset(awaited, watched=self._on_update is not None)
        return settling.run(start)

    def _settling(self, awaited: Admission | str) -> Settling:
        id = awaited if isinstance(awaited, str) else awaited.submission_id
        return Settling(self._api, id, self._counters, self._live, self._on_update)


def start_offset(awaited: Admission | str, *, watched: bool) -> str | None:
    """The offset to follow from; `None` to look at the conversation first, which may have
    everything by now: the updates since a replayed send are all there ever were. `watched`: each of
    them is wanted."""
    if isinstance(awaited, str):
        return None
    if awaited.deduplicated and awaited.offset == "-1" and not watched:
        return None
    return awaited.offset


def reply_in(snapshot: Json, id: str, uid: str | None) -> Reply:
    """Return the reply that a submission has in a conversation."""
    found = read_reply(snapshot, id)
    return Reply(
        text=found.text,
        data=found.data,
        metadata=found.metadata,
        message=None if found.message is None else ConversationMessage.from_dict(found.message),
        submission_id=id,
        uid=uid,
    )
