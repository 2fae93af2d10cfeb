"""The options of a stream, for every kind of resource."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from .backoff import BackoffOptions
from .credentials import Credentials
from .sse import MAX_FRAME_BYTES

Live: TypeAlias = Literal["long-poll", "sse", "auto"] | None


class ReadOptions(NamedTuple):
    """The options of one reading, checked. `backoff`: `None` for the default; `pages_only`:
    never use SSE to catch up."""

    credentials: Credentials = Credentials()
    offset: str = "-1"
    live: Live = None
    backoff: BackoffOptions | None = None
    pages_only: bool = False
    max_frame_bytes: int = MAX_FRAME_BYTES
