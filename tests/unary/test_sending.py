"""A request whose peer does not read it at once: the wait for room ends as any other wait does."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from flue_client_ext import AbortController, FlueAbortError, InvokeOutcomeUnknownError
from tests.unary.support import Aside, leftover_threads, overdue
from tests.worlds import World

LIMIT = 10.0
LONG = "x" * (12 << 20)
"""Longer than what two sockets hold of what nobody reads."""
ACCEPTED = b'HTTP/1.1 202 Accepted\r\ncontent-length: 17\r\n\r\n{"runId":"run_1"}'


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A peer that accepts nothing and reads nothing by itself; the system completes connects."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(LIMIT)
        yield listening


def client_of(world: World, listener: socket.socket) -> Any:
    return world.client(f"http://127.0.0.1:{listener.getsockname()[1]}")


def test_a_long_request_arrives_whole(any_world: World, listener: socket.socket) -> None:
    client = client_of(any_world, listener)
    call = Aside(lambda: client.workflows.invoke("w", input=LONG))
    peer, _ = listener.accept()
    with peer:
        peer.settimeout(LIMIT)
        received = bytearray()
        while b"\r\n\r\n" not in received:
            received += peer.recv(1000)
        body = received.partition(b"\r\n\r\n")[2]
        while len(body) < len(LONG) + 2:
            body += peer.recv(1 << 20)
        peer.sendall(ACCEPTED)
        assert call.result().run_id == "run_1"
        assert body == f'"{LONG}"'.encode()


def test_the_deadline_ends_a_wait_for_room(any_world: World, listener: socket.socket) -> None:
    client = client_of(any_world, listener)
    error = overdue(client.workflows.invoke, "w", input=LONG)
    assert type(error) is InvokeOutcomeUnknownError
    assert error.cause == "the deadline passed"


def test_an_abort_ends_a_wait_for_room(any_world: World, listener: socket.socket) -> None:
    client, controller = client_of(any_world, listener), AbortController()
    call = Aside(lambda: client.workflows.invoke("w", input=LONG, signal=controller.signal))
    peer, _ = listener.accept()
    with peer:
        assert select.select([peer], [], [], LIMIT)[0]
        controller.abort("enough")
        error = call.error()
    assert type(error) is FlueAbortError
    assert error.reason == "enough"
    assert leftover_threads() == []
