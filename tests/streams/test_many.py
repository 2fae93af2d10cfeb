"""Many runs at once: `as_completed`, `wait_all`, `map`, and streams beside everything else."""

from __future__ import annotations

import gc
import warnings
from functools import partial
from typing import Any

import pytest

from flue_client_ext import (
    AbortController,
    FlueAbortError,
    FlueApiError,
    FlueExecutionError,
    FlueTimeoutError,
    RunOutcome,
)
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import DEADLINES
from tests.worlds import World

from .conftest import Serve
from .reading import InThread, Reader
from .replay import Replay, log_event, run_end
from .test_cancel import wait_for


class Fleet:
    """A server of runs that stay open until they are ended; counts those that are followed."""

    def __init__(self, serve: Serve) -> None:
        self.runs: dict[str, Replay] = {}
        self.started: list[Any] = []
        self.followed = self.most = 0
        """Requests that are being answered, and the most runs that were asked for and open."""
        self._asked, self._ended = set[str](), set[str]()
        self.server: RawServer = serve(self.handle)
        self._lock = self.server._changed  # so that the server looks at its conditions again

    def run(self, name: str) -> Replay:
        with self._lock:
            return self.runs.setdefault(name, Replay([log_event(0)], closed=False))

    def end(self, name: str, **more: Any) -> None:
        with self._lock:
            self._ended.add(name)
        self.run(name).append(run_end(1, **more), close=True)

    def is_left_alone(self) -> bool:
        """Whether no reader follows a run any more, now or soon."""
        return self.server.wait_until(lambda: self.followed == 0, 10)

    def handle(self, request: Request, connection: Connection) -> None:
        if request.method == "POST":
            self.started.append(request.json())
            connection.json(202, {"runId": f"run_{request.json()}"})
            return
        name = request.target.partition("?")[0].removeprefix("/runs/")
        run = self.run(name)
        with self._lock:
            self._asked.add(name)
            self.most = max(self.most, len(self._asked - self._ended))
            self._add(1)
        try:
            run(request, connection)
        finally:
            self._add(-1)
            connection.close()

    def _add(self, followed: int) -> None:
        with self._lock:
            self.followed += followed
            self._lock.notify_all()


@pytest.fixture
def fleet(serve: Serve) -> Fleet:
    return Fleet(serve)


@pytest.mark.parametrize("ordered", [True, False])
def test_map_gives_outcomes_in_the_order_asked_for(
    any_world: World, genuine: FlueServer, ordered: bool
) -> None:
    client = any_world.client(genuine.url)
    keys = [f"map-{any_world.name}-{ordered}-{number}" for number in range(3)]
    done: list[tuple[int, int]] = []
    mapped = client.workflows.map(
        "gate",
        ({"key": key} for key in keys),
        ordered=ordered,
        on_progress=lambda *counts: done.append(counts),
    )
    mapping = InThread(lambda: list(mapped))
    released: list[int] = []
    for number in (1, 2, 0):
        genuine.release(keys[number], result=number)
        released.append(number)
        wait_for(lambda: len(done) == len(released))
    outcomes = mapping.join()
    expected = [0, 1, 2] if ordered else [1, 2, 0]
    assert [outcome.index for outcome in outcomes] == expected
    assert all(outcome.ok and outcome.error is None for outcome in outcomes)
    assert [outcome.result for outcome in outcomes] == expected
    assert len({outcome.run_id for outcome in outcomes}) == 3
    assert done == [(1, 3), (2, 3), (3, 3)]


def test_wait_all_gives_every_outcome_in_order_errors_as_values(
    any_world: World, genuine: FlueServer
) -> None:
    client = any_world.client(genuine.url)
    good = client.workflows.invoke("slow", input={"ms": 200}).run_id
    bad = client.workflows.invoke("fail", input={}).run_id
    unknown = "run_00000000000000000000000000"
    first, second, third = client.runs.wait_all([good, bad, unknown])
    assert first == RunOutcome(0, good, {"slept": 200})
    assert (second.ok, second.run_id, type(second.error)) == (False, bad, FlueExecutionError)
    assert second.error.error == {"name": "TypeError", "message": "boom: kaput"}
    assert (third.ok, third.run_id, type(third.error)) == (False, unknown, FlueApiError)
    assert third.error.status == 404


def test_as_completed_gives_each_outcome_as_it_comes(any_world: World, fleet: Fleet) -> None:
    outcomes = any_world.client(fleet.server.url).runs.as_completed(["a", "b", "c"])
    coming = iter(outcomes)
    for name in ("b", "c", "a"):
        fleet.end(name, result=name)
        outcome = next(coming)
        assert (outcome.run_id, outcome.result) == (name, name)
    assert list(coming) == []


