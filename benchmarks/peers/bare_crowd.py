"""The least that many live streams take: a bare socket of asyncio for each of them and the C JSON
decoder. No typing, no checks, no time limits, no resumption."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import msgspec

from benchmarks.peers.crowd import Crowd, names

_decode = msgspec.json.Decoder().decode
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n")
_OFFSET = re.compile(rb"\r\nStream-Next-Offset: (\S+)\r\n")

Ask = Callable[[bytes], Coroutine[Any, Any, None]]
Receive = Callable[[], Coroutine[Any, Any, bytes]]
Take = Callable[[bytes], None]
Follow = Callable[[bytes, Ask, Receive, Take], Coroutine[Any, Any, None]]


def crowd(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    """Follow `size` live streams at once over SSE."""
    return asyncio.run(_all(url, names(prefix, size, plan), _events))


def crowd_of_polls(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    """The same by long-polls."""
    return asyncio.run(_all(url, names(prefix, size, plan), _polls))


async def _all(url: str, runs: list[str], follow: Follow) -> dict[str, Any]:
    noted, loop, parts = Crowd(len(runs)), asyncio.get_running_loop(), urlsplit(url)

    async def one(number: int, run: str) -> None:
        with socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, (parts.hostname, parts.port))

            def take(body: bytes) -> None:
                for event in _decode(body):
                    noted.take(number, event["attributes"]["ns"])

            await follow(
                f"GET /runs/{run}?offset=%b HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode(),
                lambda request: loop.sock_sendall(sock, request),
                lambda: loop.sock_recv(sock, 65536),
                take,
            )

    await asyncio.gather(*(one(number, run) for number, run in enumerate(runs)))
    return noted.report()


async def _events(request: bytes, ask: Ask, receive: Receive, take: Take) -> None:
    await ask(request % b"-1&live=sse")
    rest = b""
    while not rest.endswith(b"\r\n0\r\n\r\n"):
        *frames, rest = (rest + await receive()).split(b"\n\n")
        for frame in frames:
            _, found, body = frame.partition(b"event: data\ndata:")
            if found:
                take(body)


async def _polls(request: bytes, ask: Ask, receive: Receive, take: Take) -> None:
    offset, head = b"-1", b""
    while b"Stream-Closed" not in head:
        await ask(request % (offset + b"&live=long-poll&cursor=1"))
        head, _, body = (await receive()).partition(b"\r\n\r\n")
        while len(body) < int(_found(_LENGTH, head)):
            body += await receive()
        offset = _found(_OFFSET, head)
        take(body)


def _found(pattern: re.Pattern[bytes], head: bytes) -> bytes:
    found = pattern.search(head + b"\r\n")
    if found is None:
        raise ValueError(f"no {pattern.pattern!r} in {head!r}")
    return found[1]
