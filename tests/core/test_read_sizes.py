"""How many bytes a socket asks for: few until many come, and few again after that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from flue_client_ext._http.async_socket import AsyncSocket
from flue_client_ext._http.operations import RECEIVE
from flue_client_ext._http.race import AddressHistory
from flue_client_ext._http.sync_socket import SyncSocket
from flue_client_ext._http.tcp_socket import LARGE_READ, SMALL_READ


class Peer:
    """Stands for the system's socket: each read brings what is there, as far as it is asked for."""

    def __init__(self, arriving: Sequence[int]) -> None:
        self.asked: list[int] = []
        self._arriving = list(arriving)

    def recv(self, size: int) -> bytes:
        self.asked.append(size)
        return bytes(min(size, self._arriving.pop(0)))

    def settimeout(self, seconds: float) -> None:
        pass


def read(peer: Any, kind: str, times: int) -> None:
    if kind == "sync":
        blocking = SyncSocket(AddressHistory())
        blocking._socket = peer
        for _ in range(times):
            blocking.perform(RECEIVE, math.inf)
        return
    waiting = AsyncSocket(AddressHistory())
    waiting._socket = peer

    async def receive() -> None:
        for _ in range(times):
            await waiting.perform(RECEIVE)

    anyio.run(receive, backend=kind)


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_a_large_read_follows_one_that_was_not_small(kind: str) -> None:
    many = 10 * LARGE_READ
    arriving = [300, many, many, SMALL_READ, 300, 300]
    peer = Peer(arriving)
    read(peer, kind, len(arriving))
    small, large = SMALL_READ, LARGE_READ
    assert peer.asked == [small, small, large, large, large, small]
