"""A TCP proxy that a test can be cruel with: it cuts, delays, pauses and counts connections.

It knows nothing of HTTP. The delay is a delay line: every byte arrives `delay` seconds later,
however many are under way, as over a long wire. All of it runs on one event loop in one thread;
every setting may be changed while connections are open, from any thread.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from tests.servers.pipe import End


class TcpProxy:
    """Forwards a loopback port to `target` (host, port); a context manager.

    `delay` is added each way, in seconds. `cut_bytes` and `cut_seconds` end each new connection
    after so many bytes to the client, or so long after it was made; `cut_how` says whether the
    client then sees a reset or an end.
    """

    def __init__(
        self,
        target: tuple[str, int],
        *,
        delay: float = 0.0,
        cut_bytes: int | None = None,
        cut_seconds: float | None = None,
        cut_how: Literal["reset", "close"] = "reset",
    ) -> None:
        self.target = target
        self.delay = delay
        self.cut_bytes = cut_bytes
        self.cut_seconds = cut_seconds
        self.cut_how: Literal["reset", "close"] = cut_how
        self.paused = False
        self.accepted = 0
        self.bytes_to_client = 0
        self.bytes_to_server = 0
        self.loop = asyncio.new_event_loop()
        self._open: set[End] = set()
        self._dialing: set[asyncio.Task[None]] = set()
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def pause(self) -> None:
        """Forward nothing more, and keep every connection open: a silent peer."""
        self._set_paused(True)

    def resume(self) -> None:
        self._set_paused(False)

    def cut_all(self) -> None:
        """Cut every open connection now; new ones are served as before."""
        self._call(self._cut_open)

    def wait_until(self, condition: Callable[[], bool], timeout: float = 10.0) -> bool:
        """Block until `condition` holds; asked after every connect, close and piece of data."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def wait_idle(self, timeout: float = 10.0) -> bool:
        return self.wait_until(lambda: not self._open, timeout)

    def make_end(self, other: End | None = None) -> End:
        return End(self, other)

    def opened(self, end: End) -> None:
        self._open.add(end)
        with self._changed:
            self.accepted += 1
            self._changed.notify_all()
        if self.cut_seconds is not None:
            self.loop.call_later(self.cut_seconds, end.cut)
        dialing = self.loop.create_task(self._dial(end))
        self._dialing.add(dialing)
        dialing.add_done_callback(self._dialing.discard)

    def closed(self, end: End) -> None:
        with self._changed:
            self._open.discard(end)
            self._changed.notify_all()

    def setting_out(self, end: End, data: bytes) -> None:
        """Told of what is about to go on its way to `end`; a cut here loses it."""

    def forwarded(self, end: End, data: bytes) -> None:
        """Count what has been sent to `end`."""
        with self._changed:
            if end.faces_client:
                self.bytes_to_client += len(data)
            else:
                self.bytes_to_server += len(data)
            self._changed.notify_all()

    async def _dial(self, end: End) -> None:
        try:
            await self.loop.create_connection(lambda: self.make_end(end), *self.target)
        except OSError:
            end.drop("reset")

    def _refuse(self) -> None:
        self.loop.remove_reader(self._listener.fileno())
        self._listener.close()

    def _end_open(self) -> None:
        for dialing in list(self._dialing):
            dialing.cancel()
        self._cut_open()

    def _cut_open(self) -> None:
        for end in list(self._open):
            end.cut()

    def _set_paused(self, paused: bool) -> None:
        def apply() -> None:
            self.paused = paused
            for end in self._open:
                for each in (end, end.other):
                    if each:
                        each.set_reading(not paused)

        self._call(apply)

    def _call(self, what: Callable[[], object]) -> None:
        """Run `what` on the loop's thread and come back when it is done."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(what)
        self.loop.call_soon_threadsafe(done.set)
        assert done.wait(10), "the proxy's event loop hangs"

    def _run(self) -> None:
        server = self.loop.create_server(self.make_end, sock=self._listener)
        self.loop.run_until_complete(server)
        self.loop.run_forever()
        self.loop.close()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Cut what is open and end; further connects are refused."""
        self._call(self._refuse)
        for _ in range(3):  # turns until what asyncio has accepted is an end that can be cut
            self._call(self._end_open)
        self._call(lambda: None)  # in which what was cancelled closes its socket
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive(), "the proxy's event loop hangs"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
