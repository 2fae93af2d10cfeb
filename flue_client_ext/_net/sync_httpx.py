"""A call's way to the server through an `httpx.Client` of the user's own: used, never closed.

httpx cannot be interrupted while it waits for an answer's head. Where a call may be aborted, the
wait happens in a thread that is left behind, and its socket, once known, is shut down to end it.
"""

from __future__ import annotations

import contextvars
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from .._core.http import Head, Request
from .._core.steps import DeadlineExceeded, Failure
from .httpx_common import failure_of, head_of, headers_of, limits, params_of


class HttpxChannel:
    """A `Channel` over an httpx client. `abortable`: whether a wait must end when told to."""

    def __init__(self, client: httpx.Client, *, abortable: bool) -> None:
        self._client = client
        self._abortable = abortable
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] | None = None
        self._socket: socket.socket | None = None
        self._in_handshake: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self._ended = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def open(self, request: Request, limit: float | None, deadline: float) -> Head | Failure:
        self.close()
        self._watch(deadline)
        sent = self._client.build_request(
            request.method,
            request.url,
            params=params_of(self._client, request),
            headers=headers_of(request),
            content=request.body,
            timeout=limits(limit, deadline - time.monotonic()),
            extensions={"trace": self._trace},
        )
        try:
            response = self._answer(sent)
        except (httpx.HTTPError, OSError) as error:
            return self._failed(error, deadline)
        whole = response.is_stream_consumed  # a mock transport's answer may be
        self._chunks = response.iter_bytes() if whole else response.iter_raw()
        self._response = response
        self._remember(response.extensions.get("network_stream"))
        return head_of(request, response)

    def read(self, limit: float | None, deadline: float) -> bytes | Failure:
        assert self._chunks is not None
        if time.monotonic() >= deadline:
            raise DeadlineExceeded(sent=True)
        try:
            data = next(self._chunks, b"")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            return self._failed(error, deadline)
        if not data and self._ended and time.monotonic() >= deadline:
            raise DeadlineExceeded(sent=True)
        return data

    def abort(self) -> None:
        self._ended = True
        self._wake.put(None)
        if (sock := self._socket) is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:  # closed already
                pass

    def close(self) -> None:
        response, self._response, self._chunks = self._response, None, None
        self._socket = None
        if self._timer is not None:
            self._timer.cancel()
        if response is not None:
            response.close()

    def leave(self) -> bool:
        self.close()
        return False  # a request that was left behind in its thread still knows this channel

    def _watch(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left < threading.TIMEOUT_MAX:
            self._timer = threading.Timer(max(left, 0), self.abort)
            self._timer.name, self._timer.daemon = "flue-client-deadline", True
            self._timer.start()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        def send() -> httpx.Response:
            return self._client.send(request, stream=True, follow_redirects=False)

        return self._abandonable(send) if self._abortable else send()

    def _abandonable(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Run `send` in a thread, and leave it behind when the call is aborted."""
        outcome: list[httpx.Response | BaseException] = []
        self._wake = wake = queue.SimpleQueue[None]()
        lock = threading.Lock()

        def work() -> None:
            try:
                result: httpx.Response | BaseException = send()
            except BaseException as error:
                result = error
            with lock:
                outcome.append(result)
                late = self._ended
            if late and isinstance(result, httpx.Response):
                result.close()
            wake.put(None)

        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(work,), name="flue-client-send", daemon=True
        ).start()
        try:
            while not outcome and not self._ended:
                wake.get()
        except BaseException:  # Ctrl-C: an answer that nobody takes must be closed
            with lock:
                self._ended = True
            for result in outcome:
                if isinstance(result, httpx.Response):
                    result.close()
            self.abort()
            raise
        with lock:
            result = outcome[0] if outcome else OSError("aborted")
        if isinstance(result, httpx.Response):
            return result
        raise result

    def _failed(self, error: Exception, deadline: float) -> Failure:
        failure = failure_of(error)
        if time.monotonic() >= deadline:
            raise DeadlineExceeded(failure.sent)
        return failure

    def _trace(self, name: str, info: dict[str, Any]) -> None:
        if name.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._remember(info.get("return_value"))
        elif name.endswith("start_tls.started") and self._socket is not None:
            # The handshake takes the descriptor away from the socket object that is known.
            known = self._socket
            self._socket = socket.fromfd(known.fileno(), known.family, known.type)
            self._in_handshake = self._socket
        if self._in_handshake is not None and name.endswith(("tls.complete", "tls.failed")):
            self._in_handshake.close()
            self._in_handshake = None
        if self._ended:
            self.abort()

    def _remember(self, stream: Any) -> None:
        if stream is not None:
            self._socket = stream.get_extra_info("socket")
            if self._ended:
                self.abort()
