"""Following one Durable Stream: position in, batches out.

Owns the position. It moves when the consumer has taken a batch and asks for more, never before;
every request starts from it, so a cut answer is simply read again. Which request comes next:

- pages (`mode "page"`): a plain read, at most 100 items an answer;
- `"long-poll"`: a read that waits at the tail;
- `"sse"`: one connection that stays open;
- `"bulk"`: an SSE connection that is left as soon as the tail is reached. It replaces the pages
of a
  long catch-up, each a round trip, and gives way to them at the first sign of trouble.

Trouble without progress counts against the retries; a live connection that was cut after it had
lived for a while does not (PROTOCOL, SSE frames: connections are closed routinely)."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from ..errors import FlueApiError, FlueError, FlueProtocolError, FlueTimeoutError, StreamResetError
from .backoff import BackoffOptions, GaveUp, Retry
from .call import READ_LIMIT, connection_error, exchange, read_body, send
from .credentials import Credentials
from .http import Answer, Head, Request, is_retryable, retry_after
from .page import Reading, parse_control, parse_items, parse_page
from .sse import Framer, FrameTooLarge, parse_frame
from .stats import Tally
from .steps import (
    Ambient,
    Batch,
    Conversation,
    DeadlineExceeded,
    Deliver,
    Failure,
    Note,
    Read,
    Sleep,
)

Live: TypeAlias = Literal["long-poll", "sse", "auto"] | None
Mode: TypeAlias = Literal["page", "long-poll", "sse", "bulk"]

START_LIMIT = 5.0
"""Seconds for the first byte of an SSE answer that may be replaced by pages: a server sends one at
once, so silence means a proxy that buffers."""

ROUTINE_LIFE = 1.0
"""Seconds after which the end of a live connection is routine rather than a failure."""

POLL_PACE = 1.0
"""Seconds at least between the starts of two long-polls that bring nothing."""

_SEEN_OFFSETS = 64


@frozen(kw_only=True)
class Source:
    """What to follow. `request(method, offset, mode, cursor)` builds each request."""

    request: Callable[[str, str, Mode, str | None], Request]
    credentials: Credentials
    offset: str
    live: Live
    backoff: BackoffOptions = field(factory=BackoffOptions)
    pages_only: bool = False
    max_frame_bytes: int
    is_last: Callable[[list[Any]], bool] = lambda items: False
    api_error: Callable[[Answer], FlueApiError] = FlueApiError


@frozen
class Trouble:
    """Why a request did not end well, and what a final error would be."""

    cause: str
    error: FlueError
    failure: Failure | None = None
    status: int | None = None
    floor: float = 0.0


class Follower:
    """One reading of one stream; `run()` is its conversation."""

    def __init__(self, source: Source, ambient: Ambient, tally: Tally) -> None:
        self._source = source
        self._ambient = ambient
        self._tally = tally
        self._retry = Retry(source.backoff, ambient.jitter)
        self._live: Live = source.live
        self._offset = source.offset
        self._cursor: str | None = None
        self._seen: deque[str] = deque((source.offset,), maxlen=_SEEN_OFFSETS)
        self._answers = 0
        self._caught_up = False
        self._ended = False
        self._bulk = not source.pages_only
        self._probe = source.offset == "now" and source.live == "long-poll"
        self._vouched = source.offset in ("-1", "now")
        self._heard = False

    def run(self) -> Conversation[None]:
        try:
            while not self._ended:
                yield from self._round(self._next_mode())
        except DeadlineExceeded:
            raise FlueTimeoutError(
                f"the deadline passed at offset {self._offset}",
                cause="the deadline passed",
                offset=self._offset,
            ) from None
        finally:
            self._tally.state = "ended"

    def _next_mode(self) -> Mode:
        if self._live in ("sse", "auto"):
            return "page" if self._probe else "sse"
        if self._answers and not self._caught_up and self._bulk:
            return "bulk"
        if self._live is None or self._probe:
            return "page"
        return "long-poll"

    def _round(self, mode: Mode) -> Conversation[None]:
        """One request, and what follows from its end."""
        before, began = self._offset, self._ambient.monotonic()
        self._heard = False
        self._tally.begin(mode)
        if mode in ("sse", "bulk"):
            trouble = yield from self._events(mode)
        else:
            trouble = yield from self._page(mode)
        lasted = self._ambient.monotonic() - began
        if trouble is not None:
            yield from self._after(trouble, mode, lasted, self._offset != before)
        elif self._offset != before:
            self._retry.reset()
        elif not self._ended:
            yield from self._idle(mode, lasted)

    def _idle(self, mode: Mode, lasted: float) -> Conversation[None]:
        """Keep a sane pace when an answer brought nothing new."""
        if not self._caught_up:
            cause = "an answer that neither moves the offset nor reaches the tail"
            error = FlueProtocolError(cause, offset=self._offset)
            yield from self._pause(Trouble(cause, error))
        elif mode == "long-poll" and lasted < POLL_PACE:
            yield Sleep(POLL_PACE - lasted)

    def _after(
        self, trouble: Trouble, mode: Mode, lasted: float, progress: bool
    ) -> Conversation[None]:
        """Decide what trouble means: nothing, another mode, or one more failure."""
        failure = trouble.failure
        self._vouched = self._offset in ("-1", "now")
        if failure is not None and failure.permanent:
            raise trouble.error
        if failure is not None and failure.stale:
            return
        self._tally.reconnects += 1
        if progress:
            self._retry.reset()
        elif self._gives_way(mode, trouble):
            yield from self._fall_back(mode, trouble.cause)
        elif _routine(mode, failure) and lasted >= ROUTINE_LIFE:
            self._probe = not self._heard
            yield Note(logging.DEBUG, f"live connection ended after {lasted:.0f} s: reopening")
        else:
            yield from self._pause(trouble)

    def _gives_way(self, mode: Mode, trouble: Trouble) -> bool:
        """Whether SSE failed in a way that may be SSE's own fault, and pages may replace it."""
        replaceable = mode == "bulk" or (mode == "sse" and self._live == "auto")
        reached = trouble.failure is None or trouble.failure.sent
        passing = trouble.status is not None and is_retryable(trouble.status)
        return replaceable and reached and not self._heard and not (passing and mode == "sse")

    def _fall_back(self, mode: Mode, cause: str) -> Conversation[None]:
        self._bulk = False
        if mode == "sse":
            self._live = "long-poll"
        yield Note(logging.INFO, f"SSE does not work here ({cause}): reading pages instead")

    def _pause(self, trouble: Trouble) -> Conversation[None]:
        self._tally.state = "waiting"
        try:
            yield from self._retry.pause(trouble.cause, status=trouble.status, floor=trouble.floor)
        except GaveUp:
            raise trouble.error from None

    def _request(self, mode: Mode, method: str = "GET") -> Request:
        return self._source.request(method, self._offset, mode, self._cursor)

    def _page(self, mode: Mode) -> Conversation[Trouble | None]:
        request = self._request(mode)
        head = yield from send(request, self._source.credentials, READ_LIMIT)
        if isinstance(head, Failure):
            return self._failed(request, head)
        return (yield from self._take_page(request, head))

    def _take_page(self, request: Request, head: Head) -> Conversation[Trouble | None]:
        self._tally.heard()
        body = yield from read_body(request, READ_LIMIT)
        if isinstance(body, Failure):
            return self._failed(request, body)
        self._tally.received(len(body))
        if head.status not in (200, 204):
            return self._refused(request, Answer(head.status, head.headers, body))
        reading = parse_page(request, head, body, self._offset)
        if reading is None:
            cut = Failure("cut", "a body without a length that is not JSON: it was cut")
            return self._failed(request, cut)
        self._probe = False
        yield from self._take(reading)
        return None

    def _events(self, mode: Mode) -> Conversation[Trouble | None]:
        request = self._request(mode)
        replaceable = mode == "bulk" or self._live == "auto"
        start_limit = START_LIMIT if replaceable else READ_LIMIT
        head = yield from send(request, self._source.credentials, start_limit)
        if isinstance(head, Failure):
            return self._failed(request, head)
        if head.status == 200 and head.content_type == "text/event-stream":
            return (yield from self._frames(request, mode, start_limit))
        if head.status == 200 and not replaceable:
            kind = head.content_type or "no content type"
            raise FlueProtocolError(
                f"expected text/event-stream, got {kind}",
                url=request.shown_url,
                offset=self._offset,
            )
        if head.status in (200, 204):
            yield from self._fall_back(mode, f"answered with {head.content_type or 'no type'}")
        elif replaceable and not is_retryable(head.status):
            yield from self._fall_back(mode, f"status {head.status}")
            return None
        return (yield from self._take_page(request, head))

    def _frames(self, request: Request, mode: Mode, limit: float) -> Conversation[Trouble | None]:
        """Read frames until the stream is closed, the connection ends or, in bulk, the tail."""
        framer = Framer(self._source.max_frame_bytes)
        items: list[Any] = []
        while True:
            chunk: bytes | Failure = yield Read(limit)
            if isinstance(chunk, Failure):
                return self._failed(request, chunk)
            if not chunk:
                return self._failed(request, Failure("cut", "the SSE connection ended"))
            self._tally.received(len(chunk))
            limit = READ_LIMIT
            for name, data in self._split(framer, chunk, request):
                if name == "data":
                    items += parse_items(data, request, self._offset)
                elif name == "control":
                    self._heard = True
                    reading = parse_control(data, items, request, self._offset)
                    items = []
                    yield from self._take(reading)
                    if self._ended or (mode == "bulk" and reading.batch.up_to_date):
                        return None

    def _split(self, framer: Framer, chunk: bytes, request: Request) -> list[tuple[str, bytes]]:
        try:
            return [event for frame in framer.feed(chunk) for event in parse_frame(frame)]
        except FrameTooLarge as error:
            raise FlueProtocolError(
                str(error), url=request.shown_url, offset=self._offset
            ) from None

    def _take(self, reading: Reading) -> Conversation[None]:
        """Hand a batch over and move behind it; leave out one that was handed over before."""
        batch = reading.batch
        if batch.offset in self._seen and batch.items:
            self._tally.duplicates += len(batch.items)
            batch = Batch([], self._offset, batch.up_to_date, batch.closed)
        if batch.closed and not batch.items and not self._vouched:
            yield from self._check_tail()
        yield Deliver(batch)
        self._answers += 1
        self._vouched = True
        self._cursor = reading.cursor or self._cursor
        self._caught_up = batch.up_to_date
        if batch.offset != self._offset:
            self._offset = batch.offset
            self._seen.append(batch.offset)
        at_end = batch.closed or self._source.is_last(batch.items)
        self._ended = at_end or (self._live is None and batch.up_to_date)

    def _check_tail(self) -> Conversation[None]:
        """Tell the end of a stream from an offset that points beyond it (PROTOCOL, offsets)."""
        request = self._request("page", "HEAD")
        while True:
            answer = yield from exchange(request, self._source.credentials, READ_LIMIT)
            if isinstance(answer, Answer):
                break
            yield from self._pause(self._failed(request, answer))
        tail = answer.headers.get("stream-next-offset")
        if answer.status == 200 and tail != self._offset:
            raise StreamResetError(offset=self._offset, tail=tail)

    def _failed(self, request: Request, failure: Failure) -> Trouble:
        return Trouble(failure.cause, connection_error(request, failure, self._offset), failure)

    def _refused(self, request: Request, answer: Answer) -> Trouble:
        """Trouble for a status that may pass; the error itself for one that will not."""
        error = self._source.api_error(answer)
        if not is_retryable(answer.status):
            raise error
        floor = retry_after(answer.headers, self._ambient.wall())
        return Trouble(f"status {answer.status}", error, status=answer.status, floor=floor)


def _routine(mode: Mode, failure: Failure | None) -> bool:
    """Whether this is the kind of end that live connections come to without anything being
    wrong."""
    return failure is not None and failure.kind == "cut" and mode in ("long-poll", "sse")
