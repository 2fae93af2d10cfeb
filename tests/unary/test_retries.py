"""Which reads are tried again, how often, and how long a Retry-After is obeyed."""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flue_client_ext import (
    BackoffOptions,
    FailedAttempt,
    FlueApiError,
    FlueConnectionError,
    FlueProtocolError,
    FlueTimeoutError,
)
from flue_client_ext._values.limits import LIMITS
from flue_client_ext._values.retry_after import retry_after
from tests.servers.raw import Connection, Handler, RawServer, Request
from tests.unary.support import (
    DEADLINES,
    NEVER_AGAIN,
    QUICK,
    api_error,
    failure,
    in_turn,
    says,
    works,
)
from tests.worlds import World

PASSING = [408, 425, 429, 500, 502, 503, 504, *range(520, 528), 530]
FINAL = [201, 300, 400, 403, 404, 405, 409, 410, 418, 422, 499, 501, 505, 511, 600, 999]


def reset(_: Request, connection: Connection) -> None:
    connection.reset()


def close(_: Request, connection: Connection) -> None:
    connection.close()


def cut_body(_: Request, connection: Connection) -> None:
    connection.head(200, {"content-length": "50"})
    connection.send(b'{"runId"')
    connection.close()


def cut_chunk(_: Request, connection: Connection) -> None:
    connection.head(200, {"transfer-encoding": "chunked"})
    connection.chunk(b'{"runId"')
    connection.close()


def cut_without_length(_: Request, connection: Connection) -> None:
    connection.head(200, {"content-type": "application/json"})
    connection.send(b'{"runId"')
    connection.close()


def garbage(_: Request, connection: Connection) -> None:
    connection.send(b"\x00\x01\x02 not HTTP\r\n\r\n")
    connection.close()


@pytest.mark.parametrize("status", PASSING)
def test_a_status_that_may_pass_is_read_again(any_world: World, status: int) -> None:
    with RawServer(in_turn(says(status, b"<html>"), says(status), works)) as server:
        record = any_world.client(server.url).runs.get("run_1", backoff_options=QUICK)
        assert record.run_id == "run_1"
        assert len(server.requests) == 3


@pytest.mark.parametrize("status", FINAL)
def test_any_other_status_is_final(any_world: World, status: int) -> None:
    with RawServer(says(status)) as server:
        error = failure(any_world.client(server.url).runs.get, "run_1", backoff_options=QUICK)
        assert isinstance(error, FlueApiError)
        assert (error.status, error.retryable) == (status, False)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "failing",
    [reset, close, cut_body, cut_chunk, cut_without_length, garbage],
    ids=lambda handler: handler.__name__,
)
def test_a_transport_failure_is_read_again(any_world: World, failing: Handler) -> None:
    with RawServer(in_turn(failing, failing, works)) as server:
        client = any_world.client(server.url)
        assert client.runs.get("run_1", backoff_options=QUICK).status == "completed"
        assert len(server.requests) == 3


@pytest.mark.parametrize(("status", "body"), [(401, b""), (404, b"<html>"), (409, b""), (503, b"")])
def test_an_error_without_a_length_is_told_whatever_its_body(
    any_world: World, status: int, body: bytes
) -> None:
    def refuse(_: Request, connection: Connection) -> None:
        connection.head(status, {"content-type": "application/json"})
        connection.send(body)
        connection.close()

    with RawServer(refuse) as server:
        client = any_world.client(server.url)
        for call, *arguments in (
            (client.runs.get, "run_1"),
            (client.runs.events, "run_1"),
            (client.agents.history, "support", "t1"),
        ):
            error = failure(call, *arguments, backoff_options=NEVER_AGAIN)
            assert isinstance(error, FlueApiError)
            assert error.status == status
        sends = len(server.requests)
        if status in (404, 409):  # the others may pass
            error = failure(client.agents.send, "support", "t1", "x")
            assert isinstance(error, FlueApiError)
            assert (error.status, len(server.requests) - sends) == (status, 1)


def test_the_defaults_survive_a_short_outage(any_world: World) -> None:
    with RawServer(in_turn(reset, says(503), works)) as server:
        assert any_world.client(server.url).runs.get("run_1").run_id == "run_1"


def test_when_the_retries_are_used_up_the_last_answer_is_the_error(any_world: World) -> None:
    with RawServer(in_turn(says(503), says(502), says(503), says(524, b"<html>"))) as server:
        error = failure(any_world.client(server.url).runs.get, "run_1", backoff_options=QUICK)
        assert isinstance(error, FlueApiError)
        assert (error.status, error.body, error.retryable) == (524, "<html>", True)
        assert error.run_id == "run_1"
        assert len(server.requests) == 4


def test_when_the_retries_are_used_up_the_last_failure_is_the_error(any_world: World) -> None:
    with RawServer(reset) as server:
        error = failure(any_world.client(server.url).runs.get, "run_1", backoff_options=QUICK)
        assert type(error) is FlueConnectionError
        assert (error.run_id, bool(error.cause)) == ("run_1", True)
        assert len(server.requests) == 4


@pytest.mark.usefixtures("hasty_retries")
def test_without_options_a_read_is_not_tried_for_ever(any_world: World) -> None:
    with RawServer(says(500)) as server:
        assert api_error(any_world.client(server.url).runs.get, "run_1").status == 500
        assert 2 <= len(server.requests) <= 10


