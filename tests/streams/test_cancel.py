"""Cancelling from another thread, wherever the stream is blocked, plain and over TLS."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flue_client_ext import AbortController, BackoffOptions, FlueAbortError
from flue_client_ext._values.limits import LIMITS
from tests.servers.raw import Connection, RawServer, Request
from tests.worlds import World

from .conftest import Serve
from .reading import InThread, Reader, dicts
from .replay import RUN, Replay, log_event, offset_at, whole_run

AT_ONCE = 10.0
"""Seconds that count as at once, on a machine that is busy with other things."""

OPEN = {"content-type": "application/json", "stream-next-offset": offset_at(0)}


def says_nothing(request: Request, connection: Connection) -> None:
    connection.wait_closed(60)


def stops_in_a_page(request: Request, connection: Connection) -> None:
    connection.head(200, {**OPEN, "content-length": "1000"})
    connection.send(b'[{"type":')
    connection.wait_closed(60)


def sends_heads_only(request: Request, connection: Connection) -> None:
    connection.event_stream()
    connection.wait_closed(60)


def sends_an_event_and_waits(request: Request, connection: Connection) -> None:
    Replay([log_event(0)], closed=False)(request, connection)


def asks_to_come_back_later(request: Request, connection: Connection) -> None:
    connection.answer(503, headers={"retry-after": "60"})


def has_nothing_new(request: Request, connection: Connection) -> None:
    connection.head(204, {"stream-next-offset": offset_at(0), "stream-up-to-date": "true"})


BLOCKED: dict[str, tuple[Any, Any]] = {
    "a long-poll before its head": (says_nothing, "long-poll"),
    "a long-poll in its body": (stops_in_a_page, "long-poll"),
    "a page before its head": (says_nothing, False),
    "an event stream before its head": (says_nothing, "sse"),
    "an event stream before its first byte": (sends_heads_only, "sse"),
    "an event stream": (sends_an_event_and_waits, "sse"),
    "an event stream that auto chose": (sends_an_event_and_waits, "auto"),
    "the wait before a retry": (asks_to_come_back_later, "long-poll"),
    "the wait between polls": (has_nothing_new, "long-poll"),
}


@pytest.fixture(autouse=True)
def slow_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LIMITS, "poll_pace", 30.0)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + 10
    while left := [
        thread
        for thread in set(threading.enumerate()) - before
        if thread.name.startswith("flue-client")
    ]:
        assert time.monotonic() < until, left
        left[0].join(0.05)


class Stopping:
    """A stream in a thread, to be stopped by `how`: its own `cancel`, or a signal."""

    def __init__(self, client: Any, live: Any, how: str, **options: Any) -> None:
        self.controller = AbortController()
        if how == "signal":
            options["signal"] = self.controller.signal
        self.stream = client.runs.stream(RUN, live=live, **options)
        self.stop = self.stream.cancel if how == "cancel" else self.controller.abort
        self.reader = Reader(self.stream)

    def stops_at_once(self) -> None:
        before = self.stream.offset
        began = time.monotonic()
        self.stop()
        self.reader.join()
        assert self.reader.ended_at - began < AT_ONCE
        assert self.stream.offset == before
        assert self.stream.stats.state == "ended"
        assert list(self.stream) == []


def client_of(world: World, server: RawServer, tls: bool) -> Any:
    options = {"ssl_context": server.client_context()} if tls else {}
    return world.client(server.url, **options)


@pytest.mark.parametrize("how", ["cancel", "signal"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("where", BLOCKED)
def test_a_stream_blocked_in(
    any_world: World, serve: Serve, where: str, tls: bool, how: str
) -> None:
    handler, live = BLOCKED[where]
    server = serve(handler, tls=tls)
    client = client_of(any_world, server, tls)
    stopping = Stopping(client, live, how)
    assert server.wait_requests(1)
    if handler is sends_an_event_and_waits:
        assert stopping.reader.wait_items(1)
    elif handler is asks_to_come_back_later:
        wait_for(lambda: stopping.stream.stats.state == "waiting")
    elif handler is has_nothing_new:
        wait_for(lambda: stopping.stream.offset == offset_at(0))
    stopping.stops_at_once()
    assert server.wait_idle(AT_ONCE)
    server.handler = Replay(run := whole_run(3))
    assert dicts(client.runs.stream(RUN)) == run


def wait_for(condition: Callable[[], bool]) -> None:
    """Poll until it is so, where no event tells."""
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def connecting_to(port: int) -> bool:
    """Whether a connection to `port` waits for its peer (SYN_SENT, in the kernel's own list)."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return any(row[2].endswith(f":{port:04X}") and row[3] == "02" for row in rows)


@pytest.mark.parametrize("how", ["cancel", "signal"])
def test_a_stream_blocked_in_connect(any_world: World, serve: Serve, how: str) -> None:
    server = serve(says_nothing, mode="full")
    stopping = Stopping(any_world.client(server.url), "sse", how)
    wait_for(lambda: connecting_to(server.port))
    stopping.stops_at_once()
    assert not connecting_to(server.port)


@pytest.mark.parametrize("how", ["cancel", "signal"])
def test_a_stream_blocked_in_a_tls_handshake(any_world: World, serve: Serve, how: str) -> None:
    server = serve(says_nothing, tls=True, mode="stall")
    stopping = Stopping(client_of(any_world, server, True), "sse", how)
    assert server.wait_until(lambda: server.accepted == 1)
    stopping.stops_at_once()
    assert server.wait_idle(AT_ONCE)


@pytest.mark.parametrize("how", ["cancel", "signal"])
def test_a_stream_blocked_in_a_name_look_up(
    any_world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    asked, answer = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def slow(host: Any, *rest: Any, **options: Any) -> Any:
        flags = options.get("flags", rest[4] if len(rest) > 4 else 0)
        if flags & socket.AI_NUMERICHOST or host not in ("slow.test", b"slow.test"):
            return real(host, *rest, **options)
        asked.set()
        answer.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        stopping = Stopping(any_world.client("http://slow.test:9"), "sse", how)
        assert asked.wait(10)
        stopping.stops_at_once()
    finally:
        answer.set()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("what", ["invoke", "run", "wait", "events", "get"])
def test_a_call_that_is_aborted_says_so(
    any_world: World, serve: Serve, what: str, tls: bool
) -> None:
    def handler(request: Request, connection: Connection) -> None:
        if what == "run" and request.method == "POST":
            connection.json(202, {"runId": RUN})
        else:
            connection.wait_closed(60)

    server = serve(handler, tls=tls)
    client = client_of(any_world, server, tls)
    controller = AbortController()
    calls: dict[str, Callable[..., Any]] = {
        "invoke": lambda **o: client.workflows.invoke("w", input=1, wait="result", **o),
        "run": lambda **o: client.workflows.run("w", input=1, **o),
        "wait": lambda **o: client.runs.wait(RUN, **o),
        "events": lambda **o: client.runs.events(RUN, **o),
        "get": lambda **o: client.runs.get(RUN, **o),
    }
    call = InThread(lambda: calls[what](signal=controller.signal))
    assert server.wait_requests(2 if what == "run" else 1)
    began = time.monotonic()
    controller.abort({"because": "of me"})
    with pytest.raises(FlueAbortError) as caught:
        call.join()
    assert call.ended_at - began < AT_ONCE
    assert caught.value.reason == {"because": "of me"}
    assert server.wait_idle(AT_ONCE)


def test_a_call_whose_signal_is_aborted_before_it_sends_nothing(
    any_world: World, serve: Serve
) -> None:
    server = serve(says_nothing)
    client = any_world.client(server.url)
    controller = AbortController()
    controller.abort("early")
    with pytest.raises(FlueAbortError) as caught:
        client.workflows.invoke("w", signal=controller.signal)
    assert caught.value.reason == "early"
    assert list(client.runs.stream(RUN, signal=controller.signal)) == []
    with pytest.raises(FlueAbortError):
        client.runs.events(RUN, signal=controller.signal)
    assert server.accepted == 0


def test_cancelling_while_the_consumer_is_busy_closes_the_connection(
    any_world: World, serve: Serve
) -> None:
    run = [log_event(0), log_event(1), log_event(2)]
    server = serve(Replay(run, closed=False, page=2))
    stream = any_world.client(server.url).runs.stream(RUN, live="sse")
    events = iter(stream)
    assert next(events).to_dict() == run[0]
    stream.cancel()
    assert server.wait_idle(AT_ONCE)
    assert list(events) == []
    assert stream.offset == "-1"
    assert stream.checkpoint.event_index == run[0]["eventIndex"]


def test_a_hook_may_cancel_the_stream_that_it_is_told_about(any_world: World, serve: Serve) -> None:
    server = serve(asks_to_come_back_later)
    options = BackoffOptions(on_failed_attempt=lambda attempt: stream.cancel())
    stream = any_world.client(server.url).runs.stream(RUN, backoff_options=options)
    assert list(stream) == []
    assert len(server.requests) == 1
