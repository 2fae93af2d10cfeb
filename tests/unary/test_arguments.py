"""Bad arguments are refused before any I/O, with a `ValueError` or `TypeError` that names them."""

from __future__ import annotations

import copy
import pickle
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import (
    AbortController,
    AbortSignal,
    AgentCheckpoint,
    Checkpoint,
    FlueError,
    UpdateCheckpoint,
)
from tests.servers.raw import RawServer
from tests.unary.support import borrowed, failure, works
from tests.worlds import World

CONTROLLER = AbortController()
CALLS: dict[str, tuple[str, type[Exception], Callable[[Any], Any]]] = {
    "hook": ("on_event", TypeError, lambda c: c.workflows.run("w", on_event=5)),
    "map hook": ("on_progress", TypeError, lambda c: c.workflows.map("w", [1], on_progress=5)),
    "all hook": ("on_progress", TypeError, lambda c: c.runs.wait_all(["r"], on_progress="x")),
    "map one": ("inputs", TypeError, lambda c: c.workflows.map("w", "text")),
    "map bytes": ("inputs", TypeError, lambda c: c.workflows.map("w", b"text")),
    "map mapping": ("inputs", TypeError, lambda c: c.workflows.map("w", {"text": "a"})),
    "map nothing": ("inputs", TypeError, lambda c: c.workflows.map("w", None)),
    "all one": ("run_ids", TypeError, lambda c: c.runs.wait_all("run_1")),
    "completed one": ("run_ids", TypeError, lambda c: c.runs.as_completed("run_1")),
    "all numbers": ("run_id", TypeError, lambda c: c.runs.wait_all([5])),
    "invoke signal": ("signal", TypeError, lambda c: c.workflows.invoke("w", signal=CONTROLLER)),
    "run signal": ("signal", TypeError, lambda c: c.workflows.run("w", signal=0)),
    "get signal": ("signal", TypeError, lambda c: c.runs.get("r", signal=5)),
    "events signal": ("signal", TypeError, lambda c: c.runs.events("r", signal=5)),
    "stream signal": ("signal", TypeError, lambda c: c.runs.stream("r", signal=CONTROLLER)),
    "wait signal": ("signal", TypeError, lambda c: c.runs.wait("r", signal=5)),
    "map signal": ("signal", TypeError, lambda c: c.workflows.map("w", [1], signal=5)),
    "all signal": ("signal", TypeError, lambda c: c.runs.wait_all(["r"], signal=5)),
    "no time": ("timeout", ValueError, lambda c: c.runs.get("r", timeout=0)),
    "offset": ("offset", ValueError, lambda c: c.runs.stream("r", offset="a\nb")),
    "all timeout": ("timeout", ValueError, lambda c: c.runs.wait_all(["r"], timeout=-1)),
    "many": ("concurrency", ValueError, lambda c: c.runs.as_completed(["r"], concurrency=0)),
    "resume": (
        "offset",
        ValueError,
        lambda c: c.runs.stream("r", resume=Checkpoint(run_id="r", offset="")),
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_refuses_what_it_cannot_use(any_world: World, call: str) -> None:
    name, kind, used = CALLS[call]
    with RawServer(works) as server:
        error = failure(used, any_world.client(server.url))
        assert type(error) is kind
        assert not isinstance(error, FlueError)
        assert name in str(error).split()
        assert server.accepted == 0


STREAMS: list[tuple[str, type[Exception], dict[str, Any]]] = [
    ("params", TypeError, {"params": [("a", "b")]}),
    ("params", TypeError, {"params": {5: "b"}}),
    ("params", ValueError, {"params": {"offset": "5"}}),
    ("params", ValueError, {"params": {"live": "sse"}}),
    ("params", ValueError, {"params": {"cursor": "5"}}),
    ("'n'", TypeError, {"params": {"n": 5}}),
    ("max_frame_bytes", TypeError, {"max_frame_bytes": "5"}),
    ("max_frame_bytes", TypeError, {"max_frame_bytes": True}),
    ("max_frame_bytes", ValueError, {"max_frame_bytes": 0}),
    ("signal", TypeError, {"signal": CONTROLLER}),
    ("ssl_context", TypeError, {"ssl_context": True}),
]


@pytest.mark.parametrize(("name", "kind", "options"), STREAMS)
def test_a_durable_stream_refuses_what_it_cannot_use(
    any_world: World, name: str, kind: type[Exception], options: dict[str, Any]
) -> None:
    with RawServer(works) as server:
        error = failure(any_world.durable, server.url, **options)
        assert type(error) is kind
        assert name in str(error).split()
        assert server.accepted == 0


def test_a_computed_parameter_that_is_no_string_is_refused(any_world: World) -> None:
    with RawServer(works) as server:
        stream = any_world.durable(server.url, params={"n": lambda: None})
        assert type(failure(list, stream)) is TypeError
        assert server.accepted == 0


@pytest.mark.parametrize("kind", ["client", "durable"])
def test_a_tls_context_must_be_one_and_belongs_to_the_users_own_client(
    any_world: World, kind: str
) -> None:
    made = getattr(any_world, kind)
    assert type(failure(made, "https://h", ssl_context=5)) is TypeError
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with borrowed(any_world) as own:
        options = {"http_client": own, "ssl_context": context}
        assert type(failure(made, "https://h", **options)) is ValueError


@pytest.mark.parametrize("event_index", ["5", 1.0, True])
def test_a_checkpoint_refuses_an_index_that_is_none(event_index: Any) -> None:
    with pytest.raises(TypeError, match="event_index"):
        Checkpoint(run_id="r", offset="o", event_index=event_index)


def test_a_checkpoint_refuses_what_is_no_string() -> None:
    strange: Any = 5
    with pytest.raises(TypeError, match="offset"):
        Checkpoint(run_id="r", offset=strange)
    with pytest.raises(TypeError, match="run_id"):
        Checkpoint(run_id=strange, offset="o")
    checkpoint = Checkpoint(run_id="r", offset="o", event_index=0)
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint


@pytest.mark.parametrize("kind", [Checkpoint, UpdateCheckpoint, AgentCheckpoint])
def test_a_checkpoint_is_no_moment_of_reading(kind: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="offset"):
        kind("r", "now")
    text = kind("r", "-1").to_json().replace('"-1"', '"now"')
    with pytest.raises(ValueError, match=kind.__name__):
        kind.from_json(text)
    (tmp_path / "saved").write_text(text)
    with pytest.raises(ValueError, match="saved"):
        kind.load(tmp_path / "saved")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_is_not_copied(any_world: World, copied: Callable[[Any], Any]) -> None:
    client = any_world.client("http://flue.test")
    error = failure(copied, getattr(client, "real", client))
    assert type(error) is TypeError
    assert "with_options" in str(error)


def test_signals_are_composed_of_signals_only() -> None:
    signals: Any = [CONTROLLER.signal, 3]
    with pytest.raises(TypeError, match="signals"):
        AbortSignal.any(signals)
