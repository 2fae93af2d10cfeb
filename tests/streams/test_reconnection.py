"""What a stream survives: every kind of failure, in every mode, with nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import BackoffOptions, FailedAttempt, FlueApiError, FlueConnectionError
from tests.servers.proxy import TcpProxy
from tests.servers.raw import Request
from tests.worlds import World, in_turns

from .conftest import MODES, Serve
from .reading import dicts
from .replay import RUN, Fault, Replay, offset_at, whole_run

PASSING = (408, 425, 429, 500, 502, 503, 504, 507, 520, 522, 524, 530, 599)
FINAL = (400, 403, 404, 405, 409, 410, 418, 451, 501, 505, 511, 302, 304)
FAULTS = {
    "a status that passes": Fault(status=503),
    "an HTML error page": Fault(status=524, body=b"<html>" * 1000),
    "reset before the head": Fault(after=0, how="reset"),
    "end before the head": Fault(after=0),
    "end in the head": Fault(after=25),
    "reset in the head": Fault(after=25, how="reset"),
    "end before the body": Fault(after=0, of_body=True),
    "reset in the body": Fault(after=150, of_body=True, how="reset"),
    "truncated chunk": Fault(after=150, of_body=True, framing="chunked"),
    "no last chunk": Fault(after=1, of_body=True, framing="chunked"),
    "cut short of its length": Fault(after=150, of_body=True, framing="length"),
    "longer length than there is": Fault(extra_length=9, framing="length"),
    "close-delimited and cut": Fault(after=150, of_body=True, framing="close"),
    "close-delimited and empty": Fault(after=0, of_body=True, framing="close"),
    "silence before the head": Fault(after=0, how="stall"),
    "silence in the body": Fault(after=150, of_body=True, how="stall"),
}


@pytest.mark.parametrize(
    ("any_world", "name", "live"), in_turns(FAULTS, MODES), indirect=["any_world"]
)
def test_a_stream_survives(
    any_world: World, serve: Serve, live: Any, name: str, request: pytest.FixtureRequest
) -> None:
    """Every second answer fails, and the events come all the same, each once and in order."""
    fault = FAULTS[name]
    if fault.how == "stall":
        request.getfixturevalue("soon_silent")
    replay = Replay(run := whole_run(9), page=4, faults=every_second(fault))
    server = serve(replay)
    told: list[FailedAttempt] = []
    options = BackoffOptions(
        initial_delay=0.001, max_delay=0.002, max_retries=200, on_failed_attempt=told.append
    )
    stream = any_world.client(server.url).runs.stream(RUN, live=live, backoff_options=options)
    assert dicts(stream) == run
    assert stream.offset == offset_at(9)
    stats = stream.stats
    assert max(stats.reconnects, replay.struck) >= 1
    if fault.how == "stall":  # a busy machine may be silent for as long, and before the fault
        assert stats.reconnects >= replay.struck
    elif fault.after is not None and not fault.of_body:
        # A kept connection that ends before it answers again is idle and closed, no failure.
        assert 1 <= stats.reconnects <= replay.struck
    else:
        assert stats.reconnects == replay.struck
    assert stats.duplicates_dropped == 0
    assert stats.state == "ended"
    assert all(each.delay is not None for each in told)
    assert fault.how == "stall" or {each.attempt for each in told} <= {1}
    assert {each.status for each in told} <= {fault.status}


def every_second(fault: Fault) -> Any:
    asked = iter(range(10**6))
    return lambda request: fault if next(asked) % 2 == 0 else None


def test_each_passing_status_is_tried_again(
    any_world: World, serve: Serve, live: Any, quick: BackoffOptions
) -> None:
    left = list(PASSING)
    replay = Replay(
        run := whole_run(9),
        page=4,
        faults=lambda request: Fault(status=left.pop()) if left else None,
    )
    stream = any_world.client(serve(replay).url).runs.stream(RUN, live=live, backoff_options=quick)
    assert dicts(stream) == run
    assert stream.stats.reconnects == len(PASSING)


def always(fault: Fault) -> Callable[[Request], Fault]:
    return lambda _: fault


def test_a_status_that_cannot_pass_ends_it_at_once(
    any_world: World, serve: Serve, live: Any, quick: BackoffOptions
) -> None:
    for status in FINAL:
        fault = Fault(status=status, body=b"" if status == 304 else b"gone")
        server = serve(Replay(whole_run(9), faults=always(fault)))
        stream = any_world.client(server.url).runs.stream(RUN, live=live, backoff_options=quick)
        with pytest.raises(FlueApiError) as caught:
            list(stream)
        assert caught.value.status == status
        assert caught.value.run_id == RUN
        # `auto` asks for a page when SSE is refused.
        assert len(server.requests) == (2 if live == "auto" else 1)
        assert list(stream) == []


def test_a_401_is_final_when_the_credentials_are_fixed(any_world: World, serve: Serve) -> None:
    server = serve(Replay(whole_run(9), faults=lambda request: Fault(status=401)))
    with pytest.raises(FlueApiError) as caught:
        list(any_world.client(server.url, token="old").runs.stream(RUN))
    assert caught.value.status == 401
    assert len(server.requests) == 1


def test_a_401_in_mid_stream_asks_for_new_credentials(
    any_world: World, serve: Serve, live: Any
) -> None:
    tokens = (f"token-{number}" for number in range(100))
    good = ["token-0"]

    def fault(request: Request) -> Fault | None:
        if request.headers["authorization"] != f"Bearer {good[-1]}":
            return Fault(status=401)
        good.append(f"token-{int(good[-1][6:]) + 2}")  # this one was good once
        return Fault(after=400, of_body=True)

    replay = Replay(run := whole_run(9), page=2, faults=fault)
    client = any_world.client(serve(replay).url, token=lambda: next(tokens))
    quick = BackoffOptions(initial_delay=0.001)
    assert dicts(client.runs.stream(RUN, live=live, backoff_options=quick)) == run
    assert len(good) > 2


def test_retries_are_bounded_and_the_last_failure_is_raised(
    any_world: World, serve: Serve, live: Any
) -> None:
    told: list[FailedAttempt] = []
    options = BackoffOptions(initial_delay=0.001, max_retries=3, on_failed_attempt=told.append)
    for fault in (Fault(status=503), Fault(after=0)):
        told.clear()
        server = serve(Replay(whole_run(9), page=4, faults=always(fault)))
        stream = any_world.client(server.url).runs.stream(
            RUN, live=live, offset=offset_at(4), backoff_options=options
        )
        with pytest.raises((FlueApiError, FlueConnectionError)) as caught:
            list(stream)
        assert [(each.attempt, each.status) for each in told] == [
            (number, fault.status) for number in (1, 2, 3, 4)
        ]
        assert [each.delay is None for each in told] == [False, False, False, True]
        assert stream.offset == offset_at(4)
        if isinstance(caught.value, FlueConnectionError):
            assert (caught.value.offset, caught.value.run_id) == (offset_at(4), RUN)
        else:
            assert isinstance(caught.value, FlueApiError)
            assert caught.value.status == 503


def test_the_default_is_bounded() -> None:
    assert BackoffOptions().max_retries == 15


def test_progress_resets_the_count(any_world: World, serve: Serve, live: Any) -> None:
    replay = Replay(run := whole_run(9), page=1, faults=every_second(Fault(status=503)))
    options = BackoffOptions(initial_delay=0.001, max_retries=1)
    stream = any_world.client(serve(replay).url).runs.stream(
        RUN, live=live, backoff_options=options
    )
    assert dicts(stream) == run


def test_a_refused_connection_is_tried_again(any_world: World, serve: Serve, live: Any) -> None:
    server = serve(Replay(run := whole_run(9), page=4), mode="refuse")
    told: list[FailedAttempt] = []

    def hook(attempt: FailedAttempt) -> None:
        told.append(attempt)
        if len(told) == 3:
            server.mode = "serve"
            server.start()

    options = BackoffOptions(initial_delay=0.001, on_failed_attempt=hook)
    stream = any_world.client(server.url).runs.stream(RUN, live=live, backoff_options=options)
    assert dicts(stream) == run
    assert [(each.attempt, each.status) for each in told] == [(1, None), (2, None), (3, None)]
    assert all("refused" in each.cause.lower() for each in told)


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_stream_survives_a_proxy_that_cuts_every_connection_after_some_bytes(
    any_world: World, genuine: Any, live: Any, how: Any, quick: BackoffOptions
) -> None:
    direct = any_world.client(genuine.url)
    run = direct.workflows.run("flood", input={"n": 250}).run_id
    with TcpProxy(("127.0.0.1", genuine.port), cut_bytes=30_000, cut_how=how) as proxy:
        stream = any_world.client(proxy.url).runs.stream(run, live=live, backoff_options=quick)
        events = dicts(stream)
        assert proxy.accepted > 1
    assert events == dicts(direct.runs.events(run))
    assert stream.stats.reconnects >= 1
