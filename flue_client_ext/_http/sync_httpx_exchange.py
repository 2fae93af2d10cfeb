"""One request and its response through a user's `httpx.Client`.

The waits are in `sync_httpx_waits`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

import httpx

from .._values.http import Head, Request
from .._values.limits import wait_until
from .._values.steps import Failure
from .httpx_errors import TRANSPORT_ERRORS, failure_of, is_of_transport, overdue, response_of
from .httpx_messages import head_of_response
from .httpx_progress import Progress
from .message import is_small
from .sync_httpx_waits import Waits
from .workers import Abandoned


class Exchange:
    """A request under way, or its response. `limit` is that of the head. `abort` may be called by
    any thread, everything else by one at a time."""

    def __init__(self, client: httpx.Client, limit: float | None, deadline: float) -> None:
        self._client = client
        self._deadline = deadline
        self._progress = Progress(limit, deadline)
        self._waits = Waits(client, self._progress)
        self.trace = self._waits.trace
        self._response: httpx.Response | None = None
        self._head: Head | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._fetched: deque[bytes] = deque()
        self._body_error: Exception | None = None

    def open(self, sent: httpx.Request, request: Request) -> Head | Failure:
        """Send `sent` and return the head of the response. An error of the user's own hooks or
        authentication propagates unchanged."""
        try:
            return self._waits.send(lambda: self._send(sent, request), sent, self._dispose)
        except Abandoned as error:
            if self._head is None:
                return self._ended_early(self._waits.maybe_sent(sent))
            self._body_error = error  # it came while a small body was read: `read` raises it
            return self._head
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
        self._waits.abort()

    def close(self) -> None:
        """Close the response; a job that was abandoned does so when it has ended."""
        if not self._waits.left:
            self._dispose()

    def _dispose(self) -> None:
        # In this order: once the response is closed, the socket may carry another call's request,
        # which an abort would shut down.
        self._waits.socket.forget()
        response, self._response = self._response, None
        if response is not None:
            response.close()

    def _is_overdue(self) -> bool:
        return self._waits.overdue or time.monotonic() >= self._deadline

    def _ended_early(self, sent: bool) -> Failure:
        if self._is_overdue():
            queued = self._progress.is_queued
            return overdue(sent, time.monotonic(), self._deadline, queued=queued)
        return Failure("cut", "aborted")

    def _failed(self, error: Exception) -> Failure:
        failure = failure_of(error, self._progress)
        if self._is_overdue():  # the socket is shut down
            return self._ended_early(failure.sent)
        return failure

    def _send(self, sent: httpx.Request, request: Request) -> Head:
        """Send the request and keep the response. A small body is read here, which saves another
        job for it."""
        try:
            response = self._client.send(sent, stream=True, follow_redirects=False)
        except httpx.HTTPStatusError as error:
            response = response_of(error, sent)
        self._response = response
        self._progress.responded()
        head = self._head = head_of_response(request, response)
        whole = response.is_stream_consumed  # the response of a mock transport may be
        self._chunks = response.iter_bytes() if whole else response.iter_raw()
        socket = self._waits.socket
        socket.remember(response.extensions.get("network_stream"))
        if self._waits.aborted:
            socket.shut_down()
        if whole or is_small(request, head):
            try:
                for chunk in self._chunks:
                    self._fetched.append(chunk)
                    self._progress.renew()
                head = head.with_body(b"".join(self._fetched))
                self._fetched.append(b"")
            except Exception as error:  # `read` raises it, after the bytes before it
                self._body_error = error
            socket.forget()
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
        data = self._waits.receive(lambda: next(self._chunks, b""), until, self._dispose)
        if not data:
            self._waits.socket.forget()  # from here on it may carry another request
            if self._waits.aborted:
                raise Abandoned
        return data
