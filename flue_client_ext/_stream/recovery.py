"""What follows a request that failed or brought nothing: the next request, a pause, pages in place
of SSE, or the error. `policy` decides; this module acts on the decision."""

from __future__ import annotations

import math

from .._values.limits import LIMITS
from .._values.steps import Clock, Flow, Note, Sleep
from .backoff import BackoffOptions, GaveUp, Retry
from .budget import Budget
from .failures import FailedRequest
from .options import Live, ReadOptions
from .page import Context
from .policy import decide, falls_back
from .position import Position
from .request import Mode
from .resource import Resource
from .stats import Counters


class Recovery:
    """The retries of one reading, and the modes that it may still use."""

    def __init__(
        self,
        resource: Resource,
        options: ReadOptions,
        clock: Clock,
        counters: Counters,
        position: Position,
    ) -> None:
        self._url = resource.shown_url
        self.retry = Retry(options.backoff or BackoffOptions(), clock.jitter, self._url)
        self.live: Live = options.live
        self.bulk = resource.catches_up_over_sse and not options.pages_only
        """Whether catching up may use SSE."""
        self.budget = Budget(clock.monotonic)
        self._sse_tells_loss = resource.sse_tells_loss
        self.needs_page = options.offset == "now" and options.live in ("long-poll", "auto")
        """Whether a page is to be read first, which resolves "now" to an offset."""
        self._counters = counters
        self._position = position

    def is_shortcut(self, mode: Mode) -> bool:
        """Whether this is SSE where pages would do."""
        return mode == "bulk" or (mode == "sse" and self.live == "auto")

    def idle(self, mode: Mode, lasted: float, pace: float, context: Context) -> Flow[None]:
        """Wait after an answer with nothing new: `pace` seconds pass between two live requests."""
        if not self._position.caught_up:
            cause = "an answer that neither moves the offset nor reaches the tail"
            yield from self._pause(FailedRequest(cause, context.wrong(cause)))
            return
        self.retry.reset()
        if mode in ("long-poll", "sse") and lasted < pace:
            yield Sleep(pace - lasted)

    def after(self, failed: FailedRequest, mode: Mode, lasted: float, progress: bool) -> Flow[None]:
        """Prepare the next request after a failed one, or raise its error."""
        position, shortcut = self._position, self.is_shortcut(mode)
        decision = decide(failed.outcome, lasted)
        position.reconnect()
        self.needs_page = self.needs_page or position.offset == "now"
        self._counters.reconnects += decision != "at once"
        if progress:
            self.retry.reset()
        if decision == "at once":
            return
        routine = _is_routine(failed, mode, lasted)
        alive = routine and position.has_batch and position.caught_up
        if shortcut and not alive and self._falls_back(failed, mode, progress):
            yield from self.fall_back(failed.cause)
        elif decision == "never" and not (shortcut and progress):
            raise failed.error
        elif progress:
            return
        elif routine:
            self.needs_page = self.needs_page or not position.has_batch
            words = f"live connection ended after {lasted:.0f} s: reopening"
            yield Note("debug", f"{self._url}: {words}")
        elif shortcut:
            yield from self._pause(failed, self.budget.remaining)
            if not self.budget.remaining:
                yield from self.fall_back(failed.cause)
        else:
            silent = mode == "sse" and not (position.has_batch or self._sse_tells_loss)
            self.needs_page = self.needs_page or silent
            yield from self._pause(failed)

    def fall_back(self, cause: str) -> Flow[None]:
        """Give up SSE for the rest of this reading, where pages can take over."""
        if not self.bulk and self.live != "auto":
            return
        self.bulk = False
        if self.live == "auto":
            self.live = "long-poll"
        yield Note("info", f"{self._url}: SSE does not work here ({cause}): reading pages")

    def _falls_back(self, failed: FailedRequest, mode: Mode, progress: bool) -> bool:
        return falls_back(
            failed.outcome,
            progress=progress,
            has_batch=self._position.has_batch,
            answered=self._position.batches > 0,
            bulk=mode == "bulk",
            failures=self.retry.failures,
            exhausted=self.retry.exhausted,
            told_to_wait=failed.floor > 0,
        )

    def _pause(self, failed: FailedRequest, most: float = math.inf) -> Flow[None]:
        self._counters.state = "waiting"
        try:
            yield from self.retry.pause(
                failed.cause, status=failed.status, floor=failed.floor, most=most
            )
        except GaveUp:
            raise failed.error from None


def _is_routine(failed: FailedRequest, mode: Mode, lasted: float) -> bool:
    """Whether a live connection was cut as a matter of routine (PROTOCOL, SSE frames)."""
    failure = failed.failure
    cut = failure is not None and failure.kind == "cut" and mode in ("long-poll", "sse")
    return cut and lasted >= LIMITS.routine_life
