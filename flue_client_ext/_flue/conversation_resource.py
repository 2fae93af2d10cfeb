"""A conversation as the engine follows it: the updates since an offset, a stream that never closes.

Knows when a server has lost what an offset pointed at. For the same offset that shows as a 404 at
first, as a 416 (a 500 before 2.0) while the new stream is shorter, and then by the identity of the
stream alone: its incarnation, which each answer of 2.x begins with, or the id of the conversation
(PROTOCOL, lost conversations)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .._stream.resource import Resource
from .._values.http import Response
from .._values.jsoncodec import as_object
from ..errors import FlueError, Identifiers, StreamResetError
from .conversation_errors import api_error, beyond_head, is_absent
from .conversation_requests import ConversationRequests
from .dialects import BETA_3, Dialect
from .recognition import is_event

_CHECKPOINT = "stream-checkpoint"


class ConversationResource(Resource):
    """`incarnation`: that of the stream which the offset belongs to, where it is known. `exists`:
    whether the conversation is known to have been there. `ends`: whether a batch is the last that
    the reader wants. `found` is told the dialect where an answer shows it."""

    head_tells_tail = False  # it never closes
    sse_tells_loss = (
        False  # beta.8 and beta.9 break off an event stream that begins beyond the head
    )

    def __init__(
        self,
        requests: ConversationRequests,
        identifiers: Identifiers,
        *,
        incarnation: str | None = None,
        exists: bool = True,
        ends: Callable[[list[Any]], bool] = lambda items: False,
        found: Callable[[Dialect], None] = lambda dialect: None,
    ) -> None:
        super().__init__(requests.url, requests.user_agent, identifiers)
        self.incarnation = incarnation
        self.has_checkpoints: bool | None = None
        """Whether its answers begin with a checkpoint, as those of 2.x do; `None` before one."""
        self._conversation_id: str | None = None
        self._exists = exists
        self._ends = ends
        self._found = found

    @property
    def path(self) -> str:
        return urlsplit(self._url).path

    @property
    def identity(self) -> str | None:
        """What a saved offset is only good with; `None` before it is known."""
        return self.incarnation or self._conversation_id

    def parameters(self, offset: str) -> dict[str, str]:
        return {"view": "updates"}

    def receive(self, items: list[Any], offset: str) -> list[Any]:
        """Take out the checkpoint that each answer of 2.x begins with: it is no progress. One of
        another incarnation says that the offset means another stream."""
        self._exists = True
        first = as_object(items[0]) if items else {}
        if first.get("type") == _CHECKPOINT:
            self.has_checkpoints = True
            self._check_incarnation(first.get("incarnation"), offset)
            return items[1:]
        if is_event(first):
            self._found(BETA_3)
            raise BETA_3.unsupported("updates")
        if not self.has_checkpoints:
            self.has_checkpoints = False
            self._check_conversation(items, offset)
        return items

    def _check_incarnation(self, found: Any, offset: str) -> None:
        if not isinstance(found, str):
            return
        if self.incarnation is None:
            self.incarnation = found
        elif found != self.incarnation:
            raise StreamResetError(offset=offset, tail=None)

    def _check_conversation(self, items: list[Any], offset: str) -> None:
        """Check that the updates are of one conversation; only a reset leads to another one."""
        for item in map(as_object, items):
            found = item.get("conversationId")
            if not isinstance(found, str) or found == self.identity:
                continue
            if self.identity is not None and item.get("type") != "conversation-reset":
                raise StreamResetError(offset=offset, tail=None)
            self.incarnation, self._conversation_id = None, found

    def is_last(self, items: list[Any]) -> bool:
        return self._ends(items)

    def error(self, response: Response, offset: str) -> FlueError:
        error = api_error(response, retryable=True, url=self._url)
        reset = beyond_head(error, offset)
        if reset is None and self._exists and is_absent(error):
            return StreamResetError(offset=offset, tail=None)
        return reset or error
