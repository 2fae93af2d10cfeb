"""Reads one open answer of a stream: a page, the frames of an SSE connection, or the tail.

Turns bytes into `Reading`s and passes each on. Returns a `FailedRequest` if the answer fails; the
follower decides what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from .._values.http import Head, Request, Response, is_retryable, proxy_note
from .._values.limits import LIMITS
from .._values.steps import Clock, Failure, Flow, Note, Read
from ..errors import StreamResetError
from .call import CUT_AT_END, read_body
from .failures import FailedRequest, cause_of, connection_error, retry_floor
from .page import Context, Reading, parse_control, parse_items, parse_page
from .resource import Resource
from .sse import Framer, FrameTooLarge, parse_frame
from .stats import Counters

Take = Callable[[Reading], Flow[bool]]
"""Takes a batch with its cursor; returns whether to stop reading this answer."""

Limit = Callable[[], float]
"""The seconds that the next bytes may take."""

Overdue = Callable[[bool], bool]
"""Whether a batch should have come by now; the argument says whether a part of one has."""


class Reader:
    """The answer to one request, which was sent at `offset`."""

    def __init__(
        self,
        request: Request,
        offset: str,
        resource: Resource,
        max_frame_bytes: int,
        clock: Clock,
        counters: Counters,
        limit: Limit,
    ) -> None:
        self.request = request
        self.context = Context(request.shown_url, offset)
        self._limit = limit
        self._resource = resource
        self._max_frame_bytes = max_frame_bytes
        self._clock = clock
        self._counters = counters
        self.page_for_sse = ""
        """Describes the page that came in place of an event stream; empty if none did."""

    def page(self, head: Head, take: Take) -> Flow[FailedRequest | None]:
        self._begin(head)
        self._counters.reading()
        body = yield from read_body(self.request, head, self._limit)
        if isinstance(body, Failure):
            return self.failed(body)
        self._counters.received(len(body))
        if head.status not in (200, 204):
            return self.refused(head.response(body))
        reading = parse_page(head, body, self.context)
        if reading is None:
            return self._broke_off("cut", CUT_AT_END)
        yield from take(reading)
        return None

    def events(
        self, head: Head, take: Take, overdue: Overdue, shortcut: bool
    ) -> Flow[FailedRequest | None]:
        """Read the answer to a request for an event stream. A shortcut accepts a page instead."""
        self._begin(head)
        if is_retryable(head.status):
            return (yield from self.page(head, take))
        kind = head.content_type
        if head.status == 200 and kind == "text/event-stream" and not (shortcut and head.cached):
            return (yield from self.frames(take, overdue))
        answered = f"answered {head.status} {kind}".strip()
        is_page = head.status == 204 or (head.status, kind) == (200, "application/json")
        if shortcut and not is_page:
            return FailedRequest(answered, self.context.wrong(answered))
        if head.status == 200 and not shortcut:
            words = f"expected text/event-stream, got {kind or 'no content type'}"
            raise self.context.wrong(words)
        self.page_for_sse = answered if shortcut else ""
        return (yield from self.page(head, take))

    def frames(self, take: Take, overdue: Overdue) -> Flow[FailedRequest | None]:
        """Read until `take` returns true or the connection ends. `data` frames count only together
        with the `control` frame after them (PROTOCOL, SSE frames)."""
        framer = Framer(self._max_frame_bytes)
        items: list[Any] = []
        held, at_tail = 0, False
        while True:
            chunk: bytes | Failure = yield Read(LIMITS.read if at_tail else self._limit())
            if isinstance(chunk, Failure):
                return self.failed(chunk)
            if not chunk:
                return self._broke_off("cut", "the SSE connection ended")
            self._counters.received(len(chunk))
            for name, data in self._split(framer, chunk):
                if name == "data":
                    held = self._checked(held + len(data))
                    items += parse_items(data, self.context)
                elif name == "control":
                    reading = parse_control(data, items, self.context)
                    url, _, proxy = self.context
                    self.context = Context(url, reading.batch.offset, proxy)
                    items, held = [], 0
                    at_tail = at_tail or reading.batch.up_to_date
                    if (yield from take(reading)):
                        return None
            if overdue(bool(items)):
                return self._broke_off("timeout", "bytes come over SSE, but no batch")

    def tail(self, head: Head) -> Flow[FailedRequest | None]:
        """Read the answer to a `HEAD`, which tells the end of a stream from an offset that points
        beyond it (PROTOCOL, beyond the head)."""
        body = yield from read_body(self.request, head, self._limit)
        if isinstance(body, Failure):
            return self.failed(body)
        if is_retryable(head.status) or head.status in (401, 403, 404, 410):
            return self.refused(head.response(None))  # an answer to a HEAD has no body
        tail = head.headers.get("stream-next-offset")
        if head.status != 200 or tail is None:
            words = f"cannot check the saved offset: HEAD {head.status}"
            yield Note("warning", f"{self.context.url}: {words}")
        elif tail != self.context.offset:
            raise StreamResetError(offset=self.context.offset, tail=tail)
        return None

    def failed(self, failure: Failure) -> FailedRequest:
        error = connection_error(self.request, failure, self.context.offset)
        floor = retry_floor(failure, self._clock.wall())
        return FailedRequest(cause_of(failure), error, failure, floor=floor)

    def _broke_off(self, kind: Literal["cut", "timeout"], cause: str) -> FailedRequest:
        """Return the failure of an answer that no error of the transport has ended."""
        return self.failed(Failure(kind, cause + proxy_note(self.context.proxy)))

    def refused(self, response: Response) -> FailedRequest:
        """Return the failure of an answer whose status is not the expected one. What a server has
        lost, no other request finds."""
        error = self._resource.error(response, self.context.offset)
        if isinstance(error, StreamResetError):
            raise error
        floor = retry_floor(response, self._clock.wall())
        return FailedRequest(cause_of(response), error, status=response.status, floor=floor)

    def _checked(self, held: int) -> int:
        """Cap what `data` frames may hold before their `control` frame comes."""
        if held > self._max_frame_bytes:
            words = f"more than {self._max_frame_bytes} bytes without a control frame"
            raise self.context.wrong(words)
        return held

    def _split(self, framer: Framer, chunk: bytes) -> list[tuple[str, bytes]]:
        try:
            return [event for frame in framer.feed(chunk) for event in parse_frame(frame)]
        except FrameTooLarge as error:
            raise self.context.wrong(str(error)) from None

    def _begin(self, head: Head) -> None:
        self.context = self.context._replace(proxy=head.proxy)
