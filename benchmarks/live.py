"""A live server: runs that grow while readers wait, each event stamped when it is appended.

`/runs/live_{name}_{count}_{every}_{pause}`: on the first live read the run starts with one event;
`pause` ms later it gets `count` more, one each `every` ms, then ends. A stamp is this machine's
monotonic clock in nanoseconds, which every process reads alike, under `attributes.ns`.

It answers SSE and long-poll as the genuine server does: a data frame and a control frame, each in a
chunk and a write of its own. One event loop; a process of its own that prints its port and ends
with its standard input.
"""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import time
from collections.abc import Callable

from benchmarks.corpus import SSE_HEAD, STAMP, chunk, offset

_REQUEST = re.compile(rb"GET /runs/(live_\w*_(\d+)_(\d+)_(\d+))(?:\?(\S*))? HTTP[^\0]*?\r\n\r\n")
_OFFSET = re.compile(rb"(?:^|&)offset=([^&]+)")
_PAD = "x" * 120


class Run:
    """A run that has started; tells its `listeners` each new event once."""

    def __init__(self, name: str, count: int, every: float, pause: float) -> None:
        self.name = name
        self.events: list[bytes] = []
        self.closed = False
        self.listeners: set[Callable[[], None]] = set()
        self._left = count
        self._every = every
        self._loop = asyncio.get_running_loop()
        self._append()
        # Runs that start together tick one after another: by the golden ratio, evenly spread.
        phase = len(runs) * 0.618034 % 1 * every
        self._due = self._loop.time() + pause + phase
        self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        self._left -= 1
        self.closed = self._left == 0
        self._append()
        if not self.closed:
            self._due += self._every
            self._loop.call_at(self._due, self._tick)

    def _append(self) -> None:
        self.events.append(self.event())
        for listener in list(self.listeners):
            listener()

    def event(self) -> bytes:
        """What is appended now."""
        kind = "run_end" if self.closed else "log"
        index = len(self.events)
        event = (
            f'{{"type":"{kind}","level":"info","message":"tick {index}","v":3,'
            f'"runId":"{self.name}","isError":false,"durationMs":0,"eventIndex":{index},"timestamp":"{STAMP}",'
            f'"attributes":{{"ns":{time.monotonic_ns()},"pad":"{_PAD}"}}}}'
        )
        return event.encode()


runs: dict[str, Run] = {}


def started(kind: type[Run], name: str, count: int, every_ms: int, pause_ms: int) -> Run:
    """Return the run of this name, which starts when it is asked for first."""
    if name not in runs:
        runs[name] = kind(name, count, every_ms / 1e3, pause_ms / 1e3)
    return runs[name]


class Reader(asyncio.Protocol):
    """One connection: an SSE answer, or long-polls one after another."""

    def __init__(self) -> None:
        self._listener: Callable[[], None] | None = None
        self._run: Run | None = None
        self._next = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def data_received(self, data: bytes) -> None:
        found = _REQUEST.match(data)
        if found is None:
            self._transport.close()
            return
        self._run = started(Run, found[1].decode(), *map(int, found.group(2, 3, 4)))
        query = found[5] or b""
        given = _OFFSET.search(query)
        self._next = 0 if given is None or given[1] == b"-1" else int(given[1].split(b"_")[1]) + 1
        if b"live=sse" in query:
            self._transport.write(SSE_HEAD)
            self._listen(self._push)
            self._push()
        elif self._next < len(self._run.events) or self._run.closed:
            self._answer()
        else:
            self._listen(self._answer)

    def _listen(self, listener: Callable[[], None]) -> None:
        assert self._run is not None
        self._listener = listener
        self._run.listeners.add(listener)

    def _leave(self) -> None:
        if self._run is not None and self._listener is not None:
            self._run.listeners.discard(self._listener)
            self._listener = None

    def _push(self) -> None:
        run = self._run
        assert run is not None
        body = b",".join(run.events[self._next :])
        self._next = len(run.events)
        state = "streamClosed" if run.closed else "upToDate"
        control = f'event: control\ndata:{{"streamNextOffset":"{self._tail()}","{state}":true}}\n\n'
        self._transport.write(chunk(b"event: data\ndata:[" + body + b"]\n\n"))
        self._transport.write(chunk(control.encode()))
        if run.closed:
            self._transport.write(b"0\r\n\r\n")
            self._leave()

    def _answer(self) -> None:
        run = self._run
        assert run is not None
        self._leave()
        body = b"[" + b",".join(run.events[self._next :]) + b"]"
        closed = "Stream-Closed: true\r\n" if run.closed else ""
        head = (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            f"Stream-Next-Offset: {self._tail()}\r\nStream-Cursor: 1\r\n"
            f"Stream-Up-To-Date: true\r\n{closed}Connection: keep-alive\r\n"
            f"Keep-Alive: timeout=60\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)

    def _tail(self) -> str:
        assert self._run is not None
        return offset(len(self._run.events) - 1)


async def serve(protocol: type[Reader]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=4096)
    ended = asyncio.Event()
    print(server.sockets[0].getsockname()[1], flush=True)

    def watch() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=watch, daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(Reader))
