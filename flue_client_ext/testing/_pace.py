"""Faults of time: answers that come late, in pieces, held back, or end when time is up."""

from __future__ import annotations

from typing import Literal, get_args

import anyio
import attrs

from ._clock import asleep
from ._exchange import Exchange, Fault, Handle
from ._parts import Body, Hangup, Part, Send, Start
from ._request import Request
from ._rules import SECONDS, one_of, whole
from ._wake import soon

Ending = Literal["clean", "close", "reset"]


@attrs.frozen(kw_only=True)
class Drip(Fault):
    """Send the body a few bytes at a time: `Drip(bytes=1, every=0.001)`."""

    bytes: int = attrs.field(default=1, validator=whole(1))
    every: float = attrs.field(default=0.0, validator=SECONDS)

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        async def dripping(part: Part) -> None:
            if isinstance(part, Start) or not part.data:
                await send(part)
                return
            for at in range(0, len(part.data), self.bytes):
                piece = part.data[at : at + self.bytes]
                await send(Body(piece, part.last and at + self.bytes >= len(part.data)))
                await asleep(exchange.server.clock, self.every)

        await handle(dripping)


@attrs.frozen
class Delay(Fault):
    """Handle the request late: `Delay(2.5)`."""

    seconds: float = attrs.field(validator=SECONDS)

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        await asleep(exchange.server.clock, self.seconds)
        await handle(send)


@attrs.frozen
class BufferSSE(Fault):
    """Hold SSE back as a bad proxy does, until its end or `bytes` are there: `BufferSSE(4096)`."""

    bytes: int | None = attrs.field(default=None, validator=whole(1).or_none())

    def applies(self, request: Request) -> bool:
        return request.live == "sse"

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        held = bytearray()

        async def buffered(part: Part) -> None:
            if isinstance(part, Start):
                await send(part)
                return
            held.extend(part.data)
            if part.last or (self.bytes is not None and len(held) >= self.bytes):
                data = bytes(held)
                held.clear()
                await send(Body(data, part.last))

        await handle(buffered)


@attrs.frozen
class CloseLive(Fault):
    """End a live answer after some seconds, as many deployments do: `CloseLive(60)`.

    `how` is `"clean"`, `"close"` or `"reset"`; a long-poll still waiting is ended without a head.
    """

    seconds: float = attrs.field(validator=SECONDS)
    how: Ending = attrs.field(default="clean", validator=one_of(*get_args(Ending)))

    def applies(self, request: Request) -> bool:
        return request.live is not None

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        started = False

        async def tracked(part: Part) -> None:
            nonlocal started
            await send(part)
            started = True

        with anyio.CancelScope() as scope:
            cancel = exchange.server.clock.call_later(self.seconds, soon(scope.cancel))
            try:
                await handle(tracked)
                return
            finally:
                cancel()
        await self._end(exchange, send if started else None)

    async def _end(self, exchange: Exchange, send: Send | None) -> None:
        if self.how == "clean" and send is not None:
            await send(Body(b"", True))
            return
        wire = exchange.socket()
        wire.reset() if self.how == "reset" else wire.close()
        raise Hangup
