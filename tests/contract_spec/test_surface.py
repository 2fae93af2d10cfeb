"""The blocking surface, which is made from the async one: it speaks of nothing async."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import flue_client_ext
from flue_client_ext import (
    AsyncFlueClient,
    AsyncFlueEventStream,
    FlueClient,
    FlueEventStream,
    durable_streams,
)

GENERATOR = Path(__file__).resolve().parents[2] / "generator"
PACKAGE = Path(flue_client_ext.__file__).parent


@pytest.fixture(scope="module")
def unasync() -> ModuleType:
    """The script, as a module."""
    sys.path.insert(0, str(GENERATOR))
    try:
        spec = importlib.util.spec_from_file_location("unasync", GENERATOR / "unasync.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(GENERATOR))
    return module


@pytest.mark.parametrize(
    ("source", "made"),
    [
        (
            "async def get() -> None:\n    await self._run()\n",
            "def get() -> None:\n    self._run()\n",
        ),
        ("async with a as b, c:\n    pass\n", "with a as b, c:\n    pass\n"),
        ("x = [y async for y in z]\n", "x = [y for y in z]\n"),
        ("AsyncRuns, _AsyncX, async_runs, _async_session\n", "Runs, _X, runs, _session\n"),
        ("asyncio, Asynchronous, is_async\n", "asyncio, Asynchronous, is_async\n"),
        ("await anext(aiter(self))\n", "next(iter(self))\n"),
        ('f("AsyncClient")  # an AsyncClient\n', 'f("Client")  # an Client\n'),
        ("step: Callable[[], Awaitable[T]]\n", "step: Callable[[], T]\n"),
    ],
)
def test_code_is_respelled_name_by_name(unasync: ModuleType, source: str, made: str) -> None:
    assert unasync.blocking(source) == made


def test_a_phrase_of_a_docstring_is_found_over_its_line_breaks(unasync: ModuleType) -> None:
    source = '    """A client for\n    async code, on asyncio or trio."""\n'
    made = '    """A client for blocking code; usable from many threads."""\n'
    assert unasync.blocking(source) == made
    assert unasync.blocking('"""Kept,\nas it is.\n\nIn `async with`."""\n') == (
        '"""Kept,\nas it is.\n\nIn `with`."""\n'
    )


def test_the_blocking_surface_speaks_of_nothing_async(unasync: ModuleType) -> None:
    for name in unasync.TWINS.values():
        tree = ast.parse((PACKAGE / name).read_text())
        for node in ast.walk(tree):
            assert not isinstance(
                node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await
            )
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"(?i)async|await|\btask|anext|aclose", node.value), node.value


@pytest.mark.parametrize(
    ("blocking", "other"),
    [
        (FlueClient, AsyncFlueClient),
        (FlueClient.runs, AsyncFlueClient.runs),
        (FlueClient.workflows, AsyncFlueClient.workflows),
        (FlueEventStream, AsyncFlueEventStream),
        (durable_streams.DurableStream, durable_streams.AsyncDurableStream),
    ],
)
def test_blocking_and_async_have_the_same_names_and_parameters(blocking: Any, other: Any) -> None:
    def parameters(cls: Any) -> dict[str, Any]:
        names = {name for name in dir(cls) if not name.startswith("_")}
        methods = {n: getattr(cls, n) for n in names}
        return {
            {"aclose": "close"}.get(n, n): list(inspect.signature(m).parameters)
            if inspect.isfunction(m)
            else None
            for n, m in methods.items()
        }

    assert parameters(blocking) == parameters(other)
