"""Ctrl-C in a script, and signals that abort by themselves."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import weakref
from typing import Any

import pytest

from flue_client_ext import AbortController, AbortSignal, FlueAbortError
from tests.servers.node import CHECKOUT
from tests.servers.raw import Connection, Request
from tests.unary.support import after_collection
from tests.worlds import World

from .conftest import Serve
from .reading import InThread, dicts
from .replay import RUN, Replay, log_event, whole_run
from .test_cancel import wait_for

AT_ONCE = 20.0


def says_nothing(request: Request, connection: Connection) -> None:
    connection.wait_closed(60)


def asks_to_come_back_later(request: Request, connection: Connection) -> None:
    connection.answer(503, headers={"retry-after": "60"})


@pytest.mark.parametrize(
    ("world", "what", "handler"),
    [
        ("sync", "long-poll", says_nothing),
        ("sync", "sse", Replay([log_event(0)], closed=False)),
        ("sync", "invoke", says_nothing),
        ("sync", "many", says_nothing),
        ("sync", "long-poll", asks_to_come_back_later),
        ("asyncio", "long-poll", says_nothing),
        ("asyncio", "many", says_nothing),
        ("trio", "sse", says_nothing),
    ],
)
def test_ctrl_c_ends_a_script_at_once(serve: Serve, world: str, what: str, handler: Any) -> None:
    server = serve(handler)
    with script(server.url, world, what) as process:
        assert server.wait_requests(5 if what == "many" else 1, 100)
        interrupt(process)
    assert server.wait_idle(AT_ONCE)


@pytest.mark.parametrize("world", ["sync", "asyncio"])
def test_ctrl_c_ends_a_script_that_looks_a_name_up(world: str) -> None:
    with script("", world, "look-up") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"looking up\n"
        interrupt(process)


def script(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.streams.interrupted_script", *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C; the script must end by it, quickly and without other complaints."""
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    try:
        errors = nudged_to_its_end(process)
    finally:
        process.kill()
    assert time.monotonic() - began < AT_ONCE
    assert process.returncode in (-signal.SIGINT, 1)
    assert errors.rstrip().endswith(b"KeyboardInterrupt")
    assert b"never retrieved" not in errors
    assert b"Warning" not in errors


def nudged_to_its_end(process: subprocess.Popen[bytes]) -> bytes:
    """Wait until the process has ended, and return its standard error.

    A signal that comes after the interpreter's last look for one and before the system call in
    which it waits is not seen until that call returns, in asyncio too (an idle loop of its own
    takes as long). Another signal makes the call return. One that is ignored by default, since the
    interpreter takes its handlers away before it ends.
    """
    until = time.monotonic() + 2 * AT_ONCE
    while True:
        try:
            return process.communicate(timeout=0.05)[1]
        except subprocess.TimeoutExpired:
            if time.monotonic() > until:
                raise
            process.send_signal(signal.SIGWINCH)


def test_a_timeout_signal_ends_a_stream_and_aborts_a_call(any_world: World, serve: Serve) -> None:
    server = serve(says_nothing)
    client = any_world.client(server.url)
    began = time.monotonic()
    aborting = AbortSignal.timeout(0.2)
    assert list(client.runs.stream(RUN, signal=aborting)) == []
    assert 0.15 < time.monotonic() - began < AT_ONCE
    with pytest.raises(FlueAbortError) as caught:
        client.workflows.invoke("w", wait="result", signal=AbortSignal.timeout(0.1))
    assert isinstance(caught.value.reason, TimeoutError)
    assert isinstance(aborting.reason, TimeoutError)
    assert server.wait_idle(AT_ONCE)


def test_a_timeout_signal_that_is_not_needed_leaves_no_timer(
    any_world: World, serve: Serve
) -> None:
    server = serve(Replay(run := whole_run(3)))
    # Another test may have left one, or what collects it.
    assert after_collection(lambda: not deadline_threads())
    watching = AbortSignal.timeout(60)
    stream = any_world.client(server.url).runs.stream(RUN, signal=watching)
    first = next(stream)
    assert deadline_threads() == 1
    assert dicts([first, *stream]) == run
    wait_for(lambda: not deadline_threads())  # others come and go as they like
    assert not watching.aborted


def deadline_threads() -> int:
    return sum(t.name == "flue-client-deadline" for t in threading.enumerate())


def test_any_of_several_signals_aborts_with_its_own_reason(any_world: World, serve: Serve) -> None:
    server = serve(says_nothing)
    client = any_world.client(server.url)
    first, second = AbortController(), AbortController()
    either = AbortSignal.any([first.signal, AbortSignal.timeout(60), second.signal])
    calls = [
        InThread(lambda: client.workflows.invoke("w", wait="result", signal=either))
        for _ in range(5)
    ]
    stream = client.runs.stream(RUN, signal=either)
    reading = InThread(lambda: list(stream))
    assert server.wait_requests(6)
    second.abort("the second")
    for call in calls:
        with pytest.raises(FlueAbortError) as caught:
            call.join(AT_ONCE)
        assert caught.value.reason == "the second"
    assert reading.join(AT_ONCE) == []
    first.abort("too late")
    assert either.reason == "the second"
    assert server.wait_idle(AT_ONCE)


def test_a_long_lived_signal_does_not_keep_finished_or_abandoned_streams(
    any_world: World, serve: Serve
) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    controller = AbortController()
    client = any_world.client(server.url)
    finished = client.runs.stream(RUN, live=False, signal=controller.signal)
    assert len(list(finished)) == 1
    abandoned = client.runs.stream(RUN, live="sse", signal=controller.signal)
    events = iter(abandoned)
    next(events)
    kept = [weakref.ref(getattr(each, "real", each)) for each in (finished, abandoned)]
    del finished, abandoned, events
    assert after_collection(lambda: [reference() for reference in kept] == [None, None])
    assert server.wait_idle(AT_ONCE)
