"""Threads for what cannot be interrupted, and the one that watches deadlines."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueClient, FlueTimeoutError
from flue_client_ext._http import workers
from flue_client_ext._http.deadlines import Watch, watch
from flue_client_ext._http.threads import WakeUp
from flue_client_ext._http.workers import Abandoned, Job
from tests.servers.raw import Connection, RawServer, Request
from tests.unary.support import DEADLINES, Aside, borrowed, failure, leftover_threads, works
from tests.worlds import world

SOON = 10.0
LATER = 1e6
FEW = 10
"""Threads that one after another serve what comes soon; those of a busy machine may get tired."""


def ran(function: Callable[[], Any]) -> Any:
    job = Job(function, lambda: None)
    job.start()
    return job.result(within(SOON))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that start from here on."""
    names: list[str] = []
    real = threading.Thread.start

    def noted(self: threading.Thread) -> None:
        names.append(self.name)
        real(self)

    monkeypatch.setattr(threading.Thread, "start", noted)
    return names


def within(seconds: float) -> Callable[[], float]:
    until = time.monotonic() + seconds
    return lambda: until


def own_threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_a_job_returns_and_raises_what_its_function_does() -> None:
    assert ran(lambda: 5) == 5
    assert type(failure(ran, lambda: [][0])) is IndexError
    with pytest.raises(SystemExit):
        ran(lambda: sys.exit(3))


def test_a_thread_serves_one_job_after_another_and_then_ends(started: list[str]) -> None:
    idents = {ran(threading.get_ident) for _ in range(50)}
    assert started.count("flue-client-send") <= FEW
    assert threading.get_ident() not in idents
    assert leftover_threads() == []


def test_each_job_runs_in_the_context_of_its_caller() -> None:
    variable = contextvars.ContextVar("variable", default="nobody's")

    def called(name: str) -> str:
        variable.set(name)
        return str(ran(variable.get))

    asides = [Aside(partial(called, str(n))) for n in range(5)]
    assert [aside.result() for aside in asides] == list("01234")
    assert ran(variable.get) == "nobody's"


def test_a_result_that_comes_too_late_is_discarded() -> None:
    go, discarded = threading.Event(), threading.Event()
    job = Job(lambda: go.wait(SOON), discarded.set)
    job.start()
    assert type(failure(job.result, within(0.01))) is Abandoned
    assert not discarded.is_set()
    go.set()
    assert discarded.wait(SOON)


class Withheld(httpx.SyncByteStream):
    """A body that does not come until `go`; notes whether it was closed while it was read."""

    def __init__(self) -> None:
        self.go, self.closed = threading.Event(), threading.Event()
        self.closed_too_early = False
        self.is_read = False

    def __iter__(self) -> Iterator[bytes]:
        self.is_read = True
        self.go.wait(2 * SOON)
        self.is_read = False
        yield b"{}"

    def close(self) -> None:
        self.closed_too_early = self.is_read
        self.closed.set()


class Withholds(httpx.BaseTransport):
    def __init__(self, body: Withheld, headers: dict[str, str]) -> None:
        self._body = body
        self._headers = headers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=self._headers, stream=self._body)


@pytest.mark.parametrize("headers", [{}, {"content-length": "2"}], ids=["large", "small"])
def test_no_response_is_closed_while_a_thread_reads_it(headers: dict[str, str]) -> None:
    """On a closed descriptor it would read what another connection receives, or for ever."""
    for timeout in DEADLINES:
        body = Withheld()
        with httpx.Client(transport=Withholds(body, headers)) as http_client:
            client = FlueClient("http://h", token=None, http_client=http_client)
            assert type(failure(client.runs.get, "run_1", timeout=timeout)) is FlueTimeoutError
            is_read, is_closed = body.is_read, body.closed.is_set()
            body.go.set()
            assert not is_read or body.closed.wait(SOON)
        assert not body.closed_too_early
        assert leftover_threads() == []
        if is_read:
            assert not is_closed
            break
    assert is_read


def test_a_job_is_abandoned_from_another_thread_at_once() -> None:
    go = threading.Event()
    job = Job(go.wait, lambda: None)
    job.start()
    aside = Aside(lambda: job.result(within(LATER)))
    job.abandon()
    assert type(aside.error()) is Abandoned
    go.set()
    assert leftover_threads() == []


def test_a_result_that_is_there_cannot_be_abandoned_any_more() -> None:
    done = threading.Event()
    job = Job(lambda: 7, done.set)
    job.start()
    assert job.result(within(SOON)) == 7
    job.abandon()
    assert not done.is_set()


def test_where_no_thread_can_start_a_job_runs_in_the_calling_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    assert leftover_threads() == []
    monkeypatch.setattr(threading.Thread, "start", refuses)
    assert ran(threading.get_ident) == threading.get_ident()
    assert Watch().add(0.0, lambda: None).expire is not None


