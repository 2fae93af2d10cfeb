"""`timeout=` bounds a whole operation: polls, sleeps, reconnects and the consumer's own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from flue_client_ext import BackoffOptions, FlueTimeoutError
from flue_client_ext._stream.backoff import full_jitter
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, Request
from tests.unary.support import DEADLINES, failure, overdue
from tests.worlds import World

from .conftest import Serve, set_limits
from .reading import dicts
from .replay import RUN, Fault, Replay, log_event, offset_at, whole_run
from .test_cancel import BLOCKED, client_of

LIMIT = 0.12
LATE = 20.0
"""Seconds after the deadline that a busy machine may need: less than what ends a wait otherwise."""


def times_out(read: Callable[[], Any], limit: float = LIMIT) -> FlueTimeoutError:
    began = time.monotonic()
    with pytest.raises(FlueTimeoutError) as caught:
        read()
    assert limit * 0.9 < time.monotonic() - began < limit + LATE
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.run_id == RUN
    return caught.value


@pytest.mark.parametrize(
    ("where", "tls"),
    [
        *((where, False) for where in BLOCKED),
        ("a long-poll before its head", True),
        ("an event stream", True),
    ],
)
def test_a_deadline_passes_in(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, where: str, tls: bool
) -> None:
    set_limits(monkeypatch, poll_pace=30.0)
    handler, live = BLOCKED[where]
    server = serve(handler, tls=tls)
    client = client_of(any_world, server, tls)
    stream = client.runs.stream(RUN, live=live, timeout=LIMIT)
    error = times_out(lambda: list(stream))
    assert error.offset == stream.offset
    assert "the wait" in where or server.wait_idle()  # a finished answer's may be kept
    assert list(stream) == []
    server.handler = Replay(run := whole_run(3))
    assert dicts(client.runs.stream(RUN)) == run


@pytest.mark.parametrize(("mode", "tls"), [("full", False), ("stall", True)])
def test_a_deadline_passes_while_connecting(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, mode: Any, tls: bool
) -> None:
    set_limits(monkeypatch, connect=60.0)
    server = serve(BLOCKED["a page before its head"][0], mode=mode, tls=tls)
    client = client_of(any_world, server, tls)
    times_out(lambda: list(client.runs.stream(RUN, timeout=LIMIT)))


def test_a_deadline_counts_over_reconnects(any_world: World, serve: Serve, live: Any) -> None:
    """Each answer fails in no time, and the whole still ends when its time is over."""
    full_jitter(0.0)  # the first retry of a process imports `backoff`, for most of the limit
    server = serve(Replay(whole_run(3), faults=lambda request: Fault(after=0)))
    options = BackoffOptions(initial_delay=0.01, max_delay=0.01, max_retries=None)
    client = any_world.client(server.url, backoff_options=options)

    def read(limit: float) -> None:
        list(client.runs.stream(RUN, live=live, timeout=limit))

    for limit in DEADLINES:
        before = len(server.requests)
        times_out(partial(read, limit), limit)
        if len(server.requests) - before > 1:
            break
    else:
        raise AssertionError("no stream was taken up again")


@pytest.mark.parametrize("live", ["long-poll", "sse", "auto"])
def test_a_deadline_counts_while_events_keep_coming(
    any_world: World, serve: Serve, live: str
) -> None:
    """A peer that always has something to say does not get around it."""

    def handler(request: Request, connection: Connection) -> None:
        endless.append(*[log_event(len(endless.items) + i) for i in range(5)])
        endless(request, connection)

    endless = Replay([], closed=False, page=5)
    server = serve(handler)
    client = any_world.client(server.url)

    def read(limit: float) -> None:
        for event in client.runs.stream(RUN, live=live, timeout=limit):
            seen.append(event)
            if len(endless.items) < 5000:
                endless.append(log_event(len(endless.items)))

    for limit in DEADLINES:
        seen: list[Any] = []
        error = times_out(partial(read, limit), limit)
        if len(seen) > 5:  # more than a page
            break
    else:
        raise AssertionError("no more than a page has come")
    assert error.offset is not None


def test_a_call_that_timed_out_says_where_to_go_on(any_world: World, genuine: FlueServer) -> None:
    client = any_world.client(genuine.url)
    for timeout in DEADLINES[1:]:
        key = f"deadline-{any_world.name}-{timeout}"
        seen: list[Any] = []
        options = {"input": {"key": key}, "on_event": seen.append}
        error: Any = failure(client.workflows.run, "gate", timeout=timeout, **options)
        if error.offset is not None:  # before that, it may be unknown whether there is a run
            break
    genuine.release(key, result="in the end")
    assert type(error) is FlueTimeoutError
    assert error.run_id is not None
    assert error.offset is not None
    rest = list(client.runs.stream(error.run_id, offset=error.offset))
    assert dicts(seen) + dicts(rest) == dicts(client.runs.events(error.run_id))
    assert client.runs.wait(error.run_id).result == "in the end"


def test_the_deadline_of_events_names_run_and_offset(any_world: World, serve: Serve) -> None:
    def handler(request: Request, connection: Connection) -> None:
        if "offset=-1" in request.target:
            Replay(whole_run(9), page=4)(request, connection)
        else:
            connection.wait_closed(60)

    server = serve(handler)
    client = any_world.client(server.url)
    error = overdue(client.runs.events, RUN, far=lambda error: error.offset)
    assert (type(error), error.run_id) == (FlueTimeoutError, RUN)
    assert error.offset == offset_at(4)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1", True])
def test_a_timeout_that_is_none_is_refused(any_world: World, timeout: Any) -> None:
    client = any_world.client("http://127.0.0.1:9")
    with pytest.raises((ValueError, TypeError), match="timeout"):
        client.runs.stream(RUN, timeout=timeout)
    with pytest.raises((ValueError, TypeError), match="timeout"):
        client.workflows.run("w", timeout=timeout)
