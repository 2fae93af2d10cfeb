"""The routes: what is answered to an invocation and to a read, or which refusal is raised.

What an answer looks like stands in `_protocol`, when a read that waits is answered in `_live`.
"""

from __future__ import annotations

from . import _errors as errors
from . import _protocol as protocol
from ._body import read_json
from ._conversation_protocol import nothing_mounted
from ._conversation_routes import converse
from ._event_reads import read_events
from ._exchange import Exchange
from ._json import dumps, encode
from ._live import following
from ._parts import Send
from ._protocol import Answer
from ._request import Request
from ._state import ServerState
from ._wake import Wake
from ._workflows import admit


async def route(exchange: Exchange, send: Send) -> Answer | None:
    """Answer, or return `None` when the answer has been streamed."""
    request = exchange.request
    exchange.server.authorize(request)
    if request.target is not None:
        return await converse(exchange, request.target, send)
    if not exchange.server.serves_workflows or exchange.server.dialect.owns(request.path):
        return nothing_mounted()
    if request.workflow is not None:
        return await _invoke(exchange.server, request)
    if request.run_id is not None:
        return await _read(exchange, request.run_id, send)
    raise errors.route_not_found(request.method, request.raw_path)


async def _invoke(server: ServerState, request: Request) -> Answer:
    name = request.workflow or ""
    wait = request.method == "POST" and protocol.waits(request.query)
    if request.method != "POST":
        raise errors.method_not_allowed(request.method, ("POST",))
    if not name.strip():
        shape = "Workflow URLs must have the shape /workflows/<name> with a non-empty segment."
        raise errors.invalid_request(shape)
    workflow = server.workflows.get(name)
    if workflow is None:
        raise errors.workflow_not_found(name)
    run = admit(workflow, server.runs, read_json(request))
    if not wait:
        return Answer(202, (protocol.JSON,), encode(dumps({"runId": run.run_id})))
    wake = Wake()
    with following(server, server.runs.feed(run.run_id).subscribe, wake):
        while not run.done.is_set():
            await wake.wait()
    if run.error is None:
        body = {"result": run.result, "runId": run.run_id}
        return Answer(200, (protocol.JSON,), encode(dumps(body)))
    raise run.error if isinstance(run.error, errors.Problem) else errors.internal_error()


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
        return protocol.head(f"runs/{run_id}", last, run.closed)
    if request.param("meta") is not None:
        return Answer(200, (protocol.JSON,), encode(run.record))
    feed = server.runs.feed(run_id)
    return await read_events(exchange, f"runs/{run_id}", feed, last, send)
