"""The modes of reading: what each asks for; `auto` and catching up where a proxy breaks SSE."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import BackoffOptions, FlueProtocolError
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve, set_limits
from .reading import Reader, dicts
from .replay import RUN, Replay, log_event, offset_at, query, run_end, whole_run
from .test_cancel import wait_for

NO_RETRY = BackoffOptions(max_retries=0)


def asked_for(requests: list[Request]) -> list[str | None]:
    return [query(request).get("live") for request in requests]


@pytest.mark.parametrize(
    ("live", "wire"),
    [
        (True, "long-poll"),
        ("long-poll", "long-poll"),
        ("sse", "sse"),
        ("auto", "sse"),
        (False, None),
    ],
)
def test_what_each_mode_asks_for(any_world: World, serve: Serve, live: Any, wire: Any) -> None:
    server = serve(Replay(run := whole_run(3)))
    assert dicts(any_world.client(server.url).runs.stream(RUN, live=live)) == run
    (request,) = server.requests
    assert query(request) == {"offset": "-1"} | ({"live": wire} if wire else {})
    accept = "text/event-stream" if wire == "sse" else "application/json"
    assert request.headers["accept"] == accept


@pytest.mark.parametrize("live", ["nothing", None, 1, 0, "SSE", b"sse", ["sse"]])
def test_no_other_mode_is_taken(any_world: World, live: Any) -> None:
    client = any_world.client("http://127.0.0.1:9")
    with pytest.raises(ValueError, match="live"):
        client.runs.stream(RUN, live=live)


@pytest.mark.parametrize("live", ["long-poll", "sse", "auto"])
def test_a_live_stream_delivers_events_as_they_come_and_ends_with_the_run(
    any_world: World, genuine: FlueServer, live: str
) -> None:
    client = any_world.client(genuine.url)
    key = f"modes-{any_world.name}-{live}"
    run = client.workflows.invoke("gate", input={"key": key}).run_id
    genuine.emit(key, message="first")
    stream = client.runs.stream(run, live=live)
    reader = Reader(stream)
    assert reader.wait_items(3)
    genuine.emit(key, message="second")
    assert reader.wait_items(4)
    genuine.release(key, result=7)
    events = reader.join()
    assert [event.type for event in events] == ["run_start", "log", "log", "log", "run_end"]
    assert [event.message for event in events[2:4]] == ["first", "second"]
    assert stream.stats.mode == ("long-poll" if live == "long-poll" else "sse")


def test_now_means_from_here_on_and_tail_the_latest(
    any_world: World, genuine: FlueServer, live: Any
) -> None:
    client = any_world.client(genuine.url)
    key = f"now-{any_world.name}-{live}"
    run = client.workflows.invoke("gate", input={"key": key}).run_id
    genuine.emit(key, count=3)
    now = client.runs.stream(run, live=live, offset="now")
    latest = client.runs.stream(run, live=live, tail=2)
    if live is False:
        assert (list(now), len(list(latest))) == ([], 2)
        genuine.release(key)
        return
    readers = [Reader(now), Reader(latest)]
    assert readers[1].wait_items(2)
    wait_for(lambda: now.offset != "now")
    genuine.emit(key, message="new")
    genuine.release(key)
    assert [event.type for event in readers[0].join()] == ["log", "run_end"]
    assert [event.type for event in readers[1].join()] == ["log"] * 3 + ["run_end"]


def test_a_run_ends_with_its_run_end_even_if_the_stream_stays_open(
    any_world: World, serve: Serve, live: Any
) -> None:
    server = serve(Replay(run := [log_event(0), run_end(1)], closed=False))
    assert dicts(any_world.client(server.url).runs.stream(RUN, live=live)) == run
    assert len(server.requests) == 1


def no_sse(answer: Callable[[Request, Connection], None]) -> Callable[[Replay], Any]:
    def wrap(replay: Replay) -> Any:
        def handler(request: Request, connection: Connection) -> None:
            (answer if query(request).get("live") == "sse" else replay)(request, connection)

        return handler

    return wrap


def buffered(request: Request, connection: Connection) -> None:
    connection.event_stream()
    connection.wait_closed(60)


def buffered_from_the_start(request: Request, connection: Connection) -> None:
    connection.wait_closed(60)


def buffered_in_a_frame(request: Request, connection: Connection) -> None:
    connection.event_stream()
    connection.chunk(b'event: data\ndata:[{"type":"log","v":3')
    connection.wait_closed(60)


def cut_in_a_frame(request: Request, connection: Connection) -> None:
    connection.event_stream()
    connection.chunk(b'event: data\ndata:[{"type":"log","v":3')
    connection.end()


def reset_at_once(request: Request, connection: Connection) -> None:
    connection.reset()


def html(request: Request, connection: Connection) -> None:
    connection.answer(200, b"<html>login</html>", {"content-type": "text/html"})


def refused(status: int, body: bytes = b"no") -> Callable[[Request, Connection], None]:
    return lambda request, connection: connection.answer(status, body)


def as_pages(request: Request, connection: Connection) -> None:
    """A proxy that drops the query answers a plain page."""
    plain = dataclasses.replace(request, target=request.target.replace("live=sse", ""))
    Replay(SPOILED, page=4)(plain, connection)


SPOILED = whole_run(11)
SPOILERS = {
    "buffered": buffered,
    "buffered from the start": buffered_from_the_start,
    "buffered in a frame": buffered_in_a_frame,
    "cut in a frame": cut_in_a_frame,
    "reset": reset_at_once,
    "a page": as_pages,
    "a web page": html,
    "406": refused(406),
    "400": refused(400),
    "501": refused(501),
    "502 always": refused(502),
    "504 always": refused(504, b"<html>"),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_auto_falls_back_to_long_poll_where_a_proxy_breaks_sse(
    any_world: World,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    spoiler: str,
) -> None:
    if "buffered" in spoiler:
        set_limits(monkeypatch, start=0.15)
    server = serve(no_sse(SPOILERS[spoiler])(Replay(SPOILED, page=4)))
    quick = BackoffOptions(initial_delay=0.001)
    stream = any_world.client(server.url).runs.stream(RUN, live="auto", backoff_options=quick)
    with caplog.at_level(logging.INFO, "flue_client"):
        assert dicts(stream) == SPOILED
    assert stream.stats.mode == "long-poll"
    assert asked_for(server.requests).count("sse") == (2 if "always" in spoiler else 1)
    assert any(record.levelno == logging.INFO for record in caplog.records)
    assert stream.offset == offset_at(11)


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_catching_up_falls_back_to_pages_where_a_proxy_breaks_sse(
    any_world: World, serve: Serve, monkeypatch: pytest.MonkeyPatch, spoiler: str
) -> None:
    """No retry is needed for that, so none is allowed here."""
    if "buffered" in spoiler:
        set_limits(monkeypatch, start=0.15)
    server = serve(no_sse(SPOILERS[spoiler])(Replay(SPOILED, page=4)))
    client = any_world.client(server.url)
    assert dicts(client.runs.events(RUN, backoff_options=NO_RETRY)) == SPOILED
    # A reset of the connection that the first page came over may be its server's idle limit.
    assert asked_for(server.requests).count("sse") == (2 if spoiler == "reset" else 1)


def test_a_long_history_comes_over_one_connection(any_world: World, genuine: FlueServer) -> None:
    client = any_world.client(genuine.url)
    run = client.workflows.run("flood", input={"n": 450}).run_id
    assert len(client.runs.events(run)) == 452
    stream = client.runs.stream(run, live=False)
    assert [event.event_index for event in stream] == list(range(452))
    assert stream.stats.mode == "bulk"
    pages = client.runs.stream(run, live=False, pages_only=True)
    assert [event.event_index for event in pages] == list(range(452))
    assert pages.stats.mode == "page"
    assert pages.offset == stream.offset


def test_pages_only_insists_on_pages(any_world: World, serve: Serve) -> None:
    server = serve(Replay(run := whole_run(11), page=2))
    client = any_world.client(server.url)
    assert dicts(client.runs.events(RUN, pages_only=True)) == run
    assert asked_for(server.requests) == [None] * 6


@pytest.mark.parametrize("spoiler", ["a page", "a web page"])
def test_insisting_on_sse_and_getting_something_else_is_a_protocol_error(
    any_world: World, serve: Serve, spoiler: str
) -> None:
    server = serve(no_sse(SPOILERS[spoiler])(Replay(SPOILED, page=4)))
    client = any_world.client(server.url)
    stream = client.runs.stream(RUN, live="sse")
    with pytest.raises(FlueProtocolError) as caught:
        list(stream)
    assert caught.value.url == f"{server.url}/runs/{RUN}"
    assert caught.value.offset == "-1"
    assert len(server.requests) == 1
    assert dicts(client.runs.stream(RUN, live=True)) == SPOILED
