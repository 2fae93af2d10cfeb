"""What a stream without news tells of a submission that is waited for.

A server that has lost its store may have another conversation of the same id, which is long enough
for the old offset. An admission names no incarnation, so the stream looks right, and the submission
never settles there. A message that waits in the queue is in no snapshot either, but it waits behind
one that is: only where nothing is pending has the submission been lost (PROTOCOL, lost
conversations)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._values.limits import LIMITS
from .._values.steps import Batch

Json = dict[str, Any]


class Silence:
    """The time that a stream has been at its tail. It begins with an answer that says so, not with
    a request: a server may have been down in between."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since: float | None = None
        self.offset = ""
        """Where the stream is."""

    @property
    def is_over(self) -> bool:
        """Whether it has lasted so long that the conversation is to be looked at."""
        return self._since is not None and self._now() - self._since >= LIMITS.silence

    def take(self, batch: Batch) -> None:
        """Note what came."""
        self.offset = batch.offset
        if batch.items or not batch.up_to_date:
            self._since = None
        elif self._since is None:
            self._since = self._now()

    def has_lasted(self, snapshot: Json) -> bool:
        """Whether the conversation, looked at now, has not moved on either. If it has, the stream
        is about to tell."""
        return bool(snapshot["offset"] == self.offset)
