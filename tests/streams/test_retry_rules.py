"""How a stream waits and counts: Retry-After, hooks, what is a failure, and what is routine."""

from __future__ import annotations

import email.utils
import json
import logging
import ssl
import threading
import time
from typing import Any

import pytest
import trustme

from flue_client_ext import BackoffOptions, FailedAttempt, FlueConnectionError
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve, set_limits
from .reading import dicts
from .replay import RUN, Fault, Replay, log_event, offset_at, query, run_end, whole_run
from .test_cancel import wait_for


def http_date(seconds: float) -> str:
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7, 7),
        ("3600", 60, 60),
        (http_date(3600), 60, 60),
        (http_date(-60), 0, 0.001),
        ("soon", 0, 0.001),
        ("-5", 0, 0.001),
        ("99999999999999999999", 60, 60),
    ],
    ids=["7", "3600", "in an hour", "a minute ago", "soon", "-5", "huge"],
)
def test_retry_after_is_a_capped_floor(
    any_world: World, serve: Serve, live: Any, value: str, least: float, most: float
) -> None:
    fault = Fault(status=429, headers={"retry-after": value})
    server = serve(Replay(whole_run(2), faults=lambda request: fault))
    told: list[FailedAttempt] = []

    def hook(attempt: FailedAttempt) -> None:
        told.append(attempt)
        stream.cancel()

    options = BackoffOptions(initial_delay=0.001, max_delay=0.001, on_failed_attempt=hook)
    stream = any_world.client(server.url).runs.stream(RUN, live=live, backoff_options=options)
    assert list(stream) == []
    gives_way = live == "auto" and least > 0
    assert len(server.requests) == (2 if gives_way else 1)
    (attempt,) = told
    assert (attempt.attempt, attempt.status) == (1, 429)
    assert attempt.delay is not None
    assert least <= attempt.delay <= most


def test_a_page_that_takes_over_from_sse_obeys_its_own_retry_after(
    any_world: World, serve: Serve
) -> None:
    """A Retry-After in an answer to SSE holds for SSE only."""
    told: list[FailedAttempt] = []

    def fault(request: Request) -> Fault | None:
        if len(server.requests) == 1:
            return None
        return Fault(status=503, headers={"retry-after": "9"})

    def hook(attempt: FailedAttempt) -> None:
        told.append(attempt)
        stream.cancel()

    server = serve(Replay(whole_run(9), page=4, faults=fault))
    options = BackoffOptions(on_failed_attempt=hook)
    stream = any_world.client(server.url).runs.stream(RUN, live=False, backoff_options=options)
    list(stream)
    asked = [query(request).get("live") for request in server.requests]
    assert asked == [None, "sse", None]
    assert [each.delay is not None and each.delay >= 9 for each in told] == [True]


