"""Reads that wait: the long-poll's hold, the SSE loop with its heartbeats.

Nothing here decides what an answer looks like (the protocol modules do), only when it is given. A
read subscribes before it looks, so that no event can fall between the two. What is read is a feed:
a run's events or a conversation's updates.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

import attrs

from . import _protocol as protocol
from ._clock import Cancel
from ._exchange import Exchange
from ._parts import Body, Send, Start
from ._state import ServerState
from ._store import Page
from ._wake import Wake

Subscribe = Callable[[Callable[[], None]], Cancel]


class Feed(Protocol):
    """A log that grows: read page by page, with news of it."""

    def read(self, after: int, limit: int) -> Page:
        """Read at most `limit` entries behind a sequence number."""
        ...

    def subscribe(self, listener: Callable[[], None]) -> Cancel:
        """Call `listener` at each change, until the returned function is called."""
        ...


@attrs.frozen
class Framing:
    """How a feed looks as SSE.

    `control` gives the bytes of a control frame for a sequence number, whether it is the head, and
    closure. `first` goes before all pages, with no control frame of its own. `twice` says that a
    hold which has passed is told by two control frames, as on the runs' routes.
    """

    control: Callable[[int, bool, bool], bytes]
    first: Sequence[Body] = ()
    twice: bool = False


def page_after(exchange: Exchange, feed: Feed, after: int) -> Page:
    """Read a page; a duplicated one is the page before, which ends where this one starts."""
    size = exchange.server.page_size
    if exchange.duplicate and after >= 0:
        before = max(-1, after - size)
        return feed.read(before, after - before)
    return feed.read(after, size)


async def poll(exchange: Exchange, feed: Feed, after: int) -> Page:
    """Return a page as soon as it has something to tell, or when the hold has passed."""
    server, wake = exchange.server, Wake()
    with following(server, feed.subscribe, wake, hold=server.hold):
        page, reasons = page_after(exchange, feed, after), set[str]()
        while not (_news(page, after) or exchange.empty_poll or "hold" in reasons):
            reasons = await wake.wait()
            page = page_after(exchange, feed, after)
    if exchange.empty_poll:
        return Page([], after, up_to_date=True, closed=page.closed and not page.texts)
    return page


def _news(page: Page, after: int) -> bool:
    return page.last > after or bool(page.texts) or page.closed


async def sse(exchange: Exchange, feed: Feed, after: int, framing: Framing, send: Send) -> None:
    """Send batches and their control frames until the feed is closed and all of it is sent."""
    server, wake = exchange.server, Wake()
    with following(server, feed.subscribe, wake, beat=server.heartbeat):
        await send(Start(200, protocol.EVENT_STREAM))
        for body in framing.first:
            await send(body)
        while True:
            page = feed.read(after, server.page_size)
            if exchange.duplicate and page.texts:
                await _batch(page, False, framing, send)
            closed, after = page.closed and page.up_to_date, page.last
            await _batch(page, closed, framing, send)
            if closed:
                return
            if page.up_to_date and await _idle(server, feed, after, wake, send) and framing.twice:
                await send(Body(framing.control(after, True, False)))


async def _batch(page: Page, closed: bool, framing: Framing, send: Send) -> None:
    if page.texts:
        await send(Body(protocol.data_frame(page.texts), False, page.texts, protocol.DATA_LEAD))
    await send(Body(framing.control(page.last, page.up_to_date, closed), closed))


async def _idle(server: ServerState, feed: Feed, after: int, wake: Wake, send: Send) -> bool:
    """Send heartbeats until there is news, or until the hold has passed: then it is true."""
    cancel = server.clock.call_later(server.hold, lambda: wake.ring("hold"))
    try:
        while True:
            reasons = await wake.wait()
            if "beat" in reasons:
                await send(Body(protocol.HEARTBEAT))
            if _news(feed.read(after, 1), after):
                return False
            if "hold" in reasons:
                return True
    finally:
        cancel()


@contextmanager
def following(
    server: ServerState,
    subscribe: Subscribe,
    wake: Wake,
    *,
    hold: float | None = None,
    beat: float | None = None,
) -> Generator[None]:
    """Ring `wake` for news, after `hold` seconds, and every `beat` seconds."""
    ends: list[Cancel] = [subscribe(lambda: wake.ring("news"))]
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
