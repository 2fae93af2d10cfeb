"""One request on its way through the server, and what a fault around its handling is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs

from ._parts import Body, Send, Start, Wire
from ._protocol import Answer
from ._request import Request
from ._state import ServerState

Handle = Callable[[Send], Awaitable[None]]


@attrs.define
class Exchange:
    """A request, where its answer goes, and the wishes of faults about how it is read."""

    request: Request
    server: ServerState
    wire: Wire | None
    duplicate: bool = False
    empty_poll: bool = False

    def socket(self) -> Wire:
        """Return the wire, or say what is missing."""
        if self.wire is None:
            raise RuntimeError("this fault needs a socket: use `with server.run() as url`")
        return self.wire


class Fault:
    """What all faults are: something around the handling of a request. Derive to make your own."""

    def applies(self, request: Request) -> bool:
        """Say whether it can do anything to this request; what it cannot strike does not count."""
        return True

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        """Do it: `await handle(send)` gives the true answer, maybe to a sender of your own."""
        await handle(send)


async def reply(request: Request, answer: Answer, send: Send) -> None:
    """Send a complete answer in parts; a bodiless one has no length either."""
    bodiless = request.method == "HEAD" or answer.status in (204, 304)
    length = () if bodiless else (("Content-Length", str(len(answer.body))),)
    await send(Start(answer.status, answer.headers + length))
    await send(Body(answer.body, True, answer.texts, 1))
