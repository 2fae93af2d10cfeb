"""What a follower is told, and the words it thinks in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from .._values.http import Request, Response
from .._values.steps import Failure
from ..errors import FlueApiError, FlueError
from .backoff import BackoffOptions
from .credentials import Credentials

Live: TypeAlias = Literal["long-poll", "sse", "auto"] | None
Mode: TypeAlias = Literal["page", "long-poll", "sse", "bulk", "tail"]


class Source(NamedTuple):
    """What to follow. `request(method, offset, mode, cursor)` builds each request; `is_last` looks
    at a batch's items for an end that the stream itself may not announce."""

    request: Callable[[str, str, Mode, str | None], Request]
    credentials: Credentials
    offset: str
    live: Live
    max_frame_bytes: int
    backoff: BackoffOptions = BackoffOptions()
    pages_only: bool = False
    is_last: Callable[[list[Any]], bool] = lambda items: False
    api_error: Callable[[Response], FlueApiError] = FlueApiError


class RequestFailure(NamedTuple):
    """Why a request did not end well, and what a final error would be. Neither a failure nor a
    status: the answer is not what the protocol says."""

    cause: str
    error: FlueError
    failure: Failure | None = None
    status: int | None = None
    floor: float = 0.0

    @property
    def outcome(self) -> Failure | int | None:
        return self.failure or self.status
