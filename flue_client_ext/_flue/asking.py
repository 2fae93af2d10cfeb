"""Asking an agent: a message is sent, its submission waited for, and the reply read from the
conversation as it is then."""

from __future__ import annotations

from typing import Any

from flue_client.models import ConversationMessage, ConversationSettlement

from .._stream.options import Live
from .._stream.stats import Counters
from .._values.steps import Flow
from ..errors import FlueApiError, UnsupportedByServerError
from .conversation_api import ConversationApi
from .conversation_results import Admission, Reply
from .detection import has_abort
from .dialects import BETA_3, BETA_8, TWO, Outgoing
from .event_settling import EventSettling
from .reply import read_reply
from .sending import admission, send, submit, waited_reply
from .settling import OnUpdate, Settled, Settling, history_after

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
        settled = yield from self._settled(awaited)
        return settled.completed(_id(awaited))

    def reply(self, awaited: Admission | str) -> Flow[Reply]:
        """Return the reply. The conversation is read once after the settlement, unless the
        settlement came with it."""
        id = _id(awaited)
        settled = yield from self._settled(awaited)
        settled.completed(id)
        snapshot = settled.snapshot
        if snapshot is None:
            snapshot = yield from history_after(self._api, settled, id)
        uid = None if isinstance(awaited, str) else awaited.uid
        return reply_in(snapshot, id, uid, settled.data)

    def ask(self, outgoing: Outgoing) -> Flow[Reply]:
        """Send a message and return the reply to it."""
        admitted = yield from send(self._api, outgoing, deadline=False)
        return (yield from self.reply(admitted))

    def prompt(self, outgoing: Outgoing) -> Flow[Reply]:
        """Send a message and return the reply to it: in one request before 2.0, which is never
        repeated, as `ask` does from then on."""
        sent = yield from submit(self._api, outgoing, deadline=False, wait=True)
        if sent.waits:
            return waited_reply(self._api, sent)
        return (yield from self.reply(admission(self._api, sent)))

    def _settled(self, awaited: Admission | str) -> Flow[Settled]:
        if not (yield from self._has_events(awaited)):
            try:
                return (yield from self._settled_by_updates(awaited))
            except UnsupportedByServerError:  # the history has turned out to be events
                if not self._speaks_of_events:
                    raise
        if self._on_update is not None:
            raise BETA_3.unsupported("on_update")
        settling = EventSettling(self._api, _id(awaited), self._counters, self._live)
        offset = awaited.offset if isinstance(awaited, Admission) else None
        try:
            return (yield from settling.run(offset))
        except FlueApiError as error:
            if not self._api.forgets(error):
                raise
        return (yield from self._settled(awaited))  # the server was upgraded

    def _has_events(self, awaited: Admission | str) -> Flow[bool]:
        """Whether the conversation is known to be a stream of events. A bare id tells nothing; the
        history does that. An admission without uid is one of the betas'."""
        if self._api.dialect is None and _is_of_beta(awaited):
            return not (yield from has_abort(self._api))
        return self._speaks_of_events

    @property
    def _speaks_of_events(self) -> bool:
        dialect = self._api.dialect
        return dialect is not None and dialect.has_events

    def _settled_by_updates(self, awaited: Admission | str) -> Flow[Settled]:
        settling = Settling(self._api, _id(awaited), self._counters, self._live, self._on_update)
        start = start_offset(awaited, watched=self._on_update is not None)
        settled = yield from settling.run(start)
        if self._api.dialect is None and _is_of_beta(awaited):
            self._api.found(TWO if settling.has_checkpoints else BETA_8)
        return settled


def start_offset(awaited: Admission | str, *, watched: bool) -> str | None:
    """The offset to follow from; `None` to look at the conversation first, which may have
    everything by now: the updates since a replayed send are all there ever were. `watched`: each of
    them is wanted."""
    if isinstance(awaited, str):
        return None
    if awaited.deduplicated and awaited.offset == "-1" and not watched:
        return None
    return awaited.offset


def reply_in(
    snapshot: Json, id: str, uid: str | None, data: dict[str, list[Any]] | None = None
) -> Reply:
    """Return the reply that a submission has in a conversation. `data`: its data parts, where the
    conversation does not hold them."""
    found = read_reply(snapshot, id)
    return Reply(
        text=found.text,
        data=found.data if data is None else data,
        metadata=found.metadata,
        message=None if found.message is None else ConversationMessage.from_dict(found.message),
        submission_id=id,
        uid=uid,
        usage=found.usage,
        model=found.model,
    )


def _is_of_beta(awaited: Admission | str) -> bool:
    """Whether this seems to be an admission of a server before 2.0: it has no uid."""
    return isinstance(awaited, Admission) and awaited.uid is None


def _id(awaited: Admission | str) -> str:
    return awaited if isinstance(awaited, str) else awaited.submission_id
