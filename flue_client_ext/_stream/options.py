"""How a stream is read, whatever it holds."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from .backoff import BackoffOptions
from .credentials import Credentials
from .sse import MAX_FRAME_BYTES

Live: TypeAlias = Literal["long-poll", "sse", "auto"] | None


class ReadOptions(NamedTuple):
    """The options of one reading, checked. `pages_only`: never use SSE to catch up."""

    credentials: Credentials = Credentials()
    offset: str = "-1"
    live: Live = None
    backoff: BackoffOptions = BackoffOptions()
    pages_only: bool = False
    max_frame_bytes: int = MAX_FRAME_BYTES
