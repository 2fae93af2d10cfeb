"""The engine by itself when the Durable Streams reference server fails."""

from __future__ import annotations

from typing import Any

import pytest

from flue_client_ext import (
    BackoffOptions,
    FailedAttempt,
    FlueApiError,
    FlueConnectionError,
    StreamResetError,
)
from tests.servers.durable import DurableServer
from tests.servers.proxy import TcpProxy
from tests.worlds import World

from .conftest import Serve
from .replay import Replay, offset_at
from .test_durable_streams import QUICK, VALUES


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_of_the_server_are_retried(
    any_world: World, durable: DurableServer, path: str, live: Any, status: int
) -> None:
    url = durable.create(path, *VALUES, closed=True)
    durable.fault(path, status=status, count=2, method="GET")
    told: list[FailedAttempt] = []
    options = BackoffOptions(initial_delay=0.001, on_failed_attempt=told.append)
    assert list(any_world.durable(url, live=live, backoff_options=options)) == VALUES
    assert [attempt.status for attempt in told] in ([status, status], [status])


def test_retry_after_of_the_server_is_obeyed(
    any_world: World, durable: DurableServer, path: str
) -> None:
    url = durable.create(path, 1, closed=True)
    durable.fault(path, status=429, retryAfter=7, count=1, method="GET")
    told: list[FailedAttempt] = []

    def hook(attempt: FailedAttempt) -> None:
        told.append(attempt)
        stream.cancel()

    options = BackoffOptions(initial_delay=0.001, on_failed_attempt=hook)
    stream = any_world.durable(url, live=False, backoff_options=options)
    assert list(stream) == []
    (attempt,) = told
    assert attempt.delay is not None
    assert attempt.delay >= 7


def test_dropped_connections_and_cut_bodies_are_retried(
    any_world: World, durable: DurableServer, path: str, live: Any
) -> None:
    url = durable.create(path, *VALUES, closed=True)
    durable.fault(path, dropConnection=True, count=2, method="GET")
    assert list(any_world.durable(url, live=live, backoff_options=QUICK)) == VALUES
    with TcpProxy(("127.0.0.1", durable.port), cut_bytes=3000) as proxy:
        stream = any_world.durable(
            proxy.url + path, live=live, backoff_options=BackoffOptions(max_retries=0)
        )
        with pytest.raises(FlueConnectionError):
            list(stream)
        proxy.cut_bytes = None
        assert list(any_world.durable(proxy.url + path, live=live)) == VALUES


@pytest.mark.parametrize("status", [400, 404])
def test_what_cannot_pass_is_not_retried(
    any_world: World, durable: DurableServer, path: str, live: Any, status: int
) -> None:
    told: list[FailedAttempt] = []
    options = BackoffOptions(on_failed_attempt=told.append)
    url = durable.url + path if status == 404 else durable.create(path, 1)
    offset = "-1" if status == 404 else "not an offset"
    stream = any_world.durable(url, live=live, offset=offset, backoff_options=options)
    with pytest.raises(FlueApiError) as caught:
        list(stream)
    assert caught.value.status == status
    assert told == []


def test_an_unknown_event_name_is_passed_over(
    any_world: World, durable: DurableServer, path: str
) -> None:
    url = durable.create(path, *VALUES, closed=True)
    durable.fault(path, injectSseEvent={"eventType": "weather", "data": "{sunny"}, method="GET")
    assert list(any_world.durable(url, live="sse")) == VALUES


def test_a_saved_offset_beyond_a_closed_stream_is_a_reset(
    any_world: World, serve: Serve, live: Any
) -> None:
    server = serve(Replay([1, 2]))
    stream = any_world.durable(f"{server.url}/s", live=live, offset=offset_at(7))
    with pytest.raises(StreamResetError):
        list(stream)
