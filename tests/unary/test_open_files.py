"""What a call says where the process can open no more files, be it a socket or a module."""

from __future__ import annotations

import pytest

from tests.servers.raw import RawServer
from tests.unary.support import works

from .test_imports import in_a_new_interpreter

_CALLS = {
    "sync": """
clients = [FlueClient({url!r}) for _ in range(2)]

def call(client):
    client.runs.get("run_1")

def run(function, *arguments):
    return function(*arguments)

def calls():
    call(clients[0])
    held = exhaust()
    try:
        call(clients[1])
    except Exception as error:
        return error, held
""",
    "async": """
import anyio, {world}
clients = [AsyncFlueClient({url!r}) for _ in range(2)]

async def call(client):
    await client.runs.get("run_1")

def run(function, *arguments):
    return anyio.run(function, *arguments, backend={world!r})

async def calls():
    await call(clients[0])
    held = exhaust()
    try:
        await call(clients[1])
    except Exception as error:
        return error, held
""",
}
_FRAME = """
import os, resource
from flue_client_ext import AsyncFlueClient, FlueClient

def exhaust():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, 0))
    except OSError:
        return held
{calls}
error, held = run(calls)
for descriptor in held:
    os.close(descriptor)
print(json.dumps([type(error).__name__, "Too many open files" in str(error)]))
"""


@pytest.mark.parametrize("world", ["sync", "asyncio", "trio"])
def test_a_first_failure_may_be_that_no_file_can_be_opened(world: str) -> None:
    calls = _CALLS["sync" if world == "sync" else "async"]
    with RawServer(works) as server:
        code = _FRAME.format(calls=calls.format(url=server.url, world=world))
        assert in_a_new_interpreter(code) == ["FlueConnectionError", True]
