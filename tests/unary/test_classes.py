"""The classes are ordinary Python classes: to mocks, subclasses, copies and introspection."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import threading
from functools import cached_property
from typing import Any, get_type_hints
from unittest.mock import AsyncMock, MagicMock, create_autospec, patch

import pytest

import flue_client_ext
from flue_client_ext import (
    AbortController,
    AbortSignal,
    AsyncFlueClient,
    AsyncFlueEventStream,
    EventBatch,
    FlueApiError,
    FlueClient,
    FlueConnectionError,
    FlueEventStream,
    FlueExecutionError,
    FlueTimeoutError,
    durable_streams,
    errors,
    testing,
)
from flue_client_ext.testing import faults
from tests.servers.raw import RawServer
from tests.unary.support import works
from tests.worlds import World

CLIENTS: list[Any] = [FlueClient, AsyncFlueClient]
NAMESPACES = [
    getattr(client, name) for client in CLIENTS for name in ("workflows", "runs", "agents")
]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_mock_of_the_class_has_its_namespaces_and_checks_calls(client: Any) -> None:
    for mocked in (create_autospec(client)("http://h"), create_autospec(client, instance=True)):
        mocked.runs.stream("run_1", tail=3)
        mocked.runs.stream.assert_called_once_with("run_1", tail=3)
        mocked.workflows.map("w", [1])
        with pytest.raises(TypeError, match="name"):
            mocked.workflows.map()
        with pytest.raises(TypeError):
            mocked.runs.stream("run_1", tial=3)
        with pytest.raises(AttributeError):
            _ = mocked.runs.no_such_call
        assert isinstance(mocked, client)
    create_autospec(client).runs.stream("run_1")
    assert MagicMock(spec=client).runs.stream("run_1") is not None


def test_coroutine_methods_of_the_async_client_become_async_mocks() -> None:
    mocked = create_autospec(AsyncFlueClient, instance=True)
    assert isinstance(mocked.runs.get, AsyncMock)
    assert isinstance(mocked.workflows.invoke, AsyncMock)
    assert not isinstance(mocked.runs.stream, AsyncMock)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_method_of_a_real_client_can_be_patched(client: Any) -> None:
    real = client("http://h")
    assert real.runs is real.runs
    before = real.runs.stream
    with patch.object(real.runs, "stream") as stream, patch.object(real, "workflows") as workflows:
        real.runs.stream("run_1")
        real.workflows.map("w", [])
    stream.assert_called_once_with("run_1")
    workflows.map.assert_called_once_with("w", [])
    assert real.runs.stream == before
    assert type(real.workflows) is client.workflows


@pytest.mark.parametrize("client", CLIENTS)
def test_the_class_tells_of_its_namespaces(client: Any) -> None:
    assert inspect.isclass(client.runs)
    assert "wait_all" in pydoc.plain(pydoc.render_doc(client.runs))
    assert {"runs", "workflows"} <= set(dir(client))


def test_threads_that_ask_at_once_get_the_same_namespace() -> None:
    for _ in range(50):
        client, start, got = FlueClient("http://h"), threading.Barrier(4), list[Any]()

        def ask(client: Any = client, start: Any = start, got: Any = got) -> None:
            start.wait()
            got.append(client.runs)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(each) for each in got}) == 1


def subclass(client: Any) -> Any:
    class Tenant(client):  # type: ignore[misc]
        __slots__ = ("slot",)

        def __init__(self, tenant: str) -> None:
            super().__init__("http://h", token="t")
            self.tenant = tenant  # type: ignore[misc]  # the client has a `__dict__`
            self.slot = "slot"

        @cached_property
        def owner(self) -> Any:
            return self

    return Tenant


@pytest.mark.parametrize("client", CLIENTS)
def test_with_options_of_a_subclass_gives_that_subclass(client: Any) -> None:
    parent = subclass(client)("acme")
    assert parent.owner is parent
    child = parent.with_options(token="other")
    assert type(child) is type(parent)
    assert (child.tenant, child.slot, child.owner is child) == ("acme", "slot", True)
    assert child.runs is not parent.runs
    grandchild = child.with_options()
    assert type(grandchild) is type(parent)
    assert grandchild.tenant == "acme"


@pytest.mark.parametrize("client", CLIENTS)
def test_with_options_of_a_subclass_whose_attributes_cannot_be_set(client: Any) -> None:
    class Frozen(client):  # type: ignore[misc]
        def __setattr__(self, name: str, value: Any) -> None:
            if hasattr(self, "_owner"):
                raise AttributeError(f"{name} cannot be set")
            super().__setattr__(name, value)

    parent = Frozen("http://h", token="t")
    child = parent.with_options(token="u")
    assert type(child) is Frozen
    assert child.runs is not parent.runs
    assert (parent._owner, child._owner) == (True, False)


@pytest.mark.usefixtures("kept_connections")
def test_a_subclass_and_its_options_share_connections(any_world: World) -> None:
    kind = AsyncFlueClient if any_world.is_async else FlueClient

    with RawServer(works) as server:
        client = any_world.client(server.url)
        real = getattr(client, "real", client)
        real.__class__ = type("Sub", (kind,), {"__module__": kind.__module__})
        child = client.with_options(token="b")
        client.workflows.invoke("w")
        child.workflows.invoke("w")
        child.close()
        client.workflows.invoke("w")
        assert server.accepted == 1
        assert server.requests[1].headers["authorization"] == "Bearer b"


def public() -> list[Any]:
    values = [getattr(flue_client_ext, name) for name in dir(flue_client_ext)]
    values += [getattr(module, name) for module in (testing, faults) for name in module.__all__]
    classes = [value for value in values if inspect.isclass(value)] + NAMESPACES
    methods = [
        function
        for each in classes
        for value in vars(each).values()
        for function in (value, getattr(value, "fget", None), getattr(value, "__func__", None))
        # The `__new__` of a named tuple is the standard library's: it has no builtins.
        if inspect.isfunction(function) and not function.__module__.startswith("namedtuple_")
    ]
    return [*classes, *methods, durable_streams.stream, durable_streams.astream]


def test_annotations_of_everything_public_can_be_evaluated() -> None:
    several = public()
    assert len(several) > 200
    for each in several:
        get_type_hints(each)


ERRORS = {
    FlueApiError: {"status", "headers", "body", "type", "message", "details", "ref", "retryable"},
    FlueConnectionError: {"message", "cause", "run_id", "offset"},
    FlueTimeoutError: {"run_id", "offset"},
    FlueExecutionError: {"target", "target_id", "failure", "error", "run_id"},
}


def test_an_error_class_shows_the_attributes_of_its_instances() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert ERRORS.get(kind, set()) <= set(dir(kind))
    mocked = create_autospec(FlueApiError, instance=True)
    mocked.status = 404
    with pytest.raises(AttributeError):
        _ = mocked.no_such_fact
    assert "HTTP status" in pydoc.plain(pydoc.render_doc(FlueApiError))
    bare = FlueConnectionError.__new__(FlueConnectionError)
    assert not hasattr(bare, "offset")


def test_a_subclass_of_an_error_pickles_with_its_attributes() -> None:
    error = pickle.loads(pickle.dumps(Late("late", run_id="run_1", offset="5")))
    assert (type(error), error.run_id, error.offset) == (Late, "run_1", "5")
    assert error.args == ("late",)


class Late(FlueTimeoutError):
    pass


def uncopied() -> list[Any]:
    blocking, later = FlueClient("http://h"), AsyncFlueClient("http://h")
    controller = AbortController()
    clients: list[Any] = [blocking, blocking.runs, later, later.workflows]
    streams = [blocking.runs.stream("r"), later.runs.stream("r"), later.runs.as_completed([])]
    return [*clients, *streams, controller, controller.signal, AbortSignal.timeout(9)]


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_holds_connections_says_that_it_cannot_be_copied(how: Any) -> None:
    for each in uncopied():
        with pytest.raises(TypeError, match="neither pickled nor copied"):
            how(each)


def test_a_batch_equals_no_other_tuple() -> None:
    batch = EventBatch([], "5")
    assert batch == EventBatch([], "5")
    assert (batch != EventBatch([], "5")) is False
    assert batch != EventBatch([], "6")
    assert batch != ([], "5")
    assert batch != ([], "5")
    assert pickle.loads(pickle.dumps(batch)) == batch
    events, offset = batch
    assert (events, offset) == ([], "5")


@pytest.mark.parametrize("stream", [FlueEventStream, AsyncFlueEventStream])
def test_a_mock_of_a_stream_has_what_streams_have(stream: Any) -> None:
    mocked = create_autospec(stream, instance=True)
    for name in ("offset", "checkpoint", "stats", "run_id", "cancel", "batches"):
        assert getattr(mocked, name) is not None
