"""One HTTP/1.1 connection as its server holds it: requests come in parsed, bytes go out as told."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Headers = Mapping[str, str] | Sequence[tuple[str, str]]
LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    """A request as it arrived; header names in lower case, the last of a repeated one."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    at: float  # of the monotonic clock
    connection: int  # counted from 1

    def json(self) -> Any:
        return json.loads(self.body)


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


class Connection:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.socket = sock
        self.number = number
        self.closed = False
        self._chunked = False

    def secure(self, context: ssl.SSLContext) -> None:
        """Begin to speak TLS, with the certificate of `context`."""
        secured = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.socket = secured  # first, so that `reset` reaches a handshake too
        secured.do_handshake()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self, status: int, headers: Headers = (), reason: str = "Reason") -> None:
        """Send a status line and these headers, and no others."""
        pairs = _pairs(headers)
        self._chunked = any(name.lower() == "transfer-encoding" for name, _ in pairs)
        lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
        self.send(f"HTTP/1.1 {status} {reason}\r\n{lines}\r\n".encode("latin-1"))

    def answer(self, status: int, body: bytes = b"", headers: Headers = ()) -> None:
        """Send a whole answer with its true Content-Length."""
        self.head(status, [*_pairs(headers), ("content-length", str(len(body)))])
        self.send(body)

    def json(self, status: int, value: Any, headers: Headers = ()) -> None:
        """Send a whole JSON answer."""
        kind = ("content-type", "application/json")
        self.answer(status, json.dumps(value).encode(), [kind, *_pairs(headers)])

    def event_stream(self, headers: Headers = ()) -> None:
        """Send the head of a chunked event stream; `chunk` sends its parts."""
        kind = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")]
        self.head(200, [*kind, *_pairs(headers)])

    def chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """End the body: the last chunk of a chunked one, the end of the connection for another."""
        if self._chunked:
            self.send(b"0\r\n\r\n")
        else:
            self.say_goodbye()
            self.close()

    def drip(self, data: bytes, size: int = 1) -> None:
        """Send `size` bytes at a time, each in a packet of its own."""
        for start in range(0, len(data), size):
            self.send(data[start : start + size])

    def say_goodbye(self) -> None:
        """Send the close_notify of TLS, and do not wait for the peer's."""
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.settimeout(0)
            with contextlib.suppress(OSError):
                self.socket.unwrap()

    def close(self) -> None:
        """Close in order: the peer reads all that was sent, then an end (without a TLS goodbye)."""
        self.closed = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        self.socket.close()

    def reset(self) -> None:
        """Throw the connection away: the peer gets a reset and may lose what it has not read."""
        self.closed = True
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            # Wakes a thread that reads here, and tells the peer nothing.
            socket.socket.shutdown(self.socket, socket.SHUT_RD)
        self.socket.close()

    def wait_closed(self, timeout: float = 10.0) -> bool:
        """Block until the peer closes or resets; False when it has not within `timeout` seconds."""
        try:
            self.socket.settimeout(timeout)
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        finally:
            with contextlib.suppress(OSError):
                self.socket.settimeout(None)
        return True

    def is_over(self) -> bool:
        """Whether this end or the peer has closed it."""
        if self.socket.fileno() < 0:
            return True
        watch = select.poll()
        watch.register(self.socket, select.POLLRDHUP)
        return bool(watch.poll(0))

    def read_request(self) -> Request | None:
        """Read the next request; None when the peer has closed first."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += (got := self.socket.recv(65536))
            if not got:
                return None
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        split = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in split}
        while len(body) < int(headers.get("content-length", "0")):
            body += (got := self.socket.recv(65536))
            if not got:
                return None
        return Request(method, target, headers, body, time.monotonic(), self.number)
