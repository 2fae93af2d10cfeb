"""The events of an agent instance as the engine follows them (beta.3 to beta.7): the protocol of
runs, of a stream that never closes (PROTOCOL, agent events)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .._stream.options import Live
from .._stream.resource import Resource
from .._stream.stats import Counters
from .._values.http import Response
from .._values.steps import Flow
from ..errors import FlueApiError, FlueError, Identifiers, StreamResetError
from .conversation_api import ConversationApi
from .conversation_errors import api_error, is_absent
from .conversation_requests import ConversationRequests
from .detection import has_abort
from .dialects import BETA_3, no_events
from .recognition import is_event


class AgentEvents(Resource):
    """`tail`: a read from the start has only the last `tail` events. `exists`: whether the instance
    is known to have been there. `ends`: whether a batch is the last that the reader wants."""

    head_tells_tail = False  # it never closes
    echoes_offsets = True

    def __init__(
        self,
        requests: ConversationRequests,
        identifiers: Identifiers,
        *,
        tail: int | None = None,
        exists: bool = False,
        ends: Callable[[list[Any]], bool] = lambda items: False,
        found: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(requests.url, requests.user_agent, identifiers)
        self._tail = tail
        self._exists = exists
        self._is_certain = False  # that these are events, and the server is one of that time
        self._ends = ends
        self._found = found

    @property
    def path(self) -> str:
        return urlsplit(self._url).path

    def parameters(self, offset: str) -> dict[str, str]:
        return {"tail": str(self._tail)} if self._tail is not None and offset == "-1" else {}

    def receive(self, items: list[Any], offset: str) -> list[Any]:
        if items and not self._is_certain and is_event(items[0]):
            self._is_certain = True
            self._found()
        self._exists = True
        return items

    def is_last(self, items: list[Any]) -> bool:
        return self._ends(items)

    def error(self, response: Response, offset: str) -> FlueError:
        error = api_error(response, retryable=True, url=self._url)
        if self._exists and is_absent(error):
            return StreamResetError(offset=offset, tail=None)
        return error


def events(
    api: ConversationApi,
    *,
    tail: int | None = None,
    exists: bool = False,
    ends: Callable[[list[Any]], bool] = lambda items: False,
) -> AgentEvents:
    """The events of the agent instance that a conversation is."""
    found = api.found
    return AgentEvents(
        api.requests,
        api.identifiers,
        tail=tail,
        exists=exists,
        ends=ends,
        found=lambda: found(BETA_3),
    )


def read_events(
    api: ConversationApi, stream: AgentEvents, offset: str, live: Live, counters: Counters
) -> Flow[None]:
    """Read the events since `offset`, batch by batch. Later servers have none."""
    if api.dialect is None and (yield from has_abort(api)):
        raise no_events()
    try:
        yield from api.follow(stream, offset, live, counters)
    except FlueApiError as error:
        if api.forgets(error):
            raise no_events() from None
        raise