def test_no_retries_means_one_request(any_world: World) -> None:
    with RawServer(says(500)) as server:
        get = any_world.client(server.url).runs.get
        error = api_error(get, "run_1", backoff_options=NEVER_AGAIN)
        assert (error.status, len(server.requests)) == (500, 1)


def test_the_hook_is_told_of_each_failure_and_cannot_break_the_call(any_world: World) -> None:
    told: list[FailedAttempt] = []

    def hook(attempt: FailedAttempt) -> None:
        told.append(attempt)
        raise RuntimeError("a hook of no consequence")

    options = BackoffOptions(initial_delay=0.001, max_retries=2, on_failed_attempt=hook)
    with RawServer(in_turn(says(503), reset)) as server:
        failure(any_world.client(server.url).runs.get, "run_1", backoff_options=options)
    assert [(each.attempt, each.status) for each in told] == [(1, 503), (2, None), (3, None)]
    assert [each.delay is None for each in told] == [False, False, True]
    assert all(each.cause for each in told)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"null", b"[]", b"{}", b'{"runId": 1}', b"{" * 5000, b"\xff\xfe"]
)
def test_a_whole_answer_that_makes_no_sense_is_not_read_again(
    any_world: World, body: bytes
) -> None:
    with RawServer(says(200, body)) as server:
        error = failure(any_world.client(server.url).runs.get, "run_1")
        assert type(error) is FlueProtocolError
        assert error.url == server.url + "/runs/run_1"
        assert len(server.requests) == 1


def in_seconds(_: float) -> str:
    return "1"


def as_date(now: float) -> str:
    return email.utils.formatdate(math.ceil(now) + 1, usegmt=True)


@pytest.mark.parametrize("wanted", [in_seconds, as_date])
def test_retry_after_is_a_floor_under_the_delay(
    any_world: World, wanted: Callable[[float], str]
) -> None:
    def busy(_: Request, connection: Connection) -> None:
        connection.answer(503, headers={"retry-after": wanted(time.time())})

    with RawServer(in_turn(busy, works)) as server:
        any_world.client(server.url).runs.get("run_1", backoff_options=QUICK)
        first, second = server.requests
        assert 0.9 < second.at - first.at < 20


def test_the_deadline_ends_the_wait_for_retry_after(any_world: World) -> None:
    for timeout in DEADLINES:
        with RawServer(says(503, headers={"retry-after": "3600"})) as server:
            get = any_world.client(server.url).runs.get
            error: Any = failure(get, "run_1", timeout=timeout)
        assert type(error) is FlueTimeoutError
        assert error.run_id == "run_1"
        if "status 503" in str(error.cause):
            break
    assert "status 503" in str(error.cause)
    assert len(server.requests) == 1


NOW = 1_700_000_000.0
KNOWN: list[tuple[str, float]] = [
    ("0", 0),
    ("7", 7),
    (" 7 ", 7),
    ("59", 59),
    ("61", LIMITS.retry_after),
    ("9" * 400, LIMITS.retry_after),
    (email.utils.formatdate(NOW + 20, usegmt=True), 20),
    (email.utils.formatdate(NOW - 20, usegmt=True), 0),
    (email.utils.formatdate(NOW + 7200, usegmt=True), LIMITS.retry_after),
    ("-1", 0),
    ("1.5", 0),
    ("soon", 0),
    ("", 0),
    ("\u0663", 0),
]


@pytest.mark.parametrize(("value", "seconds"), KNOWN)
def test_retry_after_is_read_in_both_its_forms_and_capped(value: str, seconds: float) -> None:
    assert retry_after({"retry-after": value}, NOW) == pytest.approx(seconds)
    assert retry_after({}, NOW) == 0


@given(st.text(st.characters(max_codepoint=255)))
@example("Wed, 21 Oct 99999 07:28:00 GMT")
@example("Wed, 21 Oct 2026 07:28:00 +9999999")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("1 2 3 4 5 6")
@example("21 Oct 2026")
def test_no_retry_after_breaks_a_read(value: Any) -> None:
    assert 0 <= retry_after({"retry-after": value}, NOW) <= LIMITS.retry_after


ONCE_MORE = BackoffOptions(initial_delay=0.001, max_delay=0.001, max_retries=1)
CALLS: dict[str, Callable[..., Any]] = {
    "get": lambda client, **own: client.runs.get("r", **own),
    "events": lambda client, **own: client.runs.events("r", pages_only=True, **own),
    "wait": lambda client, **own: client.runs.wait("r", **own),
    "send": lambda client, **own: client.agents.send("a", "1", "x", **own),
    "history": lambda client, **own: client.agents.history("a", "1", **own),
    "updates": lambda client, **own: list(client.agents.updates("a", "1", **own)),
    "observe": lambda client, **own: list(client.agents.observe("a", "1", **own)),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_retries_of_a_client_are_those_of_its_calls(any_world: World, call: str) -> None:
    def requests(client: Any, **own: Any) -> int:
        before = len(server.requests)
        assert api_error(CALLS[call], client, **own).status == 503
        return len(server.requests) - before

    with RawServer(says(503)) as server:
        client = any_world.client(server.url, backoff_options=ONCE_MORE)
        assert requests(client) == requests(client.with_options(token="t")) == 2
        assert requests(client, backoff_options=QUICK) == 4
        assert requests(client.with_options(backoff_options=QUICK)) == 4
        assert requests(client.with_options(backoff_options=NEVER_AGAIN)) == 1
    with pytest.raises(TypeError, match="backoff_options"):
        any_world.client(server.url, backoff_options=3)
