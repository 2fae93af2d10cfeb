"""A Durable Stream as a value, and the answers that an honest server gives: the model of the
machine.

Items are numbered from 0; position p is the place before item p. Its offset is a word that says
nothing. An answer is the bytes of a body and what is known of it; whoever plays the server sends as
much of it as it likes.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import Factory, define

from flue_client_ext._values.http import Head, Request

from .play import control, data

PAGE = 3
FIRST = "-1"


def offset_of(position: int) -> str:
    """The opaque offset of `position`."""
    return f"{'kqzbx'[position % 5]}{position * 7919 % 1009:04}_{position:x}"


@define
class Response:
    """An answer under way: `body` is what is still to be sent."""

    head: Head
    body: bytes = b""
    live: bool = False
    """More bytes may be appended: an SSE connection."""
    position: int = 0
    """Where an SSE connection stands."""
    sent: list[bytes] = Factory(list)
    """The batches that were put on an SSE connection, each with its control frame."""


@define
class Stream:
    """What the server holds."""

    items: list[Any] = Factory(list)
    closed: bool = False

    def append(self, count: int) -> None:
        self.items.extend(range(len(self.items), len(self.items) + count))

    def position(self, offset: str) -> int:
        if offset == FIRST:
            return 0
        if offset == "now":
            return len(self.items)
        for position in range(len(self.items) + 1):
            if offset_of(position) == offset:
                return position
        raise AssertionError(f"an offset that was never given out: {offset}")

    def page(self, position: int) -> tuple[list[Any], int, bool, bool]:
        """Items from `position`, the position after them, whether it is the tail, and the end."""
        items = self.items[position : position + PAGE]
        following = position + len(items)
        at_tail = following == len(self.items)
        return items, following, at_tail, at_tail and self.closed

    def head(self, position: int, status: int = 200, close_delimited: bool = False) -> Head:
        _, following, at_tail, closed = self.page(position)
        headers = {"stream-next-offset": offset_of(following), "content-type": "application/json"}
        if at_tail:
            headers["stream-up-to-date"] = "true"
        if closed:
            headers["stream-closed"] = "TRUE"
        return Head(status, headers, close_delimited)

    def answer(self, request: Request, mode: str, offset: str, bare: bool) -> Response | None:
        """The answer to `request`; `None` while a long-poll has to wait."""
        position = self.position(offset)
        if request.method == "HEAD":
            tail = {"stream-next-offset": offset_of(len(self.items))}
            return Response(Head(200, tail))
        if mode in ("sse", "bulk"):
            connection = Response(Head(200, {"content-type": "text/event-stream"}), live=True)
            connection.position = position
            self.feed(connection, greet=True)
            return connection
        items, *_ = self.page(position)
        if mode == "long-poll" and not items:
            return Response(self.head(position, 204)) if self.closed else None
        return Response(self.head(position, close_delimited=bare), json.dumps(items).encode())

    def nothing_new(self, offset: str) -> Response:
        """The end of a long-poll's wait."""
        return Response(self.head(self.position(offset), 204))

    def feed(self, connection: Response, greet: bool = False) -> None:
        """Put what is new on an SSE connection: batches, each with its control frame."""
        while connection.position < len(self.items) or greet:
            greet = False
            items, following, at_tail, closed = self.page(connection.position)
            flags = ["up_to_date"] * (at_tail and not closed) + ["closed"] * closed
            split = following % (len(items) + 1)
            frames = [data(part) for part in (items[:split], items[split:]) if part]
            batch = b"".join(frames) + control(offset_of(following), *flags)
            connection.sent.append(batch)
            connection.body += batch
            connection.position = following
            if closed:
                connection.live = False
