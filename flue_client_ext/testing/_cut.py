"""`Cut` and `Stall`: faults at one place in the body, after N bytes or behind the Nth event."""

from __future__ import annotations

from typing import Literal, get_args

import anyio
import attrs

from ._clock import asleep
from ._exchange import Exchange, Fault, Handle
from ._parts import Body, Hangup, Part, Send, Start
from ._request import Request
from ._rules import SECONDS, one_of, whole

How = Literal["clean", "close", "reset", "chunk", "length", "eof"]


@attrs.frozen(kw_only=True)
class Limit(Fault):
    """Something that happens at a place in the body: after N bytes, or behind the Nth event."""

    after_bytes: int | None = attrs.field(default=None, validator=whole(0).or_none())
    after_events: int | None = attrs.field(default=None, validator=whole(0).or_none())

    def __attrs_post_init__(self) -> None:
        if None not in (self.after_bytes, self.after_events):
            raise ValueError("after_bytes and after_events are two places: give one of them")

    def applies(self, request: Request) -> bool:
        return self.after_events is None or request.reads_events

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        start: Start | None = None
        seen_bytes = seen_events = 0
        struck, out = False, send

        async def limited(part: Part) -> None:
            nonlocal start, struck, out, seen_bytes, seen_events
            if isinstance(part, Start):
                start = part  # kept until it is known whether the place is in this answer
                if self.after_bytes is None and self.after_events is None:
                    await self.happen(exchange, Body(b""), send)
                return
            at = None if struck else self._place(part, seen_bytes, seen_events)
            seen_bytes += len(part.data)
            seen_events += len(part.texts)
            if start is not None:
                out = await self.open(exchange, start, send, part.last and at is None)
                start = None
            if at is None:
                await out(part)
                return
            struck = True
            if at:
                await out(Body(part.data[:at]))
            await self.happen(exchange, Body(part.data[at:], part.last), out)

        await handle(limited)

    def _place(self, part: Body, seen_bytes: int, seen_events: int) -> int | None:
        if self.after_events is not None:
            wanted = self.after_events - seen_events
            if 0 <= wanted <= len(part.texts):
                return part.ends()[wanted - 1] if wanted else 0
        if self.after_bytes is not None and 0 <= self.after_bytes - seen_bytes <= len(part.data):
            return self.after_bytes - seen_bytes
        return None

    async def open(self, exchange: Exchange, start: Start, send: Send, whole: bool) -> Send:
        """Send the head and return the sender for the body; `whole` when it will not strike."""
        await send(start)
        return send

    async def happen(self, exchange: Exchange, rest: Body, send: Send) -> None:
        """Do it; `rest` is what has not been sent yet."""


@attrs.frozen(kw_only=True)
class Cut(Limit):
    """End an answer early: `Cut(after_events=3)`, `Cut(after_bytes=0, how="reset")`, `Cut()`.

    Without a place it ends before the answer's head. `how`: `"clean"` as if complete, `"close"` an
    orderly end of the connection in mid-body, `"reset"` a torn one, `"chunk"` in the middle of a
    chunk, `"length"` with a content-length that promised more, `"eof"` a body without any framing.
    An answer that is shorter stays as it is.
    """

    how: How = attrs.field(default="close", validator=one_of(*get_args(How)))

    async def open(self, exchange: Exchange, start: Start, send: Send, whole: bool) -> Send:
        if whole:
            await send(start)
            return send
        bare = tuple((n, v) for n, v in start.headers if n.lower() != "content-length")
        if self.how == "eof":
            return await _unframed(exchange, Start(start.status, bare))
        length = (("Content-Length", "1000000000"),) if self.how == "length" else ()
        await send(Start(start.status, bare + length))
        return send

    async def happen(self, exchange: Exchange, rest: Body, send: Send) -> None:
        if self.how == "clean" and (self.after_bytes, self.after_events) != (None, None):
            await send(Body(b"", True))
            raise Hangup
        wire = exchange.socket()
        if self.how == "chunk" and rest.data:
            await wire.raw(b"%x\r\n%b" % (len(rest.data) + 100, rest.data[:10]))
        if self.how == "reset":
            wire.reset()
        wire.close()
        raise Hangup


async def _unframed(exchange: Exchange, start: Start) -> Send:
    """Write a head whose body ends with the connection, and return the sender for that body."""
    wire = exchange.socket()
    headers = (*start.headers, ("Connection", "close"))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    await wire.raw(f"HTTP/1.1 {start.status} OK\r\n{lines}\r\n".encode("latin-1"))

    async def send(part: Part) -> None:
        if isinstance(part, Body):
            await wire.raw(part.data)
            if part.last:
                wire.close()
                raise Hangup

    return send


@attrs.frozen(kw_only=True)
class Stall(Limit):
    """Fall silent and keep the connection: `Stall(after_events=1)`, `Stall(seconds=20)`.

    Without a place the head never comes; without `seconds` it lasts until the peer hangs up.
    """

    seconds: float | None = attrs.field(default=None, validator=SECONDS.or_none())

    async def happen(self, exchange: Exchange, rest: Body, send: Send) -> None:
        if self.seconds is None:
            await anyio.sleep_forever()
        else:
            await asleep(exchange.server.clock, self.seconds)
        if rest.data or rest.last:
            await send(rest)
