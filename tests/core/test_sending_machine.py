"""Any interleaving of answers, cuts, waits, lost stores and an agent's work while a message is sent
and its reply waited for: accepted once, and answered with what the server has."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from flue_client_ext import BackoffOptions, FlueExecutionError, StreamResetError
from flue_client_ext._flue.dialects import Outgoing
from flue_client_ext._flue.reply import find_settlement, read_reply
from flue_client_ext._values.steps import Open, Read, Sleep

from .conversation import Conversation, random_deeds
from .conversing import waiting
from .play import CUT, REFUSED, SILENT

FOR_EVER = BackoffOptions(max_retries=None)
BODY = {"kind": "user", "body": "x", "idempotencyKey": "key-1"}
BUSY = st.sampled_from([408, 425, 429, 500, 502, 503, 504, 520, 524])


def waits_for(*kinds: type) -> Callable[[Any], bool]:
    return lambda machine: not machine.over and isinstance(machine.play.step, kinds)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.over = True

    @initialize(seed=st.integers(0, 1 << 32), live=st.sampled_from(["long-poll", "auto"]))
    def begin(self, seed: int, live: Any) -> None:
        self.chance = Random(seed)
        self.stores = [Conversation().do(random_deeds(seed, 10))]
        self.accepted: dict[int, str] = {}
        """The submission that each store has accepted, by its number."""
        self.play = waiting(lambda w: w.ask(Outgoing(BODY)), live=live, backoff=FOR_EVER)
        self.error: Any = None
        self.over = False

    @property
    def server(self) -> Conversation:
        return self.stores[-1]

    def step(self, turn: Callable[[], Any]) -> None:
        try:
            turn()
        except (FlueExecutionError, StreamResetError) as error:
            self.error = error
        self.over = self.error is not None or self.play.ended

    @rule(seed=st.integers(0, 1 << 32), count=st.integers(1, 12))
    def let_the_agent_work(self, seed: int, count: int) -> None:
        self.server.do(random_deeds(seed, count))

    @precondition(lambda self: len(self.stores) < 3)
    @rule(seed=st.integers(0, 1 << 32), deeds=st.integers(0, 40))
    def lose_the_store(self, seed: int, deeds: int) -> None:
        """The server restarts with another conversation of the same id."""
        number = len(self.stores)
        fresh = Conversation(incarnation=f"inc_{number + 1}", first_id=1000 * number)
        self.stores.append(fresh.do(random_deeds(seed, deeds)))

    @precondition(waits_for(Open))
    @rule()
    def answer_as_it_should_be(self) -> None:
        method, _, query = self.play.asked
        if method == "POST":
            self.step(lambda: self.play.json(202, self.admit()))
        elif "offset" not in query:
            self.step(lambda: self.play.json(200, self.server.batches[-1].snapshot))
        else:
            self.page(query["offset"])

    def admit(self) -> dict[str, Any]:
        """Accept the message, or find the one that was accepted with its key."""
        assert json.loads(self.play.request.body or b"") == BODY
        store = len(self.stores)
        if store in self.accepted:
            known = self.accepted[store]
            return {"submissionId": known, "offset": "-1", "uid": "u", "deduplicated": True}
        offset = self.server.batches[-1].offset
        self.accepted[store] = self.server.send(0)
        self.server.end_batch()
        return {"submissionId": self.accepted[store], "offset": offset, "uid": "u"}

    def page(self, offset: str) -> None:
        batches = self.server.batches
        start = int(offset.rpartition("_")[2]) + 1 if offset != "-1" else 0
        if start > len(batches):
            self.step(lambda: self.say_gone(batches[-1].offset))
            return
        end = min(start + self.chance.randrange(1, 4), len(batches))
        items = [chunk for batch in batches[start:end] for chunk in batch.chunks]
        after = batches[end - 1].offset if end > start else offset
        if end == start:
            self.play.clock.now += self.chance.choice([0.5, 25, 45])
        content = [*self.server.checkpoint(), *items]
        self.step(lambda: self.play.page(content, after, end == len(batches)))

    def say_gone(self, head: str) -> None:
        self.play.head(416, content_type="application/json")
        if isinstance(self.play.step, Read):  # what refuses an event stream is asked as a page
            meta = {"nextOffset": head}
            error = {"type": "stream_offset_gone", "message": "m", "meta": meta}
            self.play.body(json.dumps({"error": error}).encode())

    @precondition(waits_for(Open))
    @rule(arrived=st.booleans(), failure=st.sampled_from([REFUSED, CUT, SILENT]))
    def fail_to_answer(self, arrived: bool, failure: Any) -> None:
        if arrived and failure is not REFUSED and self.play.asked[0] == "POST":
            self.admit()
        self.step(lambda: self.play.fail(failure))

    @precondition(waits_for(Open))
    @rule(status=BUSY, arrived=st.booleans())
    def be_busy(self, status: int, arrived: bool) -> None:
        if arrived and status >= 500 and self.play.asked[0] == "POST":
            self.admit()
        self.step(lambda: self.play.answer(status, b"<h1>busy</h1>", content_type="text/html"))

    @precondition(waits_for(Open))
    @rule()
    def cut_the_answer(self) -> None:
        if self.play.asked[0] == "POST":
            self.admit()
        self.step(lambda: self.play.head(202 if self.play.asked[0] == "POST" else 200))
        if not self.over and isinstance(self.play.step, Read):
            self.step(lambda: self.play.reply(b'{"submi'))
            self.step(lambda: self.play.fail(CUT))

    @precondition(waits_for(Sleep))
    @rule()
    def let_time_pass(self) -> None:
        self.step(self.play.slept)

    @precondition(waits_for(Open, Sleep))
    @rule()
    def cancel_it_and_come_back(self) -> None:
        self.step(self.play.cancel)

    def teardown(self) -> None:
        """With an honest server from here on, it ends with what became of the message."""
        if not hasattr(self, "play"):
            return
        for _ in range(400):
            if self.over:
                break
            self.server.do([("complete", 0), ("step", 0), ("complete", 0), ("settle", 0)])
            for _ in range(6):
                if not self.over:
                    self.let_time_pass() if isinstance(self.play.step, Sleep) else (
                        self.answer_as_it_should_be()
                    )
        assert self.over
        self.check_end()

    def check_end(self) -> None:
        if isinstance(self.error, StreamResetError):
            assert len(self.stores) > 1
            return
        store, id = next(
            (number, id)
            for number, id in self.accepted.items()
            if id == (self.error or self.play.result).submission_id
        )
        snapshot = self.stores[store - 1].batches[-1].snapshot
        settlement = find_settlement(snapshot, id)
        assert settlement is not None
        if self.error is not None:
            assert settlement["outcome"] == self.error.failure
            return
        assert settlement["outcome"] == "completed"
        there = read_reply(snapshot, id)
        assert (self.play.result.text, self.play.result.data) == (there.text, there.data)


TestSendingMachine = Machine.TestCase
TestSendingMachine.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
