"""Following one Durable Stream: position in, batches out.

Owns the position. It moves when the consumer has taken a batch and asks for more, never before;
every request starts from it, so a cut answer is simply read again. Which request comes next:

- pages (`mode "page"`): a plain read, at most 100 items an answer;
- `"long-poll"`: a read that waits at the tail;
- `"sse"`: one connection that stays open;
- `"bulk"`: an SSE connection that is left as soon as the tail is reached. It replaces the pages of
  a long catch-up, each a round trip;
- `"tail"`: a `HEAD`, when a stream ends where it may have been lost.

SSE is a shortcut in `"bulk"`, and under `live="auto"`: it never fails where pages would work.
Whatever goes wrong in it is trouble, and `policy` says when pages take over: theirs is the error
that is raised. Trouble without progress counts against the retries; a live connection that was cut
after it had lived for a while does not (PROTOCOL, SSE frames: connections are closed routinely)."""

from __future__ import annotations

from ..errors import FlueProtocolError, FlueTimeoutError, StreamResetError
from .backoff import GaveUp, Retry
from .call import READ_LIMIT, exchange, send
from .http import is_retryable
from .page import Reading
from .policy import ROUTINE_LIFE, decide, gives_way
from .position import Position
from .reader import Reader
from .source import Live, Mode, Source, Trouble
from .stats import Tally
from .steps import Ambient, Batch, Conversation, DeadlineExceeded, Deliver, Failure, Note, Sleep

START_LIMIT = 5.0
"""Seconds for the first byte of an SSE answer that may be replaced by pages: a server sends one at
once, so silence means a proxy that buffers."""

BATCH_LIMIT = 15.0
"""Seconds for the next batch of such an answer while one is due, however many bytes come."""

POLL_PACE = 1.0
"""Seconds at least between the starts of two long-polls that bring nothing."""


