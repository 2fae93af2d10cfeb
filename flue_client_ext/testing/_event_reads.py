"""Reads of a stream of events: of a run, and before beta.8 of a conversation with an agent."""

from __future__ import annotations

from . import _protocol as protocol
from ._exchange import Exchange
from ._live import Feed, Framing, page_after, poll, sse
from ._parts import Send
from ._protocol import Answer
from ._state import ServerState


async def read_events(
    exchange: Exchange, path: str, feed: Feed, last: int, send: Send
) -> Answer | None:
    """Answer a GET of the stream at `path`, or return `None` when the answer has been streamed."""
    server, request = exchange.server, exchange.request
    read = protocol.parse_read(request.query)
    start = protocol.start_of(read, last)
    after = last if start == "now" else protocol.sequence_of(start)
    if read.live == "sse":
        await sse(exchange, feed, after, _framing(server), send)
        return None
    if read.live == "long-poll":
        page = await poll(exchange, feed, after)
        return protocol.poll(path, start, page, read.cursor, server.clock.time())
    page = page_after(exchange, feed, after)
    return protocol.catch_up(path, start, page, request.headers.get("if-none-match"))


def _framing(server: ServerState) -> Framing:
    def control(last: int, up_to_date: bool, closed: bool) -> bytes:
        cursor = protocol.cursor_after(None, server.clock.time())
        return protocol.control_frame(protocol.offset_of(last), cursor, up_to_date, closed)

    return Framing(control, twice=True)
