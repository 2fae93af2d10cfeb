"""Follows one Durable Stream: starts at a position, emits batches.

Owns the position. It moves when the consumer asks for more after a batch, never before. Every
request starts from it, so a cut answer is read again. The modes of a request:

- pages (`mode "page"`): a plain read, at most 100 items an answer;
- `"long-poll"`: a read that waits at the tail;
- `"sse"`: one connection that stays open;
- `"bulk"`: an SSE connection that is closed as soon as the tail is reached. It replaces the pages
  of a long catch-up, each a round trip;
- `"tail"`: a `HEAD`, which tells an end from an offset beyond it (PROTOCOL, beyond the head).

SSE is a shortcut in mode `"bulk"` and under `live="auto"`: `policy` says when pages take over. It
takes no more of a deadline than its `Budget`. A failed request without progress counts against the
retries; a live connection that is cut after a while does not (PROTOCOL, SSE frames)."""

from __future__ import annotations

from attrs import evolve

from .._values.http import Head
from .._values.limits import LIMITS
from .._values.steps import TIME_LEFT, Batch, Clock, DeadlineExceeded, Emit, Failure, Flow
from ..errors import FlueError, FlueProtocolError, StreamResetError
from .call import send
from .failures import FailedRequest, identified, overdue
from .options import ReadOptions
from .page import Reading
from .patience import Patience
from .position import Position
from .reader import Reader
from .recovery import Recovery
from .request import Mode
from .resource import Resource
from .stats import Counters


def follow(
    resource: Resource, options: ReadOptions, clock: Clock, counters: Counters
) -> Flow[None]:
    """The flow that reads `resource`, batch by batch."""
    return identified(Follower(resource, options, clock, counters).run(), resource.identifiers)


