"""What a fault makes of an answer: an edit stands between a server and its connection.

It gets the answer as its server sends it: the head in one piece, then the body, whole where it has
a length, chunk by chunk where it is an event stream (`Replay` and `AgentServer` send a frame a
chunk)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from functools import cache
from typing import Literal

from tests.servers.connection import Connection
from tests.streams.faults import Framing, chunk, framed

LAST_CHUNK = b"0\r\n\r\n"


class Struck(ConnectionError):
    """The fault has ended the connection, and its handler is to end as well."""


class Head:
    """The head of an answer."""

    def __init__(self, data: bytes) -> None:
        first, *lines = data.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.first = first
        self.status = int(first.split(" ")[1])
        pairs = (line.partition(": ") for line in lines)
        self.headers = {name.lower(): value for name, _, value in pairs}

    @property
    def is_events(self) -> bool:
        return self.headers.get("content-type") == "text/event-stream"

    def reframed(self, framing: Framing, length: int = 0) -> None:
        for name in ("content-length", "transfer-encoding", "connection"):
            self.headers.pop(name, None)
        self.headers |= framed(framing, length)

    def encode(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"{self.first}\r\n{lines}\r\n".encode("latin-1")


class Edit:
    """Passes the answer on as it is; `struck` is called when something else happens."""

    def __init__(self, connection: Connection, struck: Callable[[], None]) -> None:
        self.connection = connection
        self.struck = struck
        self.write = connection.send
        self.head: Head | None = None
        self._chunked = False

    def __call__(self, data: bytes) -> None:
        if self.head is None:
            self.head = Head(data)
            self._chunked = "transfer-encoding" in self.head.headers
            self.begin(self.head)
        elif not self._chunked:
            if data:
                self.body(self.head, data)
        elif data == LAST_CHUNK:
            self.end()
        else:
            self.body(self.head, data.partition(b"\r\n")[2][:-2])

    def begin(self, head: Head) -> None:
        self.write(head.encode())

    def body(self, head: Head, data: bytes) -> None:
        self.write(chunk(data) if self._chunked else data)

    def end(self) -> None:
        self.write(LAST_CHUNK)

    def hang_up(self, how: Literal["close", "reset", "stall"]) -> None:
        self.struck()
        if how == "stall":
            self.connection.wait_closed(60)
        elif how == "reset":
            self.connection.reset()
        else:
            self.connection.close()
        raise Struck


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
    how: Literal["close", "stall"] = "close"

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


class WrongType(Edit):
    def begin(self, head: Head) -> None:
        head.headers["content-type"] = "text/html"
        self.struck()
        super().begin(head)


class Rewrite(Edit):
    """Sends the body in other words, as `rewritten`, in chunks."""

    def begin(self, head: Head) -> None:
        self._ends = "content-length" in head.headers
        if head.status != 204:
            head.reframed("chunked")
            self.struck()
        self.announce(head)
        self.write(head.encode())

    def announce(self, head: Head) -> None:
        """Say in the head what is done."""

    def body(self, head: Head, data: bytes) -> None:
        self.write(chunk(self.rewritten(head, data)))
        if self._ends:
            self.end()

    def rewritten(self, head: Head, data: bytes) -> bytes:
        return data


class Gzip(Rewrite):
    """Compresses what was asked for as it is."""

    def announce(self, head: Head) -> None:
        head.headers["content-encoding"] = "gzip"

    def rewritten(self, head: Head, data: bytes) -> bytes:
        return gzip.compress(data, 1)


class GzipBomb(Gzip):
    def rewritten(self, head: Head, data: bytes) -> bytes:
        return bomb()


@cache
def bomb() -> bytes:
    """A hundred mebibytes in some hundred kilobytes."""
    coder, filler = zlib.compressobj(1, wbits=31), bytes(1 << 20)
    return b"".join([*(coder.compress(filler) for _ in range(100)), coder.flush()])


class Padded(Rewrite):
    """Puts `filler`, or `lines` in an event stream, behind the first bracket of the JSON, which it
    does not change."""

    filler = b" "
    lines = b" "
    _is_done = False

    def rewritten(self, head: Head, data: bytes) -> bytes:
        if not head.is_events:
            return data[:1] + self.filler + data[1:]
        before, found, after = data.partition(b"event: data\ndata:[")
        if not found or self._is_done:
            return data
        self._is_done = True
        return before + found + self.lines + after


class Oversized(Padded):
    """More than a frame or a body may hold (`pace` lowers both limits)."""

    filler = lines = b" " * ((1 << 20) + 1)


class SmallLines(Padded):
    filler = b"\n" * 1_000_000
    lines = b"\ndata:" * 1_000_000


class GarbageControl(Edit):
    """Control frames that are no JSON."""

    def body(self, head: Head, data: bytes) -> None:
        if head.is_events and data.startswith(b"event: control"):
            self.struck()
            data = b"event: control\ndata:{garbage\n\n"
        super().body(head, data)


class RepeatedFrames(Edit):
    """Sends each batch of an event stream twice."""

    def begin(self, head: Head) -> None:
        self._batch: list[bytes] = []
        super().begin(head)

    def body(self, head: Head, data: bytes) -> None:
        self._batch.append(data)
        is_whole = data.startswith(b"event: control")
        is_repeated = is_whole and len(self._batch) > 1
        if is_repeated:
            self.struck()  # first: the reader may want no more after this
        super().body(head, data)
        for each in self._batch if is_repeated else ():
            super().body(head, each)
        if is_whole:
            self._batch = []
