"""The state machine of a reading: every event in every state, and what a resumed step becomes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import AbortController
from flue_client_ext._stream.aborting import Aborted
from flue_client_ext._stream.machine import Machine
from flue_client_ext._stream.states import ENDED, TRANSITIONS, Event, State, after
from flue_client_ext._values.http import Request
from flue_client_ext._values.steps import (
    POLL,
    Batch,
    Call,
    DeadlineExceeded,
    Emit,
    Failure,
    Flow,
    Note,
    Open,
    Read,
    Sleep,
    Step,
)

GET = Open(Request("GET", "http://server.test/"), 1.0)
EMPTY = Emit(Batch([], "a", False, False))

#: Of each state: where each event leads to. Words that are no state's are the errors below.
OUTCOMES = {
    "NEW": "NEXT:RUNNING ERROR:FINISHED CANCEL:NEW LOSE:NEW SIGNAL:ABORTED RELEASE:NEW"
    " CLOSE:FINISHED",
    "RUNNING": "NEXT:refused STEP:WAITING EMIT:IDLE END:FINISHED ERROR:FINISHED CANCEL:BROKEN"
    " LOSE:RUNNING SIGNAL:RUNNING ABORT:ABORTED RELEASE:RUNNING CLOSE:RUNNING",
    "WAITING": "NEXT:refused REPLY:RUNNING ERROR:FINISHED CANCEL:CANCELLED LOSE:WAITING"
    " SIGNAL:WAITING ABORT:ABORTED RELEASE:WAITING CLOSE:WAITING",
    "IDLE": "NEXT:RUNNING ERROR:FINISHED CANCEL:BROKEN LOSE:BROKEN SIGNAL:ABORTED ABORT:ABORTED"
    " RELEASE:IDLE CLOSE:FINISHED",
    "CANCELLED": "NEXT:RUNNING ERROR:FINISHED CANCEL:CANCELLED LOSE:CANCELLED SIGNAL:ABORTED"
    " RELEASE:CANCELLED CLOSE:FINISHED",
    "FINISHED": "NEXT:FINISHED ERROR:FINISHED CANCEL:FINISHED LOSE:FINISHED SIGNAL:FINISHED"
    " RELEASE:FINISHED CLOSE:FINISHED",
    "ABORTED": "NEXT:aborted REPLY:aborted ERROR:ABORTED CANCEL:ABORTED LOSE:ABORTED SIGNAL:ABORTED"
    " ABORT:ABORTED RELEASE:ABORTED CLOSE:ABORTED",
    "BROKEN": "NEXT:refused ERROR:BROKEN CANCEL:BROKEN LOSE:BROKEN SIGNAL:BROKEN RELEASE:BROKEN"
    " CLOSE:BROKEN",
}
ERRORS: dict[str, type[BaseException]] = {"refused": RuntimeError, "aborted": Aborted}
PAIRS = [(state, event) for state in State for event in Event]


def expected(state: State, event: Event) -> State | type[BaseException]:
    """What the event does; one that is not listed does not happen in the state."""
    listed = dict(each.split(":") for each in OUTCOMES[state.name].split())
    word = listed.get(event.name, "refused")
    return ERRORS.get(word) or State[word]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Reading:
    """A machine whose flow takes `steps`; `at` is called in the flow before it takes them."""

    def __init__(self, *steps: Step, timeout: float | None = None) -> None:
        self.clock = Clock()
        self.controller = AbortController()
        self.replies: list[Any] = []
        self.at: Callable[[], None] = lambda: None
        self.steps = steps
        self.closed = False
        signal = self.controller.signal
        self.machine = Machine(self.flow(), self.clock, signal, timeout, self)

    def wake(self) -> None:
        self.machine.signalled()

    def flow(self) -> Flow[str]:
        self.at()
        try:
            for step in self.steps:
                try:
                    self.replies.append((yield step))
                except DeadlineExceeded as passed:
                    self.replies.append(passed)
        except GeneratorExit:
            self.closed = True
            raise
        return "the result"


def reading_in(state: State) -> Reading:
    """A reading brought to `state` by ordinary events; for RUNNING see `told`."""
    reading = Reading(EMPTY, Read(None), EMPTY)
    machine = reading.machine
    if state is State.NEW:
        return reading
    machine.next()
    if state is State.IDLE:
        return reading
    machine.next()
    match state:
        case State.CANCELLED:
            machine.cancel()
        case State.FINISHED:
            machine.reply(b"")
            machine.next()
        case State.ABORTED:
            machine.reply(b"")
            reading.controller.abort()
        case State.BROKEN:
            machine.reply(b"")
            machine.lose()
        case _:
            pass
    assert machine.state is state
    return reading


TOLD: dict[Event, Callable[[Machine[str]], object]] = {
    Event.NEXT: Machine.next,
    Event.REPLY: lambda machine: machine.reply(None),
    Event.ERROR: Machine.fail,
    Event.CANCEL: Machine.cancel,
    Event.LOSE: Machine.lose,
    Event.SIGNAL: Machine.signalled,
    Event.RELEASE: Machine.release,
    Event.CLOSE: Machine.close,
}
UNASKED = [Event.LOSE, Event.SIGNAL, Event.RELEASE, Event.CLOSE]


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda each: each.name)
def test_the_table_says_what_each_event_does_in_each_state(state: State, event: Event) -> None:
    outcome = expected(state, event)
    if isinstance(outcome, State):
        assert after(state, event) is outcome
    else:
        with pytest.raises(outcome):
            after(state, event)


def test_the_table_has_a_cell_for_every_pair() -> None:
    assert [len(row) for row in TRANSITIONS] == [len(State)] * len(Event)


@pytest.mark.parametrize("state", [state for state in State if state is not State.RUNNING])
@pytest.mark.parametrize("event", TOLD, ids=lambda event: event.name)
def test_a_machine_does_what_the_table_says(state: State, event: Event) -> None:
    machine = reading_in(state).machine
    outcome = expected(state, event)
    if event is Event.NEXT and outcome is State.FINISHED:
        assert not machine.can_advance()
    elif not isinstance(outcome, State):
        with pytest.raises(outcome):
            TOLD[event](machine)
        assert machine.state is (State.ABORTED if outcome is Aborted else state)
    else:
        TOLD[event](machine)
        flow_goes_on = event in (Event.NEXT, Event.REPLY)
        assert machine.state is outcome or (flow_goes_on and machine.state is not state)


@pytest.mark.parametrize("event", UNASKED, ids=lambda event: event.name)
def test_no_event_from_elsewhere_ends_a_flow_that_is_being_read(event: Event) -> None:
    reading = Reading(Read(None))
    states: list[State] = []

    def told() -> None:
        TOLD[event](reading.machine)
        states.append(reading.machine.state)

    reading.at = told
    reading.machine.next()
    assert states == [State.RUNNING]
    TOLD[event](reading.machine)
    assert reading.machine.state is State.WAITING
    assert reading.machine.reply(b"") is None
    assert reading.machine.result == "the result"


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_nothing_leads_out_of_an_end(state: State) -> None:
    reached = {expected(state, event) for event in Event} & set(State)
    if state in ENDED:
        assert reached == {state}
    else:
        assert reached & set(ENDED)


@pytest.mark.parametrize("state", [State.NEW, State.IDLE, State.CANCELLED])
def test_closing_ends_the_flow_and_the_listening(state: State) -> None:
    reading = reading_in(state)
    assert reading.machine.close()
    assert reading.closed == (state is not State.NEW)
    assert not reading.controller.signal._listeners


@pytest.mark.parametrize("step", [GET, Read(2.0), POLL], ids=["open", "read", "poll"])
def test_a_cancelled_request_or_read_has_failed(step: Step) -> None:
    reading = Reading(step, GET)
    assert reading.machine.next() == step
    reading.machine.cancel()
    assert reading.machine.next() == GET
    (failure,) = reading.replies
    assert isinstance(failure, Failure)
    assert failure.kind == "released"


@pytest.mark.parametrize("step", [Call(lambda: None), Note("info", "text")], ids=["call", "note"])
def test_another_cancelled_step_is_performed_again(step: Step) -> None:
    reading = Reading(step, GET)
    assert reading.machine.next() is step
    reading.machine.cancel()
    assert reading.machine.next() is step
    assert reading.replies == []


def test_a_cancelled_sleep_lasts_for_the_rest_of_its_time() -> None:
    reading = Reading(Sleep(10.0), GET)
    machine = reading.machine
    machine.next()
    assert machine.wake_at == 110.0
    reading.clock.now += 4
    machine.cancel()
    assert isinstance(machine.next(), Sleep)
    assert machine.wake_at == 110.0
    assert machine.reply(None) == GET
    assert reading.replies == [None]


def test_two_equal_sleeps_last_for_their_own_time_each() -> None:
    pause = Sleep(10.0)
    reading = Reading(pause, pause)
    reading.machine.next()
    reading.clock.now = reading.machine.wake_at
    assert reading.machine.reply(None) is pause
    assert reading.machine.wake_at == 120.0


@pytest.mark.parametrize("step", [Read(None), POLL], ids=["read", "poll"])
def test_a_read_after_a_step_that_was_cancelled_has_no_connection(step: Step) -> None:
    reading = Reading(GET, Sleep(1.0), step, GET)
    machine = reading.machine
    machine.next()
    machine.reply("head")
    machine.cancel()
    machine.next()
    assert machine.reply(None) == GET
    assert reading.replies[2].kind == "released"


def test_a_cancellation_in_the_flow_breaks_the_reading() -> None:
    reading = Reading(Read(None))

    def interrupted() -> None:
        raise KeyboardInterrupt

    reading.at = interrupted
    with pytest.raises(KeyboardInterrupt):
        reading.machine.next()
    reading.machine.cancel()
    assert reading.machine.state is State.BROKEN
    with pytest.raises(RuntimeError):
        reading.machine.can_advance()


def test_only_a_read_of_a_released_connection_fails() -> None:
    reading = Reading(GET, EMPTY, EMPTY, Read(None), GET, Read(None))
    machine = reading.machine
    machine.next()
    assert machine.reply("head") is None
    assert machine.release()
    assert machine.next() is None
    assert machine.batch is EMPTY.batch
    assert machine.next() == GET
    assert reading.replies[3].kind == "released"
    assert machine.reply("head") == Read(None)
    assert machine.reply(b"data") is None
    assert reading.replies[5] == b"data"


def test_a_deadline_counts_from_the_first_step() -> None:
    reading = Reading(GET, timeout=5.0)
    reading.clock.now += 50
    reading.machine.next()
    assert reading.machine.deadline == 155.0


def test_nothing_is_sent_after_the_deadline() -> None:
    reading = Reading(Call(lambda: None), GET, Read(None), timeout=5.0)
    reading.machine.next()
    reading.clock.now += 5
    assert reading.machine.reply(None) == Read(None)
    passed = reading.replies[1]
    assert isinstance(passed, DeadlineExceeded)
    assert not passed.sent


@pytest.mark.parametrize(("seconds", "wake_at"), [(4.0, 104.0), (6.0, 105.0)])
def test_a_sleep_ends_with_the_deadline(seconds: float, wake_at: float) -> None:
    reading = Reading(Sleep(seconds), Read(None), timeout=5.0)
    machine = reading.machine
    machine.next()
    assert machine.wake_at == wake_at
    reading.clock.now = wake_at
    machine.reply(None)
    assert [type(reply) for reply in reading.replies] == [
        DeadlineExceeded if wake_at < 100.0 + seconds else type(None)
    ]


def test_a_deadline_is_thrown_afresh() -> None:
    reading = Reading(Read(None), GET)
    reading.machine.next()
    passed = DeadlineExceeded(sent=True)
    assert reading.machine.reply(passed) == GET
    (thrown,) = reading.replies
    assert (type(thrown), thrown.sent) == (DeadlineExceeded, True)
    assert thrown is not passed


@pytest.mark.parametrize("when", ["before it begins", "in a step", "in the flow", "between two"])
def test_a_reader_finds_an_aborted_signal(when: str) -> None:
    reading = Reading(EMPTY, Read(None), EMPTY)
    machine, abort = reading.machine, reading.controller.abort
    if when == "before it begins":
        abort()
    elif when == "in the flow":
        reading.at = abort
    else:
        machine.next()
        if when == "in a step":
            machine.next()
        abort()
    with pytest.raises(Aborted):
        machine.reply(b"") if when == "in a step" else machine.next()
    assert machine.state is State.ABORTED
    machine.cancel()
    assert reading.closed
    with pytest.raises(Aborted):
        machine.can_advance()


def test_an_abort_is_found_before_the_listener_reports_it() -> None:
    """As when another thread aborts while this one begins to read."""
    reading = Reading(EMPTY, EMPTY)
    reading.machine.next()
    reading.controller.signal._listeners.clear()
    reading.controller.abort()
    assert reading.machine.state is State.IDLE
    with pytest.raises(Aborted):
        reading.machine.next()
    assert len(reading.replies) == 0


@pytest.mark.parametrize("event", [Event.SIGNAL, Event.RELEASE, Event.CLOSE])
def test_another_thread_does_not_undo_the_readers_step(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the state while a reader is active, which has changed it when the event ends."""
    machine = reading_in(State.WAITING).machine

    def slowly(state: State, event: Event) -> State:
        outcome = after(state, event)
        machine.state = State.IDLE
        return outcome

    monkeypatch.setattr("flue_client_ext._stream.machine.after", slowly)
    assert not TOLD[event](machine)
    assert machine.state is State.IDLE


def test_a_signal_keeps_no_abandoned_reading_alive() -> None:
    reading = Reading(EMPTY)
    reading.machine.next()
    controller, abandoned = reading.controller, weakref.ref(reading)
    del reading
    gc.collect()
    assert abandoned() is None
    controller.abort()


def test_the_result_is_there_at_the_end_and_no_batch() -> None:
    reading = Reading(EMPTY)
    reading.machine.next()
    assert reading.machine.batch is EMPTY.batch
    reading.machine.next()
    assert reading.machine.batch is None
    assert reading.machine.result == "the result"
    assert not reading.machine.can_advance()
