"""Playing a conversation by hand: each reply is a line of the test; nothing waits, nothing is sent.

`Play` answers notes by itself and keeps them; a poll gets what has `arrived`; `Sleep` moves its
clock. Jitter takes the whole ceiling, so that delays are exact."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from typing import Any

from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._stream.follow import Follower
from flue_client_ext._stream.machine import Machine
from flue_client_ext._stream.options import ReadOptions
from flue_client_ext._stream.request import Mode
from flue_client_ext._stream.resource import Resource
from flue_client_ext._stream.stats import Counters
from flue_client_ext._values.http import Head, Request
from flue_client_ext._values.steps import (
    Batch,
    Call,
    Clock,
    DeadlineExceeded,
    Emit,
    Failure,
    Note,
    Open,
    Outcome,
    Poll,
    Read,
    Sleep,
    Step,
)
from flue_client_ext.signals import AbortSignal

URL = "http://server.test/stream"
WALL = 1_800_000_000.0

REFUSED = Failure("connect", "refused", sent=False)
CUT = Failure("cut", "reset by peer")
SILENT = Failure("timeout", "timed out")
STALE = Failure("cut", "closed while idle", stale=True)
UNTRUSTED = Failure("connect", "certificate", sent=False, permanent=True)


class ManualClock:
    """Both clocks of a `Clock`, moved by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    @property
    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: self.now,
            wall=lambda: WALL + self.now,
            jitter=lambda ceiling: ceiling,
        )


class Play:
    """A flow under way; `step` is what it wants now, `None` after its end."""

    def __init__(
        self,
        conversation: Generator[Any, Any, Any],
        clock: ManualClock,
        counters: Counters | None = None,
        timeout: float | None = None,
    ) -> None:
        self.conversation = conversation
        self.machine = Machine(conversation, lambda: clock.now, AbortSignal(), timeout)
        self.clock = clock
        self.counters = counters or Counters(lambda: clock.now)
        self.notes: list[Note] = []
        self.arrived: Iterator[bytes | Failure] = iter(())
        """What the next polls find."""
        self.opened = 0
        self.result: Any = None
        self.step: Any = None
        self._turn(self.machine.next)

    @property
    def ended(self) -> bool:
        return self.step is None

    def wants(self, step: Step) -> bool:
        """Whether this is its step. Equality alone would not do: steps are tuples."""
        return (type(self.step), self.step) == (type(step), step)

    def reply(self, answer: Any) -> Any:
        """Send `answer` and return the next step that is not a note."""
        return self._turn(lambda: self.machine.reply(answer))

    def taken(self) -> Any:
        """Take the batch that is being handed over."""
        assert isinstance(self.step, Emit), self.step
        return self._turn(self.machine.next)

    def cancel(self) -> Any:
        """Cancel what it waits for, and come back; return the next step."""
        self.machine.cancel()
        return self._turn(self.machine.next)

    def _turn(self, turn: Callable[[], Step | None]) -> Any:
        step = turn()
        while isinstance(step, Note | Poll):
            if isinstance(step, Note):
                self.notes.append(step)
            step = self.machine.reply(next(self.arrived, None) if isinstance(step, Poll) else None)
        batch = self.machine.batch
        if batch is not None:
            step = Emit(batch)
        self.result = self.machine.result
        self.opened += isinstance(step, Open)
        self.step = step
        return step

    @property
    def request(self) -> Request:
        assert isinstance(self.step, Open), self.step
        return self.step.request

    def head(self, status: int = 200, close_delimited: bool = False, /, **headers: str) -> Any:
        assert isinstance(self.step, Open), self.step
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.reply(Head(status, named, close_delimited))

    def body(self, *parts: bytes) -> Any:
        for part in (*parts, b""):
            assert isinstance(self.step, Read), self.step
            self.reply(part)
        return self.step

    def answer(
        self, status: int, body: bytes = b"", close_delimited: bool = False, /, **headers: str
    ) -> Any:
        """Answer the open request whole."""
        self.head(status, close_delimited, **headers)
        return self.body(*([body] if body else []))

    def fail(self, failure: Failure) -> Any:
        assert isinstance(self.step, Open | Read), self.step
        return self.reply(failure)

    def slept(self) -> float:
        """Let the rest of the sleep under way pass; return its seconds."""
        assert isinstance(self.step, Sleep), self.step
        seconds = self.step.seconds
        self.clock.now = max(self.clock.now, self.machine.wake_at)
        self.reply(None)
        return seconds

    def called(self) -> Any:
        """Run the user's function as a driver does."""
        assert isinstance(self.step, Call), self.step
        try:
            outcome = Outcome(self.step.function())
        except Exception as error:
            outcome = Outcome(error=error)
        return self.reply(outcome)

    def deadline(self, sent: bool = True) -> Any:
        return self.reply(DeadlineExceeded(sent))


