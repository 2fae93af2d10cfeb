"""The limit: a bare socket and the C JSON decoder, no typing, no checks, no resumption."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

_decode = msgspec.json.Decoder().decode
_STAMP = re.compile(rb'"ns":(\d+)')


def _request(url: str, run: str) -> socket.socket:
    host, port = urlsplit(url).netloc.split(":")
    sock = socket.create_connection((host, int(port)))
    sock.sendall(f"GET /runs/{run}?offset=-1&live=sse HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return sock


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
