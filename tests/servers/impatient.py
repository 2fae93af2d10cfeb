"""A TCP proxy that resets connections which have been idle, as load balancers do."""

from __future__ import annotations

import math

from tests.servers.pipe import End
from tests.servers.proxy import TcpProxy


class ImpatientProxy(TcpProxy):
    """Resets a connection that has carried nothing for so long; a context manager."""

    def __init__(self, target: tuple[str, int]) -> None:
        super().__init__(target)
        self.killed = 0
        self._idle_seconds = math.inf
        self._carried_at: dict[End, float] = {}

    def set_patience(self, seconds: float) -> None:
        """Reset what is idle for `seconds` from now on; at first that is `math.inf`."""

        def apply() -> None:
            self._idle_seconds = seconds
            for end in list(self._carried_at):
                self._carried(end)
                self._watch(end)

        self._call(apply)

    def opened(self, end: End) -> None:
        self._carried_at[end] = self.loop.time()
        super().opened(end)
        self._watch(end)

    def closed(self, end: End) -> None:
        del self._carried_at[end]
        super().closed(end)

    def setting_out(self, end: End, data: bytes) -> None:
        self._carried(end if end.faces_client else end.other)

    def _carried(self, end: End | None) -> None:
        if end in self._carried_at:
            self._carried_at[end] = self.loop.time()

    def _watch(self, end: End) -> None:
        if end not in self._carried_at or self._idle_seconds == math.inf:
            return
        left = self._carried_at[end] + self._idle_seconds - self.loop.time()
        if left > 0:
            self.loop.call_later(left, self._watch, end)
        else:
            self.killed += 1
            end.cut()
