"""A conversation as the engine follows it: the updates since an offset, a stream that never closes.

Knows when a server has lost what an offset pointed at. For the same offset that shows as a 404 at
first, as a 416 while the new stream is shorter, and then by its incarnation alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .._stream.resource import Resource
from .._values.http import Response
from .._values.jsoncodec import as_object
from ..errors import FlueError, Identifiers, StreamResetError
from .conversation_errors import api_error, is_absent
from .conversation_requests import ConversationRequests

_CHECKPOINT = "stream-checkpoint"


class ConversationResource(Resource):
    """`incarnation`: that of the stream which the offset belongs to, where it is known. `exists`:
    whether the conversation is known to have been there. `ends`: whether a batch is the last that
    the reader wants."""

    head_tells_tail = False  # it never closes

    def __init__(
        self,
        requests: ConversationRequests,
        identifiers: Identifiers,
        *,
        incarnation: str | None = None,
        exists: bool = True,
        ends: Callable[[list[Any]], bool] = lambda items: False,
    ) -> None:
        super().__init__(requests.url, requests.user_agent, identifiers)
        self.incarnation = incarnation
        self._exists = exists
        self._ends = ends

    @property
    def path(self) -> str:
        return urlsplit(self._url).path

    def parameters(self, offset: str) -> dict[str, str]:
        return {"view": "updates"}

    def receive(self, items: list[Any], offset: str) -> list[Any]:
        """Take out the checkpoint that each answer begins with: it is no progress. One of another
        incarnation says that the offset means another stream."""
        self._exists = True
        if all(as_object(item).get("type") != _CHECKPOINT for item in items[:1]):
            return items
        found = as_object(items[0]).get("incarnation")
        if self.incarnation is None:
            self.incarnation = found
        elif found is not None and found != self.incarnation:
            raise StreamResetError(offset=offset, tail=None)
        return items[1:]

    def is_last(self, items: list[Any]) -> bool:
        return self._ends(items)

    def error(self, response: Response, offset: str) -> FlueError:
        error = api_error(response, retryable=True, url=self._url)
        if response.status == 416 and error.type == "stream_offset_gone":
            tail = as_object(error.meta).get("nextOffset")
            return StreamResetError(offset=offset, tail=tail if isinstance(tail, str) else None)
        if self._exists and is_absent(error):
            return StreamResetError(offset=offset, tail=None)
        return error
