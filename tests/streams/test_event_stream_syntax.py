"""Event streams as the standard allows them, and control frames that say nothing."""

from __future__ import annotations

import inspect
import json

import pytest

from flue_client_ext import FlueProtocolError, durable_streams
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve
from .reading import dicts
from .replay import RUN, Replay, log_event, run_end, whole_run

FIELDS = [
    ": a comment\n\n",
    "event: nobody_knows_this\ndata:{{{\n\n",
    "id: 7\nretry: 5\nfoo\n\n",
    "event: data\n\n",
    "\n\n\n",
    'event: control\ndata:{"streamNextOffset":"a","tomorrow":[1]}\n\n',
]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_all_that_event_streams_may_hold(any_world: World, serve: Serve, ending: str) -> None:
    run = [log_event(0, text="a\u2028b\u0085c\u2029d"), run_end(1)]
    lines = json.dumps(run, ensure_ascii=False, indent=1).split("\n")
    data = "event: data\n" + "".join(f"data: {line}\n" for line in lines) + "\n"
    control = 'event:control\ndata:{"streamNextOffset":"z","streamClosed":true}\n\n'
    text = ("".join(FIELDS) + data + ": heartbeat\n\n" + control).replace("\n", ending)
    wire = b"\xef\xbb\xbf" + text.encode()

    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        size = sizes.pop()
        for start in range(0, len(wire), size):
            connection.chunk(wire[start : start + size])

    sizes = [1, 2, 3, 1000]
    client = any_world.client(serve(handler).url)
    while sizes:
        assert dicts(client.runs.stream(RUN, live="sse")) == run


def test_bad_utf_8_spoils_no_more_than_its_own_character(any_world: World, serve: Serve) -> None:
    bad = json.dumps([log_event(0, text="X"), run_end(1)]).encode().replace(b'"X"', b'"\xff\xc3("')

    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        connection.chunk(b"event: data\ndata:" + bad + b"\n\n")
        connection.chunk(b'event: control\ndata:{"streamNextOffset":"z"}\n\n')

    first, last = any_world.client(serve(handler).url).runs.stream(RUN, live="sse")
    assert first.to_dict()["text"] == "\ufffd\ufffd("
    assert last.type == "run_end"


@pytest.mark.parametrize("terminated", [True, False])
def test_a_frame_beyond_the_cap_is_a_clear_error(
    any_world: World, serve: Serve, terminated: bool
) -> None:
    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        connection.chunk(b"event: data\ndata:[" + b"1," * 6000)
        if terminated:
            connection.chunk(b'1]\n\nevent: control\ndata:{"streamNextOffset":"z"}\n\n')
        connection.wait_closed(30)

    server = serve(handler)
    stream = any_world.durable(f"{server.url}/s", live="sse", max_frame_bytes=10_000)
    with pytest.raises(FlueProtocolError):
        list(stream)
    assert len(server.requests) == 1
    default = inspect.signature(durable_streams.stream).parameters["max_frame_bytes"].default
    assert default >= 64 << 20


CONTROLS = {
    "not JSON": "event: control\ndata:nonsense\n\n",
    "empty": "event: control\ndata:\n\n",
    "without data": "event: control\n\n",
    "null": "event: control\ndata:null\n\n",
    "an array": "event: control\ndata:[]\n\n",
    "without an offset": 'event: control\ndata:{"upToDate":true}\n\n',
    "with a number for an offset": 'event: control\ndata:{"streamNextOffset":5}\n\n',
    "with an empty offset": 'event: control\ndata:{"streamNextOffset":""}\n\n',
    "cut in itself": 'event: control\ndata:{"streamNextOffset":"a\n\n',
}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_whole_control_frame_that_says_nothing_is_an_error_and_not_retried(
    any_world: World, serve: Serve, control: str
) -> None:
    frames = "event: data\ndata:" + json.dumps([log_event(0)]) + "\n\n" + CONTROLS[control]

    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        connection.chunk(frames.encode())
        connection.wait_closed(30)

    server = serve(handler)
    client = any_world.client(server.url)
    stream = client.runs.stream(RUN, live="sse")
    with pytest.raises(FlueProtocolError) as caught:
        list(stream)
    assert caught.value.offset == "-1"
    assert len(server.requests) == 1
    assert server.wait_idle(2)
    server.handler = Replay(run := whole_run(3))
    assert dicts(client.runs.stream(RUN, live="sse")) == run
