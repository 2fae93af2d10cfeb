"""The server as an ASGI application: from a scope to a request, its route, and its answer.

Runs on asyncio and trio, under any ASGI server or in-process transport. Faults stand around the
handling of a request; what is answered stands in `_protocol`, reads that wait in `_live`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import anyio

from . import _errors as errors
from . import _protocol as protocol
from ._exchange import Exchange, Hangup, Part, Request, Send, Start, reply
from ._json import InvalidJson, dumps, encode, loads
from ._live import following, long_poll, page_after, sse
from ._protocol import Answer
from ._wake import Wake
from ._workflows import MISSING, admit

if TYPE_CHECKING:
    from ._local import LocalFlue

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
RawSend = Callable[[Message], Awaitable[None]]


async def serve(server: LocalFlue, scope: Scope, receive: Receive, send: RawSend) -> None:
    """Serve one ASGI scope."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        raise RuntimeError(f"LocalFlue speaks HTTP, not {scope['type']}")
    try:
        request = await _request(server.prefix, scope, receive)
    except Hangup:
        return
    extensions: dict[str, Any] = scope.get("extensions") or {}
    exchange = Exchange(request, server, extensions.get("flue_client.wire"))
    async with anyio.create_task_group() as group:
        group.start_soon(_hang_up, receive, group.cancel_scope)
        with suppress(Hangup):
            await _answer(exchange, _asgi(exchange, send))
        group.cancel_scope.cancel()


async def _lifespan(receive: Receive, send: RawSend) -> None:
    while (kind := (await receive())["type"]) != "lifespan.shutdown":
        await send({"type": f"{kind}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _hang_up(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _request(prefix: str, scope: Scope, receive: Receive) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Hangup
        body += message.get("body", b"")
        more = message.get("more_body", False)
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = _resolved(raw.decode("latin-1").partition("?")[0])
    inner = path.removeprefix((scope.get("root_path") or "") + prefix)
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    query = tuple(protocol.parse_query(scope["query_string"].decode("latin-1")))
    return Request(scope["method"], _decoded(inner), query, headers, body, path)


def _decoded(path: str) -> str:
    """Decode each segment by itself, so that an escaped slash does not make two of one."""
    return "/".join(unquote(part).replace("/", "%2F") for part in path.split("/"))


def _resolved(path: str) -> str:
    """Resolve dot segments, written plainly or escaped, as every URL parser does."""
    parts: list[str] = []
    for part in path.split("/")[1:]:
        dots = part.lower().replace("%2e", ".")
        if dots not in (".", ".."):
            parts.append(part)
        elif dots == "..":
            del parts[-1:]
    return "/" + "/".join(parts)


def _asgi(exchange: Exchange, send: RawSend) -> Send:
    """Turn parts into ASGI messages; a HEAD has no body whatever was said."""

    async def emit(part: Part) -> None:
        if isinstance(part, Start):
            exchange.server.answered(exchange.request, part.status)
            headers = [(name.encode(), value.encode("latin-1")) for name, value in part.headers]
            await send({"type": "http.response.start", "status": part.status, "headers": headers})
        else:
            body = b"" if exchange.request.method == "HEAD" else part.data
            await send({"type": "http.response.body", "body": body, "more_body": not part.last})

    return emit


async def _answer(exchange: Exchange, send: Send) -> None:
    """Let the faults that strike this request stand around its handling, the first outermost."""
    exchange.server.asked(exchange.request)

    async def handle(send: Send) -> None:
        try:
            answer = await _route(exchange, send)
        except errors.Problem as problem:
            answer = protocol.problem(problem)
        if answer is not None:
            await reply(exchange.request, answer, send)

    for fault in reversed(exchange.server.injector.match(exchange.request)):
        handle = partial(fault.strike, exchange, handle=handle)
    await handle(send)


async def _route(exchange: Exchange, send: Send) -> Answer | None:
    """Answer, or return `None` when the answer has been streamed."""
    request = exchange.request
    exchange.server.authorize(request)
    if request.workflow is not None:
        return await _invoke(exchange.server, request)
    if request.run_id is not None:
        return await _read(exchange, request.run_id.replace("%2F", "/"), send)
    raise errors.route_not_found(request.method, request.raw_path)


async def _invoke(server: LocalFlue, request: Request) -> Answer:
    name = (request.workflow or "").replace("%2F", "/")
    wait = [value for key, value in request.query if key == "wait"]
    if request.method == "POST" and wait not in ([], ["result"]):
        got = "Array" if len(wait) > 1 else dumps(wait[0])
        wrong = f'wait: Invalid type: Expected "result" but received {got}'
        raise errors.invalid_request(f"Invalid query parameters: {wrong}")
    if request.method != "POST":
        raise errors.method_not_allowed(request.method, ("POST",))
    if not name.strip():
        shape = "Workflow URLs must have the shape /workflows/<name> with a non-empty segment."
        raise errors.invalid_request(shape)
    workflow = server.workflows.get(name)
    if workflow is None:
        raise errors.workflow_not_found(name)
    run = admit(workflow, server.runs, _input(request))
    if not wait:
        return Answer(202, (protocol.JSON,), encode(dumps({"runId": run.run_id})))
    wake = Wake()
    with following(server, run.run_id, wake):
        while not run.done.is_set():
            await wake.wait()
    if run.error is None:
        body = {"result": run.result, "runId": run.run_id}
        return Answer(200, (protocol.JSON,), encode(dumps(body)))
    raise run.error if isinstance(run.error, errors.Problem) else errors.internal_error()


def _input(request: Request) -> Any:
    """Read the body as the input: left out, or any JSON."""
    length, kind = request.headers.get("content-length"), request.headers.get("content-type")
    if length == "0" or (length is None and kind is None):
        return MISSING
    if "application/json" not in (kind or "").lower():
        raise errors.unsupported_media_type(kind)
    if not request.body.strip():
        return MISSING
    try:
        return loads(request.body)
    except InvalidJson as error:
        raise errors.invalid_json(str(error)) from None


async def _read(exchange: Exchange, run_id: str, send: Send) -> Answer | None:
    server, request = exchange.server, exchange.request
    run = server.runs.find(run_id)
    workflow = None if run is None else server.workflows.get(run.workflow)
    if run is None or workflow is None or not workflow.readable:
        raise errors.run_not_found(run_id)
    if request.method not in ("GET", "HEAD"):
        raise errors.method_not_allowed(request.method, ("GET", "HEAD"))
    last = run.size - 1
    if request.method == "HEAD":
        return protocol.head(run_id, last, run.closed)
    if request.param("meta") is not None:
        return Answer(200, (protocol.JSON,), encode(run.record))
    read = protocol.parse_read(request.query)
    start = protocol.start_of(read, last)
    if read.live == "sse":
        await sse(exchange, run_id, start, send)
        return None
    if read.live == "long-poll":
        return await long_poll(exchange, run_id, start, read.cursor)
    after = last if start == "now" else protocol.sequence_of(start)
    page = page_after(exchange, run_id, after)
    return protocol.catch_up(run_id, start, page, request.headers.get("if-none-match"))
