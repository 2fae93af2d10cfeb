"""What single decisions bought: the part as it is, and what would stand in its place."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest.mock import patch

import attrs
import sseclient

from benchmarks import corpus
from benchmarks.children import Server
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.peers import ours
from benchmarks.report import Section, Table
from benchmarks.startup import in_turn
from flue_client.models import EVENT_TYPES, parse_chunk, parse_event
from flue_client_ext._http import tcp_socket
from flue_client_ext._stream.sse import Framer, parse_frame
from flue_client_ext._values.jsoncodec import decode

_COUNT = 10_000
_RUN = corpus.run_id(_COUNT)
_CLIENT = "from flue_client_ext import FlueClient"
_POSTPONED = ("ssl", "logging", "urllib.request", "msgspec", "httpx")


def measure(options: Options) -> Section:
    times = options.scaled(50)
    pages = [body for _, body in corpus.bodies(_COUNT)]
    events = [event for page in pages for event in json.loads(page)]
    chunks = [_delta(index) for index in range(_COUNT)]
    frames = [b"event: data\ndata:" + page for page in pages]
    small = [b"event: data\ndata:[%s]" % json.dumps(event).encode() for event in events]
    stream = b"".join(frame + b"\n\n" for frame in frames)
    rows = [
        _row("JSON of a page: msgspec", "the standard library", _COUNT, times)(
            lambda: [decode(page) for page in pages], lambda: [json.loads(page) for page in pages]
        ),
        _row("typing: `parse_event`", "the class's `from_dict`", _COUNT, times)(
            lambda: list(map(parse_event, events)),
            lambda: [EVENT_TYPES[event["type"]].from_dict(event) for event in events],
        ),
        _row("typing: `parse_event`", "an attrs object of all fields", _COUNT, times)(
            lambda: list(map(parse_event, events)), lambda: [_whole(event) for event in events]
        ),
        _row("typing: `parse_chunk`", "`parse_event` of as many events", _COUNT, times)(
            lambda: list(map(parse_chunk, chunks)), lambda: list(map(parse_event, events))
        ),
        _row("fields of a frame of one event: ours", "sseclient-py", _COUNT, times)(
            lambda: [list(parse_frame(frame)) for frame in small],
            lambda: [_by_sseclient(frame + b"\n\n") for frame in small],
        ),
        _row("a stream of frames of 100: ours", "sseclient-py", _COUNT, times)(
            lambda: [list(parse_frame(frame)) for frame in Framer().feed(stream)],
            lambda: _by_sseclient(stream),
        ),
        _reads(times),
        _row("defining a class: a named tuple", "an attrs class", 1, times)(_tuple, _class),
    ]
    note("parts in this process")
    return Section(
        "What single decisions bought",
        f"The part as it is beside what would stand in its place, on {_COUNT:,} events; the least"
        f" CPU of {times} turns, in microseconds an event (a frame, a class). Below: modules that"
        f" wait until something needs them, and what a program that begins with `{_CLIENT}` would"
        " take longer if they did not, in milliseconds of CPU.",
        [
            Table(("part", "us", "in its place", "us"), rows),
            Table(("not imported", "ms"), _postponed(options.scaled(25))),
        ],
    )


def _row(
    part: str, instead: str, units: int, times: int
) -> Callable[[Callable[[], object], Callable[[], object]], list[str]]:
    def row(chosen: Callable[[], object], other: Callable[[], object]) -> list[str]:
        least = [min(_cpu(call) for _ in range(times)) for call in (chosen, other)]
        mine, others = (f"{seconds / units * 1e6:.2f}" for seconds in least)
        return [part, mine, instead, others]

    return row


def _cpu(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def _reads(times: int) -> list[str]:
    """The same client over the same stream with smaller reads."""

    def with_reads_of(size: int) -> int:
        with (
            patch.object(tcp_socket, "LARGE_READ", size),
            patch.object(tcp_socket, "SMALL_READ", size),
        ):
            return ours.sse(server.url, _RUN)

    with Server("replay") as server:
        return _row("all of an SSE stream: reads of 512 kB", "of 16 kB", _COUNT, times)(
            lambda: with_reads_of(tcp_socket.LARGE_READ), lambda: with_reads_of(16 * 1024)
        )


def _postponed(times: int) -> list[list[str]]:
    programs = {module: f"{_CLIENT}; import {module}" for module in _POSTPONED}
    took = in_turn({"": _CLIENT} | programs, times)
    return [[f"`{name}`", f"{(took[name].cpu - took[''].cpu) * 1e3:.1f}"] for name in programs]


def _by_sseclient(data: bytes) -> list[Any]:
    return list(sseclient.SSEClient(iter([data])).events())


def _delta(index: int) -> dict[str, Any]:
    """The chunk that conversations have most of, as it comes from JSON."""
    return {
        "type": "message-delta",
        "conversationId": "conv_01M8A1RZV1EG05E87PZ2J5JXJV",
        "messageId": "entry_01M8A1RZW1B2NWAWWDCX99WTE4",
        "kind": "text",
        "delta": "answer ",
        "position": {"batch": index, "index": 0},
    }


@attrs.define
class _Whole:
    """A `log` event with its fields taken out of the JSON object, as generators write them."""

    type: str
    level: str | None
    message: str | None
    attributes: dict[str, Any] | None
    run_id: str
    v: int
    event_index: int
    timestamp: str


def _whole(event: dict[str, Any]) -> _Whole:
    return _Whole(
        type=event["type"],
        level=event.get("level"),
        message=event.get("message"),
        attributes=event.get("attributes"),
        run_id=event["runId"],
        v=event["v"],
        event_index=event["eventIndex"],
        timestamp=event["timestamp"],
    )


def _tuple() -> object:
    class Record(NamedTuple):
        first: int
        second: str
        third: float | None = None

    return Record


def _class() -> object:
    @attrs.frozen
    class Record:
        first: int
        second: str
        third: float | None = None

    return Record
