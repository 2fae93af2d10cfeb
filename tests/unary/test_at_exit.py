"""Calls while the interpreter ends: CPython 3.12 and later start no thread then."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import h11
import pytest

import flue_client_ext
from tests.servers.raw import RawServer
from tests.unary.support import works
from tests.worlds import World

ROOT = Path(flue_client_ext.__file__).parent.parent
SYNC = """
import atexit
from flue_client_ext import FlueClient

@atexit.register
def last():
    with FlueClient("http://localhost:{port}") as client:
        print(client.workflows.invoke("w", input=1, wait="result").result)
"""
ASYNC = """
import asyncio, atexit
from flue_client_ext import AsyncFlueClient

async def call():
    async with AsyncFlueClient("http://localhost:{port}") as client:
        print((await client.workflows.invoke("w", input=1, wait="result")).result)

atexit.register(lambda: asyncio.run(call()))
"""


def pythons() -> dict[str, Path]:
    """This interpreter, and others that are installed beside it: they share its packages, as far
    as these are written in Python."""
    beside = sorted(Path(sys.base_prefix).parent.glob("3.1[1-9].*/bin/python3"))
    return {"this": Path(sys.executable)} | {path.parts[-3]: path for path in beside}


@pytest.mark.parametrize("script", [SYNC, ASYNC], ids=["sync", "asyncio"])
@pytest.mark.parametrize("python", pythons())
def test_a_name_is_looked_up_in_an_exit_handler(python: str, script: str) -> None:
    packages = os.pathsep.join((str(ROOT), str(Path(h11.__file__).parent.parent)))
    with RawServer(works) as server:
        done = subprocess.run(
            [pythons()[python], "-c", script.format(port=server.port)],
            capture_output=True,
            text=True,
            timeout=120,
            env={"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_name_is_looked_up_where_no_thread_can_be_started(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = threading.Thread.start

    def refuses(thread: threading.Thread) -> Any:
        if thread.name == "flue-client-lookup":
            raise RuntimeError("can't create new thread at interpreter shutdown")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", refuses)
    with RawServer(works) as server:
        client = any_world.client(f"http://localhost:{server.port}")
        assert client.workflows.invoke("w").run_id == "run_1"
