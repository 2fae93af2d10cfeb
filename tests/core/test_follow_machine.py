"""Any interleaving of batches, cuts, waits, errors, closures and restarts of the consumer delivers
every item once, in order, with an offset that is never ahead of the consumer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from flue_client_ext._values.http import Head
from flue_client_ext._values.steps import Emit, Open, Read, Sleep

from .model import Response, offset_of
from .play import CUT, REFUSED, SILENT, STALE
from .stage import Stage

LIVE = st.sampled_from([None, "long-poll", "sse", "auto"])
BUSY = st.sampled_from([408, 425, 429, 500, 502, 503, 504, 520, 524])
SECONDS = st.sampled_from([0, 0.3, 1, 5, 45])
NO_FRAMES = [
    b"event: control\ndata: {\n\n",
    b"event: control\n\n",
    b'event: control\ndata: {"upToDate":true}\n\n',
    b"event: data\ndata: {}\n\n",
    b"event: data\ndata: [1\n\n",
]


def waits_for(kind: type) -> Callable[[Any], bool]:
    return lambda machine: isinstance(machine.play.step, kind)


class Machine(Stage, RuleBasedStateMachine):
    @initialize(live=LIVE, count=st.integers(0, 8), start=st.sampled_from(["-1", "now", "saved"]))
    def begin(self, live: Any, count: int, start: str) -> None:
        self.stream.append(count)
        saved = count // 2
        self.pinned = {"-1": 0, "saved": saved}.get(start)
        self.begin_reading(offset_of(saved) if start == "saved" else start, live)

    @precondition(lambda self: not self.stream.closed)
    @rule(count=st.integers(1, 7))
    def append_items(self, count: int) -> None:
        self.stream.append(count)
        if self.answer is not None and self.answer.live:
            self.stream.feed(self.answer)

    @precondition(lambda self: not self.stream.closed and len(self.stream.items) > 8)
    @rule()
    def close_it(self) -> None:
        self.close_stream()

    @rule(steps=st.integers(2, 25))
    def let_it_go_on(self, steps: int) -> None:
        """Nothing goes wrong for a while."""
        for _ in range(steps):
            if not self.honest_step():
                break
            self.check()

    @precondition(waits_for(Open))
    @rule(bare=st.booleans())
    def answer_as_it_should_be(self, bare: bool) -> None:
        self.accept(bare)

    @precondition(waits_for(Open))
    @rule(seconds=SECONDS)
    def end_the_wait(self, seconds: float) -> None:
        _, mode, offset = self.play.asked
        if mode == "long-poll" and self.stream.position(offset) == len(self.stream.items):
            self.clock.now += seconds
            self.begin_answer(self.stream.nothing_new(offset))

    @precondition(lambda self: isinstance(self.play.step, Open) and self.passed)
    @rule(which=st.integers(0, 9), empty=st.booleans())
    def answer_as_a_while_ago(self, which: int, empty: bool) -> None:
        """As a replica that lags would; its own tail ends a reading that goes up to the tail."""
        if self.play.asked[1] not in ("page", "long-poll") or self.play.request.method == "HEAD":
            return
        position = self.passed[-1 - which % len(self.passed)]
        headers = {"stream-next-offset": offset_of(position), "stream-up-to-date": "true"}
        items = [] if empty else self.stream.items[:position][-2:]
        self.begin_answer(Response(Head(200, headers), json.dumps(items).encode()), position)

    @precondition(waits_for(Open))
    @rule(failure=st.sampled_from([REFUSED, CUT, SILENT]), seconds=SECONDS)
    def fail_to_answer(self, failure: Any, seconds: float) -> None:
        self.clock.now += seconds
        self.kept_alive = False
        self.reply(failure)

    @precondition(lambda self: isinstance(self.play.step, Open) and self.kept_alive)
    @rule()
    def have_closed_the_idle_connection(self) -> None:
        self.kept_alive = False
        self.reply(STALE)

    @precondition(waits_for(Open))
    @rule(status=BUSY, wait=st.sampled_from(["", "2", "900"]))
    def be_busy(self, status: int, wait: str) -> None:
        headers = {"retry-after": wait, "content-type": "text/html"}
        self.begin_answer(Response(Head(status, headers), b"<h1>busy</h1>"))

    @property
    def takes_a_shortcut(self) -> bool:
        """Whether SSE was asked for where pages would do."""
        mode = self.play.asked[1]
        return mode == "bulk" or (mode == "sse" and self.live == "auto")

    @precondition(lambda self: isinstance(self.play.step, Open) and self.takes_a_shortcut)
    @rule(
        status=st.sampled_from([200, 204, 301, 400, 401, 404, 501]),
        kind=st.sampled_from(["text/html", "application/json", "text/event-stream"]),
    )
    def know_no_SSE(self, status: int, kind: str) -> None:
        headers = {"content-type": kind, "content-encoding": "gzip"}
        if kind != "text/event-stream":
            del headers["content-encoding"]
        self.begin_answer(Response(Head(status, headers), b"" if status == 204 else b"<h1>?</h1>"))

    @precondition(lambda self: self.may_append_to_answer and self.live != "sse")
    @rule(frame=st.sampled_from(NO_FRAMES))
    def send_a_frame_that_is_none(self, frame: bytes) -> None:
        assert self.answer is not None
        self.answer.body += frame

    @precondition(lambda self: isinstance(self.play.step, Read) and self.answer.body)
    @rule(size=st.integers(1, 250))
    def send_some_bytes(self, size: int) -> None:
        self.send(size)

    @precondition(lambda self: self.may_append_to_answer and self.answer.sent)
    @rule(which=st.integers(0, 9))
    def send_a_batch_again(self, which: int) -> None:
        assert self.answer is not None
        self.answer.body += self.answer.sent[-1 - which % len(self.answer.sent)]

    @precondition(lambda self: self.may_append_to_answer)
    @rule()
    def send_a_heartbeat(self) -> None:
        assert self.answer is not None
        self.answer.body += b": heartbeat\n\n"

    @precondition(waits_for(Read))
    @rule(failure=st.sampled_from([CUT, SILENT]), seconds=SECONDS)
    def cut_the_answer(self, failure: Any, seconds: float) -> None:
        self.clock.now += seconds
        assert self.answer is not None
        looks_like_an_end = self.answer.head.close_delimited or self.answer.live
        self.end_answer(None if failure is CUT and looks_like_an_end else failure)

    @precondition(lambda self: isinstance(self.play.step, Open | Read | Sleep))
    @rule(seconds=SECONDS)
    def interrupt_the_reader(self, seconds: float) -> None:
        """It is cancelled in its wait, and comes back."""
        self.clock.now += seconds
        if not isinstance(self.play.step, Sleep):
            self.answer, self.kept_alive = None, False
        self.play.cancel()
        self.requests = self.play.opened

    @precondition(waits_for(Sleep))
    @rule()
    def let_time_pass(self) -> None:
        assert self.play.slept() >= 0

    @precondition(waits_for(Emit))
    @rule()
    def hand_over_an_item(self) -> None:
        self.take_one()

    @precondition(lambda self: self.pinned is not None)
    @rule(live=LIVE)
    def restart_from_the_saved_offset(self, live: Any) -> None:
        """What was handed over of a batch in flight comes again, and nothing else."""
        assert self.pinned is not None
        position = self.stream.position(self.delivery.offset)
        del self.got[position - self.pinned :]
        self.begin_reading(self.delivery.offset, live)

    @invariant()
    def all_is_well(self) -> None:
        self.check()

    def teardown(self) -> None:
        self.check_end()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=250,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
