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
Whatever goes wrong in it is a failed request, and `policy` says when pages take over: the error
that is raised is theirs. It takes no more of a deadline than its `Budget`. A failed request without
progress counts against the retries; a live connection that was cut after a while does not
(PROTOCOL, SSE frames: servers and proxies close connections routinely)."""

from __future__ import annotations

import math

from .._values.limits import LIMITS
from .._values.steps import TIME_LEFT, Batch, Clock, DeadlineExceeded, Emit, Failure, Flow
from ..errors import FlueProtocolError, FlueTimeoutError
from .call import send
from .page import Reading
from .position import Position
from .reader import Reader
from .recovery import Recovery
from .source import Mode, RequestFailure, Source
from .stats import Counters


class Follower:
    """One reading of one stream; `run()` is its flow."""

    def __init__(self, source: Source, clock: Clock, counters: Counters) -> None:
        self._source = source
        self._clock = clock
        self._counters = counters
        self._position = Position(source.offset)
        self._recovery = Recovery(source, clock, counters, self._position)
        self._ended = False
        self._mode: Mode = "page"
        self._doubted: Reading | None = None
        """An end that is to be checked against the tail."""
        self._due_at = math.inf
        """Since when SSE owes a batch."""

    def run(self) -> Flow[None]:
        try:
            self._recovery.budget.begin((yield TIME_LEFT))
            while not self._ended:
                self._mode = self._next_mode()
                yield from self._round()
        except DeadlineExceeded:
            words, offset = "the deadline passed", self._position.offset
            waiting_after = self._recovery.retry.waiting_after
            if waiting_after is not None:
                words += f" while waiting to retry after: {waiting_after}"
            raise FlueTimeoutError(
                f"{words}, at offset {offset}", cause=words, offset=offset
            ) from None
        finally:
            self._counters.state = "ended"

    def _next_mode(self) -> Mode:
        position, recovery = self._position, self._recovery
        if self._doubted is not None:
            return "tail"
        if recovery.live in ("sse", "auto"):
            return "page" if recovery.probe else "sse"
        if position.batches and not position.caught_up and recovery.bulk:
            return "bulk"
        if recovery.live is None or recovery.probe:
            return "page"
        return "long-poll"

    def _round(self) -> Flow[None]:
        """One request, and what follows from its end."""
        mode, before, began = self._mode, self._position.offset, self._clock.monotonic()
        self._counters.begin(mode)
        self._position.begin_answer()
        reader = self._reader()
        self._due_at = began
        if not self._recovery.retry.failures:
            self._recovery.budget.renew()
        try:
            failed = yield from self._request(reader)
        except FlueProtocolError as error:
            if not self._recovery.is_shortcut(mode):
                raise
            failed = RequestFailure(error.message, error)
        lasted = self._clock.monotonic() - began
        progress = self._position.offset != before
        if failed is not None:
            yield from self._recovery.after(failed, mode, lasted, progress)
        elif progress:
            self._recovery.retry.reset()
        elif not self._ended and self._doubted is None:
            yield from self._recovery.idle(mode, lasted, LIMITS.poll_pace, reader.context)

    def _reader(self) -> Reader:
        """The reader of this round's answer, with the request that asks for it."""
        mode, source, position = self._mode, self._source, self._position
        method = "HEAD" if mode == "tail" else "GET"
        request = source.request(method, position.offset, mode, position.cursor)
        return Reader(request, position.offset, source, self._clock, self._counters, self._limit)

    def _request(self, reader: Reader) -> Flow[RequestFailure | None]:
        """Send the request of this round and read its answer."""
        mode, shortcut = self._mode, self._recovery.is_shortcut(self._mode)
        head = yield from send(reader.request, self._source.credentials, self._limit())
        if isinstance(head, Failure):
            return reader.failed(head)
        if mode == "tail":
            failed = yield from reader.tail(head)
            if failed is None:
                yield from self._believe()
            return failed
        if mode in ("page", "long-poll"):
            return (yield from reader.page(head, self._take))
        failed = yield from reader.events(head, self._take, self._overdue, shortcut)
        if reader.instead and failed is None:
            yield from self._recovery.fall_back(reader.instead)
        return failed

    def _limit(self) -> float:
        """Seconds that the next bytes may take; before the tail a server has something to send."""
        if not self._recovery.is_shortcut(self._mode):
            return LIMITS.read
        return min(LIMITS.start, self._recovery.budget.left)

    def _is_at_tail(self) -> bool:
        """Whether the answer under way has come to the tail."""
        return self._position.heard and self._position.caught_up

    def _overdue(self, holding: bool) -> bool:
        """Whether SSE brings bytes and no batch, although one is due."""
        recovery, behind = self._recovery, self._position.behind
        shortcut = recovery.is_shortcut(self._mode)
        if not (behind or (shortcut and (holding or not self._is_at_tail()))):
            self._due_at = math.inf
            return False
        now = self._clock.monotonic()
        if self._due_at == math.inf:
            self._due_at = now
            recovery.budget.renew()
        return now - self._due_at > LIMITS.batch or (shortcut and not recovery.budget.left)

    def _take(self, reading: Reading) -> Flow[bool]:
        """Hand a batch over; leave out one that was handed over before. Says whether the answer
        that it came in has served its purpose."""
        batch, position = reading.batch, self._position
        if position.is_repeated(batch):
            self._counters.duplicates += len(batch.items)
            at = position.offset
            current = batch.offset == at
            batch = Batch([], at, current and batch.up_to_date, current and batch.closed)
        self._recovery.probe = False
        reading = Reading(batch, reading.cursor)
        if batch.closed and not batch.items and not position.vouched:
            self._doubted = reading
            return True
        return (yield from self._deliver(reading))

    def _believe(self) -> Flow[None]:
        """The end that was doubted is one."""
        reading, self._doubted = self._doubted, None
        assert reading is not None
        yield from self._deliver(reading)

    def _deliver(self, reading: Reading) -> Flow[bool]:
        """Hand a batch over and move behind it."""
        batch, began = reading.batch, self._clock.monotonic()
        yield Emit(batch)
        now = self._clock.monotonic()
        if self._position.move(reading):
            self._due_at = now
            self._recovery.budget.renew()
        else:
            self._due_at += now - began  # the consumer's time is its own
        at_end = self._source.is_last(batch.items) or batch.closed
        self._ended = at_end or (self._recovery.live is None and batch.up_to_date)
        return self._ended or (self._mode == "bulk" and batch.up_to_date)
