"""Waiting until a submission settles, however its conversation's stream is cut, moved or reset.

The settlement is a chunk of its own, or it is part of the snapshot that a `conversation-reset`
holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from flue_client.models import ConversationChunk, ConversationSettlement, parse_chunk

from .._stream.for_each import for_each_batch
from .._stream.options import Live
from .._stream.stats import Counters
from .._values.jsoncodec import as_array, as_object
from .._values.steps import Batch, Call, Flow, Outcome
from ..errors import FlueApiError, FlueExecutionError, StreamResetError
from .conversation_api import ConversationApi
from .conversation_errors import is_absent
from .fold import Fold
from .reply import find_settlement, settlement_in
from .silence import Silence

OnUpdate = Callable[[ConversationChunk], Any]
Json = dict[str, Any]

TARGET: Final = "agent_submission"
_OF_CHUNKS = ("type", "conversationId", "position")
"""What a chunk has beside the settlement that it brings."""


class Settled(NamedTuple):
    """A submission's settlement, and the conversation that it was found in, where that was there
    as a whole."""

    settlement: Json
    snapshot: Json | None = None
    data: dict[str, list[Any]] | None = None
    """The data parts of the reply, where the conversation does not hold them."""
    offset: str = "-1"
    """Where the stream was when it came."""

    def completed(self, submission_id: str) -> ConversationSettlement:
        """Return the settlement; raise what became of the submission unless it completed."""
        outcome = self.settlement.get("outcome")
        if outcome in ("failed", "aborted"):
            raise FlueExecutionError(
                target=TARGET,
                target_id=submission_id,
                failure=outcome,
                error=self.settlement.get("error"),
            )
        return ConversationSettlement.from_dict(self.settlement)


class Settling:
    """One submission that is waited for."""

    def __init__(
        self,
        api: ConversationApi,
        submission_id: str,
        counters: Counters,
        live: Live,
        on_update: OnUpdate | None = None,
    ) -> None:
        self._api = api
        self.id = submission_id
        self._counters = counters
        self._live: Live = live
        self._on_update = on_update
        self._found: Settled | None = None
        self._updates = api.updates()
        self._silence = Silence(api.clock.monotonic)

    @property
    def has_checkpoints(self) -> bool | None:
        """As the stream of updates has them."""
        return self._updates.has_checkpoints

    def run(self, offset: str | None) -> Flow[Settled]:
        """Follow the updates since `offset` until the submission has settled. Without an offset,
        look at the conversation first: a submission that is not there may wait behind others."""
        if offset is not None:
            yield from self._follow_or_look(offset, None)
        else:
            snapshot = yield from self._look()
            if self._found is None:
                yield from self._follow_or_look(snapshot["offset"], snapshot.get("incarnation"))
        if self._found is None:
            raise FlueExecutionError(
                target=TARGET, target_id=self.id, failure="terminal_event_missing"
            )
        return self._found

    def _follow_or_look(self, offset: str, incarnation: str | None) -> Flow[None]:
        """Follow; where the offset has lost its meaning, look at the conversation again, once, and
        go on from there if it knows the submission."""
        try:
            yield from self._follow(offset, incarnation)
        except StreamResetError as reset:
            snapshot = yield from self._look(reset)
            if self._found is None and not knows(snapshot, self.id):
                raise
        else:
            return
        if self._found is None:
            yield from self._follow(snapshot["offset"], snapshot.get("incarnation"))

    def _look(self, reset: StreamResetError | None = None) -> Flow[Json]:
        snapshot = yield from self._read(reset)
        self._adopt(snapshot)
        return snapshot

    def _read(self, reset: StreamResetError | None) -> Flow[Json]:
        """Read the conversation; raise `reset` if it has been there and no longer is."""
        try:
            return (yield from self._api.history()).to_dict()
        except FlueApiError as error:
            raise (reset if reset is not None and is_absent(error) else error) from None

    def _adopt(self, snapshot: Json) -> None:
        """Take over what a snapshot says."""
        settlement = find_settlement(snapshot, self.id)
        if settlement is not None:
            self._found = Settled(settlement, snapshot)

    def _follow(self, offset: str, incarnation: str | None) -> Flow[None]:
        self._updates = self._api.updates(
            incarnation=incarnation, ends=lambda items: self._is_over() or self._silence.is_over
        )
        while True:
            self._silence = Silence(self._api.clock.monotonic)
            stream = self._api.follow(self._updates, offset, self._live, self._counters)
            yield from for_each_batch(stream, self._take)
            if self._is_over() or not self._silence.is_over:
                return
            yield from self._check_silence()
            if self._is_over():
                return
            offset = self._silence.offset

    def _check_silence(self) -> Flow[None]:
        """Look whether the submission has settled, or still can; raise a reset if not."""
        reset = StreamResetError(offset=self._silence.offset, tail=None)
        snapshot = yield from self._read(reset)
        if self._silence.has_lasted(snapshot):
            if find_settlement(snapshot, self.id) is not None:
                self._adopt(snapshot)
            elif not Fold(snapshot).busy:
                raise reset  # after which the conversation is looked at once more

    def _is_over(self) -> bool:
        return self._found is not None

    def _take(self, batch: Batch) -> Flow[None]:
        self._silence.take(batch)
        for item in batch.items:
            if self._on_update is not None:
                outcome: Outcome = yield Call(partial(self._on_update, parse_chunk(item)))
                outcome.get()
            self._seek_at(as_object(item))
            if self._found is not None:
                return

    def _seek_at(self, chunk: Json) -> None:
        settlement = settlement_in(chunk, self.id)
        if settlement is chunk:
            own = {k: v for k, v in chunk.items() if k not in _OF_CHUNKS}
            self._found = Settled(own, offset=self._silence.offset)
        elif settlement is not None:
            self._found = Settled(settlement, as_object(chunk.get("snapshot")))


def history_after(api: ConversationApi, settled: Settled, submission_id: str) -> Flow[Json]:
    """Read the conversation of a submission that has settled; raise a reset where the server has
    lost it in between."""
    reset = StreamResetError(offset=settled.offset, tail=None)
    try:
        snapshot = (yield from api.history()).to_dict()
    except FlueApiError as error:
        raise (reset if is_absent(error) else error) from None
    if not knows(snapshot, submission_id):
        raise reset
    return snapshot


def knows(snapshot: Json, submission_id: str) -> bool:
    """Whether the submission is one of this conversation. One that has not begun to run is not to
    be seen."""
    messages = map(as_object, as_array(snapshot.get("messages")))
    of_messages = any(message.get("submissionId") == submission_id for message in messages)
    return of_messages or find_settlement(snapshot, submission_id) is not None
