"""Requests over a user's blocking httpx client whose callers have left while its pool was full."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import ref

import httpx
import pytest

from flue_client_ext import (
    AbortSignal,
    FlueAbortError,
    FlueClient,
    FlueConnectionError,
    FlueTimeoutError,
)
from flue_client_ext._http.pool_queue import MOST_WITHDRAWN, PoolQueue, queue_of
from flue_client_ext._http.workers import Abandoned, Job
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import NEVER_AGAIN, RECORD, Aside, default_context, failure, works

SOON = 10.0


def within(seconds: float) -> Callable[[], float]:
    until = time.monotonic() + seconds
    return lambda: until


def nothing() -> None:
    """A job, or what is done after one."""


def left(queue: PoolQueue, go: threading.Event) -> Job[bool]:
    """A job that runs until `go`, and that its caller has abandoned."""
    began = threading.Event()

    def wait() -> bool:
        began.set()
        return go.wait(60)

    job = Job(wait, lambda: queue.ended(job))
    assert queue.start(job)
    assert began.wait(SOON)
    job.abandon()
    queue.withdraw(job)
    return job


def test_a_job_waits_while_many_withdrawn_ones_are_there() -> None:
    queue, go = PoolQueue(), threading.Event()
    for _ in range(MOST_WITHDRAWN - 1):
        left(queue, go)
    early = Job(nothing, nothing)
    assert queue.start(early)
    early.result(within(SOON))

    one = threading.Event()
    left(queue, one)
    ran: list[str] = []
    waiting = [Job(partial(ran.append, name), nothing) for name in "ab"]
    gone = Job(partial(ran.append, "gone"), nothing)
    assert [queue.start(job) for job in (gone, *waiting)] == [False] * 3
    gone.abandon()
    queue.withdraw(gone)
    assert type(failure(waiting[0].result, within(0.01))) is Abandoned
    one.set()
    waiting[1].result(within(SOON))
    assert "b" in ran and "gone" not in ran
    go.set()


def test_a_job_that_has_ended_is_not_waited_for() -> None:
    queue = PoolQueue()
    for _ in range(MOST_WITHDRAWN):
        job = Job(nothing, nothing)
        queue.start(job)
        job.result(within(SOON))
        queue.withdraw(job)
    assert queue.start(Job(nothing, nothing))


def test_a_job_that_was_never_started_is_not_waited_for() -> None:
    queue = PoolQueue()
    for _ in range(MOST_WITHDRAWN):
        queue.withdraw(Job(nothing, nothing))
    assert queue.start(Job(nothing, nothing))


def test_a_withdrawn_job_counts_no_longer_than_the_pool_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LIMITS, "pool", 0.2)
    queue, for_ever = PoolQueue(), threading.Event()
    for _ in range(MOST_WITHDRAWN):
        left(queue, for_ever)
    earlier, until = Job(nothing, nothing), time.monotonic() + SOON
    queue.start(earlier)
    while not queue.start(Job(nothing, nothing)):
        assert time.monotonic() < until
        time.sleep(0.01)
    earlier.result(within(SOON))
    for_ever.set()


class Held:
    """Answers every request when it may go on."""

    def __init__(self) -> None:
        self.came, self.go = threading.Event(), threading.Event()

    def __call__(self, request: Request, connection: Connection) -> None:
        self.came.set()
        assert self.go.wait(60)
        works(request, connection)


@pytest.fixture
def held() -> Iterator[Held]:
    handler = Held()
    yield handler
    handler.go.set()


def narrow() -> httpx.Client:
    """A user's client whose pool one connection fills."""
    limits = httpx.Limits(max_connections=1)
    return httpx.Client(limits=limits, trust_env=False, verify=default_context())


def senders() -> int:
    return sum(thread.name == "flue-client-send" for thread in threading.enumerate())


Busy = tuple[RawServer, FlueClient, Aside, httpx.Client]


@contextmanager
def busy_pool(held: Held) -> Iterator[Busy]:
    """A client whose pool of one connection a call has that was sent, and that call."""
    with RawServer(held) as server, narrow() as own:
        options: Any = {"token": None, "timeout": 60, "backoff_options": NEVER_AGAIN}
        client = FlueClient(server.url, http_client=own, **options)
        sent = Aside(partial(client.runs.get, "run_1"))
        assert held.came.wait(SOON)
        yield server, client, sent, own


@contextmanager
def full_pool(held: Held) -> Iterator[Busy]:
    """The same, when calls that were cut off wait in httpx, too: as many as may be."""
    with busy_pool(held) as busy:
        _, client, _, own = busy
        while queue_of(own._transport).start(Job(nothing, nothing)):
            soon = AbortSignal.timeout(0.002)
            assert type(failure(client.runs.get, "run_2", signal=soon)) is FlueAbortError
        yield busy


def test_calls_cut_off_in_a_full_pool_do_not_pile_up(held: Held) -> None:
    before = senders()
    with full_pool(held) as (server, client, sent, _):
        for _ in range(20):
            soon = AbortSignal.timeout(0.002)
            assert type(failure(client.runs.get, "run_2", signal=soon)) is FlueAbortError
        # One for the call that was sent, one for the jobs that ended at once; on a busy machine
        # several had one each, which end by themselves.
        until = time.monotonic() + SOON
        while senders() - before > MOST_WITHDRAWN + 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert senders() - before <= MOST_WITHDRAWN + 2
        last = Aside(partial(client.workflows.invoke, "w"))
        held.go.set()
        assert sent.result().run_id == last.result().run_id == "run_1"
        assert [request.method for request in server.requests] == ["GET", "POST"]


