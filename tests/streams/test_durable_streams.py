"""The engine by itself, against the Durable Streams protocol's own reference server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
)
from flue_client_ext.durable_streams import Batch
from tests.servers.durable import DurableServer
from tests.servers.proxy import TcpProxy
from tests.servers.raw import Connection, Request
from tests.worlds import World

from .conftest import Serve
from .reading import Reader
from .replay import Fault, Replay, offset_at, query
from .test_cancel import wait_for

VALUES = [1, None, "\u2028é", {"a": [True]}, [1, [2]], "x" * 20_000, -0.5]
QUICK = BackoffOptions(initial_delay=0.001, max_delay=0.002)


def test_plain_values_arrive_as_they_are(
    any_world: World, durable: DurableServer, path: str, live: Any
) -> None:
    url = durable.create(path, *VALUES, closed=True)
    stream = any_world.durable(url, live=live)
    assert list(stream) == VALUES
    assert stream.closed
    assert stream.up_to_date
    assert stream.stats.state == "ended"


@pytest.mark.parametrize("live", ["long-poll", "sse", "auto"])
def test_values_arrive_while_they_are_appended_until_the_stream_is_closed(
    any_world: World, durable: DurableServer, path: str, live: str
) -> None:
    url = durable.create(path, 0)
    stream = any_world.durable(url, live=live)
    reader = Reader(stream)
    assert reader.wait_items(1)
    assert not stream.closed
    durable.append(path, 1, 2)
    assert reader.wait_items(3)
    tail = durable.append(path, 3)
    assert reader.wait_items(4)
    durable.close(path)
    assert reader.join() == [0, 1, 2, 3]
    assert stream.closed
    assert stream.offset == tail


@pytest.mark.parametrize("live", ["long-poll", "sse", "auto"])
def test_a_stream_that_is_closed_while_one_waits_ends(
    any_world: World, durable: DurableServer, path: str, live: str
) -> None:
    url = durable.create(path)
    stream = any_world.durable(url, live=live)
    reader = Reader(stream)
    durable.close(path)
    assert reader.join() == []
    assert stream.closed


def test_empty_streams_end_or_wait(any_world: World, durable: DurableServer, path: str) -> None:
    url = durable.create(path)
    stream = any_world.durable(url, live=False)
    assert list(stream) == []
    assert (stream.up_to_date, stream.closed) == (True, False)
    assert list(any_world.durable(durable.create(path + "c", closed=True))) == []


def test_now_skips_what_is_there(
    any_world: World, durable: DurableServer, path: str, live: Any
) -> None:
    url = durable.create(path, 1, 2)
    stream = any_world.durable(url, live=live, offset="now")
    if live is False:
        assert list(stream) == []
        assert stream.up_to_date
        return
    reader = Reader(stream)
    wait_for(lambda: stream.offset != "now")
    durable.append(path, 3, close=True)
    assert reader.join() == [3]


def test_offsets_are_passed_back_verbatim(
    any_world: World, durable: DurableServer, path: str, live: Any
) -> None:
    url = durable.create(path, "a")
    first = durable.append(path, "b")
    durable.append(path, "c", close=True)
    assert list(any_world.durable(url, live=live, offset=first)) == ["c"]
    batches = any_world.durable(url, live=live).batches()
    seen = [batch for batch in batches if batch.items]
    assert all(isinstance(batch, Batch) for batch in seen)
    for batch in seen:
        rest = list(any_world.durable(url, live=False, offset=batch.offset))
        before = [item for other in seen for item in other.items]
        assert before[len(before) - len(rest) :] == rest


def test_a_catch_up_read_at_the_tail_is_one_request(
    any_world: World, durable: DurableServer, path: str
) -> None:
    durable.create(path, 1)
    tail = durable.append(path, 2)
    with TcpProxy(("127.0.0.1", durable.port)) as proxy:
        stream = any_world.durable(proxy.url + path, live=False, offset=tail)
        assert list(stream) == []
        assert proxy.accepted == 1
        assert (stream.offset, stream.up_to_date) == (tail, True)


def test_a_catch_up_read_at_the_tail_sends_one_request(any_world: World, serve: Serve) -> None:
    server = serve(Replay([1, 2], closed=False))
    assert list(any_world.durable(f"{server.url}/s", live=False, offset=offset_at(2))) == []
    assert len(server.requests) == 1


def test_headers_and_parameters_are_made_once_for_each_request(
    any_world: World, serve: Serve, live: Any
) -> None:
    asked = iter(range(10**6))
    replay = Replay(
        list(range(9)),
        page=3,
        faults=lambda request: Fault(status=503) if next(asked) % 2 else None,
    )
    server = serve(replay)
    made: dict[str, int] = {"header": 0, "parameter": 0}
    lock = threading.Lock()

    def make(what: str) -> Callable[[], Any]:
        def blocking() -> str:
            with lock:
                made[what] += 1
                return f"{what} {made[what]}"

        async def in_task() -> str:
            return blocking()

        return in_task if any_world.is_async else blocking

    stream = any_world.durable(
        f"{server.url}/s?signature=s%2Fecret",
        live=live,
        headers={"x-made": make("header"), "x-fixed": "f"},
        params={"made": make("parameter"), "fixed": "a b&c"},
        backoff_options=QUICK,
    )
    assert list(stream) == list(range(9))
    requests = server.requests
    count = len(requests)
    assert made == {"header": count, "parameter": count}
    assert [request.headers["x-made"] for request in requests] == [
        f"header {number}" for number in range(1, count + 1)
    ]
    assert [query(request)["made"] for request in requests] == [
        f"parameter {number}" for number in range(1, count + 1)
    ]
    assert {query(request)["signature"] for request in requests} == {"s/ecret"}
    assert {query(request)["fixed"] for request in requests} == {"a b&c"}
    assert {request.headers["x-fixed"] for request in requests} == {"f"}


def test_a_stream_is_cancelled_like_any_other(
    any_world: World, durable: DurableServer, path: str
) -> None:
    url = durable.create(path, 1)
    for live in ("long-poll", "sse"):
        stream = any_world.durable(url, live=live)
        reader = Reader(stream)
        assert reader.wait_items(1)
        stream.cancel()
        assert reader.join() == [1]


def test_items_and_batches_do_not_mix(any_world: World, serve: Serve) -> None:
    def handler(request: Request, connection: Connection) -> None:
        Replay([1, 2, 3], page=2)(request, connection)

    server = serve(handler)
    stream = any_world.durable(f"{server.url}/s")
    assert next(iter(stream)) == 1
    with pytest.raises(RuntimeError):
        stream.batches()
    other = any_world.durable(f"{server.url}/s")
    assert next(iter(other.batches())).items == [1, 2]
    with pytest.raises(RuntimeError):
        list(other)


def test_its_repr_says_what_is_read_and_how_far_but_no_signature(
    any_world: World, serve: Serve
) -> None:
    server = serve(Replay([1, 2, 3]))
    stream = any_world.durable(f"{server.url}/s?signature=SECRET", live=False)
    real = getattr(stream, "real", stream)
    what = f"<{type(real).__name__} of {server.url}/s"
    assert repr(real) == f"{what}, new, at -1>"
    assert list(stream) == [1, 2, 3]
    assert repr(real) == f"{what}, ended, at {offset_at(3)}>"
