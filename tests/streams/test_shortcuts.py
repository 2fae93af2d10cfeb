"""SSE where pages would do: whatever goes wrong in it, every event comes once, in order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import BackoffOptions, FlueApiError, FlueProtocolError, FlueTimeoutError
from tests.servers.raw import Connection, Request
from tests.worlds import World, in_turns

from .conftest import Serve, set_limits
from .replay import RUN, Replay, log_event, offset_at, query, run_end, whole_run

COUNT, PAGE = 11, 2
RUN_OF = whole_run(COUNT)
QUICK = BackoffOptions(initial_delay=0.001, max_delay=0.002)
SILENT = 0.15

Spoiled = Callable[["Gateway", Request, Connection], None]


class Gateway:
    """Forwards everything, except that event streams break after `intact` frames."""

    def __init__(self, spoil: Spoiled, intact: int = 0) -> None:
        self.replay = Replay(RUN_OF, page=PAGE)
        self.streams: list[str] = []
        self._spoil = spoil
        self._intact = intact

    def __call__(self, request: Request, connection: Connection) -> None:
        if query(request).get("live") == "sse":
            self.streams.append(query(request)["offset"])
            self._spoil(self, request, connection)
        else:
            self.replay(request, connection)

    def frames(self, request: Request) -> list[bytes]:
        """What a server would send, a batch each."""
        start = self.replay.start(query(request))
        places = range(start, COUNT, PAGE)
        return [b"".join(self.replay.frames(at, min(at + PAGE, COUNT), False)) for at in places]

    def begin(self, request: Request, connection: Connection, **headers: str) -> list[bytes]:
        """Send the head and the intact frames; return the others."""
        connection.event_stream({name.replace("_", "-"): value for name, value in headers.items()})
        frames = self.frames(request)
        for frame in frames[: self._intact]:
            connection.chunk(frame)
        return frames[self._intact :]


def answers(status: int, body: bytes = b"<h1>?</h1>", kind: str = "text/html") -> Spoiled:
    def spoil(gateway: Gateway, request: Request, connection: Connection) -> None:
        body_of = b"" if status in (204, 304) else body
        connection.answer(status, body_of, {"content-type": kind, "location": "/elsewhere"})

    return spoil


def sends(text: bytes, ends: str = "end") -> Spoiled:
    """An event stream that goes on with `text`."""

    def spoil(gateway: Gateway, request: Request, connection: Connection) -> None:
        if not gateway.begin(request, connection):
            connection.end()
            return
        connection.chunk(text) if text else None
        {"end": connection.end, "reset": connection.reset, "close": connection.close}.get(
            ends, lambda: connection.wait_closed(20)
        )()

    return spoil


def cut(request_frames: float, how: str) -> Spoiled:
    """The right stream, cut in the middle of a frame."""

    def spoil(gateway: Gateway, request: Request, connection: Connection) -> None:
        rest = b"".join(gateway.begin(request, connection))
        connection.chunk(rest[: int(len(rest) * request_frames)] or b":\n")
        getattr(connection, how)()

    return spoil


def compressed(gateway: Gateway, request: Request, connection: Connection) -> None:
    gateway.begin(request, connection, content_encoding="GZip")
    connection.chunk(b"\x1f\x8b\x08 nobody reads this")
    connection.end()


def close_delimited(gateway: Gateway, request: Request, connection: Connection) -> None:
    connection.head(200, {"content-type": "text/event-stream"})
    connection.send(b"".join(gateway.frames(request))[:150])
    connection.close()


def dead(gateway: Gateway, request: Request, connection: Connection) -> None:
    connection.close()


def silent(gateway: Gateway, request: Request, connection: Connection) -> None:
    connection.wait_closed(20)


def dripping(text: bytes) -> Spoiled:
    """Bytes for ever, and never a batch."""

    def spoil(gateway: Gateway, request: Request, connection: Connection) -> None:
        gateway.begin(request, connection)
        while not connection.closed:
            connection.chunk(text)
            threading.Event().wait(0.02)

    return spoil


def repeating(gateway: Gateway, request: Request, connection: Connection) -> None:
    """Sends what it sent last for ever."""
    place = gateway.replay.start(query(request))
    connection.event_stream()
    last = b"".join(gateway.replay.frames(max(place - PAGE, 0), place, True))
    while not connection.closed:
        connection.chunk(last)
        threading.Event().wait(0.02)


def replaying(gateway: Gateway, request: Request, connection: Connection) -> None:
    """A cache that does not look at the offset: always the same answer, and a piece of one."""
    connection.event_stream()
    for place in range(0, COUNT - 2 * PAGE, PAGE):
        connection.chunk(b"".join(gateway.replay.frames(place, place + PAGE, False)))
    connection.end()


def out_of_a_cache(gateway: Gateway, request: Request, connection: Connection) -> None:
    """What was the whole stream a minute ago."""
    place = gateway.replay.start(query(request))
    control = {"streamNextOffset": offset_at(place), "upToDate": True}
    connection.event_stream({"age": "61"})
    connection.chunk(b"event: control\ndata:" + json.dumps(control).encode() + b"\n\n")
    connection.wait_closed(20)


def of_another_run(frame: bytes) -> bytes:
    return b"event: data\ndata:" + frame + b"\n\n"


CONTROL = b"event: control\ndata:%b\n\n"
FAULTS: dict[str, Spoiled] = {
    **{f"status {status}": answers(status) for status in (201, 204, 206, 301, 307, 308, 400)},
    **{f"status {status}": answers(status) for status in (401, 403, 404, 405, 406, 409, 410)},
    **{f"status {status}": answers(status) for status in (416, 429, 500, 501, 502, 503, 505, 511)},
    "HTML": answers(200),
    "text": answers(200, kind="text/plain"),
    "no type": answers(200, kind=""),
    "JSON that is no page": answers(200, b'{"error":1}', "application/json"),
    "a page without its offset": answers(200, b"[]", "application/json"),
    "compressed": compressed,
    "no answer": dead,
    "cut at once": cut(0, "reset"),
    "cut in a frame": cut(0.4, "close"),
    "reset in a frame": cut(0.6, "reset"),
    "ended in a frame": cut(0.7, "end"),
    "cut without a length": close_delimited,
    "silence": silent,
    "silence behind the head": sends(b"", "wait"),
    "silence in a frame": sends(b"event: data\ndata:[{", "wait"),
    "silence behind data": sends(of_another_run(b'[{"lost":1}]'), "wait"),
    "heartbeats only": dripping(b": heartbeat\n\n"),
    "data only": dripping(of_another_run(b"[]")),
    "one line for ever": dripping(b"x"),
    "other events only": dripping(b"event: nova\ndata: 1\n\n"),
    "control that is not JSON": sends(CONTROL % b"{", "wait"),
    "control without an offset": sends(CONTROL % b'{"upToDate":true}', "wait"),
    "empty control": sends(b"event: control\n\n", "wait"),
    "an array as control": sends(CONTROL % b"[]", "wait"),
    "data that is not JSON": sends(of_another_run(b"[1"), "wait"),
    "data that is no array": sends(of_another_run(b'{"a":1}'), "wait"),
    "data that is HTML": sends(b"<html>\n\n<body>\n\n", "end"),
    "the last batch for ever": repeating,
    "always the same piece": replaying,
    "an old answer of a cache": out_of_a_cache,
}
WAYS: dict[str, Callable[[Any, BackoffOptions], Any]] = {
    "events": lambda client, options: client.runs.events(RUN, backoff_options=options),
    "stream": lambda client, options: client.runs.stream(RUN, backoff_options=options),
    "stream to the tail": lambda client, options: client.runs.stream(
        RUN, live=False, backoff_options=options
    ),
    "auto": lambda client, options: client.runs.stream(RUN, live="auto", backoff_options=options),
}


@pytest.mark.parametrize(
    ("any_world", "name", "way"), in_turns(FAULTS, WAYS), indirect=["any_world"]
)
def test_a_fault_of_SSE_costs_no_event(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    set_limits(monkeypatch, start=SILENT, batch=0.3)
    for intact in (0, 2):
        gateway = Gateway(FAULTS[name], intact)
        client = any_world.client(serve(gateway).url)
        assert [event.to_dict() for event in WAYS[way](client, QUICK)] == RUN_OF
        assert 1 <= len(gateway.streams) <= 6


@pytest.mark.parametrize(
    ("any_world", "name", "way"),
    in_turns(["status 404", "status 503", "no answer", "compressed"], WAYS),
    indirect=["any_world"],
)
def test_without_any_retry_a_shortcut_fails_no_more_than_pages_do(
    any_world: World, serve: Serve, name: str, way: str
) -> None:
    client = any_world.client(serve(Gateway(FAULTS[name])).url)
    never = BackoffOptions(max_retries=0)
    assert [event.to_dict() for event in WAYS[way](client, never)] == RUN_OF


@pytest.mark.parametrize("name", ["compressed", "HTML", "control that is not JSON"])
def test_where_SSE_is_insisted_on_its_fault_is_the_error(
    any_world: World, serve: Serve, name: str
) -> None:
    gateway = Gateway(FAULTS[name])
    client = any_world.client(serve(gateway).url)
    with pytest.raises(FlueProtocolError):
        list(client.runs.stream(RUN, live="sse", backoff_options=QUICK))
    assert len(gateway.streams) == 1


@pytest.mark.parametrize("way", ["events", "stream", "stream to the tail"])
def test_the_error_of_a_page_is_what_a_failing_catch_up_raises(
    any_world: World, serve: Serve, way: str
) -> None:
    gateway = Gateway(answers(410))

    def handler(request: Request, connection: Connection) -> None:
        if gateway.streams and query(request).get("live") != "sse":
            connection.json(404, {"error": {"type": "run_not_found", "message": "gone"}})
        else:
            gateway(request, connection)

    client = any_world.client(serve(handler).url)
    with pytest.raises(FlueApiError) as caught:
        list(WAYS[way](client, QUICK))
    assert (caught.value.status, caught.value.type) == (404, "run_not_found")


@pytest.mark.parametrize("live", ["auto", "long-poll", False])
@pytest.mark.parametrize("items", [[1, "x" * 9000, *range(9)], [*range(9), "x" * 9000, 1]])
def test_what_is_too_large_for_SSE_comes_in_a_page(
    any_world: World, serve: Serve, live: Any, items: list[Any]
) -> None:
    replay = Replay(items, page=PAGE)
    server = serve(replay)
    options: dict[str, Any] = {"max_frame_bytes": 5000, "backoff_options": QUICK}
    stream = any_world.durable(f"{server.url}/s", live=live, **options)
    assert list(stream) == items
    asked = [query(request).get("live") for request in server.requests]
    # Each attempt that brings a batch may be followed by another; how many come before what is too
    # large depends on how the bytes arrive.
    assert asked.count("sse") <= 2 + len(items) // PAGE
    with pytest.raises(FlueProtocolError):
        list(any_world.durable(f"{server.url}/s", live="sse", **options))


def test_data_without_a_control_frame_is_bounded(any_world: World, serve: Serve) -> None:
    """A page has the same bytes, and its own limit."""
    gateway = Gateway(sends(of_another_run(b"[1,2,3]") * 2000, "wait"))
    url = f"{serve(gateway).url}/s"
    stream = any_world.durable(url, live="auto", max_frame_bytes=5000, backoff_options=QUICK)
    assert list(stream) == RUN_OF


def limited(status: int) -> Spoiled:
    """SSE is refused for half a minute, pages are not."""

    def spoil(gateway: Gateway, request: Request, connection: Connection) -> None:
        connection.answer(status, b"{}", {"retry-after": "30"})

    return spoil


def endless_body(status: int, kind: str) -> Spoiled:
    """An answer in the place of an event stream that begins and does not end."""

    def spoil(gateway: Gateway, request: Request, connection: Connection) -> None:
        connection.head(status, {"content-type": kind, "content-length": "1000"})
        connection.send(b"[")
        connection.wait_closed(20)

    return spoil


SLOW: dict[str, Spoiled] = {
    "silence": silent,
    "silence behind the head": sends(b"", "wait"),
    "heartbeats only": dripping(b": heartbeat\n\n"),
    "status 429 for half a minute": limited(429),
    "status 503 for half a minute": limited(503),
    "a busy page without an end": endless_body(503, "text/html"),
    "a page without an end": endless_body(200, "application/json"),
}
TIMED: dict[str, Callable[..., Any]] = {
    "events": lambda runs, **options: runs.events(RUN, **options),
    "stream": lambda runs, **options: runs.stream(RUN, **options),
    "auto": lambda runs, **options: runs.stream(RUN, live="auto", **options),
}


@pytest.mark.parametrize(
    ("any_world", "name", "way"), in_turns(SLOW, TIMED), indirect=["any_world"]
)
def test_a_deadline_that_pages_meet_is_met_whatever_SSE_does(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    set_limits(monkeypatch, start=60.0, batch=60.0)  # which are no help against a deadline
    events: list[Any] = []
    for timeout in (2, 10):  # the first one may be too short for a busy machine
        gateway = Gateway(SLOW[name])
        client = any_world.client(serve(gateway).url)
        try:
            events = [event.to_dict() for event in TIMED[way](client.runs, timeout=timeout)]
        except FlueTimeoutError:
            continue
        break
    assert events == RUN_OF
    assert len(gateway.streams) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("intact", [0, 2])
def test_pages_do_not_wait_for_the_Retry_After_of_SSE(
    any_world: World, serve: Serve, way: str, intact: int
) -> None:
    def spoil(gateway: Gateway, request: Request, connection: Connection) -> None:
        if intact and len(gateway.streams) == 1:
            gateway.begin(request, connection)
            connection.close()
        else:
            limited(503)(gateway, request, connection)

    told: list[Any] = []
    options = BackoffOptions(initial_delay=0.001, max_delay=0.002, on_failed_attempt=told.append)
    client = any_world.client(serve(Gateway(spoil, intact)).url)
    assert [event.to_dict() for event in WAYS[way](client, options)] == RUN_OF
    assert max((attempt.delay for attempt in told), default=0) < 1


PLAIN = ["none", "None", "identity", "IDENTITY, identity", "", " , ", "utf-8", "binary", "chunked"]


@pytest.mark.parametrize("coding", PLAIN)
def test_an_event_stream_with_a_coding_that_changes_nothing_is_read(
    any_world: World, serve: Serve, coding: str
) -> None:
    def plain(gateway: Gateway, request: Request, connection: Connection) -> None:
        for frame in gateway.begin(request, connection, content_encoding=coding):
            connection.chunk(frame)
        connection.end()

    for live in ("sse", False):
        gateway = Gateway(plain)
        server = serve(gateway)
        stream = any_world.client(server.url).runs.stream(RUN, live=live)
        assert [event.to_dict() for event in stream] == RUN_OF
        assert len(server.requests) == (1 if live else 2)


def test_a_batch_of_one_line_a_message_is_one_batch(any_world: World, serve: Serve) -> None:
    run = [*(log_event(number) for number in range(5_000)), run_end(5_000)]
    lines = b",\n".join(json.dumps(event).encode() for event in run)
    frame = b"event: data\ndata: [\ndata: " + lines.replace(b"\n", b"\ndata: ") + b"\ndata: ]\n\n"

    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        connection.chunk(frame + CONTROL % b'{"streamNextOffset":"z"}')
        connection.wait_closed(20)

    stream = any_world.client(serve(handler).url).runs.stream(RUN, live="sse")
    assert [event.to_dict() for event in stream] == run
