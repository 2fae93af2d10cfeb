"""A conversation read with cuts, redeliveries, resumptions and resets at any point: the fold shows
the server's snapshot wherever it stands behind a whole batch."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flue_client_ext import FlueProtocolError
from flue_client_ext._flue.fold import Fold

from .conversation import DEEDS, Conversation, random_deeds

SEEDS = st.integers(0, 1 << 32)
MALFORMED: list[Any] = [
    *(None, 5, "x", [], {}, {"type": None}),
    {"type": "message-delta", "position": {"batch": 1e9, "index": 0}},
    {"type": "message-appended", "conversationId": "c", "position": 5, "message": {}},
]


class Machine(RuleBasedStateMachine):
    @initialize(seed=SEEDS, started=st.booleans())
    def begin(self, seed: int, started: bool) -> None:
        self.server = Conversation().do(random_deeds(seed, 20))
        self.given: list[tuple[Any, Any]] = []
        """The snapshots that were returned, each with a copy of what it said then."""
        self.begun = self.applied = -1
        """The number of the last batch that was applied whole; no part of a later one was."""
        self.furthest = -1
        self.fold = Fold()
        if started:
            self.begin_anew()

    @rule(deeds=st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 9)), max_size=12))
    def let_things_happen(self, deeds: list[Any]) -> None:
        self.server.do(deeds)

    @rule(back=st.integers(0, 3), ahead=st.integers(1, 4))
    def read_batches(self, back: int, ahead: int) -> None:
        """From where the reader stands, or from further back: the rest is a redelivery."""
        start = max(self.begun + 1, self.applied + 1 - back)
        self.fold.apply_batch(self.server.checkpoint(), self.fold.offset or "-1")
        for batch in self.server.batches[start : self.applied + 1 + ahead]:
            self.fold.apply_batch(deepcopy(batch.chunks), batch.offset)
        self.applied = min(self.applied + ahead, len(self.server.batches) - 1)
        self.furthest = max(self.furthest, self.applied)

    @rule(count=st.integers(1, 9))
    def be_cut_in_a_batch(self, count: int) -> None:
        """Some chunks arrive whose batch does not; the answer begins as each does."""
        self.fold.apply(self.server.checkpoint()[0])
        rest = self.server.batches[self.applied + 1 :]
        chunks = [(at, chunk) for at, batch in enumerate(rest) for chunk in batch.chunks]
        for at, chunk in chunks[:count]:
            self.fold.apply(deepcopy(chunk))
            self.furthest = max(self.furthest, self.applied + 1 + at)

    @rule()
    def begin_anew(self) -> None:
        """From the history, as after a restart."""
        self.begun = self.applied = self.furthest = len(self.server.batches) - 1
        self.fold = Fold(deepcopy(self.server.batches[-1].snapshot))

    @precondition(lambda self: self.applied >= 0)
    @rule(chunk=st.sampled_from(MALFORMED))
    def send_what_is_no_chunk(self, chunk: Any) -> None:
        """It changes nothing, or is an error of the protocol."""
        before = deepcopy(self.fold.snapshot())
        try:
            self.fold.apply(deepcopy(chunk))
        except FlueProtocolError:
            pass
        assert self.fold.snapshot() == before

    @invariant()
    def it_shows_what_the_server_has(self) -> None:
        if not hasattr(self, "fold"):
            return
        snapshot = self.fold.snapshot()
        if self.applied == self.furthest >= 0:
            assert snapshot == self.server.batches[self.applied].snapshot
        self.given = [*self.given[-3:], (snapshot, deepcopy(snapshot))]
        assert all(shown == then for shown, then in self.given)
        assert not self.fold.superseded


TestFoldMachine = Machine.TestCase
TestFoldMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
