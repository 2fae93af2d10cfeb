"""Abort signals: once, from any thread, with their reason, and without leaks."""

from __future__ import annotations

import contextvars
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flue_client_ext import AbortController, AbortSignal
from flue_client_ext._http.deadlines import watch
from tests.patience import patiently

MAKERS: dict[str, Callable[[AbortSignal], AbortSignal]] = {
    "itself": lambda signal: signal,
    "any": lambda signal: AbortSignal.any([AbortController().signal, signal]),
    "any of any": lambda signal: AbortSignal.any([AbortSignal.any([signal])]),
    "with a timeout": lambda signal: AbortSignal.any([AbortSignal.timeout(3600), signal]),
}


@pytest.fixture(params=MAKERS)
def pair(request: Any) -> Iterator[tuple[AbortController, AbortSignal]]:
    """A controller, and a signal that follows it."""
    controller = AbortController()
    yield controller, MAKERS[request.param](controller.signal)
    assert not timers()


def timers() -> int:
    """How many deadlines are waited for; one thread does for all of them."""
    timers = [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
    assert not [t for t in timers if str(t.function.__module__).startswith("flue_client")]
    until = time.monotonic() + 10
    while sum(t.name == "flue-client-deadline" for t in threading.enumerate()) > 1:
        assert time.monotonic() < until  # one that has just ended may still be there
        time.sleep(0.001)
    return watch._live


@pytest.fixture(autouse=True, scope="module")
def nothing_waits() -> None:
    """What calls of other tests wait for has ended."""
    until = time.monotonic() + 10
    while watch._live and time.monotonic() < until:
        time.sleep(0.001)


def test_a_signal_is_aborted_once_and_keeps_its_first_reason(
    pair: tuple[AbortController, AbortSignal],
) -> None:
    controller, signal = pair
    assert (signal.aborted, signal.reason) == (False, None)
    controller.abort("enough")
    controller.abort("again")
    assert (signal.aborted, signal.reason) == (True, "enough")


def test_listeners_are_called_once_each(pair: tuple[AbortController, AbortSignal]) -> None:
    controller, signal = pair
    calls: list[str] = []
    first, second = (lambda: calls.append("1")), (lambda: calls.append("2"))
    signal.add_listener(first)
    signal.add_listener(second)
    controller.abort()
    controller.abort()
    assert sorted(calls) == ["1", "2"]
    signal.remove_listener(first)
    signal.remove_listener(second)


def test_a_listener_that_comes_too_late_is_called_at_once(
    pair: tuple[AbortController, AbortSignal],
) -> None:
    controller, signal = pair
    controller.abort()
    woken = threading.Event()
    signal.add_listener(woken.set)
    assert woken.is_set()
    signal.remove_listener(woken.set)


def test_a_removed_listener_is_not_called_and_nothing_is_held(
    pair: tuple[AbortController, AbortSignal],
) -> None:
    controller, signal = pair

    class Call:
        def wake(self) -> None:
            raise AssertionError("called")

    call = Call()
    gone = weakref.ref(call)
    listener = call.wake
    signal.add_listener(listener)
    signal.remove_listener(listener)
    signal.remove_listener(listener)
    del call, listener
    gc.collect()
    assert gone() is None
    assert controller.signal._listeners == []
    controller.abort()


def test_a_composed_signal_without_listeners_does_not_listen_itself() -> None:
    controllers = [AbortController() for _ in range(3)]
    for _ in range(100):
        composed = AbortSignal.any(c.signal for c in controllers)
        composed.add_listener(print)
        composed.remove_listener(print)
    assert all(c.signal._listeners == [] for c in controllers)


def test_a_composed_signal_takes_the_reason_of_the_first_that_aborts() -> None:
    one, two = AbortController(), AbortController()
    composed = AbortSignal.any([one.signal, two.signal])
    composed.add_listener(print)
    two.abort("two")
    one.abort("one")
    assert composed.reason == "two"
    late = AbortSignal.any([AbortController().signal, two.signal])
    assert (late.aborted, late.reason) == (True, "two")


def test_a_composed_signal_of_nothing_is_never_aborted() -> None:
    assert not AbortSignal.any([]).aborted


def test_a_timeout_aborts_its_listener_with_a_TimeoutError_and_its_thread_ends() -> None:
    for signal in (AbortSignal.timeout(0.01), AbortSignal.any([AbortSignal.timeout(0.01)])):
        woken = threading.Event()
        signal.add_listener(woken.set)
        assert woken.wait(10)
        assert signal.aborted
        assert isinstance(signal.reason, TimeoutError)
        signal.remove_listener(woken.set)


def test_a_timeout_that_has_passed_shows_without_anybody_listening() -> None:
    signal = AbortSignal.timeout(0)
    assert signal.aborted
    assert isinstance(signal.reason, TimeoutError)


def test_a_timeout_without_listeners_runs_no_timer() -> None:
    signals = [AbortSignal.timeout(3600) for _ in range(50)]
    assert not timers()
    for signal in signals:
        signal.add_listener(print)
    assert timers() == 50
    for signal in signals:
        signal.remove_listener(print)
    assert not timers()


@pytest.mark.parametrize("seconds", [-1, float("nan"), "1", None, True])
def test_a_timeout_that_is_none_is_refused(seconds: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="seconds"):
        AbortSignal.timeout(seconds)


def test_an_abort_from_another_thread_reaches_every_listener() -> None:
    controller = AbortController()
    events = [threading.Event() for _ in range(50)]
    for event in events:
        AbortSignal.any([controller.signal]).add_listener(event.set)
    thread = threading.Thread(target=controller.abort, args=("stop",))
    thread.start()
    assert all(event.wait(10) for event in events)
    thread.join()


class Slow(list[Any]):
    """A list that tells its first length only once a second listener has come, or would have."""

    def __init__(self) -> None:
        super().__init__()
        self.second = threading.Event()
        self.asked = False

    def append(self, value: Any) -> None:
        super().append(value)
        if super().__len__() == 2:
            self.second.set()

    def __len__(self) -> int:
        if not self.asked:
            self.asked = True
            self.second.wait(0.2)
        return super().__len__()


def test_two_threads_can_listen_to_a_composed_signal_at_once() -> None:
    controller = AbortController()
    shared = AbortSignal.any([controller.signal])
    shared._listeners = Slow()
    events = [threading.Event(), threading.Event()]
    threads = [threading.Thread(target=shared.add_listener, args=(e.set,)) for e in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    controller.abort()
    assert all(event.is_set() for event in events)


def test_many_threads_may_begin_and_cease_to_listen_while_it_is_aborted() -> None:
    controller = AbortController()
    shared = AbortSignal.any([controller.signal, AbortSignal.timeout(3600)])
    start = threading.Barrier(9)
    woken = [threading.Event() for _ in range(8)]

    def listen(event: threading.Event) -> None:
        start.wait()
        for _ in range(200):
            shared.add_listener(print)
            shared.remove_listener(print)
        shared.add_listener(event.set)

    threads = [threading.Thread(target=listen, args=(event,)) for event in woken]
    for thread in threads:
        thread.start()
    start.wait()
    for thread in threads:
        thread.join()
    assert not any(event.is_set() for event in woken)
    controller.abort()
    assert all(event.is_set() for event in woken)
    for event in woken:
        shared.remove_listener(event.set)
    assert not timers()


def test_a_listener_that_fails_keeps_no_other_signal_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def fails() -> None:
        raise ValueError("a listener's own")

    def attempt(seconds: float) -> None:
        told.clear()
        woken = threading.Event()
        signals = [AbortSignal.timeout(seconds), AbortSignal.timeout(2 * seconds)]
        signals[0].add_listener(fails)
        signals[1].add_listener(woken.set)
        assert woken.wait(20)
        assert [type(each.exc_value) for each in told] == [ValueError]

    for _ in range(2):
        patiently(attempt, 0.01, 0.2, 3.0)


def test_a_composed_signal_without_listeners_knows_the_first_abort() -> None:
    one, two = AbortController(), AbortController()
    composed = AbortSignal.any([one.signal, two.signal])
    nested = AbortSignal.any([AbortSignal.any([one.signal]), two.signal])
    two.abort("two")
    one.abort("one")
    assert (composed.reason, nested.reason) == ("two", "two")


@pytest.mark.parametrize("seconds", [float("inf"), 1e12])
def test_a_timeout_longer_than_any_timer_is_simply_never_reached(seconds: float) -> None:
    signal = AbortSignal.timeout(seconds)
    signal.add_listener(print)
    assert not signal.aborted
    signal.remove_listener(print)
    assert not timers()


class Compared:
    """A listener in whose comparison a signal handler does something."""

    def __init__(self, interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt
        self.called = False

    def __eq__(self, other: object) -> bool:
        self._interrupt()
        return self is other

    def __call__(self) -> None:
        self.called = True


def test_an_abort_while_a_listener_is_removed_disturbs_nothing() -> None:
    controller = AbortController()
    listener = Compared(controller.abort)
    controller.signal.add_listener(listener)
    controller.signal.remove_listener(listener)
    assert controller.signal.aborted


def test_each_of_two_removals_at_once_removes_its_own_listener() -> None:
    controller, called = AbortController(), threading.Event()
    signal = controller.signal

    def first() -> None:
        """Removed while another is looked for."""

    once = iter([lambda: signal.remove_listener(first)])
    other = Compared(lambda: next(once, lambda: None)())
    for listener in (first, other, called.set):
        signal.add_listener(listener)
    signal.remove_listener(other)
    controller.abort()
    assert called.is_set()
    assert not other.called


def test_a_listener_is_called_by_an_abort_while_it_is_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    controller, called = AbortController(), threading.Event()

    def interrupted() -> contextvars.Context:
        controller.abort()
        return contextvars.copy_context()

    monkeypatch.setattr("flue_client_ext.signals.copy_context", interrupted)
    controller.signal.add_listener(called.set)
    assert called.is_set()
