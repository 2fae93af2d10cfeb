"""What the engine needs to know of one kind of Durable Stream. The class itself is a plain stream
of JSON items at a URL; a subclass adds what is special about its kind."""

from __future__ import annotations

from typing import Any, ClassVar

from .._values.http import Request, Response, without_query
from ..errors import FlueApiError, FlueError, Identifiers
from .request import Mode, stream_request


class Resource:
    """A stream that can be followed: its requests, its end and its errors."""

    catches_up_over_sse: ClassVar[bool] = True
    """Whether SSE brings a long history faster than pages (mode `"bulk"`)."""
    head_tells_tail: ClassVar[bool] = True
    """Whether a `HEAD` tells an end from an offset beyond it (PROTOCOL, beyond the head)."""
    echoes_offsets: ClassVar[bool] = False
    """Whether a read beyond the head answers like one at it, of a stream that does not close."""
    names_its_end: ClassVar[bool] = False
    """Whether the last item says that it is the last: a stream that is closed without it is not
    whole, or not the one whose offset was reached."""
    sse_tells_loss: ClassVar[bool] = True
    """Whether an event stream says why it brings nothing from an offset beyond the head."""

    def __init__(self, url: str, user_agent: str, identifiers: Identifiers | None = None) -> None:
        self.identifiers = identifiers or Identifiers()
        """What the errors of a reading name."""
        self._url = url
        self._user_agent = user_agent

    @property
    def shown_url(self) -> str:
        """The URL without its query."""
        return without_query(self._url)

    def request(self, mode: Mode, offset: str, cursor: str | None) -> Request:
        """Return the request of one round, without credentials."""
        own = self.parameters(offset)
        return stream_request(self._url, self._user_agent, mode, offset, cursor, own)

    def parameters(self, offset: str) -> dict[str, str]:
        """Return the query parameters of this kind of stream."""
        return {}

    def receive(self, items: list[Any], offset: str) -> list[Any]:
        """Return the items of the stream among those that an answer to a request at `offset` holds.
        May raise `StreamResetError`."""
        return items

    def is_last(self, items: list[Any]) -> bool:
        """Whether the stream ends with this batch, even if no answer says so."""
        return False

    def error(self, response: Response, offset: str) -> FlueError:
        """Return the error for an answer, to a request at `offset`, that is not the one asked for.
        It is raised when no retry helps, and may be a `StreamResetError`."""
        return FlueApiError(response)
