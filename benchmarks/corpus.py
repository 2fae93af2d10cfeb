"""The bytes that everyone reads: a run's events, as pages and as server-sent events.

The events are those of the test app's `flood` workflow, about 340 bytes each. Pages hold 100 of
them; an SSE answer has, like the genuine server's, a data frame and a control frame for each page,
each frame in an HTTP chunk of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

PAGE = 100
STAMP = "2026-11-22T07:31:57.162Z"
PAD = ("Reads the file, counts its words and writes a line for each of them. " * 3)[:148]

_EVENT = (
    '{"type":"log","level":"info","message":"flood %d","attributes":{"i":%d,"pad":"%s"},'
    '"runId":"%s","v":3,"eventIndex":%d,"timestamp":"%s"}'
)
_START = (
    '{"type":"run_start","runId":"%s","workflowName":"flood","startedAt":"%s","input":{"n":%d},'
    '"v":3,"eventIndex":0,"timestamp":"%s"}'
)
_END = (
    '{"type":"run_end","runId":"%s","result":{"events":%d},"isError":false,"durationMs":2000,'
    '"v":3,"eventIndex":%d,"timestamp":"%s"}'
)
_CONTROL = 'event: control\ndata:{"streamNextOffset":"%s",%s}\n\n'

SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def run_id(count: int) -> str:
    """Name the run that has `count` events."""
    return f"run_{count:026d}"


def offset(index: int) -> str:
    """The offset behind the event of this index."""
    return f"{0:016d}_{index:016d}"


def event(run: str, index: int, count: int) -> str:
    if index == 0:
        return _START % (run, STAMP, count, STAMP)
    if index == count - 1:
        return _END % (run, count, index, STAMP)
    return _EVENT % (index, index, PAD, run, index, STAMP)


def bodies(count: int) -> Iterator[tuple[int, bytes]]:
    """Yield each page's JSON array with the index of its last event."""
    run = run_id(count)
    for start in range(0, count, PAGE):
        stop = min(start + PAGE, count)
        yield (
            stop - 1,
            f"[{','.join(event(run, index, count) for index in range(start, stop))}]".encode(),
        )


@cache
def pages(count: int) -> list[bytes]:
    """The whole HTTP answers to page reads, in order."""
    return [_page(body, last, last == count - 1) for last, body in bodies(count)]


def _page(body: bytes, last: int, final: bool) -> bytes:
    end = "Stream-Up-To-Date: true\r\nStream-Closed: true\r\n" if final else ""
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\n"
        f"Stream-Next-Offset: {offset(last)}\r\nStream-Cursor: 3344669\r\n{end}"
        f"Connection: keep-alive\r\nKeep-Alive: timeout=60\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@cache
def event_stream(count: int) -> tuple[bytes, list[int]]:
    """The chunked body of an SSE answer, and where the frames of each page begin in it."""
    parts: list[bytes] = []
    starts: list[int] = []
    size = 0
    for last, body in bodies(count):
        state = '"streamClosed":true' if last == count - 1 else '"streamCursor":"3345035"'
        frames = chunk(b"event: data\ndata:" + body + b"\n\n") + chunk(
            (_CONTROL % (offset(last), state)).encode()
        )
        starts.append(size)
        parts.append(frames)
        size += len(frames)
    return b"".join((*parts, b"0\r\n\r\n")), starts


def chunk(data: bytes) -> bytes:
    """`data` as one HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
