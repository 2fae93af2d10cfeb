"""Finds out which generation of the agents' protocol a server speaks, where an answer leaves it
open. No request here can execute anything (PROTOCOL, generations)."""

from __future__ import annotations

from .._stream.failures import is_overdue, overdue
from .._values.steps import DeadlineExceeded, Flow, Sleep, T
from ..errors import (
    FlueApiError,
    FlueConnectionError,
    FlueTimeoutError,
    InvokeOutcomeUnknownError,
)
from .conversation_api import ConversationApi
from .conversation_errors import FOREIGN_404, is_absent, is_foreign
from .dialects import BETA_3, BETA_8, TWO, Dialect
from .recognition import holds_events, refuses_body

_NO_UID = "none-of-this-name"
"""A uid that no conversation has. A 2.x server refuses a send to it; the betas refuse its body."""

_PACE = 0.02
"""Seconds between two looks whether another call has found the generation."""

_LOOKS = 250
"""How often it is looked, five seconds. The search may stand still: that of a cancelled stream that
nobody resumes."""


def has_abort(api: ConversationApi) -> Flow[bool]:
    """Whether conversations can be aborted: only beta.3 to beta.7 have no such route, and answer
    its `GET` like any unknown path instead of with 405."""
    request = api.requests.get_abort()
    response = yield from api.call(request)
    if response.status == 405:
        return True
    error = api.error(request, response)
    if response.status in (200, 404) and error.type in FOREIGN_404:
        return False
    raise error


def find(api: ConversationApi) -> Flow[Dialect]:
    """Return the dialect of a server that has refused the body of a send."""
    if not (yield from has_abort(api)):
        return BETA_3
    request = api.requests.send({"kind": "user", "body": "", "uid": _NO_UID}, repeatable=True)
    try:
        response = yield from api.call(request)
    except InvokeOutcomeUnknownError as error:  # nothing was executed, whatever became of it
        kind = FlueTimeoutError if is_overdue(error) else FlueConnectionError
        raise kind(error.message, cause=error.cause) from None
    if refuses_body(response):
        return BETA_8
    refusal = api.error(request, response)
    if refusal.type == "agent_instance_not_found":
        return TWO
    raise refusal


def find_together(api: ConversationApi) -> Flow[Dialect]:
    """As `find`, for an agent of which nothing is known. Of all calls that want to know it at once,
    one sends the requests; the others sleep until it is done."""
    for _ in range(_LOOKS):
        if api.dialect is not None:
            return api.dialect
        if api.generations.begin_search(api.requests.url):
            break
        try:
            yield Sleep(_PACE)
        except DeadlineExceeded:
            raise overdue(None, "while the generation of the server was found out") from None
    try:
        dialect = yield from find(api)
        api.found(dialect)
        return dialect
    finally:
        api.generations.end_search(api.requests.url)


def supported(api: ConversationApi, what: str, flow: Flow[T]) -> Flow[T]:
    """Run `flow`, the call `what`, which beta.3 to beta.7 do not have. They answer it like an
    unknown path, and know the conversation's own path all the same."""
    api.need(what)
    try:
        return (yield from flow)
    except FlueApiError as error:
        if api.dialect is None and is_foreign(error) and (yield from _knows_path(api)):
            api.found(BETA_3)
            raise BETA_3.unsupported(what) from None
        raise


def _knows_path(api: ConversationApi) -> Flow[bool]:
    request = api.requests.history(None)
    response = yield from api.call(request)
    return holds_events(response) or is_absent(api.error(request, response))