class Follower:
    """One reading of one stream; `run()` is its conversation."""

    def __init__(self, source: Source, ambient: Ambient, tally: Tally) -> None:
        self._source = source
        self._ambient = ambient
        self._tally = tally
        self._retry = Retry(source.backoff, ambient.jitter)
        self._live: Live = source.live
        self._position = Position(source.offset)
        self._cursor: str | None = None
        self._answers = 0
        self._caught_up = False
        self._ended = False
        self._bulk = not source.pages_only
        self._probe = source.offset == "now" and source.live in ("long-poll", "auto")
        self._vouched = source.offset in ("-1", "now")
        self._doubted: Reading | None = None
        """An end that is to be checked against the tail."""
        self._shortcut = False
        """Whether the latest answer came by SSE where pages would do."""
        self._heard = False
        self._moved_at = 0.0

    @property
    def _offset(self) -> str:
        return self._position.offset

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
        if self._doubted is not None:
            return "tail"
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
        self._tally.begin(mode)
        if mode != "tail":
            self._heard, self._moved_at = False, began
            self._shortcut = mode == "bulk" or (mode == "sse" and self._live == "auto")
            self._position.begin_answer()
        try:
            trouble = yield from self._attempt(mode)
        except FlueProtocolError as error:
            if not self._shortcut:
                raise
            trouble = Trouble(error.message, error)
        lasted = self._ambient.monotonic() - began
        if trouble is not None:
            yield from self._after(trouble, mode, lasted, self._offset != before)
        elif self._offset != before:
            self._retry.reset()
        elif not self._ended and self._doubted is None:
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
        """Do what `policy` says of trouble: nothing, another mode, one more failure, or the end."""
        decision = decide("GET", trouble.outcome, lasted)
        self._vouched = self._offset in ("-1", "now")
        self._probe = self._probe or self._offset == "now"  # a page tells where "now" is
        self._tally.reconnects += decision != "at once"
        if progress:
            self._retry.reset()
        if decision == "at once":
            return
        routine = self._is_routine(trouble, mode, lasted)
        if self._shortcut and not (routine and self._heard and self._caught_up):
            if self._gives_way(trouble, mode, progress):
                yield from self._fall_back(trouble.cause)
                if trouble.floor:
                    yield from self._pause(trouble, last=False)
                return
            if progress:
                return
        if decision == "never":
            raise trouble.error
        if progress:
            return
        if routine:
            self._probe = self._probe or not self._heard
            yield Note("debug", f"live connection ended after {lasted:.0f} s: reopening")
        else:
            yield from self._pause(trouble)

    def _gives_way(self, trouble: Trouble, mode: Mode, progress: bool) -> bool:
        return gives_way(
            trouble.outcome,
            progress=progress,
            heard=self._heard,
            answered=self._answers > 0,
            bulk=mode == "bulk",
            failures=self._retry.failures,
            exhausted=self._retry.exhausted,
        )

    def _fall_back(self, cause: str) -> Conversation[None]:
        """Leave SSE for good; what it said of the stream's end counts no more."""
        if not self._bulk and self._live != "auto":
            return
        self._bulk, self._doubted = False, None
        if self._live == "auto":
            self._live = "long-poll"
        yield Note("info", f"SSE does not work here ({cause}): reading pages instead")

    def _pause(self, trouble: Trouble, last: bool = True) -> Conversation[None]:
        self._tally.state = "waiting"
        try:
            yield from self._retry.pause(
                trouble.cause, status=trouble.status, floor=trouble.floor, last=last
            )
        except GaveUp:
            raise trouble.error from None

    def _reader(self, mode: Mode, method: str = "GET") -> Reader:
        request = self._source.request(method, self._offset, mode, self._cursor)
        return Reader(request, self._offset, self._source, self._ambient, self._tally)

    def _attempt(self, mode: Mode) -> Conversation[Trouble | None]:
        if mode == "tail":
            return (yield from self._check_tail())
        reader = self._reader(mode)
        limit = START_LIMIT if self._shortcut else READ_LIMIT
        head = yield from send(reader.request, self._source.credentials, limit)
        if isinstance(head, Failure):
            return reader.failed(head)
        if mode in ("page", "long-poll"):
            return (yield from reader.page(head, self._take))
        trouble = yield from reader.events(head, limit, self._take, self._overdue, self._shortcut)
        if reader.instead:
            yield from self._fall_back(reader.instead)
        return trouble

    def _overdue(self, holding: bool) -> bool:
        """Whether SSE brings bytes and no batch, although one is due."""
        due = self._shortcut and (holding or not (self._heard and self._caught_up))
        waited = self._ambient.monotonic() - self._moved_at
        return (due or self._position.behind) and waited > BATCH_LIMIT

    def _take(self, reading: Reading) -> Conversation[bool]:
        """Hand a batch over; leave out one that was handed over before. Says whether the answer
        that it came in has served its purpose."""
        batch = reading.batch
        self._heard, self._probe = True, False
        if self._position.is_repeated(batch):
            self._tally.duplicates += len(batch.items)
            current = batch.offset == self._offset
            batch = Batch([], self._offset, current and batch.up_to_date, current and batch.closed)
        reading = Reading(batch, reading.cursor)
        if batch.closed and not batch.items and not self._vouched:
            self._doubted = reading
            return True
        return (yield from self._deliver(reading))

    def _deliver(self, reading: Reading) -> Conversation[bool]:
        """Hand a batch over and move behind it."""
        batch, began = reading.batch, self._ambient.monotonic()
        yield Deliver(batch)
        self._moved_at += self._ambient.monotonic() - began  # the consumer's time is its own
        self._answers += 1
        self._vouched = True
        self._cursor = reading.cursor or self._cursor
        self._caught_up = batch.up_to_date
        if batch.offset != self._offset:
            self._position.move(batch.offset)
            self._moved_at = self._ambient.monotonic()
        at_end = self._source.is_last(batch.items) or batch.closed
        self._ended = at_end or (self._live is None and batch.up_to_date)
        return self._ended or (self._tally.mode == "bulk" and batch.up_to_date)

    def _check_tail(self) -> Conversation[Trouble | None]:
        """Tell the end of a stream from an offset that points beyond it (PROTOCOL, offsets)."""
        reader, reading = self._reader("page", "HEAD"), self._doubted
        assert reading is not None
        answer = yield from exchange(reader.request, self._source.credentials, READ_LIMIT)
        if isinstance(answer, Failure):
            return reader.failed(answer)
        if is_retryable(answer.status) or answer.status in (401, 403, 404, 410):
            return reader.refused(answer)
        tail = answer.headers.get("stream-next-offset")
        if answer.status != 200 or tail is None:
            yield Note("warning", f"cannot check the saved offset: HEAD {answer.status}")
        elif tail != self._offset:
            raise StreamResetError(offset=self._offset, tail=tail)
        self._doubted = None
        yield from self._deliver(reading)
        return None

    def _is_routine(self, trouble: Trouble, mode: Mode, lasted: float) -> bool:
        """Whether a live connection came to the kind of end that all of them come to."""
        failure = trouble.failure
        cut = failure is not None and failure.kind == "cut" and mode in ("long-poll", "sse")
        return cut and lasted >= ROUTINE_LIFE
