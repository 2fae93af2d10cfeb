"""The routes of conversations: what is answered to a send, a read, an abort, or which refusal.

What an answer looks like stands in `_conversation_protocol`.
"""

from __future__ import annotations

from typing import NoReturn

from . import _conversation_errors as refusals
from . import _conversation_protocol as protocol
from . import _errors as errors
from ._body import read_json
from ._conversation_log import ConversationLog, Lost
from ._conversation_store import Key
from ._conversations import ConversationFeed
from ._delivery import parse_delivery
from ._exchange import Exchange
from ._ids import ulid
from ._live import Framing, page_after, poll, sse
from ._parts import Hangup, Send, Start
from ._protocol import EVENT_STREAM, Answer
from ._request import Target
from ._state import ServerState


async def converse(exchange: Exchange, target: Target, send: Send) -> Answer | None:
    """Answer, or return `None` when the answer has been streamed."""
    server, method, rest = exchange.server, exchange.request.method, target.rest
    allowed = _allowed(rest)
    if method not in allowed:
        raise errors.method_not_allowed(method, allowed)
    key = target.agent, target.conversation
    if rest[:1] == ("attachments",):
        return _attachment(server, key, rest[1])
    if not target.conversation.strip():
        wanted = "Agent conversation URLs must end with a non-empty conversation id segment."
        raise errors.invalid_request(wanted)
    if rest:
        return protocol.aborted(server.submissions.abort(key))
    return _send(exchange, key) if method == "POST" else await _read(exchange, key, send)


def _allowed(rest: tuple[str, ...]) -> tuple[str, ...]:
    if not rest:
        return ("GET", "HEAD", "POST")
    return ("POST",) if rest == ("abort",) else ("GET",)


def _send(exchange: Exchange, key: Key) -> Answer:
    request, server = exchange.request, exchange.server
    if request.param("wait") is not None:
        raise errors.invalid_request(
            "Agent prompts are fire-and-forget and do not support `?wait=result`. Await completion"
            " with the SDK client's `wait()`, or read the conversation stream (GET this URL)."
        )
    delivery = parse_delivery(read_json(request))
    receipt = server.submissions.admit(server.agents[key[0]], key, delivery)
    url = f"http://{request.headers.get('host', '')}{request.raw_path}"
    return protocol.admission(
        url, receipt.offset, receipt.submission_id, receipt.uid, receipt.deduplicated
    )


def _path(key: Key) -> str:
    return f"agents/{key[0]}/{key[1]}"


def _log(server: ServerState, key: Key, *, born: bool = False) -> ConversationLog:
    found = server.conversations.find(key)
    if found is None or (born and not found.born):
        raise refusals.stream_not_found(_path(key))
    return found.log


def _attachment(server: ServerState, key: Key, attachment_id: str) -> Answer:
    _log(server, key, born=True)
    found = server.conversations.store.attachment(key, attachment_id)
    if found is None:
        raise refusals.attachment_not_found(attachment_id)
    return protocol.attachment(*found)


async def _read(exchange: Exchange, key: Key, send: Send) -> Answer | None:
    request, server = exchange.request, exchange.server
    if request.method == "HEAD":
        return protocol.head(_log(server, key).head)
    if protocol.view_of(request.query) == "updates":
        return await _updates(exchange, key, send)
    protocol.check_history(request.query)
    snapshot = _log(server, key, born=True).snapshot()
    return protocol.history(snapshot)


async def _updates(exchange: Exchange, key: Key, send: Send) -> Answer | None:
    server = exchange.server
    read = protocol.parse_updates(exchange.request.query)
    log = _log(server, key)
    protocol.check_reach(read, log.head, _path(key))
    feed = ConversationFeed(server.conversations, log)
    if read.broken(log.head):
        if read.live != "sse":
            raise errors.internal_error(ulid("err", server.clock.time()))
        await send(Start(200, EVENT_STREAM))
        _break(exchange)
    try:
        if read.live == "sse":
            first = protocol.first_frame(log.row.incarnation)
            framing = Framing(protocol.control_frame, [first])
            await sse(exchange, feed, read.after, framing, send)
            return None
        if read.live == "long-poll":
            page = await poll(exchange, feed, read.after)
        else:
            page = page_after(exchange, feed, read.after)
    except Lost:
        _break(exchange)
    return protocol.updates(log.row.incarnation, page)


def _break(exchange: Exchange) -> NoReturn:
    """End the connection in mid-answer, as a server does whose stream breaks."""
    if exchange.wire is not None:
        exchange.wire.close()
    raise Hangup
