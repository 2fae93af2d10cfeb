"""A conversation as it stands, each time it has changed, through whatever a stream survives.

The history is read first, and again only where the server has lost what the offset meant. All
updates that have arrived make one state; none is made before they have reached the tail. So who
takes states slowly gets fewer of them, and the next one is current."""

from __future__ import annotations

import math

from .._stream.backoff import BackoffOptions, GaveUp, Retry
from .._stream.failures import overdue
from .._stream.for_each import for_each_batch
from .._stream.options import Live
from .._stream.stats import Counters
from .._values.limits import LIMITS
from .._values.steps import Batch, DeadlineExceeded, Emit, Flow
from ..errors import FlueApiError, StreamResetError
from .conversation_api import ConversationApi
from .conversation_errors import is_absent
from .conversation_state import ConversationState, States
from .fold import Fold
from .growing_message import Json

_APPEARING = BackoffOptions(initial_delay=0.25, max_delay=5.0, multiplier=1.5, max_retries=None)
"""How often to look for a conversation that does not exist yet."""


class Observing:
    """One conversation that is observed. `wait_for_it`: go on where it does not exist."""

    def __init__(
        self,
        api: ConversationApi,
        counters: Counters,
        live: Live,
        wait_for_it: bool,
    ) -> None:
        self._api = api
        self._counters = counters
        self._live: Live = live
        self._wait_for_it = wait_for_it
        self._resets = api.retry()
        self._absences = api.retry(_APPEARING)
        self._states = States()
        self._fold = Fold()
        self._updates = api.updates()
        self._at_tail = self._changed = False
        self._due_at = math.inf
        """When the next state is made, whatever has arrived; infinite if none is due."""

    def run(self) -> Flow[None]:
        """Emit states, each a batch of its own."""
        while (yield from self._begin()):
            try:
                yield from self._follow()
            except StreamResetError as reset:
                yield from self._pause_after(reset)
            else:
                return

    def _begin(self) -> Flow[bool]:
        """Start from the history; say whether there is one."""
        snapshot = yield from self._look()
        if snapshot is None:
            yield Emit(_batch(ConversationState()))
        while snapshot is None and self._wait_for_it:
            yield from self._pause(self._absences, "no such conversation yet")
            snapshot = yield from self._look()
        if snapshot is None:
            return False
        self._absences.reset()
        self._fold = Fold(snapshot)
        yield Emit(_batch(self._states.of(self._fold)))
        return True

    def _look(self) -> Flow[Json | None]:
        """Return the conversation, `None` where there is none."""
        try:
            return (yield from self._api.history(what="observe")).to_dict()
        except FlueApiError as error:
            if not is_absent(error):
                raise
            return None

    def _follow(self) -> Flow[None]:
        offset = self._fold.offset
        assert offset is not None
        self._updates = self._api.updates(incarnation=self._fold.incarnation)
        stream = self._api.follow(self._updates, offset, self._live, self._counters)
        self._changed, self._due_at = False, math.inf
        yield from for_each_batch(stream, self._take, self._show, self._wants_more)

    def _take(self, batch: Batch) -> Flow[None]:
        self._resets.reset()
        self._at_tail = batch.up_to_date
        self._fold.incarnation = self._updates.incarnation
        self._changed = self._fold.apply_batch(batch.items, batch.offset) or self._changed
        if self._fold.superseded:
            raise StreamResetError(offset=batch.offset, tail=None)
        yield from ()

    def _wants_more(self) -> bool:
        """Whether the next state may take in what has arrived meanwhile."""
        if not (self._changed and self._at_tail):
            return False
        now = self._api.clock.monotonic()
        self._due_at = min(self._due_at, now + LIMITS.state)
        return now < self._due_at

    def _show(self) -> Flow[None]:
        if self._changed and self._at_tail:
            self._changed, self._due_at = False, math.inf
            yield Emit(_batch(self._states.of(self._fold)))

    def _pause_after(self, reset: StreamResetError) -> Flow[None]:
        """Keep a sane pace where servers with different stores answer in turns."""
        try:
            yield from self._pause(self._resets, "the server has lost what the offset meant")
        except GaveUp:
            raise reset from None

    def _pause(self, retry: Retry, cause: str) -> Flow[None]:
        try:
            yield from retry.pause(cause)
        except DeadlineExceeded:
            raise overdue(retry, "between two looks at the conversation") from None


def _batch(state: ConversationState) -> Batch:
    return Batch([state], state.offset or "-1", True, False)
