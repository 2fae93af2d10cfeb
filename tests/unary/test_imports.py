"""What an import costs, and what can be imported: the names that are promised, no more, no less."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

import flue_client.models
import flue_client_ext
from tests.servers.raw import RawServer
from tests.unary.support import works

_PROMISED = """
AbortController AbortSignal Admission AgentCheckpoint AgentEventStream AsyncAgentEventStream
AsyncConversation AsyncFlueClient AsyncFlueEventStream
AsyncReplyStream AsyncRunOutcomes AsyncStateStream AsyncUpdateStream Attachment BackoffOptions Batch
Checkpoint Conversation ConversationState DataUpdate EventBatch FailedAttempt FlueAbortError
FlueApiError FlueClient FlueConnectionError FlueError FlueEventStream FlueExecutionError
FlueProtocolError FlueTimeoutError Generation InvokeOutcomeUnknownError
ReasoningDelta Reply ReplyChange
ReplyOutcome ReplyStream Retracted RunNotReadableError RunOutcome StateStream StreamResetError
StreamStats TextDelta ToolCall ToolResult UNSET Unset UnsupportedByServerError
UnsupportedFlueEventVersionError UpdateBatch
UpdateCheckpoint UpdateStream WorkflowApiNotFoundError WorkflowRunResult __version__
"""
PROMISED = [*_PROMISED.split(), *flue_client.models.__all__]
HEAVY = {"httpx", "httpcore", "h11", "anyio", "trio", "backoff", "msgspec", "sseclient", "attrs"}
HEAVY |= {"flue_client", "asyncio", "ssl", "socket", "json", "email", "threading", "urllib.request"}
UNUSED_LIBRARIES = {"anyio", "asyncio", "backoff", "certifi", "datetime", "email", "httpx"}
UNUSED_LIBRARIES |= {"logging", "msgspec", "queue", "sseclient", "ssl", "trio"}
UNUSED_PARTS = {"agents", "checkpoint", "event_stream", "stream", "workflows", "_calls"}
UNUSED_PARTS |= {"_drivers.sync_many", "_flue.execution", "_flue.results"}
UNUSED_PARTS |= {"_http.tls", "_http.trust", "_stream.follow", "_stream.reader", "_stream.stats"}
UNUSED_PARTS |= {"flue_client.api.workflows", "flue_client.client"}
DURABLE = ["AsyncDurableStream", "Batch", "DurableStream", "astream", "stream"]


def in_a_new_interpreter(code: str) -> Any:
    script = f"import sys, json\nbefore = set(sys.modules)\n{code}"
    # Without site, which would import what an editable installation or a .pth file asks for.
    path = json.dumps(sys.path)
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {path}\n{script}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=environment,
    )
    return json.loads(done.stdout)


def test_the_import_loads_next_to_nothing() -> None:
    loaded = in_a_new_interpreter(
        "import flue_client_ext; print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    own = {name for name in loaded if name.startswith("flue_client_ext")}
    assert own == {"flue_client_ext", "flue_client_ext._version"}
    assert not HEAVY & set(loaded)
    assert not any(name.partition(".")[0] in HEAVY for name in loaded)


def test_errors_and_signals_load_no_http_library() -> None:
    loaded = in_a_new_interpreter(
        "from flue_client_ext import FlueError, AbortController, BackoffOptions\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert not {"httpx", "httpcore", "anyio", "flue_client", "backoff"} & set(loaded)


def test_retries_and_decoders_load_on_first_use_only() -> None:
    loaded = in_a_new_interpreter(
        "from flue_client_ext import FlueClient\n"
        "FlueClient('http://127.0.0.1:9')\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert not {"backoff", "sseclient", "trio"} & set(loaded)
    assert not {"flue_client_ext.agents", "flue_client.api.agents"} & set(loaded)


def first_call() -> set[str]:
    """The modules that the first call of a process has loaded."""
    with RawServer(works) as server:
        loaded = in_a_new_interpreter(
            "from flue_client_ext import FlueClient\n"
            f"FlueClient({server.url!r}, token='t').runs.get('run_1').status\n"
            "print(json.dumps(sorted(set(sys.modules) - before)))"
        )
    return set(loaded)


def test_a_first_call_loads_only_what_one_request_needs() -> None:
    loaded = first_call()
    assert {"flue_client.models", "flue_client_ext.runs", "h11"} <= loaded
    assert not {name.partition(".")[0] for name in loaded} & UNUSED_LIBRARIES
    own = {name.removeprefix("flue_client_ext.") for name in loaded}
    assert not own & UNUSED_PARTS
    assert not any(name.startswith(("async_", "_flue.conversation", "_flue.agent")) for name in own)


def test_the_public_names_are_exactly_those_that_are_promised() -> None:
    names = flue_client_ext.__all__  # type: ignore[attr-defined]  # not for type checkers
    assert sorted(names) == sorted(PROMISED)
    assert sorted(dir(flue_client_ext)) == sorted(PROMISED)
    for name in PROMISED:
        assert getattr(flue_client_ext, name) is not None


def test_a_star_import_brings_all_of_them() -> None:
    names: dict[str, Any] = {}
    exec("from flue_client_ext import *", names)
    assert set(PROMISED) <= set(names)


def test_every_importable_name_without_an_underscore_is_in_all() -> None:
    for name in PROMISED:
        getattr(flue_client_ext, name)
    visible = {
        name
        for name, value in vars(flue_client_ext).items()
        if not name.startswith("_") and not isinstance(value, type(sys))
    }
    assert visible - {"TYPE_CHECKING", "Any", "import_module"} <= set(PROMISED)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        flue_client_ext.no_such_name  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError):
        from flue_client_ext import no_such_name  # type: ignore[attr-defined]  # noqa: F401


def test_the_submodules_are_there_as_attributes() -> None:
    for name in ("doctor", "durable_streams", "errors", "report", "testing"):
        module = getattr(flue_client_ext, name)
        assert module is importlib.import_module(f"flue_client_ext.{name}")
    assert sorted(flue_client_ext.durable_streams.__all__) == DURABLE
    errors = {name for name in _PROMISED.split() if name.endswith("Error")}
    assert set(flue_client_ext.errors.__all__) == errors


def test_every_public_name_can_be_pickled_by_reference() -> None:
    import pickle

    for name in PROMISED:
        value = getattr(flue_client_ext, name)
        if isinstance(value, type):
            assert pickle.loads(pickle.dumps(value)) is value
