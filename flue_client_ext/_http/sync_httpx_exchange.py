"""One request and its response through a user's `httpx.Client`, with waits that can end early.

httpx cannot be interrupted in a name look-up, in a connect, or while it waits for the head of a
response, and its time limits are those of single operations. Those waits happen in a worker that
the caller may abandon. Once the socket is known, its shutdown ends a wait."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from .._values.http import Head, Request
from .._values.limits import wait_until
from .._values.steps import Failure
from .deadlines import watch
from .httpx_errors import TRANSPORT_ERRORS, failure_of, is_of_transport, overdue, response_of
from .httpx_messages import head_of_response
from .httpx_progress import IGNORED, Progress
from .httpx_socket import RequestSocket
from .message import is_small
from .workers import Abandoned, Job

T = TypeVar("T")


class Exchange:
    """A request under way, or its response. `limit` is that of the head. `abort` may be called by
    any thread, everything else by one at a time."""

    def __init__(self, client: httpx.Client, limit: float | None, deadline: float) -> None:
        self._client = client
        self._deadline = deadline
        self._progress = Progress(limit, deadline)
        self._socket = RequestSocket()
        self._job: Job[Any] | None = None
        self._aborted = self._overdue = False
        self._left = False
        """Whether a job that was abandoned may still use the response."""
        self._response: httpx.Response | None = None
        self._head: Head | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._fetched: deque[bytes] = deque()
        self._body_error: Exception | None = None

    def open(self, sent: httpx.Request, request: Request) -> Head | Failure:
        """Send `sent` and return the head of the response. An error of the user's own hooks or
        authentication propagates unchanged."""
        try:
            return self._open(sent, request)
        except Abandoned:
            return self._ended_early(self._progress.maybe_sent(self._client, sent.url))
        except TRANSPORT_ERRORS as error:
            if not is_of_transport(error, sent):
                raise
            return self._failed(error)

    def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        """Return the next bytes of the body, `b""` at its end."""
        self._deadline = deadline
        try:
            return self._read(limit)
        except Abandoned:
            return self._ended_early(sent=True)
        except TRANSPORT_ERRORS as error:
            return self._failed(error)

    def abort(self) -> None:
        """End the wait under way and all later ones; from any thread."""
        self._aborted = True
        self._progress.withdraw()
        if (job := self._job) is not None:
            job.abandon()
        self._socket.shut_down()

    def close(self) -> None:
        """Close the response; a job that was abandoned does so when it has ended."""
        if not self._left:
            self._dispose()

    def _dispose(self) -> None:
        # In this order: once the response is closed, the socket may carry another call's request,
        # which an abort would shut down.
        self._socket.forget()
        response, self._response = self._response, None
        if response is not None:
            response.close()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event of httpcore's `trace` extension, in the thread that sends."""
        if event not in IGNORED:
            self._progress.note(event, info)
            self._socket.note(event, info)
            if self._aborted:  # abort() did not know the socket yet
                self._socket.shut_down()

    def _expire(self) -> None:
        """End the wait under way because it exceeds a limit."""
        self._overdue = self._overdue or not self._aborted
        self.abort()

    def _ended_early(self, sent: bool) -> Failure:
        now = time.monotonic()
        if self._overdue or now >= self._deadline:
            return overdue(sent, now, self._deadline)
        return Failure("cut", "aborted")

    def _failed(self, error: Exception) -> Failure:
        failure = failure_of(error, self._progress)
        if self._overdue or time.monotonic() >= self._deadline:  # it has shut down the socket
            return self._ended_early(failure.sent)
        return failure

    def _open(self, sent: httpx.Request, request: Request) -> Head:
        def send() -> Head:
            try:
                response = self._client.send(sent, stream=True, follow_redirects=False)
            except httpx.HTTPStatusError as error:
                response = response_of(error, sent)
            return self._begin(request, response)

        try:
            progress = self._progress
            return self._abandonable(send, lambda: progress.until, progress.until_may_change_in)
        except Abandoned as error:
            if self._head is None:
                raise
            self._body_error = error  # it came while a small body was read: `read` raises it
            return self._head

    def _begin(self, request: Request, response: httpx.Response) -> Head:
        """Keep the response. A small body is read here, which saves another job for it."""
        self._response = response
        self._progress.responded()
        head = self._head = head_of_response(request, response)
        whole = response.is_stream_consumed  # the response of a mock transport may be
        self._chunks = response.iter_bytes() if whole else response.iter_raw()
        self._socket.remember(response.extensions.get("network_stream"))
        if self._aborted:
            self._socket.shut_down()
        if whole or is_small(request, head):
            try:
                for chunk in self._chunks:
                    self._fetched.append(chunk)
                    self._progress.renew()
                head = head.with_body(b"".join(self._fetched))
                self._fetched.append(b"")
            except Exception as error:  # `read` raises it, after the bytes before it
                self._body_error = error
            self._socket.forget()
        return head

    def _read(self, limit: float | None) -> bytes:
        if self._fetched:
            return self._fetched.popleft()
        if self._body_error is not None:
            raise self._body_error
        now = time.monotonic()
        if now >= self._deadline:
            raise Abandoned
        until = wait_until(now, limit, self._deadline)
        if not self._socket.known:
            data = self._abandonable(lambda: next(self._chunks, b""), lambda: until)
        elif until == math.inf:
            data = next(self._chunks, b"")
        else:
            watched = watch.add(until, self._expire)
            try:
                data = next(self._chunks, b"")
            finally:
                watched.cancel()
        if not data:
            self._socket.forget()  # from here on it may carry another request
            if self._aborted:
                raise Abandoned
        return data

    def _abandonable(
        self, function: Callable[[], T], until: Callable[[], float], pause: float = math.inf
    ) -> T:
        """Run `function` in a worker, and wait for it as `Job.result` does."""
        job = Job(function, self._dispose)
        self._job = job
        if self._aborted:  # abort() found no job to abandon
            raise Abandoned
        job.start()
        try:
            return job.result(until, pause)
        except Abandoned:
            self._expire()
            raise
        except BaseException:  # KeyboardInterrupt
            self._socket.shut_down()
            raise
        finally:
            self._job, self._left = None, job.abandoned
