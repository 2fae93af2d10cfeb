"""Any interleaving of answers, failures, cuts, waits, cancellations and deadlines of one call: a
POST is executed once at most, and its error says whether it can have been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flue_client_ext import (
    BackoffOptions,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from flue_client_ext._values.http import Head, Response
from flue_client_ext._values.steps import Open, Read, Sleep

from .calls import begin
from .play import CUT, REFUSED, SILENT, STALE

KINDS = st.sampled_from(["read", "post", "post with a key"])
BROKEN = st.sampled_from([CUT, SILENT])
STATUSES = st.sampled_from([200, 202, 204, 302, 400, 404, 408, 409, 425, 429, 500, 501, 503, 520])
DOCUMENTED = (FlueConnectionError, FlueTimeoutError, InvokeOutcomeUnknownError)


def waits_for(*kinds: type) -> Callable[[Any], bool]:
    return lambda machine: not machine.over and isinstance(machine.play.step, kinds)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.over = True
        self.error: Exception | None = None

    @initialize(kind=KINDS, retries=st.integers(0, 4))
    def begin(self, kind: str, retries: int) -> None:
        self.error = None
        self.is_read, self.keyed = kind == "read", kind == "post with a key"
        self.counted, self.uncounted = retries + 1, 0
        options = BackoffOptions(max_retries=retries)
        method = "GET" if self.is_read else "POST"
        self.play = begin(method, repeatable=self.keyed, options=options)
        self.over = False
        self.executed = 0
        """How often the server has done what the request says; with a key, once at most."""
        self.unanswered = False
        """Whether an attempt may have arrived and got no answer."""
        self.pause = 0.0
        self.last: Response | None = None

    @precondition(lambda self: self.over)
    @rule(kind=KINDS, retries=st.integers(0, 4))
    def begin_another(self, kind: str, retries: int) -> None:
        self.begin(kind, retries)

    def leave_unanswered(self) -> None:
        """The present attempt may have arrived, and the client does not know what became of it."""
        if not self.unanswered:
            self.unanswered, self.latest = True, self.play.opened
        self.pause = 0.0

    def execute(self) -> None:
        self.executed = 1 if self.keyed else self.executed + 1

    def step(self, turn: Callable[[], Any]) -> None:
        """Take one turn of the call; it may end."""
        try:
            turn()
        except DOCUMENTED as error:
            self.error = error
        self.over = self.error is not None or self.play.ended
        if self.over:
            self.check_end()

    @precondition(waits_for(Open))
    @rule(status=STATUSES, executed=st.booleans(), wait=st.sampled_from([0, 7]))
    def answer(self, status: int, executed: bool, wait: int) -> None:
        """A success has executed the request, a refusal has not, and trouble may have."""
        if status < 300 or (status >= 500 and executed):
            self.execute()
        headers = {"retry-after": str(wait)} if wait else {}
        self.pause = float(wait)
        self.last = Response(status, headers, b"")
        self.step(lambda: self.play.reply(Head(status, headers)))

    @precondition(waits_for(Read))
    @rule(body=st.sampled_from([b"", b"{}"]))
    def send_the_body(self, body: bytes) -> None:
        assert self.last is not None
        self.last = evolve(self.last, body=self.last.body + body)
        self.step(lambda: self.play.reply(body))

    @precondition(waits_for(Open))
    @rule()
    def refuse_the_connection(self) -> None:
        self.pause = 0.0
        self.step(lambda: self.play.reply(REFUSED))

    @precondition(waits_for(Open))
    @rule(failure=BROKEN, executed=st.booleans())
    def give_no_answer(self, failure: Any, executed: bool) -> None:
        if executed:
            self.execute()
        self.leave_unanswered()
        self.step(lambda: self.play.reply(failure))

    @precondition(lambda self: waits_for(Open)(self) and self.uncounted < 3)
    @rule()
    def have_closed_the_idle_connection(self) -> None:
        self.leave_unanswered()
        self.uncounted += 1
        self.step(lambda: self.play.reply(STALE))

    @precondition(waits_for(Read))
    @rule(failure=BROKEN)
    def cut_the_body(self, failure: Any) -> None:
        self.lose_the_body()
        self.step(lambda: self.play.reply(failure))

    def lose_the_body(self) -> None:
        """The head of a 4xx says what became of a POST."""
        assert self.last is not None
        if not 400 <= self.last.status < 500:
            self.leave_unanswered()
        self.last, self.pause = evolve(self.last, body=b"", body_lost=True), 0.0

    @precondition(waits_for(Sleep))
    @rule()
    def let_time_pass(self) -> None:
        assert self.play.step.seconds >= self.pause
        self.step(self.play.slept)

    @precondition(waits_for(Open, Read, Sleep))
    @rule(executed=st.booleans())
    def cancel_it_and_come_back(self, executed: bool) -> None:
        if isinstance(self.play.step, Open):
            self.leave_unanswered()
            if executed:
                self.execute()
        elif isinstance(self.play.step, Read):
            self.lose_the_body()
        self.uncounted += not isinstance(self.play.step, Sleep)
        self.step(self.play.cancel)

    @precondition(waits_for(Open, Read))
    @rule(sent=st.booleans(), executed=st.booleans())
    def let_the_deadline_pass(self, sent: bool, executed: bool) -> None:
        if isinstance(self.play.step, Read):
            sent = True
            self.lose_the_body()
        elif sent and executed:
            self.execute()
        self.step(lambda: self.play.deadline(sent))

    @invariant()
    def a_post_is_executed_once(self) -> None:
        if hasattr(self, "play") and not self.is_read:
            assert self.executed <= 1
            assert self.keyed or not self.unanswered or self.play.opened == self.latest

    @invariant()
    def requests_are_bounded(self) -> None:
        if hasattr(self, "play"):
            assert self.play.opened <= self.counted + self.uncounted

    def check_end(self) -> None:
        if self.error is None:
            assert self.play.result is not None
            assert self.play.result == self.last
            if not self.is_read and self.play.result.status >= 300:
                assert not self.unanswered
        elif not self.is_read and not isinstance(self.error, InvokeOutcomeUnknownError):
            assert self.executed == 0
        if self.is_read:
            assert not isinstance(self.error, InvokeOutcomeUnknownError)


TestCallMachine = Machine.TestCase
TestCallMachine.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
