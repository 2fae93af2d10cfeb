"""Each event once and in order: cut at every byte, repeated by servers, numbered strangely."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import BackoffOptions
from tests.servers.raw import Connection, Request
from tests.worlds import World, in_turns

from .conftest import Serve, set_limits
from .reading import dicts
from .replay import RUN, Fault, Framing, Replay, log_event, offset_at, query, run_end, whole_run

NO_DELAY = BackoffOptions(initial_delay=1e-6, max_delay=1e-6)
RUN_OF_SIX = whole_run(6)


ANSWERS: list[tuple[str, Framing]] = [
    ("sse", "chunked"),
    ("sse", "close"),
    ("long-poll", "length"),
    ("long-poll", "chunked"),
    ("long-poll", "close"),
]


@pytest.mark.parametrize(
    ("any_world", "how", "answer"),
    in_turns(["close", "reset"], ANSWERS),
    indirect=["any_world"],
)
def test_an_answer_may_be_cut_at_any_byte(
    any_world: World, serve: Serve, how: Any, answer: tuple[Any, Framing]
) -> None:
    """The first answer is cut after its nth byte; every n is tried where it is cheapest."""
    live, framing = answer
    state: dict[str, Any] = {}

    def fault(request: Request) -> Fault:
        first, state["first"] = state["first"], False
        return Fault(after=state["after"] if first else None, how=how, framing=framing)

    replay = Replay(RUN_OF_SIX, page=3, faults=fault)
    server = serve(replay)
    client = any_world.client(server.url)
    every = (live, framing, how, any_world.is_async) == ("sse", "chunked", "close", False)
    for after in range(0, 1400, 1 if every else 19):
        state.update(first=True, after=after)
        stream = client.runs.stream(RUN, live=live, backoff_options=NO_DELAY)
        events = [(event.to_dict(), stream.offset) for event in stream]
        offsets = ["-1", "-1", *[offset_at(3)] * 3, offset_at(6)]
        assert events == list(zip(RUN_OF_SIX, offsets, strict=True)), after
        if len(server.requests) == 1:
            return  # the whole answer fits
        server.requests.clear()


def test_an_event_stream_may_come_in_pieces_of_any_size(any_world: World, serve: Serve) -> None:
    pieces = {"size": 1}

    def handler(request: Request, connection: Connection) -> None:
        recorded = Recorder()
        replay(request, recorded)  # type: ignore[arg-type]
        connection.drip(recorded.sent, pieces["size"])

    replay = Replay(RUN_OF_SIX, page=2)
    client = any_world.client(serve(handler).url)
    for pieces["size"] in (1, 2, 3, 5, 7, 64):
        assert dicts(client.runs.stream(RUN, live="sse")) == RUN_OF_SIX


class Recorder:
    """Takes what a replay would send."""

    number = 1

    def __init__(self) -> None:
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


def test_a_batch_that_a_server_repeats_is_dropped_and_counted(
    any_world: World, serve: Serve, live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_limits(monkeypatch, poll_pace=0.0)
    asked = iter(range(10**6))

    def fault(request: Request) -> Fault:
        return Fault(twice=next(asked) % 2 == 1 or query(request).get("live") == "sse")

    replay = Replay(run := whole_run(9), page=2, faults=fault)
    stream = any_world.client(serve(replay).url).runs.stream(
        RUN, live=live, backoff_options=NO_DELAY
    )
    assert dicts(stream) == run
    assert stream.offset == offset_at(9)
    assert stream.stats.duplicates_dropped > 0


def test_data_without_its_control_frame_is_read_again(any_world: World, serve: Serve) -> None:
    """The connection ends properly between the two: the data did not count."""
    replay = Replay(RUN_OF_SIX, page=3)

    def handler(request: Request, connection: Connection) -> None:
        if len(server.requests) > 1:
            replay(request, connection)
            return
        connection.event_stream()
        connection.chunk(next(replay.frames(0, 3, True)))
        connection.end()

    server = serve(handler)
    stream = any_world.client(server.url).runs.stream(RUN, live="sse", backoff_options=NO_DELAY)
    assert dicts(stream) == RUN_OF_SIX
    assert [query(request)["offset"] for request in server.requests] == ["-1", "-1"]
    assert stream.stats.duplicates_dropped == 0


def test_several_data_frames_before_one_control_frame_are_one_batch(
    any_world: World, serve: Serve
) -> None:
    def handler(request: Request, connection: Connection) -> None:
        connection.event_stream()
        for event in (log_event(0), log_event(1), run_end(2)):
            connection.chunk(next(Replay([event]).frames(0, 1, True)))
        connection.chunk(b'event: control\ndata:{"streamNextOffset":"z"}\n\n')

    stream = any_world.client(serve(handler).url).runs.stream(RUN, live="sse")
    (batch,) = stream.batches()
    assert (dicts(batch.events), batch.offset) == ([log_event(0), log_event(1), run_end(2)], "z")


@pytest.mark.parametrize("indexes", [(5, 5, 5, 5), (9, 2, 2, 1), (None, 0, None, 0)])
def test_event_indexes_decide_nothing(
    any_world: World, serve: Serve, live: Any, indexes: tuple[Any, ...]
) -> None:
    """Offsets say what was delivered; a strange numbering neither loses nor repeats an event."""
    run = [log_event(0), log_event(1), log_event(2), run_end(3)]
    for event, index in zip(run, indexes, strict=True):
        event["eventIndex"] = index
    asked = iter(range(10**6))
    replay = Replay(
        run, page=1, faults=lambda request: Fault(status=503) if next(asked) % 2 else None
    )
    stream = any_world.client(serve(replay).url).runs.stream(
        RUN, live=live, backoff_options=NO_DELAY
    )
    assert dicts(stream) == run