def test_a_hook_that_raises_breaks_nothing_and_is_logged(
    any_world: World, serve: Serve, live: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def hook(attempt: FailedAttempt) -> None:
        raise RuntimeError("a bug in the hook")

    left = [Fault(status=503), Fault(after=30)]
    replay = Replay(run := whole_run(9), faults=lambda request: left.pop() if left else None)
    options = BackoffOptions(initial_delay=0.001, on_failed_attempt=hook)
    stream = any_world.client(serve(replay).url).runs.stream(
        RUN, live=live, backoff_options=options
    )
    with caplog.at_level(logging.WARNING, "flue_client"):
        assert dicts(stream) == run
    assert any("RuntimeError" in record.getMessage() for record in caplog.records)
    assert not any("a bug in the hook" in record.getMessage() for record in caplog.records)


def test_delays_grow_under_full_jitter_up_to_the_cap(any_world: World, serve: Serve) -> None:
    told: list[FailedAttempt] = []
    options = BackoffOptions(
        initial_delay=0.004,
        multiplier=2,
        max_delay=0.02,
        max_retries=12,
        on_failed_attempt=told.append,
    )
    server = serve(Replay(whole_run(2), faults=lambda request: Fault(after=0)))
    with pytest.raises(FlueConnectionError):
        list(any_world.client(server.url).runs.stream(RUN, backoff_options=options))
    delays = [each.delay for each in told if each.delay is not None]
    assert len(delays) == 12
    ceilings = [min(0.004 * 2**number, 0.02) for number in range(12)]
    assert all(0 <= delay <= top for delay, top in zip(delays, ceilings, strict=True))
    assert len(set(delays)) > 6


def test_a_good_answer_without_news_resets_the_count_of_failures(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures that are not consecutive do not add up: an idle run may be followed for days."""
    set_limits(monkeypatch, poll_pace=0.0)
    replay = Replay([log_event(0)], closed=False, hold=0.0)
    asked = iter(range(10**6))

    def fault(request: Request) -> Fault | None:
        number = next(asked)
        if number == 40:
            replay.append(run_end(1), close=True)
        return Fault(status=502) if number % 3 == 2 else None

    replay.faults = fault
    options = BackoffOptions(initial_delay=0.001, max_retries=1)
    stream = any_world.client(serve(replay).url).runs.stream(RUN, backoff_options=options)
    assert [event.type for event in stream] == ["log", "run_end"]


@pytest.mark.parametrize("live", ["long-poll", "sse", "auto"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_live_connection_that_ends_after_a_while_is_routine(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, live: str, how: str
) -> None:
    """No retry is allowed here, and none is needed: proxies do this all the time."""
    set_limits(monkeypatch, routine_life=0.02)
    replay = Replay([log_event(0)], closed=False)
    held = []
    wait = threading.Event().wait

    def handler(request: Request, connection: Connection) -> None:
        mode, first = query(request).get("live"), query(request)["offset"] == "-1"
        if mode is None or (mode == "long-poll" and first):
            replay(request, connection)
            return
        held.append(request)
        if len(held) > 6:
            replay.append(run_end(1), close=True)
            replay(request, connection)
            return
        if mode == "sse":
            connection.event_stream()
            control = json.dumps({"streamNextOffset": offset_at(1), "upToDate": True})
            frames = f"event: control\ndata:{control}\n\n".encode()
            if first:
                frames = b'event: data\ndata:[{"type":"log","v":3,"eventIndex":1}]\n\n' + frames
            all_of_it = stream.stats.bytes_received + len(frames)
            connection.chunk(frames)
            # A reset makes its peer lose what it has not read.
            wait_for(lambda: stream.stats.bytes_received >= all_of_it)
        wait(0.05)
        connection.reset() if how == "reset" else connection.close()

    failures: list[FailedAttempt] = []
    options = BackoffOptions(max_retries=0, on_failed_attempt=failures.append)
    server = serve(handler)
    stream = any_world.client(server.url).runs.stream(RUN, live=live, backoff_options=options)
    assert [event.type for event in stream] == ["log", "run_end"]
    assert not failures
    assert stream.stats.reconnects == 6
    assert stream.stats.mode == ("long-poll" if live == "long-poll" else "sse")


def test_heartbeats_keep_a_silent_stream_alive(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = b'event: data\ndata:[{"type":"run_end","v":3,"eventIndex":1,"runId":"r"}]\n\n'

    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        connection.chunk(b'event: control\ndata:{"streamNextOffset":"a","upToDate":true}\n\n')
        for _ in range(6):
            if connection.wait_closed(LIMITS.read / 5):
                return
            connection.chunk(b": heartbeat\n\n")
        connection.chunk(frame + b'event: control\ndata:{"streamNextOffset":"b"}\n\n')

    for seconds in (1.0, 4.0, 16.0):  # the first ones may be too short for a busy machine
        set_limits(monkeypatch, read=seconds)
        server = serve(handler)
        stream = any_world.client(server.url).runs.stream(RUN, live="sse")
        assert [event.type for event in stream] == ["run_end"]
        if len(server.requests) == 1:
            break
    assert len(server.requests) == 1


@pytest.mark.parametrize("live", ["sse", "auto"])
def test_an_event_stream_that_falls_silent_is_reopened(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, live: str
) -> None:

    def handler(request: Request, connection: Connection) -> None:
        if len(server.requests) == 2:
            replay.append(run_end(1), close=True)
        replay(request, connection)

    quick = BackoffOptions(initial_delay=0.001, max_delay=0.002, max_retries=200)
    for seconds in (0.3, 1.2, 4.8, 20.0):  # the first ones may be too short for a busy machine
        set_limits(monkeypatch, read=seconds)
        replay = Replay([log_event(0)], closed=False)
        server = serve(handler)
        stream = any_world.client(server.url).runs.stream(RUN, live=live, backoff_options=quick)
        assert [event.type for event in stream] == ["log", "run_end"]
        offsets = [query(request)["offset"] for request in server.requests]
        if offsets == ["-1", offset_at(1)]:
            break
    assert offsets == ["-1", offset_at(1)]
    assert stream.stats.reconnects == 1


def test_a_certificate_that_is_not_trusted_ends_the_HEAD_for_the_tail(
    any_world: World, serve: Serve, live: Any
) -> None:
    """The one request of a stream that is no GET is tried as rarely as the others."""
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(stranger)
    replay = Replay(whole_run(2))

    def handler(request: Request, connection: Connection) -> None:
        server._context = stranger  # for every connection from here on
        assert request.method == "GET"
        if query(request).get("live") != "sse":
            says = {"stream-next-offset": offset_at(2), "stream-closed": "true"}
            connection.answer(200, b"[]", {**says, "connection": "close"})
            connection.close()
        else:
            replay(request, connection)
            connection.close()

    server = serve(handler, tls=True)
    told: list[FailedAttempt] = []
    options = BackoffOptions(initial_delay=0.001, on_failed_attempt=told.append)
    client = any_world.client(server.url, ssl_context=server.client_context())
    stream = client.runs.stream(RUN, live=live, offset=offset_at(2), backoff_options=options)
    with pytest.raises(FlueConnectionError) as caught:
        list(stream)
    assert (caught.value.offset, caught.value.run_id) == (offset_at(2), RUN)
    assert told == []
    assert server.accepted == 2
