"""Answers that are cut, stall or drip."""

from __future__ import annotations

from typing import Literal

from tests.streams.faults import Framing, chunk

from .answers import Edit, Head, HowItEnds


class Reset(Edit):
    """Resets the connection `where` the head is, once the request has been carried out."""

    where: Literal["before", "in", "after"] = "before"

    def begin(self, head: Head) -> None:
        data = head.encode()
        sent = {"before": 0, "in": 25, "after": len(data)}[self.where]
        if sent:
            self.write(data[:sent])
        self.hang_up("reset")


class ResetInHead(Reset):
    where = "in"


class ResetAfterHead(Reset):
    where = "after"


class Cut(Edit):
    """Ends the body too early: in its midst, or in the second batch of an event stream."""

    framing: Framing = "chunked"
    how: HowItEnds = "close"

    def begin(self, head: Head) -> None:
        length = int(head.headers.get("content-length", 10**6))
        self._batches = 0
        if head.status != 204:
            head.reframed(self.framing, length)
        self.write(head.encode())

    def body(self, head: Head, data: bytes) -> None:
        if head.is_events and not (self._batches and data.startswith(b"event: data")):
            self._batches += data.startswith(b"event: control")
            self.write(chunk(data) if self.framing == "chunked" else data)
            return
        cut = chunk(data) if self.framing == "chunked" else data
        self.write(cut[: len(cut) // 2])
        self.hang_up(self.how)


class ShortBody(Cut):
    framing = "length"


class CutAtEnd(Cut):
    """Cuts a body that neither is chunked nor has a length."""

    framing = "close"


class CutWithGoodbye(Cut):
    how = "goodbye"


class Damaged(Cut):
    how = "damage"


class NoGoodbye(Cut):
    """Ends a whole body that neither is chunked nor has a length, or an event stream after a batch,
    without the close_notify that says so."""

    framing = "close"

    def body(self, head: Head, data: bytes) -> None:
        self.write(data)
        self._batches += data.startswith(b"event: control")
        if not head.is_events or self._batches == 2:
            self.hang_up(self.how)


class Stall(Cut):
    how = "stall"


class Drip(Edit):
    """Sends a few bytes at a time, each in a packet of its own."""

    def __call__(self, data: bytes) -> None:
        if self.head is None:
            self.head = Head(data)
            self.struck()
        for start in range(0, len(data), 7):
            self.write(data[start : start + 7])
