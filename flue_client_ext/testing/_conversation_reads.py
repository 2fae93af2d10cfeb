"""Reads of a conversation: its history, its updates, or its events where it is read as a run is."""

from __future__ import annotations

from typing import NoReturn

from . import _conversation_protocol as protocol
from . import _errors as errors
from ._conversation_log import ConversationLog, Lost
from ._conversation_protocol import Updates
from ._conversation_store import Key
from ._conversations import ConversationFeed
from ._event_reads import read_events
from ._exchange import Exchange
from ._live import Framing, page_after, poll, sse
from ._parts import Hangup, Send, Start
from ._protocol import EVENT_STREAM, Answer, offset_of
from ._protocol import head as stream_head
from ._state import ServerState


def _path(key: Key) -> str:
    return f"agents/{key[0]}/{key[1]}"


def log_of(server: ServerState, key: Key, *, born: bool = False) -> ConversationLog:
    """Return a conversation's stream, or raise that there is none."""
    found = server.conversations.find(key)
    if found is None or (born and not found.born):
        raise server.dialect.stream_not_found(_path(key))
    return found.log


def broken(exchange: Exchange) -> NoReturn:
    """End the connection in mid-answer, as a server does whose stream breaks."""
    if exchange.wire is not None:
        exchange.wire.close()
    raise Hangup


async def read(exchange: Exchange, key: Key, send: Send) -> Answer | None:
    """Answer a GET or a HEAD, or return `None` when the answer has been streamed."""
    request, server = exchange.request, exchange.server
    if server.dialect.events:
        return await _events(exchange, key, send)
    if request.method == "HEAD":
        return protocol.head(log_of(server, key).head)
    if protocol.view_of(request.query) == "updates":
        return await _updates(exchange, key, send)
    protocol.check_history(request.query)
    snapshot = log_of(server, key, born=True).snapshot()
    return protocol.history(snapshot)


async def _events(exchange: Exchange, key: Key, send: Send) -> Answer | None:
    log, path = log_of(exchange.server, key), _path(key)
    if exchange.request.method == "HEAD":
        return stream_head(path, log.head, closed=False)
    try:
        feed = ConversationFeed(exchange.server.conversations, log)
        return await read_events(exchange, path, feed, log.head, send)
    except Lost:
        broken(exchange)


async def _updates(exchange: Exchange, key: Key, send: Send) -> Answer | None:
    read = protocol.parse_updates(exchange.request.query)
    log = log_of(exchange.server, key)
    problem = _unreadable(exchange.server, key, log, read)
    if problem is not None:
        if read.live != "sse" or not problem[1]:
            raise problem[0]
        await send(Start(200, EVENT_STREAM))
        broken(exchange)
    first = protocol.first_chunks(log.row.incarnation if log.format.incarnations else None)
    feed = ConversationFeed(exchange.server.conversations, log)
    try:
        if read.live == "sse":
            framing = Framing(protocol.control_frame, protocol.first_frames(first))
            await sse(exchange, feed, read.after, framing, send)
            return None
        if read.live == "long-poll":
            page = await poll(exchange, feed, read.after)
        else:
            page = page_after(exchange, feed, read.after)
    except Lost:
        broken(exchange)
    return protocol.updates(first, page)


def _unreadable(
    server: ServerState, key: Key, log: ConversationLog, read: Updates
) -> tuple[errors.Problem, bool] | None:
    """Return why an offset cannot be read from, and whether SSE begins and breaks instead."""
    dialect = server.dialect
    if read.after > log.head:
        gone = dialect.gone(_path(key), read.offset, offset_of(log.head))
        return gone, dialect.gone_breaks
    if read.broken(log.head):
        return dialect.internal_error(server.clock.time()), True
    return None