class FollowPlay(Play):
    """A `Follower` under way. Requests are read back as (method, mode, offset)."""

    @property
    def asked(self) -> tuple[str, str, str]:
        query = self.query
        return self.request.method, query["mode"], query["offset"]

    @property
    def query(self) -> dict[str, str]:
        pairs = (pair.split("=") for pair in self.request.url.partition("?")[2].split("&"))
        return dict(pairs)

    @property
    def batch(self) -> Batch:
        assert isinstance(self.step, Emit), self.step
        return self.step.batch

    def page(
        self,
        items: list[Any] | None,
        offset: str,
        *flags: str,
        cursor: str | None = None,
        close_delimited: bool = False,
    ) -> Any:
        """Answer with a page (`None`: a 204); flags are "up_to_date" and "closed"."""
        headers = {"stream_next_offset": offset, "content_type": "application/json"}
        if "up_to_date" in flags or "closed" in flags:
            headers["stream_up_to_date"] = "true"
        if "closed" in flags:
            headers["stream_closed"] = "True"
        if cursor:
            headers["stream_cursor"] = cursor
        if items is None:
            return self.answer(204, **headers)
        return self.answer(200, json.dumps(items).encode(), close_delimited, **headers)

    def sse(self, *parts: bytes) -> Any:
        """Answer with an event stream and its first parts."""
        self.head(200, content_type="text/event-stream; charset=utf-8")
        return self.bytes(*parts)

    def bytes(self, *parts: bytes) -> Any:
        for part in parts:
            assert isinstance(self.step, Read), self.step
            self.reply(part)
        return self.step


def data(items: list[Any]) -> bytes:
    return b"event: data\ndata:" + json.dumps(items).encode() + b"\n\n"


def control(offset: str, *flags: str, **more: Any) -> bytes:
    fields: dict[str, Any] = {"streamNextOffset": offset, **more}
    if "up_to_date" in flags:
        fields["upToDate"] = True
    if "closed" in flags:
        fields["streamClosed"] = True
    return b"event: control\ndata:" + json.dumps(fields).encode() + b"\n\n"


class Stream(Resource):
    """A stream whose requests can be read back."""

    def __init__(self) -> None:
        super().__init__(URL, "test")

    def request(self, mode: Mode, offset: str, cursor: str | None) -> Request:
        method = "HEAD" if mode == "tail" else "GET"
        return Request(method, f"{URL}?offset={offset}&mode={mode}&cursor={cursor or ''}")


def follow(
    offset: str = "-1",
    live: Any = None,
    clock: ManualClock | None = None,
    make: Callable[..., Follower] = Follower,
    credentials: Credentials | None = None,
    timeout: float | None = None,
    resource: Resource | None = None,
    **options: Any,
) -> FollowPlay:
    """Begin to follow a stream."""
    clock = clock or ManualClock()
    counters = Counters(lambda: clock.now)
    options.setdefault("max_frame_bytes", 1 << 20)
    reading = ReadOptions(credentials or Credentials(), offset, live, **options)
    flow = make(resource or Stream(), reading, clock.clock, counters).run()
    return FollowPlay(flow, clock, counters, timeout)


def reading(live: str = "sse", **options: Any) -> FollowPlay:
    """A stream that has got its first batch by SSE and stands at offset "b"."""
    play = follow(live=live, **options)
    play.sse(data([1]), control("b", "up_to_date"))
    play.taken()
    return play
