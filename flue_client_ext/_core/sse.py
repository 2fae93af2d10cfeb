"""Server-sent events: bytes in, complete frames out, frames into (event, data).

The framer cuts at blank lines whatever the line endings (LF, CRLF, CR, split over chunks) and
drops an unfinished frame at the end of the body (WHATWG HTML, 9.2.6). `sseclient` parses the
fields of one complete frame; a frame of the shape that Flue sends (`event:` then one `data:`
line) needs no parser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

MAX_FRAME_BYTES = 64 * 1024 * 1024
MAX_FRAME_LINES = 4096
"""`sseclient` takes quadratic time in the lines of a frame; 4096 short lines cost it some 30 ms."""

_BOM = b"\xef\xbb\xbf"


class FrameTooLarge(ValueError):
    """A frame exceeds the cap on its bytes or lines."""


class Framer:
    """Cuts a byte stream into frames, each without its closing blank line."""

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the frames that `chunk` completes. Takes time linear in all bytes fed."""
        chunk = self._normalised(chunk)
        if not chunk:
            return []
        if b"\n\n" not in chunk and not (chunk[0] == 10 and self._ends_line()):
            self._hold(chunk)
            return []
        if self._parts:
            self._parts.append(chunk)
            chunk = b"".join(self._parts)
        if self._at_start:
            self._at_start = False
            chunk = chunk.removeprefix(_BOM)
        frames, rest = _cut(chunk)
        self._parts, self._held = [], 0
        if rest:
            self._hold(rest)
        for frame in frames:
            self._check(len(frame))
        return [frame.removeprefix(b"\n") for frame in frames if frame]

    def _normalised(self, chunk: bytes) -> bytes:
        """`chunk` with every line ending turned into LF, CRLF split over two chunks included."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _ends_line(self) -> bool:
        return bool(self._parts) and self._parts[-1].endswith(b"\n")

    def _hold(self, piece: bytes) -> None:
        self._parts.append(piece)
        self._held += len(piece)
        self._check(self._held)

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise FrameTooLarge(f"an SSE frame of more than {self._max_bytes} bytes")


def _cut(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut at blank lines; return the frames and the rest. To look for one byte is ten times faster
    than to look for two, and lines are long."""
    frames: list[bytes] = []
    start, place = 0, data.find(b"\n")
    while place >= 0:
        following = place + 1
        if data.startswith(b"\n", following):
            frames.append(data[start:place])
            start = following = place + 2
        place = data.find(b"\n", following)
    return frames, data[start:]


def parse_frame(frame: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the event that one complete frame holds, as (event name, data); none for a comment."""
    name, found, data = frame.partition(b"\ndata:")
    if found and name.startswith(b"event:") and b"\n" not in name and b"\n" not in data:
        yield _field(name[6:]).decode("utf-8", "replace") or "message", _field(data)
        return
    if frame in (b"event: control", b"event:control"):
        yield "control", b""  # the standard drops it; here an empty control frame is an error
        return
    if b"data" not in frame:
        return
    lines = frame.count(b"\n") + 1
    if lines > MAX_FRAME_LINES:
        raise FrameTooLarge(f"an SSE frame of {lines} lines (at most {MAX_FRAME_LINES})")
    text = frame.decode("utf-8", "replace").encode() + b"\n\n"
    for event in _sse_client()(iter([text])).events():
        yield event.event, event.data.encode()


def _field(raw: bytes) -> bytes:
    return raw.removeprefix(b" ")


@cache
def _sse_client() -> Callable[[Iterator[bytes]], Any]:
    """The parser of `sseclient-py`. Another distribution uses the same import name."""
    import sseclient

    try:
        client = sseclient.SSEClient(iter([b""]))
        client.events  # noqa: B018 - only `sseclient-py` has it
    except Exception:
        raise ImportError(
            "the module `sseclient` is not that of the package sseclient-py; run"
            " `pip uninstall sseclient` and `pip install --force-reinstall sseclient-py`"
        ) from None
    return sseclient.SSEClient
