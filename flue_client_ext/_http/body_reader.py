"""The body of a response: what follows its head goes in, the bytes of the body come out.

It knows the framing of RFC 9112, sections 6 and 7: chunks with extensions and trailers, a length,
the end of the connection. (h11 reads heads; a chunk of a body takes it 30 microseconds and several
copies.) No I/O, no clock. Time is linear in the bytes, however they are cut, and little more is
kept than what was received last."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterator
from functools import cache
from itertools import repeat
from typing import TypeAlias

from .._values.http import Head, Request
from .message import may_have_body
from .operations import HttpCut
from .receive_buffer import ReceiveBuffer

_MAX_CHUNKS = 1000
"""Chunks that one `take` returns. A chunk has at least six bytes: one receive may hold 90,000."""

_MAX_LINE_BYTES = 16 * 1024
"""Bytes of a chunk's size with its extensions, and of all trailers (RFC 9112 section 7.1.1 asks for
a limit). What there is of a line is searched again when more of it comes."""

_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*"
"""No control characters but tabs: another peer may take one for the end of the line."""

# Blanks behind a size are not in the standard: some servers pad it.
_CHUNK_SIZE = rb"([0-9A-Fa-f]{1,20})(?:;" + _TEXT + rb"|[ \t]*)"
_TRAILER = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+:" + _TEXT

_Parts: TypeAlias = Iterator[bytes]
"""Parts of a body; `b""` where more must be received."""


class BodyReader:
    """Reads one body. Bytes that break its framing raise `HttpCut`."""

    def __init__(self, request: Request, head: Head, data: bytes) -> None:
        """`data`: the bytes that were received behind the head."""
        self.ended = False
        """Whether the body was taken to its end."""
        self.has_more = False
        """Whether the latest `take` may have left bytes of the body."""
        self._buffer = ReceiveBuffer(data)
        self._close_delimited = head.close_delimited
        # Chunks override a length (RFC 9112 section 6.3), but a proxy may have seen another end.
        self._ambiguous = {"transfer-encoding", "content-length"} <= head.headers.keys()
        self._parts = _parts(self._buffer, may_have_body(request, head.status), head)

    @property
    def ended_exactly(self) -> bool:
        """Whether a next response would begin at the next byte of the connection."""
        delimited = not (self._close_delimited or self._ambiguous)
        return self.ended and delimited and not self._buffer.rest

    def take(self) -> bytes:
        """Return bytes of the body that are here; `b""` if more must be received, or at its end."""
        parts: list[bytes] = []
        self.has_more = False
        try:
            for part in self._parts:
                if not part:
                    break
                parts.append(part)
                if len(parts) == _MAX_CHUNKS:
                    self.has_more = True
                    return b"".join(parts)
            else:
                self.ended = True
        except HttpCut:
            self._parts = repeat(b"")  # it has no end
            raise
        self._buffer.trim()
        return b"".join(parts)

    def receive(self, data: bytes) -> None:
        """Add the next bytes; `b""` is the end of the connection."""
        if data:
            self._buffer.add(data)
        elif self._close_delimited:
            self.ended = True
        else:
            raise HttpCut("the connection was closed in the middle of the body")


def _parts(buffer: ReceiveBuffer, has_body: bool, head: Head) -> _Parts:
    """Choose the framing (RFC 9112 section 6.3). h11 has refused a head with different lengths, or
    with another coding than chunks."""
    if not has_body:
        return iter(())
    if "transfer-encoding" in head.headers:
        return _chunks(buffer)
    if head.close_delimited:
        return _sized(buffer, sys.maxsize)
    return _sized(buffer, int(head.headers["content-length"]))


def _sized(buffer: ReceiveBuffer, size: int) -> _Parts:
    while size:
        part = buffer.upto(size)
        size -= len(part)
        yield part


def _chunks(buffer: ReceiveBuffer) -> _Parts:
    """Chunks, and trailers, which are dropped (RFC 9112 section 7.1)."""
    try:
        while size := _size_of((yield from _line(buffer, _MAX_LINE_BYTES))):
            yield from _sized(buffer, size)
            while not buffer.crlf():
                yield b""
        left = _MAX_LINE_BYTES
        while line := (yield from _line(buffer, left)):
            if _compiled(_TRAILER).fullmatch(line) is None:
                raise ValueError("a malformed trailer")
            left -= len(line)
    except ValueError as error:
        raise HttpCut(f"the chunked body has {error}") from None


def _line(buffer: ReceiveBuffer, limit: int) -> Generator[bytes, None, bytes]:
    while (line := buffer.line(limit)) is None:
        yield b""
    return line


def _size_of(line: bytes) -> int:
    found = _compiled(_CHUNK_SIZE).fullmatch(line)
    if found is None:
        raise ValueError("a chunk without a size")
    return int(found[1], 16)


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """Compile `pattern` when it is first needed: a call whose answers have a length never pays."""
    return re.compile(pattern)