class Follower:
    """One reading of one stream; `run()` is its flow."""

    def __init__(
        self, resource: Resource, options: ReadOptions, clock: Clock, counters: Counters
    ) -> None:
        self._resource = resource
        self._options = options
        self._clock = clock
        self._counters = counters
        self._position = Position(options.offset)
        self._recovery = Recovery(resource, options, clock, counters, self._position)
        self._patience = Patience(self._recovery, self._position, clock.monotonic)
        self._ended = False
        self._mode: Mode = "page"
        self._unconfirmed: Reading | None = None
        """An end of the stream, or its tail, that a `HEAD` has still to confirm."""
        self._lost: FlueError | None = None
        """What a `HEAD` says, without a body or too early: the next page decides."""

    def run(self) -> Flow[None]:
        try:
            self._recovery.budget.begin((yield TIME_LEFT))
            while not self._ended:
                self._mode = self._next_mode()
                yield from self._round()
        except DeadlineExceeded:
            url, offset = self._resource.shown_url, self._position.offset
            raise overdue(self._recovery.retry, url, offset=offset) from None
        finally:  # also when the driver closes the flow
            self._counters.state = "ended"

    def _next_mode(self) -> Mode:
        position, recovery = self._position, self._recovery
        if self._unconfirmed is not None:
            return "tail"
        if self._lost is not None or (self._resource.echoes_offsets and not position.is_confirmed):
            return "page"  # at once, which a live read is not
        if recovery.live in ("sse", "auto"):
            return "page" if recovery.needs_page else "sse"
        if position.batches and not position.caught_up and recovery.bulk:
            return "bulk"
        if recovery.live is None or recovery.needs_page:
            return "page"
        return "long-poll"

    def _round(self) -> Flow[None]:
        """Send one request, read its answer, and act on how it ended."""
        mode, before, began = self._mode, self._position.offset, self._clock.monotonic()
        self._counters.begin(mode)
        self._position.begin_answer()
        reader = self._reader()
        self._patience.begin(mode)
        try:
            failed = yield from self._request(reader)
        except FlueProtocolError as error:
            if not self._recovery.is_shortcut(mode):
                raise
            failed = FailedRequest(error.message, error)
        lasted = self._clock.monotonic() - began
        progress = self._position.offset != before
        if failed is not None:
            yield from self._recovery.after(failed, mode, lasted, progress)
        elif progress:
            self._recovery.retry.reset()
        elif not self._ended and self._unconfirmed is None and self._lost is None:
            yield from self._recovery.idle(mode, lasted, LIMITS.poll_pace, reader.context)

    def _reader(self) -> Reader:
        """The reader of this round's answer, with the request that asks for it."""
        resource, position = self._resource, self._position
        return Reader(
            resource.request(self._mode, position.offset, position.cursor),
            position.offset,
            resource,
            self._options.max_frame_bytes,
            self._clock,
            self._counters,
            self._patience.limit,
        )

    def _request(self, reader: Reader) -> Flow[FailedRequest | None]:
        """Send the request of this round and read its answer."""
        mode, shortcut = self._mode, self._recovery.is_shortcut(self._mode)
        head = yield from send(reader.request, self._options.credentials, self._patience.limit())
        if isinstance(head, Failure):
            return reader.failed(head)
        if mode == "tail":
            return (yield from self._check_tail(reader, head))
        if mode in ("page", "long-poll"):
            return (yield from reader.page(head, self._take))
        failed = yield from reader.events(head, self._take, self._patience.is_over, shortcut)
        if reader.page_for_sse and failed is None:
            yield from self._recovery.fall_back(reader.page_for_sse)
        return failed

    def _take(self, reading: Reading) -> Flow[bool]:
        """Emit a batch, without its items if they were emitted before. Return whether to stop
        reading the answer."""
        batch, position = self._received(reading.batch), self._position
        if position.is_repeated(batch):
            self._counters.duplicates += len(batch.items)
            at, current = position.offset, batch.offset == position.offset
            batch = Batch([], at, current and batch.up_to_date, current and batch.closed)
        self._recovery.needs_page = False
        reading = Reading(batch, reading.cursor)
        if not batch.items and self._needs_check(batch):
            if self._lost is not None:
                raise self._lost
            self._unconfirmed = reading
            return True
        self._lost = None
        return (yield from self._deliver(reading))

    def _received(self, batch: Batch) -> Batch:
        items = self._resource.receive(batch.items, self._position.offset)
        return batch if items is batch.items else evolve(batch, items=items)

    def _needs_check(self, batch: Batch) -> bool:
        """Whether the server may have lost the stream that the offset came from, and hide it. An
        earlier answer confirms nothing where the last item should have come."""
        resource, position = self._resource, self._position
        if batch.closed and resource.head_tells_tail:
            return not position.is_confirmed or (resource.names_its_end and not position.is_certain)
        return batch.up_to_date and resource.echoes_offsets and not position.is_confirmed

    def _check_tail(self, reader: Reader, head: Head) -> Flow[FailedRequest | None]:
        """Read the answer to a `HEAD`; deliver what it confirms. The tail of a stream that has not
        closed may have moved: a later read from the same offset brings something then."""
        reading, self._unconfirmed = self._unconfirmed, None
        assert reading is not None
        try:
            failed = yield from reader.tail(head)
        except StreamResetError as reset:
            if reading.batch.closed:
                raise
            self._lost = reset
            return None
        if failed is None:
            yield from self._deliver(reading)
        elif failed.is_final:
            self._lost, failed = failed.error, None
        else:
            self._unconfirmed = reading
        return failed

    def _deliver(self, reading: Reading) -> Flow[bool]:
        """Emit a batch, then move the position past it. Return as `_take` does."""
        batch, began = reading.batch, self._clock.monotonic()
        yield Emit(batch)
        taken = self._clock.monotonic() - began
        self._recovery.retry.after = None
        self._patience.delivered(self._position.move(reading), taken)
        at_end = self._resource.is_last(batch.items) or batch.closed
        self._ended = at_end or (self._recovery.live is None and batch.up_to_date)
        return self._ended or (self._mode == "bulk" and batch.up_to_date)