def test_a_wait_before_a_full_pool_ends_as_one_in_it(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_pool(held) as (server, client, sent, _):
        # Nothing was sent: a POST knows that, too.
        assert type(failure(client.workflows.invoke, "w", timeout=0.05)) is FlueTimeoutError
        monkeypatch.setattr(LIMITS, "pool", 0.05)
        error = failure(client.workflows.invoke, "w")
        assert type(error) is FlueConnectionError
        assert "PoolTimeout" in str(error)
        held.go.set()
        assert sent.result().run_id == "run_1"
        assert len(server.requests) == 1


def queued_in_httpx(own: Any) -> bool:
    return len(own._transport._pool._requests) > 1


def queued_before_it(own: Any) -> bool:
    return bool(queue_of(own._transport)._waiting)


@pytest.mark.parametrize(
    ("pool", "queued"), [(busy_pool, queued_in_httpx), (full_pool, queued_before_it)]
)
def test_an_interrupted_call_that_waits_is_never_sent(held: Held, pool: Any, queued: Any) -> None:
    main = threading.get_ident()
    with pool(held) as (server, client, sent, own):

        def press_ctrl_c() -> None:
            until = time.monotonic() + SOON
            while not queued(own) and time.monotonic() < until:
                time.sleep(0.001)
            signal.pthread_kill(main, signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            Aside(press_ctrl_c)
            client.workflows.invoke("w", timeout=60)
        held.go.set()
        sent.result()
        assert client.runs.get("run_1").run_id == "run_1"
        assert [request.method for request in server.requests] == ["GET", "GET"]


def given_up(client: FlueClient) -> None:
    """Give up more calls at once than may be withdrawn."""
    soon = AbortSignal.timeout(0.1)
    calls = [Aside(partial(failure, client.runs.get, "run_2", signal=soon)) for _ in range(80)]
    assert {type(call.result()) for call in calls} == {FlueAbortError}


def test_calls_given_up_in_a_connect_hold_up_no_other() -> None:
    with (
        RawServer(works) as server,
        RawServer(works, mode="full") as deaf,
        httpx.Client(trust_env=False, verify=default_context()) as own,
    ):
        given_up(FlueClient(deaf.url, http_client=own, token=None))
        assert queue_of(own._transport).start(Job(nothing, nothing))
        client = FlueClient(server.url, http_client=own, token=None)
        assert client.runs.get("run_1").run_id == "run_1"


def test_each_transport_of_a_client_has_its_own_queue(held: Held) -> None:
    one = httpx.HTTPTransport(verify=default_context(), limits=httpx.Limits(max_connections=1))
    with (
        RawServer(works) as server,
        RawServer(held) as full,
        httpx.Client(trust_env=False, verify=default_context(), mounts={full.url: one}) as own,
    ):
        busy = FlueClient(full.url, http_client=own, token=None)
        sent = Aside(partial(busy.runs.get, "run_1"))
        assert held.came.wait(SOON)
        while queue_of(one).start(Job(nothing, nothing)):
            given_up(busy)
        client = FlueClient(server.url, http_client=own, token=None)
        assert client.runs.get("run_1").run_id == "run_1"
        held.go.set()
        sent.result()
        # Those that were withdrawn make no connection when their turn comes.
        assert busy.runs.get("run_1").run_id == "run_1"
        assert full.accepted <= 2


def test_requests_that_a_hook_holds_for_ever_hold_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LIMITS, "pool", 0.2)
    hangs, for_ever = [True], threading.Event()

    def hook(_: httpx.Request) -> None:
        if hangs[0]:
            for_ever.wait(60)

    context, hooks = default_context(), {"request": [hook]}
    with (
        RawServer(works) as server,
        httpx.Client(trust_env=False, verify=context, event_hooks=hooks) as own,
    ):
        client = FlueClient(server.url, http_client=own, token=None)
        given_up(client)
        hangs[0] = False
        assert client.runs.get("run_1").run_id == "run_1"
        for_ever.set()


class Slotted:
    """A transport that no weak reference can refer to."""

    __slots__ = ()

    def handle_request(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=RECORD)

    def close(self) -> None:
        """Nothing."""


def test_a_transport_without_weak_references_sends() -> None:
    transport: Any = Slotted()
    own = httpx.Client(trust_env=False, transport=transport, verify=default_context())
    client = FlueClient("http://flue.test", http_client=own, token=None)
    assert client.runs.get("run_1").run_id == "run_1"


class Alike(httpx.HTTPTransport):
    """A transport that has no hash."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike)


def test_a_queue_belongs_to_one_transport_and_ends_with_it() -> None:
    first, second = Alike(verify=default_context()), Alike(verify=default_context())
    queue = ref(queue_of(first))
    assert queue() is queue_of(first) is not queue_of(second)
    del first
    gc.collect()
    assert queue() is None
