"""Arguments that could never work are refused where they are given, by their names."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext.testing import LocalFlue, RunContext, VirtualClock, faults, replay
from tests.local.support import ended

WRONG_FAULTS: list[tuple[type[faults.Fault], dict[str, Any], type[Exception], str]] = [
    (faults.Cut, {"how": "rest"}, ValueError, "how must be one of 'clean', 'close', 'reset'"),
    (faults.Cut, {"after_bytes": 1, "after_events": 1}, ValueError, "give one of them"),
    (faults.Cut, {"after_events": -1}, ValueError, "after_events must be an int from 0 up"),
    (faults.Stall, {"after_bytes": "9"}, TypeError, "after_bytes must be an int"),
    (faults.Stall, {"seconds": -1}, ValueError, "seconds must be a number of seconds"),
    (faults.Drip, {"bytes": 0}, ValueError, "bytes must be an int from 1 up"),
    (faults.Drip, {"every": None}, TypeError, "every must be a number of seconds"),
    (faults.Delay, {"seconds": math.nan}, ValueError, "seconds must be"),
    (faults.Refuse, {"seconds": "1"}, TypeError, "seconds must be"),
    (faults.Status, {"status": 99}, ValueError, "status must be an int from 100 to 999, not 99"),
    (faults.Status, {"status": "503"}, TypeError, "status must be an int"),
    (faults.Status, {"status": True}, TypeError, "status must be an int"),
    (faults.DropStream, {"keep": -1}, ValueError, "keep must be"),
    (faults.ChangeToken, {"token": 5}, TypeError, "token must be a str, or None"),
    (faults.BufferSSE, {"bytes": 0}, ValueError, "bytes must be an int from 1 up, or None"),
    (faults.CloseLive, {"seconds": 60, "how": "chunk"}, ValueError, "how must be one of"),
]


@pytest.mark.parametrize(("fault", "arguments", "kind", "words"), WRONG_FAULTS)
def test_a_fault_that_cannot_be_is_refused(
    fault: type[faults.Fault], arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        fault(**arguments)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"live": "SSE"}, ValueError, "live must be one of 'sse', 'long-poll', True, False, None"),
        ({"method": 5}, TypeError, "method must be one of GET, HEAD, POST"),
        ({"method": "PSOT"}, ValueError, "method must be one of GET, HEAD, POST"),
        ({"run_id": b"run"}, TypeError, "run_id must be a str"),
        ({"workflow": len}, TypeError, "workflow must be a str"),
        ({"times": 0}, ValueError, "times must be an int from 1 up, or None"),
        ({"skip": -1}, ValueError, "skip must be an int from 0 up"),
        ({"chance": 50}, ValueError, "chance must be a chance from 0 to 1, not 50"),
    ],
)
def test_an_injection_that_would_never_strike_is_refused(
    arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        LocalFlue().inject(faults.Delay(0), **arguments)


@pytest.mark.parametrize("fault", [faults.Cut, "cut", None])
def test_what_is_injected_is_a_fault_and_not_its_class(fault: Any) -> None:
    with pytest.raises(TypeError, match="fault must be a value of a Fault class") as raised:
        LocalFlue().inject(fault)
    assert str(raised.value).endswith("write Cut(...)") == (fault is faults.Cut)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"token": 5}, TypeError, "token must be a str"),
        ({"prefix": None}, TypeError, "prefix must be a str"),
        ({"hold": -1}, ValueError, "hold must be a number of seconds, 0 or more"),
        ({"heartbeat": 0}, ValueError, "heartbeat must be a number of seconds above 0"),
        ({"page_size": 0}, ValueError, "page_size must be an int from 1 up"),
        ({"delta_hold": "3"}, TypeError, "delta_hold must be"),
        ({"retention": -1}, ValueError, "retention must be"),
        ({"interrupted": "resume"}, ValueError, "interrupted must be one of 'leave', 'fail'"),
    ],
)
def test_a_server_that_cannot_be_is_refused(
    options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        LocalFlue(**options)


def test_a_prefix_gets_its_slash() -> None:
    assert [LocalFlue(prefix=text).prefix for text in ("", "/", "api", "/api/")] == [
        *("", "", "/api", "/api")
    ]


def test_a_server_keeps_its_clock() -> None:
    clock = VirtualClock()
    server = LocalFlue(clock=clock)
    with pytest.raises(AttributeError):
        server.clock = VirtualClock()  # type: ignore[misc]
    assert server.clock is clock


def _pieces(message: Any) -> Iterator[str]:
    yield "a"


async def _later(message: Any) -> AsyncIterator[str]:
    yield "a"


class _Called:
    def __call__(self, message: Any) -> Iterator[str]:
        yield "a"


@pytest.mark.parametrize("function", [_pieces, _later, _Called(), partial(_pieces)])
def test_a_generator_function_is_neither_an_agent_nor_a_workflow(function: Any) -> None:
    with pytest.raises(TypeError, match=r"must not be a generator .* conversation.reply\(\["):
        LocalFlue().agent("pieces")(function)
    with pytest.raises(TypeError, match=r"must not be a generator .* run.log"):
        LocalFlue().workflow("pieces")(function)


def test_what_is_registered_is_a_function() -> None:
    given: Any = 5
    with pytest.raises(TypeError, match="agent 'bot' must be a function, not 5"):
        LocalFlue().agent("bot")(given)
    with pytest.raises(TypeError, match="workflow 'flow' must be a function, not 5"):
        LocalFlue().workflow("flow")(given)


def test_an_unknown_run_is_a_key_error_with_a_sentence(server: LocalFlue) -> None:
    for ask in (server.record, server.events, server.wait, server.drop_stream, server.forget):
        with pytest.raises(KeyError, match="this server has no run 'run_nope'"):
            ask("run_nope")


def test_a_log_level_that_flue_does_not_have_fails_the_run(server: LocalFlue) -> None:
    @server.workflow
    def loud(run: RunContext) -> None:
        run.log("hello", level="warning")  # type: ignore[arg-type]

    error = server.record(ended(server, "loud"))["error"]
    assert error["name"] == "ValueError"
    assert error["message"].startswith("level must be one of 'info', 'warn', 'error'")


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("event", [{}, {"type": 5}])
def test_an_event_without_a_type_fails_the_run(
    server: LocalFlue, event: dict[str, Any], framed: bool
) -> None:
    @server.workflow
    def typeless(run: RunContext) -> None:
        emit = run.operation("shell").emit if framed else run.emit
        emit(event)

    error = server.record(ended(server, "typeless"))["error"]
    assert (error["name"], "needs a type" in error["message"]) == ("ValueError", True)


def test_a_replay_needs_a_speed_above_zero(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="speed must be a number above 0, or None, not 0"):
        replay(tmp_path / "run.jsonl", speed=0)
