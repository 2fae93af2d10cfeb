"""A small body that httpx has received with its head: the head has it, and it can be read too."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from flue_client_ext._http.async_httpx import AsyncHttpxChannel
from flue_client_ext._http.sync_httpx import HttpxChannel
from flue_client_ext._values.http import Request
from flue_client_ext._values.steps import Failure
from tests.servers import raw
from tests.unary.support import borrowed, says
from tests.worlds import Bridge, World

LARGE = b"x" * 70_000


@pytest.fixture
def channel(any_world: World) -> Iterator[Any]:
    with borrowed(any_world) as http_client:
        if any_world.portal is None:
            yield HttpxChannel(http_client)
        else:
            yield Bridge(any_world.portal, AsyncHttpxChannel(http_client))


def opened(channel: Any, url: str) -> Any:
    return channel.open(Request("GET", url), 30.0, math.inf)


def read(channel: Any) -> Any:
    return channel.read(30.0, math.inf)


@pytest.mark.parametrize("body", [b"", b"a body"])
def test_a_head_has_its_small_body_which_can_be_read_too(channel: Any, body: bytes) -> None:
    with raw.RawServer(says(200, body)) as server:
        assert opened(channel, server.url).body == body
        parts = [read(channel)]
        while parts[-1]:
            parts.append(read(channel))
        assert b"".join(parts) == body


def test_a_head_does_not_wait_for_a_large_body(channel: Any) -> None:
    with raw.RawServer(says(200, LARGE)) as server:
        assert opened(channel, server.url).body is None
        size = 0
        while part := read(channel):
            size += len(part)
        assert size == len(LARGE)


def test_a_head_has_no_body_that_was_cut(channel: Any) -> None:
    def cut(_: raw.Request, connection: raw.Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
        connection.close()

    with raw.RawServer(cut) as server:
        assert opened(channel, server.url).body is None
        assert read(channel) == b"half"
        assert isinstance(read(channel), Failure)
