"""`stream.offset`, `stream.checkpoint`, `batches()`: never ahead of the consumer, in any mode."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

from flue_client_ext import BackoffOptions, Checkpoint, FlueApiError, StreamResetError
from tests.servers.flue import FlueServer
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve
from .reading import dicts
from .replay import RUN, Fault, Replay, log_event, offset_at, query, whole_run


def places(count: int, page: int) -> list[str]:
    """The offset that a consumer may have after each of `count` events, in batches of `page`."""
    whole = [place if place % page == 0 or place == count else place - place % page
             for place in range(1, count + 1)]  # fmt: skip
    return [offset_at(place) if place else "-1" for place in whole]


def test_the_offset_moves_when_the_last_event_of_a_batch_is_returned(
    any_world: World, serve: Serve, live: Any
) -> None:
    server = serve(Replay(whole_run(11), page=4))
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    assert stream.offset == "-1"
    assert [stream.offset for _ in stream] == places(11, 4)
    assert stream.offset == offset_at(11)


def test_batches_come_with_the_offset_after_them(any_world: World, serve: Serve, live: Any) -> None:
    run = whole_run(11)
    server = serve(Replay(run, page=4))
    stream = any_world.client(server.url).runs.stream(RUN, live=live)
    seen = []
    for batch in stream.batches():
        events, offset = batch
        assert stream.offset == offset == batch.offset
        seen.append((dicts(events), offset))
    assert [each for each in seen if each[0]] == [
        (run[0:4], offset_at(4)),
        (run[4:8], offset_at(8)),
        (run[8:11], offset_at(11)),
    ]


def test_the_offset_never_runs_ahead_when_every_answer_is_cut_somewhere(
    any_world: World, serve: Serve, live: Any, quick: BackoffOptions
) -> None:
    cuts = iter(range(20, 2000, 90))

    def fault(request: Request) -> Fault | None:
        return Fault(after=after, of_body=True) if (after := next(cuts, None)) else None

    replay = Replay(run := whole_run(11), page=4, faults=fault)
    stream = any_world.client(serve(replay).url).runs.stream(
        RUN, live=live, backoff_options=BackoffOptions(initial_delay=0.001, max_retries=None)
    )
    assert [(event.to_dict(), stream.offset) for event in stream] == [
        *zip(run, places(11, 4), strict=True)
    ]
    assert replay.struck > 3


def test_an_empty_batch_moves_the_offset_at_once(any_world: World, serve: Serve) -> None:
    server = serve(Replay([log_event(0)], closed=False))
    stream = any_world.client(server.url).runs.stream(RUN, live=False, offset="now")
    assert list(stream) == []
    assert stream.offset == offset_at(1)


@pytest.mark.parametrize("handled", range(12))
def test_a_checkpoint_continues_after_the_last_event_that_was_handed_over(
    any_world: World, serve: Serve, handled: int
) -> None:
    run = whole_run(11)
    client = any_world.client(serve(Replay(run, page=4)).url)
    stream = client.runs.stream(RUN, live=False)
    if not handled:
        assert stream.checkpoint == Checkpoint(run_id=RUN, offset="-1", event_index=None)
    first = dicts(islice(stream, handled))
    saved = Checkpoint.from_json(stream.checkpoint.to_json())
    assert saved == stream.checkpoint
    assert saved.event_index == (first[-1]["eventIndex"] if first else None)
    resumed = client.runs.stream(RUN, resume=saved)
    assert first + dicts(resumed) == run
    assert resumed.offset == offset_at(11)


def test_a_resumed_stream_that_has_delivered_nothing_yet_keeps_its_checkpoint(
    any_world: World, serve: Serve
) -> None:
    saved = Checkpoint(run_id=RUN, offset=offset_at(4), event_index=17)
    client = any_world.client(serve(Replay(whole_run(11), page=4)).url)
    assert client.runs.stream(RUN, resume=saved).checkpoint == saved


@pytest.mark.parametrize("odd", [None, {"v": 3, "note": "no index"}])
@pytest.mark.parametrize("handled", range(1, 6))
def test_events_without_an_index_are_not_lost_by_a_checkpoint(
    serve: Serve, any_world: World, odd: Any, handled: int
) -> None:
    run = [log_event(0), odd, log_event(1), odd, log_event(2)]
    client = any_world.client(serve(Replay(run)).url)
    stream = client.runs.stream(RUN, live=False)
    events = list(islice(stream, handled))
    saved = stream.checkpoint
    indexes = [event.to_dict().get("eventIndex") for event in events]
    assert saved.event_index == [index for index in indexes if index is not None][-1]
    again = list(client.runs.stream(RUN, resume=saved, live=False))
    # Those without an index after the last one with an index come again; nothing else does.
    assert len(again) == {1: 4, 2: 4, 3: 2, 4: 2, 5: 0}[handled]


@pytest.mark.parametrize("live", ["long-poll", "sse", "auto", False])
def test_a_stream_from_now_has_a_checkpoint_once_it_was_read(
    any_world: World, serve: Serve, live: Any
) -> None:
    replay = Replay([log_event(0)], closed=False)
    client = any_world.client(serve(replay).url)
    stream = client.runs.stream(RUN, live=live, offset="now")
    with pytest.raises(ValueError, match="offset"):
        _ = stream.checkpoint
    assert next(stream.batches()).events == []
    saved = Checkpoint.from_json(stream.checkpoint.to_json())
    assert saved.offset == stream.offset == offset_at(1)
    stream.close()
    replay.append(log_event(1), close=True)
    assert len(list(client.runs.stream(RUN, resume=saved))) == 1


def test_resume_excludes_other_starting_points(any_world: World, serve: Serve) -> None:
    runs = any_world.client(serve(Replay(whole_run(1))).url).runs
    saved = Checkpoint(run_id=RUN, offset="-1", event_index=None)
    with pytest.raises(ValueError, match="offset"):
        runs.stream(RUN, resume=saved, offset="-1")
    with pytest.raises(ValueError, match="tail"):
        runs.stream(RUN, resume=saved, tail=1)
    with pytest.raises(ValueError, match=RUN):
        runs.stream("run_other", resume=saved)


@pytest.mark.parametrize("live", ["sse", "auto"])
def test_pages_only_is_not_for_event_streams(any_world: World, live: Any) -> None:
    with pytest.raises(ValueError, match="pages_only"):
        any_world.client("http://127.0.0.1:1").runs.stream(RUN, live=live, pages_only=True)
    with pytest.raises(ValueError, match="pages_only"):
        any_world.durable("http://127.0.0.1:1/s", live=live, pages_only=True)


def test_a_saved_offset_at_the_tail_of_a_closed_run_is_a_clean_empty_end(
    any_world: World, genuine: FlueServer, live: Any
) -> None:
    client = any_world.client(genuine.url)
    run = client.workflows.run("summarize", input={"text": "a b c"}).run_id
    first = client.runs.stream(run)
    assert len(list(first)) == 3
    second = client.runs.stream(run, offset=first.offset, live=live)
    assert list(second) == []
    assert second.offset == first.offset


def test_a_saved_offset_beyond_the_head_of_a_closed_run_is_a_reset(
    any_world: World, genuine: FlueServer, live: Any
) -> None:
    client = any_world.client(genuine.url)
    long, short = (client.workflows.run("flood", input={"n": n}).run_id for n in (20, 2))
    full = client.runs.stream(long)
    list(full)
    tail = client.runs.stream(short)
    list(tail)
    stream = client.runs.stream(short, offset=full.offset, live=live)
    with pytest.raises(StreamResetError) as caught:
        list(stream)
    assert caught.value.offset == full.offset
    assert caught.value.tail == tail.offset
    assert caught.value.run_id == short


def vanished(request: Request, connection: Connection) -> None:
    """A run that is lost between a read, which says that it has ended, and the next request."""
    if query(request).get("live"):
        connection.answer(204, b"", {"stream-next-offset": "o", "stream-closed": "true"})
    elif request.method == "HEAD":
        connection.head(404, {"content-type": "application/json", "content-length": "90"})
    else:
        connection.json(404, {"error": {"type": "run_not_found", "message": "No such run."}})


def test_a_run_that_vanishes_as_it_ends_is_not_found(any_world: World, serve: Serve) -> None:
    runs = any_world.client(serve(vanished).url).runs
    saved = Checkpoint(run_id=RUN, offset="o", event_index=1)
    for start in ({"offset": "o"}, {"resume": saved}):
        with pytest.raises(FlueApiError) as caught:
            list(runs.stream(RUN, **start))
        assert (type(caught.value), caught.value.type) == (FlueApiError, "run_not_found")


def test_every_request_repeats_the_offset_verbatim(
    any_world: World, serve: Serve, live: Any
) -> None:
    server = serve(Replay(whole_run(9), page=2))
    list(any_world.client(server.url).runs.stream(RUN, live=live, offset=offset_at(2)))
    offsets = [query(request)["offset"] for request in server.requests]
    assert offsets[0] == offset_at(2)
    assert set(offsets) <= {offset_at(place) for place in (2, 4, 6, 8)}
