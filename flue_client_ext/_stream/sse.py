"""Server-sent events: bytes in, complete frames out, frames into (event, data).

The framer cuts at blank lines whatever the line endings (LF, CRLF, CR, split over chunks) and
drops an unfinished frame at the end of the body (WHATWG HTML, 9.2.6). A frame of the shape that
Flue sends (`event:` then one `data:` line) needs no parser. Of any other frame the `data:` lines
are joined here and `sseclient` parses the other fields: it takes quadratic time in `data:` lines.

Time and memory are linear in bytes, however many lines, frames and chunks they come in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

MAX_FRAME_BYTES = 64 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"event", b"id", b"retry")
"""The fields besides `data` that the standard knows."""

_FEW_LINES = 8
_BLOCK_BYTES = 1 << 20


class FrameTooLarge(ValueError):
    """A frame exceeds the cap on its bytes."""


class Framer:
    """Cuts a byte stream into frames, each without its closing blank line."""

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()
        """The unfinished frame: one buffer, since a list of tiny chunks takes 50 times as much."""
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the frames that `chunk` completes. Takes time linear in all bytes fed."""
        chunk = self._normalised(chunk)
        if not chunk:
            return []
        if b"\n\n" not in chunk and not (chunk[0] == 10 and self._held.endswith(b"\n")):
            self._hold(chunk)
            return []
        if self._held:
            chunk = b"".join((self._held, chunk))
            self._held.clear()
        if self._at_start:
            self._at_start = False
            chunk = chunk.removeprefix(_BOM)
        frames, rest = _cut(chunk)
        self._check(max(map(len, frames), default=0))
        self._hold(rest)
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

    def _hold(self, piece: bytes) -> None:
        self._held += piece
        self._check(len(self._held))

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise FrameTooLarge(f"an SSE frame of more than {self._max_bytes} bytes")


def _cut(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut at blank lines; return the frames and the rest. To look for one byte is ten times faster
    than to look for two where lines are long; where a frame has many, they are short."""
    frames: list[bytes] = []
    start, lines, newline = 0, 0, data.find(b"\n")
    while newline >= 0:
        following = newline + 1
        if data.startswith(b"\n", following):
            frames.append(data[start:newline])
            start = following = newline + 2
            lines = 0
        lines += 1
        newline = data.find(b"\n" if lines < _FEW_LINES else b"\n\n", following)
    return frames, data[start:]


def parse_frame(frame: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the event that one complete frame holds, as (event name, data); none for a comment."""
    name, found, data = frame.partition(b"\ndata:")
    if found and name.startswith(b"event:") and b"\n" not in name and b"\n" not in data:
        yield _text(name[6:].removeprefix(b" ")) or "message", data.removeprefix(b" ")
        return
    if b"data" not in frame and b"control" not in frame:
        return
    data, others, dispatched = _split(frame)
    event = _event_name(others) if others or dispatched else ""
    if dispatched:
        yield event, data
    elif event == "control":
        yield event, b""  # the standard drops it; here an empty control frame is an error


def _split(frame: bytes) -> tuple[bytes, dict[bytes, bytes], bool]:
    """Return the `data:` lines joined, the last line of each other field, and whether there is
    data at all. Works block by block: a list of lines takes many times the memory of the bytes."""
    joined = bytearray()
    others: dict[bytes, bytes] = {}
    for block in _blocks(frame):
        lines = block.split(b"\n")
        values = [
            line[6:] if line.startswith(b"data: ") else line[5:]
            for line in lines
            if line.startswith(b"data:") or line == b"data"
        ]
        if values:
            joined += b"\n".join(values)
            joined += b"\n"
        if len(values) != len(lines):
            for line in lines:
                field = line.partition(b":")[0]
                if field in _FIELDS:
                    others[field] = line
    return bytes(joined[:-1]), others, bool(joined)


def _blocks(frame: bytes) -> Iterator[bytes]:
    """Whole lines of `frame`, about a mebibyte at a time."""
    start, size = 0, len(frame)
    while size - start > _BLOCK_BYTES:
        end = frame.find(b"\n", start + _BLOCK_BYTES)
        if end < 0:
            break
        yield frame[start:end]
        start = end + 1
    yield frame[start:] if start else frame


def _event_name(fields: dict[bytes, bytes]) -> str:
    """What `sseclient` makes of the fields of a frame, whatever its data."""
    text = _text(b"\n".join([*fields.values(), b"data: -", b"", b""]))
    (event,) = sse_client()(iter([text.encode()])).events()
    return str(event.event)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


@cache
def sse_client() -> Callable[[Iterator[bytes]], Any]:
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
