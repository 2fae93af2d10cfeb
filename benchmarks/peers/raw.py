"""The limit: a bare socket and the C JSON decoder, no typing, no checks, no resumption."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec

_decode = msgspec.json.Decoder().decode
_STAMP = re.compile(rb'"ns":(\d+)')
_BATCH = re.compile(rb'.*"streamNextOffset":"([^"]*)"', re.DOTALL)
_ASK = (
    b"POST %b HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\n"
    b'Content-Length: 30\r\n\r\n{"kind":"user","body":"hello"}'
)


def _request(url: str, run: str) -> socket.socket:
    parts = urlsplit(url)
    host, port = parts.netloc.split(":")
    sock = socket.create_connection((host, int(port)))
    if parts.scheme == "https":
        sock = _tls_context().wrap_socket(sock, server_hostname=host)
    sock.sendall(f"GET /runs/{run}?offset=-1&live=sse HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return sock


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def sse(url: str, run: str) -> int:
    return sum(len(items) for items in _batches(url, run))


def events(url: str, run: str) -> int:
    """Keep all of them, as `runs.events` does."""
    return len([item for items in _batches(url, run) for item in items])


def _batches(url: str, run: str) -> Iterator[list[Any]]:
    """Decode each data frame; chunk headers lie between the frames and are skipped with them."""
    rest = b""
    with _request(url, run) as sock:
        while data := sock.recv(262144):
            *frames, rest = (rest + data).split(b"\n\n")
            for frame in frames:
                _, found, body = frame.partition(b"event: data\ndata:")
                if found:
                    yield _decode(body)
            if rest.endswith(b"\r\n0\r\n\r\n"):
                break


def transfer(url: str, run: str) -> int:
    """Only receive: one round trip plus the transfer, in bytes."""
    size = 0
    with _request(url, run) as sock:
        last = b""
        while data := sock.recv(262144):
            size += len(data)
            last = (last + data)[-8:]
            if last.endswith(b"\r\n0\r\n\r\n"):
                break
    return size


def lags(url: str, run: str, live: str) -> list[int]:
    """Nanoseconds that each event took to a loop that does nothing but receive and look for it."""
    return _sse_lags(url, run) if live == "sse" else _poll_lags(url, run)


def _sse_lags(url: str, run: str) -> list[int]:
    lags: list[int] = []
    rest = b""
    with _request(url, run) as sock:
        while data := sock.recv(262144):
            *frames, rest = (rest + data).split(b"\n\n")
            now = time.monotonic_ns()
            lags += [now - int(ns) for frame in frames for ns in _STAMP.findall(frame)]
            if b"run_end" in data:
                break
    return lags


def _poll_lags(url: str, run: str) -> list[int]:
    lags: list[int] = []
    offset, data = "-1", b""
    host, port = urlsplit(url).netloc.split(":")
    with socket.create_connection((host, int(port))) as sock:
        while b"Stream-Closed" not in data:
            target = f"/runs/{run}?offset={offset}&live=long-poll"
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            data = sock.recv(262144)
            now = time.monotonic_ns()
            lags += [now - int(ns) for ns in _STAMP.findall(data)]
            offset = data.partition(b"Stream-Next-Offset: ")[2].partition(b"\r\n")[0].decode()
    return lags


def asks(url: str, run: str, times: int) -> list[int]:
    """Ask so many times, each in a conversation of its own: a POST on a kept connection, and the
    event stream of another one until the submission has settled. Return the nanoseconds of each."""
    taken = []
    with _connect(url) as kept:
        for number in range(times):
            path = f"/{run}-{number}"
            began = time.perf_counter_ns()
            kept.sendall(_ASK % path.encode())
            admission = _admission(kept)
            with _connect(url) as sock:
                _follow(sock, path, admission["offset"])
                data = b""
                while b'"submission-settled"' not in data:
                    data += _more(sock)
            taken.append(time.perf_counter_ns() - began)
    return taken


def _connect(url: str) -> socket.socket:
    host, port = urlsplit(url).netloc.split(":")
    sock = socket.create_connection((host, int(port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _more(sock: socket.socket) -> bytes:
    data = sock.recv(262144)
    if not data:
        raise ConnectionError("the server has closed the connection")
    return data


def _follow(sock: socket.socket, path: str, offset: str) -> None:
    target = f"{path}?view=updates&offset={offset}&live=sse"
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def _admission(sock: socket.socket) -> Any:
    data = b""
    while not (data.endswith((b"}", b"}\r\n0\r\n\r\n")) and b"\r\n\r\n" in data):
        data += _more(sock)
    return json.loads(data[data.index(b"{") : data.rindex(b"}") + 1])


def watch(url: str, run: str, mark: str, last: int) -> list[int]:
    """Follow an answer until it has `last` words that begin with `mark`; return when each came.
    Goes on at once, on a new connection, where one has ended."""
    times: list[int] = []
    with urlopen(f"{url}/{run}?view=history") as history:
        offset = json.load(history)["offset"]
    while len(times) < last:
        with suppress(ConnectionError), _connect(url) as sock:
            _follow(sock, f"/{run}", offset)
            data = b""
            while len(times) < last:
                data += _more(sock)
                if found := _BATCH.match(data):
                    offset, data = found[1].decode(), data[found.end() :]
                    times += [time.monotonic_ns()] * found[0].count(mark.encode())
    return times


def conversation_transfer(url: str, run: str) -> int:
    """Only receive the updates of a conversation, in bytes: one round trip plus the transfer."""
    size, last = 0, b""
    with _connect(url) as sock:
        _follow(sock, f"/{run}", "-1")
        while b'"upToDate":true' not in last:
            data = _more(sock)
            size += len(data)
            last = (last + data)[-200:]
    return size
