"""The waits of one exchange over a user's `httpx.Client`, which any thread can end.

httpx cannot be interrupted in a name look-up, in a connect, or while it waits for the head of a
response, and its time limits are those of single operations. Those waits happen in a worker that
the caller may abandon. Once the socket is known, its shutdown ends a wait. Knows nothing of
responses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpx

from .deadlines import watch
from .httpx_progress import IGNORED, Progress
from .httpx_socket import RequestSocket
from .pool_queue import queue_of
from .workers import Abandoned, Job

T = TypeVar("T")


class Waits:
    """One at a time. `abort` may be called by any thread. Any wait that has ended early raises
    `Abandoned`, or an error of the socket that was shut down. An abandoned job calls `dispose`,
    which closes the response, when it has ended: until then the response must not be touched."""

    def __init__(self, client: httpx.Client, progress: Progress) -> None:
        self.socket = RequestSocket()
        self.aborted = False
        """Whether no wait may begin any more."""
        self.overdue = False
        """Whether that is because one exceeded its limit."""
        self.left = False
        """Whether a job was abandoned."""
        self._client = client
        self._progress = progress
        self._job: Job[Any] | None = None

    def abort(self) -> None:
        """End the wait under way and all later ones."""
        self.aborted = True
        self._progress.withdraw()
        if (job := self._job) is not None:
            job.abandon()
        self.socket.shut_down()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event of httpcore's `trace` extension, in the thread that sends."""
        if event in IGNORED:
            return
        self._progress.note(event, info)
        self.socket.note(event, info)
        if self.aborted:  # abort() did not know the socket yet
            self.socket.shut_down()

    def send(
        self, function: Callable[[], T], sent: httpx.Request, dispose: Callable[[], object]
    ) -> T:
        """Call `function`, which sends `sent` and returns its response, in a worker: for how long,
        the progress decides."""
        progress = self._progress
        transport = self._client._transport_for_url(sent.url)  # pyright: ignore[reportPrivateUsage]
        queue = queue_of(transport)

        def send() -> T:
            progress.given()
            return function()

        def ended() -> None:
            try:
                dispose()
            finally:
                queue.ended(job)

        job = Job(send, ended)
        progress.queued()
        try:
            pause = progress.until_may_change_in
            return self._result(job, partial(queue.start, job), lambda: progress.until, pause)
        except BaseException:
            if progress.waits_in_pool(self._client, sent, self.trace):
                queue.withdraw(job)
            raise

    def maybe_sent(self, sent: httpx.Request) -> bool:
        """Whether `sent` may have been sent, now that it will not be any more."""
        return self._progress.maybe_sent(self._client, sent, self.trace)

    def receive(self, function: Callable[[], T], until: float, dispose: Callable[[], object]) -> T:
        """Call `function`, which waits for more of the response, until a time of `time.monotonic`
        at most."""
        if not self.socket.known:
            job = Job(function, dispose)
            return self._result(job, job.start, lambda: until)
        if until == math.inf:
            return function()
        watched = watch.add(until, self._expire)
        try:
            return function()
        finally:
            watched.cancel()

    def _expire(self) -> None:
        """End the wait under way because it exceeds a limit."""
        self.overdue = self.overdue or not self.aborted
        self.abort()

    def _result(
        self,
        job: Job[T],
        start: Callable[[], object],
        until: Callable[[], float],
        pause: float = math.inf,
    ) -> T:
        self._job = job
        if self.aborted:  # abort() found no job to abandon
            raise Abandoned
        try:
            start()
            return job.result(until, pause)
        except Abandoned:
            self._expire()
            raise
        except BaseException:  # a KeyboardInterrupt, or an error of the job: then nothing is left
            self.abort()
            raise
        finally:
            self._job, self.left = None, job.abandoned