def test_no_more_than_concurrency_runs_are_followed(any_world: World, fleet: Fleet) -> None:
    def followed(least: int) -> bool:
        return len(fleet.runs) >= least

    names = [f"r{number}" for number in range(20)]
    client = any_world.client(fleet.server.url)
    waiting = InThread(lambda: client.runs.wait_all(names, concurrency=3))
    for done, name in enumerate(names):
        assert fleet.server.wait_until(partial(followed, min(done + 1, 20)))
        fleet.end(name, result=done)
    assert [outcome.result for outcome in waiting.join()] == list(range(20))
    assert fleet.most <= 3


def test_the_first_error_is_raised_and_ends_the_rest(any_world: World, fleet: Fleet) -> None:
    client = any_world.client(fleet.server.url)
    mapping = InThread(lambda: list(client.workflows.map("w", [1, 2, 3])))
    assert fleet.server.wait_until(lambda: len(fleet.runs) == 3)
    fleet.end("run_2", isError=True, error={"name": "E", "message": "no"}, result=None)
    with pytest.raises(FlueExecutionError) as caught:
        mapping.join()
    assert caught.value.run_id == "run_2"
    assert fleet.is_left_alone()


def test_errors_of_map_may_be_values(any_world: World, fleet: Fleet) -> None:
    for name in ("run_1", "run_3"):
        fleet.end(name, result=name)
    fleet.end("run_2", isError=True, error={"name": "E", "message": "no"})
    client = any_world.client(fleet.server.url)
    outcomes = list(client.workflows.map("w", [1, 2, 3], return_errors=True))
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert sorted(fleet.started) == [1, 2, 3]


def test_a_timeout_is_each_run_s_own(any_world: World, fleet: Fleet) -> None:
    fleet.end("quick", result=1)
    client = any_world.client(fleet.server.url)
    for timeout in DEADLINES:
        quick, slow = client.runs.wait_all(["quick", "slow"], timeout=timeout)
        if quick.ok and slow.error.offset is not None:
            break
    assert quick.ok
    assert isinstance(slow.error, FlueTimeoutError)
    assert slow.run_id == slow.error.run_id == "slow"
    assert slow.error.offset is not None


@pytest.mark.parametrize("when", ["before", "between", "while"])
def test_an_aborted_signal_ends_all_of_them(any_world: World, fleet: Fleet, when: str) -> None:
    client = any_world.client(fleet.server.url)
    controller = AbortController()
    outcomes = client.runs.as_completed(
        ["a", "b", "c", "d"], concurrency=2, signal=controller.signal
    )
    fleet.end("a", result=1)
    coming = iter(outcomes)
    if when == "before":
        controller.abort("stop")
    else:
        assert next(coming).run_id == "a"
    waiting = InThread(lambda: next(coming))
    if when == "while":
        assert fleet.server.wait_until(lambda: fleet.followed == 2)
    controller.abort("stop")
    with pytest.raises(FlueAbortError) as caught:
        waiting.join()
    assert caught.value.reason == "stop"
    assert fleet.is_left_alone()


def test_leaving_early_ends_what_is_under_way_without_a_warning(
    any_world: World, fleet: Fleet
) -> None:
    client = any_world.client(fleet.server.url)
    fleet.end("a", result=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in client.runs.as_completed(["a", "b", "c"]):
            break
        gc.collect()
    assert fleet.is_left_alone()


def test_outcomes_of_nothing_are_nothing(any_world: World, fleet: Fleet) -> None:
    client = any_world.client(fleet.server.url)
    assert list(client.runs.as_completed([])) == []
    assert list(client.workflows.map("w", [])) == []
    assert client.runs.wait_all(iter([])) == []


def test_a_progress_callback_that_raises_ends_the_call(any_world: World, fleet: Fleet) -> None:
    fleet.end("a", result=1)

    def broken(done: int, total: int) -> None:
        raise ZeroDivisionError

    client = any_world.client(fleet.server.url)
    with pytest.raises(ZeroDivisionError):
        client.runs.wait_all(["a", "b"], on_progress=broken)
    assert fleet.is_left_alone()


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "3"])
def test_concurrency_is_checked_before_anything_is_sent(
    any_world: World, fleet: Fleet, concurrency: Any
) -> None:
    client = any_world.client(fleet.server.url)
    kind = ValueError if type(concurrency) is int else TypeError
    with pytest.raises(kind, match="concurrency"):
        client.workflows.map("w", [1], concurrency=concurrency)
    assert not fleet.server.requests


def test_a_stream_does_not_wait_for_the_connection_of_another(
    any_world: World, fleet: Fleet
) -> None:
    """More streams than any pool has slots, and a call beside them does not wait either."""
    client = any_world.client(fleet.server.url)
    many = 120
    streams = [client.runs.stream(f"r{number}", live="sse") for number in range(many)]
    readers = [Reader(stream) for stream in streams]
    assert all(reader.wait_items(1) for reader in readers)
    assert fleet.followed == many
    assert client.workflows.invoke("w", input=1, timeout=30).run_id == "run_1"
    for stream in streams:
        stream.cancel()
    for reader in readers:
        reader.join()
    assert fleet.is_left_alone()
