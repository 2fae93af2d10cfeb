"""The server as an ASGI application: from a scope to a request, and from its answer to messages.

Runs on asyncio and trio, under any ASGI server or in-process transport. Faults stand around the
handling of a request, which `_routes` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import unquote

import anyio

from . import _errors as errors
from . import _protocol as protocol
from ._exchange import Exchange, reply
from ._inject import Injector
from ._parts import Hangup, Part, Send, Start
from ._request import Request, escaped, segments
from ._routes import route
from ._state import ServerState

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
RawSend = Callable[[Message], Awaitable[None]]


async def serve(
    server: ServerState, injector: Injector, scope: Scope, receive: Receive, send: RawSend
) -> None:
    """Serve one ASGI scope."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        raise RuntimeError(f"LocalFlue speaks HTTP, not {scope['type']}")
    try:
        request = await _request(server, scope, receive)
    except Hangup:
        return
    extensions: dict[str, Any] = scope.get("extensions") or {}
    exchange = Exchange(request, server, extensions.get("flue_client.wire"))
    async with anyio.create_task_group() as group:
        group.start_soon(_hang_up, receive, group.cancel_scope)
        with suppress(Hangup):
            await _answer(exchange, injector, _asgi(exchange, send))
        group.cancel_scope.cancel()


async def _lifespan(receive: Receive, send: RawSend) -> None:
    while (kind := (await receive())["type"]) != "lifespan.shutdown":
        await send({"type": f"{kind}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _hang_up(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _request(server: ServerState, scope: Scope, receive: Receive) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Hangup
        body += message.get("body", b"")
        more = message.get("more_body", False)
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = _resolved(raw.decode("latin-1").partition("?")[0])
    inner = path.removeprefix((scope.get("root_path") or "") + server.prefix)
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    query = tuple(protocol.parse_query(scope["query_string"].decode("latin-1")))
    decoded = _decoded(inner)
    target = server.agents.locate(segments(decoded))
    return Request(scope["method"], decoded, query, headers, body, path, target)


def _decoded(path: str) -> str:
    """Decode each segment by itself, so that an escaped slash does not make two of one."""
    return "/".join(escaped(unquote(part)) for part in path.split("/"))


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


async def _answer(exchange: Exchange, injector: Injector, send: Send) -> None:
    """Let the faults that strike this request stand around its handling, the first outermost."""
    exchange.server.asked(exchange.request)

    async def handle(send: Send) -> None:
        try:
            answer = await route(exchange, send)
        except errors.Problem as problem:
            answer = protocol.problem(problem)
        if answer is not None:
            await reply(exchange.request, answer, send)

    for fault in reversed(injector.match(exchange.request)):
        handle = partial(fault.strike, exchange, handle=handle)
    await handle(send)
