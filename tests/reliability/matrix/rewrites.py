"""Answers that say something else than their server, or in another form."""

from __future__ import annotations

import gzip
import struct
import zlib
from functools import cache

from tests.streams.faults import chunk

from .answers import Edit, Head


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
    """A hundred mebibytes in some hundred kilobytes: one that was compressed, a hundred times."""
    coder, filler, check = zlib.compressobj(1, wbits=-15), bytes(1 << 20), 0
    piece = coder.compress(filler) + coder.flush(zlib.Z_FULL_FLUSH)
    for _ in range(100):
        check = zlib.crc32(filler, check)
    sizes = struct.pack("<II", check, 100 << 20)
    return gzip.compress(b"")[:10] + 100 * piece + coder.flush() + sizes


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
