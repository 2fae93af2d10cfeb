"""The routes of conversations: what is answered to a send, an abort, an attachment, or refused.

What an answer looks like stands in `_conversation_protocol`, how a conversation is read in
`_conversation_reads`, and in what the generations of servers differ in `_dialect`.
"""

from __future__ import annotations

from functools import partial

from . import _beta_errors as beta_refusals
from . import _conversation_errors as refusals
from . import _conversation_protocol as protocol
from . import _errors as errors
from ._body import read_json
from ._conversation_reads import broken, log_of, read
from ._conversation_store import Key
from ._exchange import Exchange
from ._live import following
from ._parts import Send
from ._protocol import Answer, offset_of, waits
from ._request import Target
from ._state import ServerState
from ._submissions import Receipt
from ._wake import Wake


async def converse(exchange: Exchange, target: Target, send: Send) -> Answer | None:
    """Answer, or return `None` when the answer has been streamed."""
    server, method, rest = exchange.server, exchange.request.method, target.rest
    dialect = server.dialect
    wait = dialect.waits and method == "POST" and not rest and waits(exchange.request.query)
    allowed = dialect.routes[rest[0] if rest else ""]
    if method not in allowed:
        raise errors.method_not_allowed(method, allowed)
    key = target.agent, target.conversation
    if rest[:1] == ("attachments",):
        if target.agent not in server.agents:
            raise errors.route_not_found(method, exchange.request.raw_path)
        return _attachment(server, key, rest[1])
    if not target.conversation.strip():
        raise dialect.blank_id()
    if target.agent not in server.agents:
        raise beta_refusals.agent_not_found(target.agent)
    if rest:
        return protocol.aborted(server.submissions.abort(key))
    if method == "POST":
        return await _send(exchange, key, wait)
    return await read(exchange, key, send)


async def _send(exchange: Exchange, key: Key, wait: bool) -> Answer:
    request, server = exchange.request, exchange.server
    if not server.dialect.waits and request.param("wait") is not None:
        raise refusals.waits()
    delivery = server.dialect.parse(read_json(request))
    known = server.conversations.find(key)
    before = offset_of(-1 if known is None else known.log.head)
    receipt = server.submissions.admit(server.agents[key[0]], key, delivery)
    url = f"http://{request.headers.get('host', '')}{request.raw_path}"
    if wait:
        return await _waited(exchange, key, receipt, url, before)
    uid = receipt.uid if server.dialect.conditions else None
    return protocol.admission(url, receipt.offset, receipt.submission_id, uid, receipt.deduplicated)


async def _waited(exchange: Exchange, key: Key, receipt: Receipt, url: str, before: str) -> Answer:
    """Answer once the submission has settled: with its result, or its error."""
    server, submission_id = exchange.server, receipt.submission_id
    log, wake = log_of(server, key), Wake()
    with following(server, partial(server.conversations.subscribe, key), wake):
        while (settlement := log.settlement(submission_id)) is None:
            if log.lost:
                broken(exchange)
            await wake.wait()
    if "error" not in settlement:
        return protocol.result(settlement["result"], url, before, submission_id)
    error = settlement["error"]
    if (error.get("type"), error.get("name")) == ("internal_error", "Error"):  # no misuse
        raise errors.internal_error()
    told = (str(error.get(name, "")) for name in ("type", "message", "details"))
    raise errors.Problem(500, *told, meta=error.get("meta"))


def _attachment(server: ServerState, key: Key, attachment_id: str) -> Answer:
    log_of(server, key, born=True)
    found = server.conversations.store.attachment(key, attachment_id)
    if found is None:
        raise refusals.attachment_not_found(attachment_id)
    return protocol.attachment(*found)
