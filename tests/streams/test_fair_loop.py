"""An answer in very many small pieces leaves the event loop to others in between."""

from __future__ import annotations

import json

import anyio
import anyio.lowlevel
import pytest

from tests.servers.raw import Connection, Request

from .async_support import client_at
from .conftest import Serve
from .replay import RUN, whole_run

RUN_OF = whole_run(120)
MOST_BYTES = 2_000
"""Of one-byte chunks, that may come between two turns of another task."""


def in_single_bytes(request: Request, connection: Connection) -> None:
    """Some 12 kB, each byte a chunk of HTTP, in one piece."""
    frame = b"event: data\ndata:%b\n\n" % json.dumps(RUN_OF).encode()
    frame += b'event: control\ndata:{"streamNextOffset":"z","streamClosed":true}\n\n'
    connection.event_stream()
    connection.send(b"".join(b"1\r\n%c\r\n" % byte for byte in frame) + b"0\r\n\r\n")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_receive_of_tiny_chunks_does_not_hold_the_loop(
    serve: Serve, backend: str, connections: str
) -> None:
    url = serve(in_single_bytes).url
    jumps: list[int] = []

    async def main() -> None:
        async with client_at(url, connections) as client, anyio.create_task_group() as group:
            stream = client.runs.stream(RUN, live="sse")

            async def watch() -> None:
                before = 0
                while True:
                    await anyio.lowlevel.checkpoint()
                    now = stream.stats.bytes_received
                    jumps.append(now - before)
                    before = now

            group.start_soon(watch)
            assert [event.to_dict() async for event in stream] == RUN_OF
            await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert sum(jumps) > 4 * MOST_BYTES
    assert max(jumps) <= MOST_BYTES
