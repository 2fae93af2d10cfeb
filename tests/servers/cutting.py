"""A TCP proxy under which hardly a connection stays whole: it strikes at random bytes and times.

Each connection gets a fault when it is made, which strikes if the connection lives long enough.
`struck` counts them. What a fault is, stands in `KINDS`; which ones come, a seed decides.
`starts` counts the requests that start a run, whether they arrive or not.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Literal

from tests.servers.pipe import End
from tests.servers.proxy import TcpProxy

PASSING = (408, 425, 429, 500, 502, 503, 504, 520, 524)
"""Statuses that say nothing about a read, and may pass."""

KINDS = {
    "reset": 24,  # after some bytes of the answers
    "end": 24,  # a FIN after some bytes of the answers
    "half-close": 6,  # a FIN likewise; what the client sends is still taken
    "stall": 1,  # nothing more either way, and no end
    "drip": 4,  # a few bytes at a time from some byte on
    "cut request": 12,  # a reset after some bytes of the requests
    "unanswered": 8,  # a reset in place of an answer; the request does not arrive
    "status page": 10,  # a gateway's; the request does not arrive
    "late reset": 6,  # at some time
    "late end": 5,
}
"""How often each comes, of 100."""

LONGEST_BYTES = 32 * 1024
LONGEST_SECONDS = 0.5
_REQUEST_BYTES = 600
_DRIPS, _DRIP_SECONDS = 40, 0.001
_ALONE = ("unanswered", "status page")


class CuttingProxy(TcpProxy):
    """Strikes each of its connections, sooner or later; a context manager."""

    def __init__(self, target: tuple[str, int], seed: int) -> None:
        super().__init__(target)
        self.struck = Counter(dict.fromkeys(KINDS, 0))  # no new keys while another thread adds up
        self.starts = 0
        self.chance = random.Random(seed)

    def make_end(self, other: End | None = None) -> End:
        return CutEnd(self, other)

    def opened(self, end: End) -> None:
        assert isinstance(end, CutEnd)
        end.draw()
        super().opened(end)

    async def _dial(self, end: End) -> None:
        if not (isinstance(end, CutEnd) and end.kind in _ALONE):
            await super()._dial(end)


class CutEnd(End):
    """An end of a connection with one fault, which the end that faces the client knows."""

    proxy: CuttingProxy

    def __init__(self, proxy: CuttingProxy, other: End | None = None) -> None:
        super().__init__(proxy, other)
        self.kind = ""
        self.page = b""
        self.left = 0
        self.struck = False
        self._dripping: bytearray | None = None
        self._ended = False

    def draw(self) -> None:
        """Choose the fault; small numbers of bytes are as likely as large ones."""
        chance = self.proxy.chance
        (self.kind,) = chance.choices(list(KINDS), list(KINDS.values()))
        most = _REQUEST_BYTES if self.kind == "cut request" else LONGEST_BYTES
        self.left = int(math.exp(chance.uniform(0, math.log(most)))) - 1
        body = b"<html>Bad weather</html>"
        head = "HTTP/1.1 {} Reason\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n"
        self.page = head.format(chance.choice(PASSING), len(body)).encode() + body
        if self.kind.startswith("late"):
            seconds = chance.random() * LONGEST_SECONDS
            self.proxy.loop.call_later(seconds, self.strike, b"")

    def data_received(self, data: bytes) -> None:
        self.proxy.starts += self.faces_client and data.startswith(b"POST /workflows/")
        if self.faces_client and self.kind in _ALONE:
            self.strike(data)
        else:
            super().data_received(data)

    def eof_received(self) -> bool:
        return super().eof_received() and not (self.faces_client and self.kind in _ALONE)

    def carry(self, data: bytes | None) -> None:
        front = self if self.faces_client else self.other
        if not isinstance(front, CutEnd) or not front.kind:
            super().carry(data)
        elif front.struck:
            self._carry_after(front, data)
        elif data is None or not self._is_struck_at(front) or len(data) <= front.left:
            if data is not None and self._is_struck_at(front):
                front.left -= len(data)
            super().carry(data)
        else:
            if front.left:
                super().carry(data[: front.left])
            front.strike(data[front.left :])

    def _is_struck_at(self, front: CutEnd) -> bool:
        """Whether the fault strikes what goes to this end."""
        if front.kind.startswith("late") or front.kind in _ALONE:
            return False
        return self.faces_client != (front.kind == "cut request")

    def _carry_after(self, front: CutEnd, data: bytes | None) -> None:
        if front.kind == "drip" and self.faces_client and self._dripping is not None:
            self._dripping += data or b""
            self._ended = self._ended or data is None
        elif front.kind == "drip":
            super().carry(data)
        elif self.faces_client:
            pass
        elif data is None:  # the client has noticed
            front._finish("close")
        elif front.kind == "half-close":
            super().carry(data)

    def strike(self, rest: bytes) -> None:
        """Let the fault happen where `rest` would have been next."""
        if self.struck or self.transport is None or self.transport.is_closing():
            return
        self.struck = True
        self.proxy.struck[self.kind] += 1
        match self.kind:
            case "end" | "late end":
                self._finish("close")
            case "half-close":
                self.transport.write_eof()
            case "stall":
                pass
            case "drip":
                self._dripping = bytearray(rest)
                self._drip(_DRIPS)
            case "status page":
                self.transport.write(self.page)
                self.transport.close()
            case _:
                self._finish("reset")

    def _finish(self, how: Literal["reset", "close"]) -> None:
        self.drop(how)
        if self.other:
            self.other.drop("reset")

    def _drip(self, left: int) -> None:
        if self._dripping is None or self.is_closing():
            return
        size = 7 if left else len(self._dripping)
        piece = bytes(self._dripping[:size])
        del self._dripping[:size]
        if piece:
            super().carry(piece)
        if left:
            self.proxy.loop.call_later(_DRIP_SECONDS, self._drip, left - 1)
        else:
            self._dripping = None
            self.struck = False  # the next fault follows
            self.draw()
            if self._ended:
                super().carry(None)
