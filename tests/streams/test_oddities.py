"""Strange bytes: delivered, or a clear error that is not retried; the next read works."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FlueApiError,
    FlueProtocolError,
    UnsupportedFlueEventVersionError,
)
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve
from .reading import dicts
from .replay import RUN, Replay, log_event, offset_at, query, run_end, whole_run

STRANGE = [
    None,
    5,
    "text",
    True,
    [1, 2],
    [],
    {"v": 3},
    {"v": 3, "type": None},
    {"v": 3, "type": 7, "eventIndex": "x"},
    {"v": 3, "type": ["run_end"]},
    {"v": 3, "type": "a_type_of_tomorrow", "eventIndex": 9, "more": {"a": 1}},
    {"v": 3, "type": "log", "message": None, "attributes": "none", "eventIndex": None},
    {"v": 3, "type": "text_delta", "text": "\ud83d", "eventIndex": 10},
    {"v": 3, "type": "text_delta", "text": "\ude00", "eventIndex": 11},
    {"v": 3, "type": "log", "message": "\u2028\u2029\u0085\u0000\ufeff", "eventIndex": 12},
]


def test_strange_events_are_delivered_beside_the_others(
    any_world: World, serve: Serve, live: Any
) -> None:
    run = [log_event(0), *STRANGE, run_end(30)]
    events = list(any_world.client(serve(Replay(run)).url).runs.stream(RUN, live=live))
    received = [event.to_dict() for event in events]
    expected = [item if isinstance(item, dict) else {"value": item} for item in run]
    assert received == expected
    types = [event.type for event in events]
    assert types[1:12] == ["unknown"] * 11
    assert types[-1] == "run_end"


@pytest.mark.parametrize("live", ["long-poll", "sse"])
@pytest.mark.parametrize(
    ("text", "check"),
    [
        ('{"v":3,"type":"text_delta","text":"\\ud83d","eventIndex":1}', None),
        (
            '{"v":3,"type":"log","message":"m","n":' + "9" * 5000 + "}",
            lambda event: event["n"] == math.inf,
        ),
        ('{"v":3,"type":"log","n":1e400}', lambda event: event["n"] == math.inf),
        ('{"v":3,"type":"log","n":-0.0,"n":2}', lambda event: event["n"] == 2),
        (
            '{"v":3,"type":"log","n":12345678901234567890123}',
            lambda event: event["n"] in (12345678901234567890123, 1.2345678901234567e22),
        ),
        ('{"v":3,"type":"log","n":' + "[" * 300 + "]" * 300 + "}", None),
    ],
)
def test_strange_json_is_delivered(
    any_world: World, serve: Serve, live: str, text: str, check: Callable[[Any], bool] | None
) -> None:
    end = json.dumps(run_end(1))
    server = serve(verbatim(f"[{text},{end}]"))
    first, last = any_world.client(server.url).runs.stream(RUN, live=live)
    assert last.type == "run_end"
    assert check is None or check(first.to_dict())


def verbatim(array: str) -> Callable[[Request, Connection], None]:
    """Answer with exactly this text where the events go."""

    def handler(request: Request, connection: Connection) -> None:
        if query(request).get("live") == "sse":
            connection.event_stream()
            connection.chunk(f"event: data\ndata:{array}\n\n".encode())
            connection.chunk(b'event: control\ndata:{"streamNextOffset":"z"}\n\n')
            connection.end()
            return
        connection.answer(200, array.encode(), {"stream-next-offset": "z"})

    return handler


GARBAGE = {
    "not JSON": "certainly not",
    "empty": "",
    "half": '[{"type":"log"',
    "an object": "{}",
    "null": "null",
    "a number": "7",
    "a string": '"[]"',
    "nested beyond reason": "[" * 200_000 + "]" * 200_000,
    "two arrays": "[][]",
}


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_whole_answer_that_is_no_array_is_an_error_and_not_retried(
    any_world: World, serve: Serve, live: Any, garbage: str
) -> None:
    server = serve(verbatim(GARBAGE[garbage]))
    client = any_world.client(server.url)
    stream = client.runs.stream(RUN, live=live)
    with pytest.raises(FlueProtocolError) as caught:
        list(stream)
    assert caught.value.url == f"{server.url}/runs/{RUN}"
    assert caught.value.offset == "-1"
    assert len(server.requests) == (2 if live == "auto" else 1)  # a page might have been better
    assert stream.offset == "-1"
    assert list(stream) == []
    server.handler = Replay(run := whole_run(3))
    assert dicts(client.runs.stream(RUN, live=live)) == run


def test_a_page_without_its_next_offset_is_an_error(any_world: World, serve: Serve) -> None:
    server = serve(lambda request, connection: connection.json(200, [log_event(0)]))
    client = any_world.client(server.url)
    for live in ("long-poll", False):
        with pytest.raises(FlueProtocolError):
            list(client.runs.stream(RUN, live=live))
    assert len(server.requests) == 2


def test_an_event_of_another_version_stops_the_stream_before_its_batch(
    any_world: World, serve: Serve, live: Any
) -> None:
    run = [*whole_run(5)[:4], log_event(4), {**log_event(5), "v": 4}, run_end(6)]
    server = serve(Replay(run, page=4))
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    seen: list[Any] = []
    with pytest.raises(UnsupportedFlueEventVersionError) as caught:
        for event in stream:
            seen.append(event.to_dict())
    assert (caught.value.received, caught.value.supported) == (4, 3)
    assert seen == run[:5]
    assert stream.offset == offset_at(4)
    assert list(stream) == []
    batches = any_world.client(server.url).runs.stream(RUN, live=live).batches()
    with pytest.raises(UnsupportedFlueEventVersionError):
        list(batches)
    assert list(batches) == []


def test_genuine_unicode_arrives_as_it_was_sent(
    any_world: World, genuine: FlueServer, live: Any
) -> None:
    client = any_world.client(genuine.url)
    run = client.workflows.run("unicode", input={"bytes": 200_000})
    events = list(client.runs.stream(run.run_id, live=live))
    logs = [event for event in events if event.type == "log"]
    assert {log.attributes["name"]: log.message for log in logs[:-1]} == run.result
    assert run.result["highHalf"] == "\ud83d"
    assert logs[-1].attributes["pad"] == "é" * 100_000


@pytest.mark.parametrize("status", [200, 404])
def test_a_body_that_is_compressed_against_our_wish_is_a_clear_error(
    any_world: World, serve: Serve, status: int
) -> None:
    def handler(request: Request, connection: Connection) -> None:
        headers = {"content-encoding": "gzip", "stream-next-offset": "z"}
        connection.answer(status, b"\x1f\x8b\x08garbage", headers)

    server = serve(handler)
    assert_clear: Any = FlueProtocolError if status == 200 else FlueApiError
    options = BackoffOptions(max_retries=0)
    stream = any_world.client(server.url).runs.stream(RUN, backoff_options=options)
    with pytest.raises(assert_clear):
        list(stream)
    assert server.requests[0].headers["accept-encoding"] == "identity"
