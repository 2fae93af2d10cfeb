"""The socket below a request in httpx, which another thread may shut down.

httpx has no way to interrupt a blocking read; the shutdown of its socket ends one. Knows nothing of
requests."""

from __future__ import annotations

import socket
import threading
from typing import Any


class RequestSocket:
    """The socket that carries a request, from the time that httpcore reports it to the end of the
    response: after that it may carry another call's request. One of HTTP/2 may carry others even
    before: its shutdown ends them, too."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._duplicate: socket.socket | None = None
        self._lock = threading.RLock()

    @property
    def known(self) -> bool:
        return self._socket is not None

    def note(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event of httpcore's `trace` extension."""
        if event.endswith("response_closed.started"):  # then the connection serves others
            self.forget()
        elif event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.remember(info.get("return_value"))
        elif event.endswith("start_tls.started") and self._socket is not None:
            # `SSLContext.wrap_socket` detaches the descriptor from the socket object. A duplicate
            # of it can be shut down during the handshake.
            known = self._socket
            self._socket = socket.fromfd(known.fileno(), known.family, known.type)
            self._duplicate = self._socket
        if self._duplicate is not None and event.endswith(("tls.complete", "tls.failed")):
            self._duplicate.close()
            self._duplicate = None

    def remember(self, stream: Any) -> None:
        """Take the socket from one of httpcore's network streams."""
        if stream is not None:
            self._socket = stream.get_extra_info("socket")

    def forget(self) -> None:
        """Do not touch the socket any more: it may carry another request."""
        with self._lock:  # a shutdown that has begun is over before another request comes
            self._socket = None

    def shut_down(self) -> None:
        """End the wait on the socket; from any thread. `SSLSocket.shutdown` would not do: it resets
        the TLS state under the thread that reads."""
        with self._lock:
            if self._socket is not None:
                try:
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
                except OSError:  # closed already
                    pass
