"""The stage of the state machine: a model server, a follower played by hand, a consumer that takes
one item at a time, and what must hold at every moment."""

from __future__ import annotations

from operator import length_hint
from typing import Any

from flue_client_ext import BackoffOptions
from flue_client_ext._stream.delivery import Delivery
from flue_client_ext._values.steps import Emit, Open, Read, Sleep

from .model import Response, Stream
from .play import ManualClock, follow

SPINNING = 8
"""So many requests without progress and without a wait are a spin."""


class Stage:
    def __init__(self) -> None:
        super().__init__()
        self.stream = Stream()
        self.clock = ManualClock()
        self.answer: Response | None = None
        """What the server is sending now."""
        self.got: list[Any] = []
        """What the consumer has, all its lives together."""
        self.pinned: int | None = None
        """The position at which the reading began; not known at first when it is "now"."""
        self.tail = 0
        """The position of the tail when the latest request was answered."""
        self.since = (0, 0.0)
        self.requests = 0
        self.begin_reading("-1", None)

    def begin_reading(self, offset: str, live: Any) -> None:
        """A new follower and a new consumer, as after a restart of the process."""
        self.live = live
        options = BackoffOptions(max_retries=None)
        self.play = follow(offset, live, self.clock, backoff=options)
        self.delivery: Delivery[Any] = Delivery(offset)
        self.answer, self.kept_alive = None, False
        self.in_hand: int | None = None
        """How many items of the batch that is being handed over are left."""
        self.passed: list[int] = []
        self.requests = 0

    @property
    def may_append_to_answer(self) -> bool:
        return self.answer is not None and self.answer.live

    def begin_answer(self, answer: Response, tail: int | None = None) -> None:
        """`tail`: the position of what the answer calls the tail, where that is out of date."""
        self.answer = answer
        self.tail = len(self.stream.items) if tail is None else tail
        self.reply(answer.head)

    def reply(self, answer: Any) -> None:
        """Give the follower its reply; forget an answer that it has given up."""
        self.play.reply(answer)
        self.forget_answer()

    def forget_answer(self) -> None:
        if isinstance(self.play.step, Open | Sleep) or self.play.ended:
            self.answer = None

    def end_answer(self, failure: Any = None) -> None:
        """End the body that is being read, or cut it."""
        self.kept_alive = failure is None
        self.reply(failure or b"")
        assert not isinstance(self.play.step, Read), "it reads on where nothing comes any more"

    def accept(self, bare: bool = False) -> bool:
        """Answer the open request as it should be; `False` if that has to wait for an item."""
        _, mode, offset = self.play.asked
        answer = self.stream.answer(self.play.request, mode, offset, bare)
        if answer is not None:
            self.begin_answer(answer)
        return answer is not None

    def take_one(self) -> None:
        """Hand over the next item, as a stream does; after the last one, ask for more."""
        batch = self.play.batch
        if self.in_hand is None:
            self.delivery.load(batch)
            self.in_hand = length_hint(self.delivery.pending)
            if self.pinned is None:
                self.pinned = self.stream.position(batch.offset) - self.in_hand
        elif self.in_hand:
            self.got.append(next(self.delivery.pending))
            self.in_hand = length_hint(self.delivery.pending)
        else:
            self.in_hand = None
            self.passed.append(self.stream.position(self.delivery.offset))
            self.play.taken()
            self.forget_answer()

    def honest_step(self) -> bool:
        """Do what the follower waits for; `False` where that is an item, or nothing."""
        match self.play.step:
            case None:
                return False
            case Open():
                return self.accept()
            case Read() if self.answer and self.answer.body:
                self.send(1 << 20)
            case Read() if self.may_append_to_answer:
                return False
            case Read():
                self.end_answer()
            case Sleep():
                self.play.slept()
            case Emit():
                self.take_one()
        return True

    def send(self, size: int) -> None:
        assert self.answer is not None
        part, self.answer.body = self.answer.body[:size], self.answer.body[size:]
        self.reply(part)

    def close_stream(self) -> None:
        self.stream.closed = True
        if self.answer is not None and self.answer.live:
            self.stream.feed(self.answer, greet=True)

    def check(self) -> None:
        self.check_items()
        self.check_offset()
        self.check_requests()

    def check_items(self) -> None:
        """Each once, in order, none missing."""
        begin = self.pinned or 0
        assert self.got == self.stream.items[begin : begin + len(self.got)]

    def check_offset(self) -> None:
        """It is exactly that after the batches that were handed over whole."""
        if self.pinned is None:
            return
        position = self.stream.position(self.delivery.offset)
        handed_over = self.pinned + len(self.got)
        if self.in_hand:
            assert position <= handed_over
        else:
            assert position == handed_over

    def check_requests(self) -> None:
        """They start where the consumer is, and do not spin."""
        if isinstance(self.play.step, Open):
            assert self.play.asked[2] == self.delivery.offset
        since = (len(self.got), self.clock.now)
        if since != self.since:
            self.since, self.requests = since, self.play.opened
        assert self.play.opened - self.requests < SPINNING

    def check_end(self) -> None:
        """With an honest server from here on, it ends with everything there is to be had."""
        if not self.stream.closed:
            self.stream.append(1)
            self.close_stream()
        for _ in range(40 * (len(self.stream.items) + 5)):
            if not self.honest_step():
                break
            self.check()
        assert self.play.ended
        if self.pinned is not None:
            reached = self.pinned + len(self.got)
            assert reached >= (self.tail if self.live is None else len(self.stream.items))
