"""`timeout=` bounds a whole operation: polls, sleeps, reconnects and the consumer's own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import BackoffOptions, FlueTimeoutError
from flue_client_ext._stream.backoff import full_jitter
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve, set_limits
from .reading import dicts
from .replay import RUN, Fault, Replay, log_event, offset_at, whole_run
from .test_cancel import BLOCKED, client_of

LIMIT = 0.12
SEVERAL = 0.5
"""For several requests on a busy machine."""
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
    assert "the wait" in where or server.wait_idle(2)  # a finished answer's may be kept
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
    stream = any_world.client(server.url).runs.stream(
        RUN, live=live, timeout=SEVERAL, backoff_options=options
    )
    times_out(lambda: list(stream), SEVERAL)
    assert len(server.requests) > 1


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
    stream = any_world.client(server.url).runs.stream(RUN, live=live, timeout=SEVERAL)
    seen: list[Any] = []

    def read() -> None:
        for event in stream:
            seen.append(event)
            if len(endless.items) < 5000:
                endless.append(log_event(len(endless.items)))

    error = times_out(read, SEVERAL)
    assert len(seen) > 5  # more than a page
    assert error.offset is not None


def test_a_call_that_timed_out_says_where_to_go_on(any_world: World, genuine: FlueServer) -> None:
    client = any_world.client(genuine.url)
    key = f"deadline-{any_world.name}"
    seen: list[Any] = []
    with pytest.raises(FlueTimeoutError) as caught:
        client.workflows.run("gate", input={"key": key}, timeout=0.5, on_event=seen.append)
    error = caught.value
    genuine.release(key, result="in the end")
    assert error.run_id is not None
    assert error.offset is not None
    rest = list(client.runs.stream(error.run_id, offset=error.offset))
    assert dicts(seen) + dicts(rest) == dicts(client.runs.events(error.run_id))
    assert client.runs.wait(error.run_id).result == "in the end"


def test_the_deadline_of_events_names_run_and_offset(any_world: World, serve: Serve) -> None:
    answered: list[Request] = []

    def handler(request: Request, connection: Connection) -> None:
        answered.append(request)
        if len(answered) == 1:
            Replay(whole_run(9), page=4)(request, connection)
        else:
            connection.wait_closed(60)

    server = serve(handler)
    client = any_world.client(server.url)
    error = times_out(lambda: client.runs.events(RUN, timeout=SEVERAL), SEVERAL)
    assert error.offset == offset_at(4)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1", True])
def test_a_timeout_that_is_none_is_refused(any_world: World, timeout: Any) -> None:
    client = any_world.client("http://127.0.0.1:9")
    with pytest.raises((ValueError, TypeError), match="timeout"):
        client.runs.stream(RUN, timeout=timeout)
    with pytest.raises((ValueError, TypeError), match="timeout"):
        client.workflows.run("w", timeout=timeout)
