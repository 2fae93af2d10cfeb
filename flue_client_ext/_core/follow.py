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

from collections import deque

from ..errors import FlueProtocolError, FlueTimeoutError, StreamResetError
from .backoff import GaveUp, Retry
from .call import READ_LIMIT, exchange, send
from .http import Answer, Request, is_retryable
from .page import Reading
from .reader import Reader
from .source import Live, Mode, Source, Trouble
from .stats import Tally
from .steps import Ambient, Batch, Conversation, DeadlineExceeded, Deliver, Failure, Note, Sleep

START_LIMIT = 5.0
"""Seconds for the first byte of an SSE answer that may be replaced by pages: a server sends one at
once, so silence means a proxy that buffers."""

ROUTINE_LIFE = 1.0
"""Seconds after which the end of a live connection is routine rather than a failure."""

POLL_PACE = 1.0
"""Seconds at least between the starts of two long-polls that bring nothing."""

_SEEN_OFFSETS = 64
_PATIENCE = 2
"""Failures without progress that SSE is allowed once it has brought a frame."""


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
        self._probe = source.offset == "now" and source.live in ("long-poll", "auto")
        self._vouched = source.offset in ("-1", "now")
        self._heard = False

    def run(self) -> Conversation[None]:
        try:
            while not self._ended:
                yield from self._round(self._next_mode())
        except DeadlineExceeded:
            words = "the deadline passed"
            if self._retry.waiting_after is not None:
                words += f" while waiting to retry after: {self._retry.waiting_after}"
            raise FlueTimeoutError(
                f"{words}, at offset {self._offset}", cause=words, offset=self._offset
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
            return
        self._retry.reset()
        if mode in ("long-poll", "sse") and lasted < POLL_PACE:
            yield Sleep(POLL_PACE - lasted)

    def _after(
        self, trouble: Trouble, mode: Mode, lasted: float, progress: bool
    ) -> Conversation[None]:
        """Decide what trouble means: nothing, another mode, or one more failure."""
        failure = trouble.failure
        self._vouched = self._offset in ("-1", "now")
        if failure is not None and failure.permanent:
            raise trouble.error
        if failure is not None and failure.stale and lasted < ROUTINE_LIFE:
            return
        interrupted = failure is not None and failure.kind == "interrupted"
        self._tally.reconnects += not interrupted
        self._probe = self._probe or self._offset == "now"  # a page tells where "now" is
        if progress:
            self._retry.reset()
        if interrupted:
            return
        silent = failure is not None and failure.kind == "timeout"
        if (silent or not progress) and self._gives_way(mode, trouble):
            yield from self._fall_back(mode, trouble.cause)
            if trouble.floor:
                yield from self._pause(trouble)
        elif progress:
            return
        elif _routine(mode, failure) and lasted >= ROUTINE_LIFE:
            self._probe = self._probe or not self._heard
            yield Note("debug", f"live connection ended after {lasted:.0f} s: reopening")
        else:
            yield from self._pause(trouble)

    def _gives_way(self, mode: Mode, trouble: Trouble) -> bool:
        """Whether SSE failed in a way that may be SSE's own fault, and pages may replace it."""
        failure = trouble.failure
        replaceable = mode == "bulk" or (mode == "sse" and self._live == "auto")
        if not replaceable or (failure is not None and not failure.sent):
            return False
        if failure is not None and failure.kind == "timeout":
            return True  # a server has something to send, or a heartbeat: a proxy holds it back
        if self._heard:
            return self._retry.failures >= _PATIENCE
        if mode == "sse" and trouble.status is not None and is_retryable(trouble.status):
            return not self._answers and self._retry.failures > 0  # it passes, or SSE never works
        return True

    def _fall_back(self, mode: Mode, cause: str) -> Conversation[None]:
        self._bulk = False
        if mode == "sse":
            self._live = "long-poll"
        yield Note("info", f"SSE does not work here ({cause}): reading pages instead")

    def _pause(self, trouble: Trouble) -> Conversation[None]:
        self._tally.state = "waiting"
        try:
            yield from self._retry.pause(trouble.cause, status=trouble.status, floor=trouble.floor)
        except GaveUp:
            raise trouble.error from None

    def _reader(self, mode: Mode, method: str = "GET") -> tuple[Request, Reader]:
        request = self._source.request(method, self._offset, mode, self._cursor)
        return request, Reader(request, self._offset, self._source, self._ambient, self._tally)

    def _page(self, mode: Mode) -> Conversation[Trouble | None]:
        request, reader = self._reader(mode)
        head = yield from send(request, self._source.credentials, READ_LIMIT)
        if isinstance(head, Failure):
            return reader.failed(head)
        return (yield from reader.page(head, self._take))

    def _events(self, mode: Mode) -> Conversation[Trouble | None]:
        """One SSE connection. Where pages may replace it, any other answer means pages."""
        request, reader = self._reader(mode)
        replaceable = mode == "bulk" or self._live == "auto"
        limit = START_LIMIT if replaceable else READ_LIMIT
        head = yield from send(request, self._source.credentials, limit)
        if isinstance(head, Failure):
            return reader.failed(head)
        if head.status == 200 and head.content_type == "text/event-stream":
            return (yield from reader.frames(limit, self._take))
        if head.status == 200 and not replaceable:
            words = f"expected text/event-stream, got {head.content_type or 'no content type'}"
            raise FlueProtocolError(
                words, url=request.shown_url, offset=self._offset, proxy=head.proxy
            )
        if replaceable and not is_retryable(head.status):
            answered = f"answered {head.status} {head.content_type}".strip()
            if head.status != 204 and (head.status, head.content_type) != (200, "application/json"):
                return Trouble(answered, FlueProtocolError(answered, offset=self._offset))
            yield from self._fall_back(mode, answered)
        return (yield from reader.page(head, self._take))

    def _take(self, reading: Reading) -> Conversation[bool]:
        """Hand a batch over and move behind it; leave out one that was handed over before. Says
        whether the answer that it came in has served its purpose."""
        batch = reading.batch
        self._heard, self._probe = True, False
        if batch.offset in self._seen and (batch.items or batch.offset != self._offset):
            self._tally.duplicates += len(batch.items)
            current = batch.offset == self._offset
            batch = Batch([], self._offset, current and batch.up_to_date, current and batch.closed)
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
        at_end = self._source.is_last(batch.items) or batch.closed
        self._ended = at_end or (self._live is None and batch.up_to_date)
        return self._ended or (self._tally.mode == "bulk" and batch.up_to_date)

    def _check_tail(self) -> Conversation[None]:
        """Tell the end of a stream from an offset that points beyond it (PROTOCOL, offsets)."""
        request, reader = self._reader("page", "HEAD")
        while True:
            answer = yield from exchange(request, self._source.credentials, READ_LIMIT)
            if isinstance(answer, Answer) and not is_retryable(answer.status):
                break
            if isinstance(answer, Answer):
                yield from self._pause(reader.refused(answer))
            elif not answer.stale and answer.kind != "interrupted":
                yield from self._pause(reader.failed(answer))
        if answer.status in (401, 403, 404, 410):
            raise self._source.api_error(answer)
        tail = answer.headers.get("stream-next-offset")
        if answer.status != 200 or tail is None:
            yield Note("warning", f"cannot check the saved offset: HEAD {answer.status}")
        elif tail != self._offset:
            raise StreamResetError(offset=self._offset, tail=tail)


def _routine(mode: Mode, failure: Failure | None) -> bool:
    """Whether this is the kind of end that live connections come to without anything being
    wrong."""
    return failure is not None and failure.kind == "cut" and mode in ("long-poll", "sse")
