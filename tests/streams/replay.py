"""A run served from memory as a genuine server does, with faults where a test wants them.

Give a `Replay` to a `RawServer` as its handler. Its offsets are opaque and full of characters that
mean something in a URL; its event indexes have gaps, as real ones do.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.connection import Connection, Request

from .faults import Cut, Fault, Framing, Line, chunk, framed, head

__all__ = [
    "RUN",
    "Fault",
    "Framing",
    "Replay",
    "log_event",
    "offset_at",
    "query",
    "run_end",
    "whole_run",
]

RUN = "run_replayed"


def log_event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "log",
        "v": 3,
        "eventIndex": number * 3 + 1,
        "runId": RUN,
        "level": "info",
        "message": f"é\u2028 {number}",
        **more,
    }


def run_end(number: int, **more: Any) -> dict[str, Any]:
    end = {"type": "run_end", "v": 3, "eventIndex": number * 3 + 1, "runId": RUN}
    return {**end, "isError": False, "durationMs": 1, "result": {"n": number}, **more}


def whole_run(count: int) -> list[dict[str, Any]]:
    """A finished run of `count` events, its `run_end` included."""
    return [*(log_event(i) for i in range(count - 1)), run_end(count - 1)]


def offset_at(place: int) -> str:
    """The offset after the first `place` events; not one that a client could make up."""
    return f"at/{place:x}+&=%"


def query(request: Request) -> dict[str, str]:
    """The request's parameters; each occurs once."""
    found = parse_qs(urlsplit(request.target).query, keep_blank_values=True, strict_parsing=False)
    return {name: value for name, (value,) in found.items()}


class Replay:
    """Answers reads of one stream. `faults` says for each request what goes wrong, if anything."""

    def __init__(
        self,
        items: list[Any],
        *,
        closed: bool = True,
        page: int = 100,
        faults: Callable[[Request], Fault | None] = lambda request: None,
        hold: float = 30.0,
        framing: Framing = "length",
    ) -> None:
        self.items = list(items)
        self.closed = closed
        self.page = page
        self.faults = faults
        self.hold = hold
        self.framing: Framing = framing
        self.record: dict[str, Any] = {}
        self.struck = 0
        #: The connections (by number) on which all is said until there is more.
        self.waiting: set[int] = set()
        self._changed = threading.Condition()

    def append(self, *items: Any, close: bool = False) -> None:
        with self._changed:
            self.items += items
            self.closed = close
            self._changed.notify_all()

    def __call__(self, request: Request, connection: Connection) -> None:
        fault = self.faults(request) or Fault()
        line = Line(connection, fault, self._strike)
        if fault.after is None and fault != Fault():
            self._strike()
        try:
            if fault.status is not None:
                self._whole(line, fault.status, dict(fault.headers), fault.body)
            elif request.method == "POST":
                kind = {"content-type": "application/json"}
                self._whole(line, 202, kind, json.dumps({"runId": RUN}).encode())
            elif "meta" in query(request):
                record = {"runId": RUN, "workflowName": "w", **self.record}
                kind = {"content-type": "application/json"}
                self._whole(line, 200, kind, json.dumps(record).encode())
            else:
                self._read(request, line)
        except Cut:
            pass

    def _strike(self) -> None:
        self.struck += 1

    def _read(self, request: Request, line: Line) -> None:
        options = query(request)
        start = self.start(options)
        if request.method == "HEAD":
            line.send(head(200, self._says(len(self.items))))
        elif options.get("live") == "sse":
            self._events(start, line)
        else:
            if options.get("live") == "long-poll":
                self._wait(line, start, self.hold)
            self._answer_page(start, line, options.get("live") is not None)

    def start(self, options: Mapping[str, str]) -> int:
        offset = options.get("offset", "-1")
        if offset == "-1":
            return max(len(self.items) - int(options.get("tail", len(self.items))), 0)
        if offset == "now":
            return len(self.items)
        place = int(offset.removeprefix("at/").removesuffix("+&=%"), 16)
        assert offset == offset_at(place), f"an offset that was never given out: {offset}"
        return place

    def _answer_page(self, start: int, line: Line, live: bool) -> None:
        if line.fault.twice:  # an answer from some cache: the one before
            start = max(start - self.page, 0)
        stop = min(start + self.page, max(len(self.items), start))
        batch = self.items[start:stop]
        headers = self._says(stop) | ({"stream-cursor": f"c{stop}"} if live else {})
        status = 204 if live and not batch else 200
        kind = {} if status == 204 else {"content-type": "application/json"}
        body = b"" if status == 204 else _json(batch)
        self._whole(line, status, headers | kind, body)

    def _events(self, place: int, line: Line) -> None:
        framing = line.fault.framing or "chunked"
        line.send(head(200, {"content-type": "text/event-stream"} | framed(framing, 0)))
        line.body_begins()
        first = True
        while True:
            stop = min(place + self.page, max(len(self.items), place))
            for _ in range(2 if line.fault.twice else 1):
                for frame in self.frames(place, stop, first):
                    line.send(chunk(frame) if framing == "chunked" else frame)
            if self.closed and stop >= len(self.items):
                break
            place, first = stop, False
            if not self._wait(line, place, 600):
                return
        line.send(b"0\r\n\r\n" if framing == "chunked" else b"")
        if framing != "chunked":
            line.connection.close()

    def frames(self, place: int, stop: int, first: bool) -> Iterator[bytes]:
        batch = self.items[place:stop]
        if not batch and not first and not self.closed:
            return
        if batch:
            yield b"event: data\ndata:" + _json(batch) + b"\n\n"
        control: dict[str, Any] = {"streamNextOffset": offset_at(stop)}
        if self.closed and stop >= len(self.items):
            control["streamClosed"] = True
        else:
            control["streamCursor"] = f"c{stop}"
            control |= {"upToDate": True} if stop >= len(self.items) else {}
        yield f"event: control\ndata:{json.dumps(control)}\n\n".encode()

    def _says(self, place: int) -> dict[str, str]:
        says = {"stream-next-offset": offset_at(place)}
        if place >= len(self.items):
            says["Stream-Up-To-Date"] = "true"
            says |= {"stream-CLOSED": "True"} if self.closed else {}
        return says

    def _wait(self, line: Line, place: int, seconds: float) -> bool:
        """Wait for more; whether there is some. Ends early when the peer has gone."""
        until = time.monotonic() + seconds
        with self._changed:
            while not (more := self.closed or len(self.items) > place):
                left = until - time.monotonic()
                if left <= 0 or line.connection.is_over():
                    break
                self.waiting.add(line.connection.number)
                self._changed.wait(min(left, 0.02))
            self.waiting.discard(line.connection.number)
        return more

    def _whole(self, line: Line, status: int, headers: dict[str, str], body: bytes) -> None:
        framing = "length" if status == 204 else (line.fault.framing or self.framing)
        length = len(body) + line.fault.extra_length
        announced = {} if status == 204 else framed(framing, length)
        line.send(head(status, headers | announced))
        line.body_begins()
        if framing == "chunked":
            half = len(body) // 2
            for part in (body[:half], body[half:]):
                if part:
                    line.send(chunk(part))
            line.send(b"0\r\n\r\n")
        elif body:
            line.send(body)
        if framing == "close" or line.fault.extra_length > 0:
            line.connection.close()


def _json(value: Any) -> bytes:
    """Raw UTF-8 as a server writes it, escapes for what UTF-8 cannot hold."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()