def test_deadlines_expire_in_the_order_of_their_times() -> None:
    own, came, last = Watch(), list[int](), threading.Event()
    held, go = threading.Event(), threading.Event()
    now = time.monotonic()

    def hold() -> None:
        held.set()
        go.wait(SOON)

    own.add(now, hold)
    assert held.wait(SOON)
    for number in (3, 1, 2):
        own.add(now + 0.02 * number, partial(came.append, number))
    own.add(now + 0.1, last.set)
    go.set()
    assert last.wait(SOON)
    assert came == [1, 2, 3]


def test_many_deadlines_share_one_thread_and_cancelled_ones_go() -> None:
    assert leftover_threads() == []
    own, came = Watch(), list[int]()
    kept = own.add(time.monotonic() + LATER, lambda: came.append(0))
    for number in range(1000):
        deadline = own.add(time.monotonic() + LATER, partial(came.append, number))
        assert len(own_threads("flue-client-deadline")) == 1
        deadline.cancel()
        deadline.cancel()
    assert len(own._heap) < 200
    kept.cancel()
    assert leftover_threads() == []
    assert came == []


def test_deadlines_one_after_another_share_a_thread(started: list[str]) -> None:
    own = Watch()
    for _ in range(50):
        own.add(time.monotonic() + LATER, lambda: None).cancel()
        came = threading.Event()
        own.add(time.monotonic(), came.set)
        assert came.wait(SOON)
    assert 1 <= len(started) <= FEW


def test_a_watch_whose_thread_has_ended_starts_another() -> None:
    own = Watch()
    for _ in range(2):
        came = threading.Event()
        own.add(time.monotonic(), came.set)
        assert came.wait(SOON)
        assert leftover_threads() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_has_workers_and_deadlines_of_its_own() -> None:
    came = threading.Event()
    ran(lambda: None)
    inherited = watch.add(time.monotonic() + LATER, came.set)
    child = os.fork()
    if child == 0:
        told = threading.Event()
        watch.add(time.monotonic(), told.set)
        fine = ran(lambda: 5) == 5 and told.wait(SOON) and len(watch._heap) == 0
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0
    inherited.cancel()
    assert not came.is_set()


def never_answers(_: Request, connection: Connection) -> None:
    connection.wait_closed(60)


def test_calls_one_after_another_make_no_thread_each(started: list[str]) -> None:
    with world("sync") as sync, RawServer(works) as server, borrowed(sync) as http_client:
        client = sync.client(server.url, http_client=http_client)
        for _ in range(20):
            client.runs.get("run_1")
            client.workflows.invoke("w", wait="result", timeout=60)
    own = [name for name in started if name.startswith("flue-client")]
    assert len(own) <= FEW


END = """
import atexit, sys, threading, httpx
from flue_client_ext import AbortController, FlueClient
http_client = httpx.Client(trust_env=False)
client = FlueClient(sys.argv[1], http_client=http_client)
signal = AbortController().signal
def last():
    print(client.runs.get("run_1", signal=signal).status, flush=True)
class Late:
    def __del__(self):
        last()
atexit.register(last)
late = Late()
threading.Thread(target=lambda: client.runs.get("run_2", signal=signal), daemon=True).start()
last()
"""


def test_a_program_ends_while_a_request_waits() -> None:
    def handler(request: Request, connection: Connection) -> None:
        (never_answers if "run_2" in request.target else works)(request, connection)

    with RawServer(handler) as server:
        done = subprocess.run(
            [sys.executable, "-c", END, server.url],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert done.stdout.split() == ["completed"] * len(done.stdout.split())
    assert len(done.stdout.split()) >= 2


def test_a_name_look_up_that_hangs_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    answer = threading.Event()
    real = socket.getaddrinfo

    def slow(host: Any, *rest: Any, **options: Any) -> Any:
        if host != "slow.test":
            return real(host, *rest, **options)
        answer.wait(6 * SOON)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with world("sync") as sync, borrowed(sync) as http_client:
        client: FlueClient = sync.client("http://slow.test", http_client=http_client)
        for call in (client.runs.get, client.workflows.invoke):
            began = time.monotonic()
            error = failure(call, "x", timeout=0.1)
            assert time.monotonic() - began < 2 * SOON
            assert type(error) is FlueTimeoutError
        answer.set()
    assert leftover_threads() == []
    assert workers._idle.take() is None


def test_a_wake_up_before_the_wait_counts_once() -> None:
    wake_up = WakeUp()
    assert not wake_up.wait(0)
    wake_up.set()
    wake_up.set()
    assert wake_up.wait(LATER)
    assert not wake_up.wait(-1)


def test_a_wake_up_ends_the_wait_of_another_thread() -> None:
    wake_up, ended = WakeUp(), threading.Event()

    def wait() -> None:
        if wake_up.wait(LATER):
            ended.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    wake_up.set()
    assert ended.wait(20)
