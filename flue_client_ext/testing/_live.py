"""Reads that wait: the long-poll's hold, the SSE loop with its heartbeats.

Nothing here decides what an answer looks like (`_protocol` does), only when it is given. A read
subscribes before it looks, so that no event can fall between the two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from . import _protocol as protocol
from ._clock import Cancel
from ._exchange import Exchange
from ._parts import Body, Send, Start
from ._protocol import Answer
from ._state import ServerState
from ._store import Page
from ._wake import Wake


def page_after(exchange: Exchange, run_id: str, after: int) -> Page:
    """Read a page; a duplicated one is the page before, which ends where this one starts."""
    server = exchange.server
    if exchange.duplicate and after >= 0:
        before = max(-1, after - server.page_size)
        return server.runs.store.read(run_id, before, after - before)
    return server.runs.store.read(run_id, after, server.page_size)


async def long_poll(exchange: Exchange, run_id: str, start: str, cursor: str | None) -> Answer:
    """Answer as soon as there is something to tell, or when the hold has passed."""
    server, after, wake = exchange.server, protocol.sequence_of(start), Wake()
    with following(server, run_id, wake, hold=server.hold):
        page, reasons = page_after(exchange, run_id, after), set[str]()
        while not (page.texts or page.closed or exchange.empty_poll or "hold" in reasons):
            reasons = await wake.wait()
            page = page_after(exchange, run_id, after)
    cursor = protocol.cursor_after(cursor, server.clock.time())
    if page.texts and not exchange.empty_poll:
        return protocol.poll(run_id, start, page, cursor)
    return protocol.empty_poll(protocol.offset_of(after), cursor, page.closed and not page.texts)


async def sse(exchange: Exchange, run_id: str, start: str, send: Send) -> None:
    """Send batches and their control frames until the run's log is closed and all of it is sent."""
    server, after = exchange.server, protocol.sequence_of(start)
    wake = Wake()
    with following(server, run_id, wake, beat=server.heartbeat):
        await send(Start(200, protocol.EVENT_STREAM))
        while True:
            page = server.runs.store.read(run_id, after, server.page_size)
            if exchange.duplicate and page.texts:
                await _batch(server, page, False, send)
            closed, after = page.closed and page.up_to_date, page.last
            await _batch(server, page, closed, send)
            if closed:
                return
            if page.up_to_date:
                await _idle(server, run_id, after, wake, send)


async def _batch(server: ServerState, page: Page, closed: bool, send: Send) -> None:
    if page.texts:
        await send(Body(protocol.data_frame(page.texts), False, page.texts, protocol.DATA_LEAD))
    await send(Body(_control(server, page.last, page.up_to_date, closed), closed))


def _control(server: ServerState, last: int, up_to_date: bool, closed: bool) -> bytes:
    cursor = protocol.cursor_after(None, server.clock.time())
    return protocol.control_frame(protocol.offset_of(last), cursor, up_to_date, closed)


async def _idle(server: ServerState, run_id: str, after: int, wake: Wake, send: Send) -> None:
    """Send heartbeats until there is news, or a control frame when the hold has passed."""
    cancel = server.clock.call_later(server.hold, lambda: wake.ring("hold"))
    try:
        while True:
            reasons = await wake.wait()
            if "beat" in reasons:
                await send(Body(protocol.HEARTBEAT))
            news = server.runs.store.read(run_id, after, 1)
            if news.texts or news.closed:
                return None
            if "hold" in reasons:
                return await send(Body(_control(server, after, True, False)))
    finally:
        cancel()


@contextmanager
def following(
    server: ServerState,
    run_id: str,
    wake: Wake,
    *,
    hold: float | None = None,
    beat: float | None = None,
) -> Generator[None]:
    """Ring `wake` for news of a run, after `hold` seconds, and every `beat` seconds."""
    ends: list[Cancel] = [server.runs.subscribe(run_id, lambda: wake.ring("news"))]
    if hold is not None:
        ends.append(server.clock.call_later(hold, lambda: wake.ring("hold")))
    if beat is not None:
        ends.append(_every(server, beat, lambda: wake.ring("beat")))
    try:
        yield
    finally:
        for end in ends:
            end()


def _every(server: ServerState, seconds: float, callback: Callable[[], None]) -> Cancel:
    stopped = threading.Event()

    def fire() -> None:
        if not stopped.is_set():
            callback()
            server.clock.call_later(seconds, fire)

    cancel = server.clock.call_later(seconds, fire)

    def stop() -> None:
        stopped.set()  # a later one finds this out by itself
        cancel()

    return stop
