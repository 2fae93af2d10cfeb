"""A clock of its own: thirty seconds of behaviour in milliseconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flue_client_ext.testing import Clock, LocalFlue, RealClock, RunContext, VirtualClock
from tests.local.support import ended, gates, waiting, with_workflows
from tests.patience import patiently
from tests.servers.http import client_of


def poll(url: str, run_id: str) -> httpx.Response:
    return httpx.get(f"{url}/runs/{run_id}?offset=now&live=long-poll", timeout=10)


def test_a_hold_ends_when_the_clock_is_moved_and_not_before() -> None:
    clock = VirtualClock()
    server = with_workflows(LocalFlue(clock=clock))
    with server.run() as url:
        run_id = waiting(server, "hold")
        answers: list[int] = []
        reader = threading.Thread(target=lambda: answers.append(poll(url, run_id).status_code))
        reader.start()
        clock.wait_for_sleepers(1)
        clock.advance(29.9)
        reader.join(0.1)
        assert reader.is_alive()
        clock.advance(0.2)
        reader.join(10)
        assert answers == [204]
        gates["hold"].set()


def test_a_clock_that_jumps_needs_no_words_in_the_test() -> None:
    server = with_workflows(LocalFlue(clock=VirtualClock(autojump=0.02)))
    with server.run() as url:
        run_id = waiting(server, "jump")
        began = time.monotonic()
        assert [poll(url, run_id).status_code for _ in range(3)] == [204] * 3
        assert time.monotonic() - began < 30  # of 90 virtual ones
        gates["jump"].set()


def test_every_heartbeat_on_the_way_is_sent() -> None:
    def attempt(settle: float) -> None:
        clock = VirtualClock()
        server = with_workflows(LocalFlue(clock=clock, heartbeat=10, hold=1000))
        with server.run() as url, client_of(url) as http:
            key = f"beats-{settle}"
            run_id = waiting(server, key)
            with http.stream("GET", f"/runs/{run_id}?offset=now&live=sse") as response:
                clock.wait_for_sleepers(2)
                clock.advance(100, settle=settle)
                gates[key].set()
                assert response.read().count(b": heartbeat\n\n") == 10

    patiently(attempt, 0.02, 0.2, 2.0)


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_workflow_sleeps_and_is_stamped_by_the_clock(kind: str) -> None:
    clock = VirtualClock(start=1_800_000_000.0, autojump=0.02)
    server = LocalFlue(clock=clock)

    def plain(run: RunContext) -> None:
        run.sleep(3600)

    async def asynchronous(run: RunContext) -> None:
        await run.asleep(3600)

    server.workflow("nap")(plain if kind == "plain" else asynchronous)
    with server.run():
        run_id = ended(server, "nap")
    record = server.record(run_id)
    assert record["startedAt"] == "2027-01-15T08:00:00.000Z"
    assert (record["endedAt"], record["durationMs"]) == ("2027-01-15T09:00:00.000Z", 3_600_000)


def test_retention_forgets_an_ended_run_and_keeps_a_running_one() -> None:
    clock = VirtualClock()
    server = with_workflows(LocalFlue(clock=clock, retention=3600))
    with server.run() as url:
        run_id = ended(server, "count", 1)
        running = httpx.post(f"{url}/workflows/wait", json="kept").json()["runId"]
        statuses: list[Any] = []
        for _ in range(2):
            statuses += [httpx.get(f"{url}/runs/{one}").status_code for one in (run_id, running)]
            clock.advance(3601)
        assert statuses == [200, 200, 404, 200]
        gates["kept"].set()


def test_deltas_are_held_back_for_three_seconds_or_until_the_next_event() -> None:
    clock = VirtualClock()
    server = LocalFlue(clock=clock)
    said, go = threading.Semaphore(0), threading.Semaphore(0)

    @server.workflow("talk")
    def talk(run: RunContext) -> None:
        for word in ("one", "two", "three"):
            run.emit({"type": "text_delta", "text": word})
            said.release()
            go.acquire(timeout=20)

    with server.run() as url:
        run_id = httpx.post(f"{url}/workflows/talk").json()["runId"]
        said.acquire(timeout=20)
        assert len(server.events(run_id)) == 1
        clock.advance(3)
        assert [event["type"] for event in server.events(run_id)] == ["run_start", "text_delta"]
        for _ in range(2):
            go.release()
            said.acquire(timeout=20)
        assert len(server.events(run_id)) == 2
        go.release()
        server.wait(run_id)
    assert [event["eventIndex"] for event in server.events(run_id)] == [0, 1, 2, 3, 4]


def test_waiting_for_sleepers_that_do_not_come_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        VirtualClock().wait_for_sleepers(1, timeout=0.01)


CLOCKS: list[Callable[[float], Clock]] = [
    lambda step: RealClock(),
    lambda step: VirtualClock(autojump=step),
]


@pytest.mark.parametrize("make", CLOCKS, ids=["real", "virtual"])
def test_timers_fire_in_order_and_cancelled_ones_do_not(make: Callable[[float], Clock]) -> None:
    def attempt(step: float) -> None:
        clock, fired, done = make(step), list[str](), threading.Event()
        clock.call_later(5 * step, done.set)
        clock.call_later(2 * step, lambda: fired.append("second"))
        clock.call_later(step, lambda: fired.append("first"))
        clock.call_later(1.5 * step, lambda: fired.append("never"))()
        assert done.wait(20)
        assert fired == ["first", "second"]

    patiently(attempt, 0.01, 0.1, 2.0)
