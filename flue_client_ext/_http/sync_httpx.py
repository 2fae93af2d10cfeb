"""A call's way to the server through an `httpx.Client` of the user's own: used, never closed.

httpx cannot be interrupted in a name look-up, in a connect or while it waits for an answer's head,
and its time limits are limits of single reads. Where a call can be aborted or has a deadline, those
waits happen in a worker that can be left behind; later its socket is known, and shut down.
"""

from __future__ import annotations

import math
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from .._values.http import Head, Request
from .._values.steps import DeadlineExceeded, Failure
from .deadlines import Deadline, watch
from .httpx_common import DULL, Progress, build_request, head_of_response, limits
from .httpx_errors import TROUBLE, failure_of, is_of_transport, refused_answer
from .message import is_small
from .workers import Abandoned, Job

T = TypeVar("T")


class HttpxChannel:
    """A `Channel` over an httpx client. `abortable`: whether a wait must end when told to."""

    def __init__(self, client: httpx.Client, *, abortable: bool) -> None:
        self._client = client
        self._abortable = abortable
        self._exchange: _Exchange | None = None
        self._aborted = False

    def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        self.close()
        exchange = _Exchange(self._client, deadline, self._abortable or deadline < math.inf)
        timeout = limits(limit, deadline - time.monotonic())
        sent = build_request(self._client, request, timeout, exchange.trace)
        self._exchange = exchange
        if self._aborted:  # abort() came while there was no exchange to tell
            exchange.abort()
        return exchange.open(sent, request)

    def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        exchange = self._exchange
        assert exchange is not None
        return exchange.read()

    def abort(self) -> None:
        self._aborted = True
        if (exchange := self._exchange) is not None:
            exchange.abort()

    def close(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.close()

    def leave(self) -> bool:
        self.close()
        return True


class _Exchange:
    """One request and its answer. `interruptible`: whether waits may have to end early."""

    def __init__(self, client: httpx.Client, deadline: float, interruptible: bool) -> None:
        self._client = client
        self._deadline = deadline
        self._interruptible = interruptible
        self._progress = Progress()
        self._wire = _Wire()
        self._job: Job[Any] | None = None
        self._ended = False
        self._response: httpx.Response | None = None
        self._head: Head | None = None
        self._chunks: Iterator[bytes] = iter(())
        self._fetched: deque[bytes] = deque()
        self._trouble: Exception | None = None
        self._watched: Deadline | None = None

    def open(self, sent: httpx.Request, request: Request) -> Head | Failure:
        """Send it; what the user's own hooks and authentication raise comes out as it is."""
        try:
            return self._open(sent, request)
        except Abandoned:
            return self._interrupted(self._progress.maybe_sent(self._client, sent.url))
        except TROUBLE as error:
            if not is_of_transport(error, sent):
                raise
            return self._failed(error)

    def read(self) -> bytes | Failure:
        try:
            return self._read()
        except Abandoned:
            return self._interrupted(sent=True)
        except TROUBLE as error:
            return self._failed(error)

    def _interrupted(self, sent: bool) -> Failure:
        if time.monotonic() >= self._deadline:
            raise DeadlineExceeded(sent) from None
        return Failure("cut", "aborted")

    def _failed(self, error: Exception) -> Failure:
        failure = failure_of(error, self._progress)
        if time.monotonic() >= self._deadline:
            raise DeadlineExceeded(failure.sent) from None
        return failure

    def _open(self, sent: httpx.Request, request: Request) -> Head:
        def send() -> Head:
            try:
                response = self._client.send(sent, stream=True, follow_redirects=False)
            except httpx.HTTPStatusError as error:
                response = refused_answer(error, sent)
            return self._begin(request, response)

        try:
            head = self._apart(send, lambda _: self._end())
        except Abandoned as error:
            if self._head is None:
                raise
            self._trouble = error  # it ended in the body: for the read that comes to it
            return self._head
        if self._interruptible and self._wire.known:
            self._watch()
        return head

    def _read(self) -> bytes:
        if self._fetched:
            return self._fetched.popleft()
        if self._trouble is not None:
            raise self._trouble
        if time.monotonic() >= self._deadline:
            raise Abandoned
        if self._wire.known or not self._interruptible:
            data = next(self._chunks, b"")
        else:
            data = self._apart(lambda: next(self._chunks, b""), lambda _: self._end())
        if not data:
            self._wire.forget()  # the connection may carry somebody else's request already
            if self._ended:
                raise Abandoned
        return data

    def abort(self) -> None:
        """End what waits; from any thread."""
        self._ended = True
        self._progress.withdraw()
        if (job := self._job) is not None:
            job.abandon()
        self._wire.shut()

    def close(self) -> None:
        if self._watched is not None:
            self._watched.cancel()
        self._wire.forget()
        self._end()

    def trace(self, step: str, info: dict[str, Any]) -> None:
        if step not in DULL:
            self._progress.note(step, info)
            self._wire.note(step, info)
            if self._ended:
                self._wire.shut()

    def _begin(self, request: Request, response: httpx.Response) -> Head:
        """Take the answer over, and a small body whole, so that it costs no further hand-over."""
        self._response = response
        self._progress.answer()
        head = self._head = head_of_response(request, response)
        whole = response.is_stream_consumed  # a mock transport's answer may be
        self._chunks = response.iter_bytes() if whole else response.iter_raw()
        self._wire.remember(response.extensions.get("network_stream"))
        if self._ended:
            self._wire.shut()
        if whole or is_small(request, head):
            try:
                self._fetched.extend(self._chunks)
                self._fetched.append(b"")
            except Exception as error:  # belongs to the read that comes to it
                self._trouble = error
            self._wire.forget()
        return head

    def _watch(self) -> None:
        if self._deadline < math.inf:
            self._watched = watch.add(self._deadline, self.abort)

    def _apart(self, function: Callable[[], T], discard: Callable[[T], object]) -> T:
        """Run `function` where it can be left behind, if it may have to be."""
        if not self._interruptible:
            return function()
        job = Job(function, discard)
        self._job = job
        if self._ended:
            raise Abandoned
        job.start()
        try:
            return job.result(self._deadline)
        except Abandoned:
            self.abort()
            raise
        except BaseException:
            self._wire.shut()
            raise
        finally:
            self._job = None

    def _end(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.close()


class _Wire:
    """The socket that carries a request, once it is known and as long as it carries no other."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._in_handshake: socket.socket | None = None

    @property
    def known(self) -> bool:
        return self._socket is not None

    def note(self, step: str, info: dict[str, Any]) -> None:
        if step.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.remember(info.get("return_value"))
        elif step.endswith("start_tls.started") and self._socket is not None:
            # The handshake takes the descriptor away from the socket object that is known.
            known = self._socket
            self._socket = socket.fromfd(known.fileno(), known.family, known.type)
            self._in_handshake = self._socket
        if self._in_handshake is not None and step.endswith(("tls.complete", "tls.failed")):
            self._in_handshake.close()
            self._in_handshake = None

    def remember(self, stream: Any) -> None:
        if stream is not None:
            self._socket = stream.get_extra_info("socket")

    def forget(self) -> None:
        self._socket = None

    def shut(self) -> None:
        """End what waits on the socket; over TLS without its farewell, which could block."""
        if (sock := self._socket) is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:  # closed already
                pass
