"""Faults on demand: each is a value that says what goes wrong with the requests it strikes.

    server.inject(faults.Cut(after_events=3))                    # the next request
    server.inject(faults.Status(503), method="GET", times=2)     # two reads
    server.inject(faults.Cut(after_bytes=500, how="reset"), chance=0.1, seed=7, times=None)

`LocalFlue.inject` says which requests are struck. Seconds are the server's clock's, bytes are
those of the answer's body. Several faults may strike one request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ._cut import Cut, How, Stall
from ._exchange import Exchange, Fault, Handle, reply
from ._json import dumps, encode
from ._pace import BufferSSE, CloseLive, Delay, Drip
from ._parts import Body, Hangup, Part, Send, Start
from ._protocol import Answer
from ._request import Request
from ._rules import SECONDS, TEXT, whole

__all__ = [
    "Body",
    "BufferSSE",
    "ChangeToken",
    "CloseLive",
    "Cut",
    "Delay",
    "Drip",
    "DropStream",
    "Duplicate",
    "EmptyPoll",
    "Exchange",
    "Fault",
    "Handle",
    "How",
    "Part",
    "Refuse",
    "Request",
    "Send",
    "Stall",
    "Start",
    "Status",
]


@attrs.frozen
class Refuse(Fault):
    """Reset the request unanswered; with seconds, refuse connects for so long: `Refuse(1.5)`."""

    seconds: float = attrs.field(default=0.0, validator=SECONDS)

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        wire = exchange.socket()
        if self.seconds:
            await exchange.server.refuse_for(self.seconds)
        wire.reset()
        raise Hangup


@attrs.frozen
class Status(Fault):
    """Answer any status with any body: `Status(524, "<html>timeout</html>")`, `Status(503)`.

    A text is sent as HTML, anything that is not text or bytes as JSON; `headers` are added, and a
    `content-type` among them wins.
    """

    status: int = attrs.field(validator=whole(100, 999))
    body: Any = ""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        kind = "application/json"
        if isinstance(self.body, (str, bytes)):
            data, kind = (
                self.body if isinstance(self.body, bytes) else self.body.encode(),
                "text/html",
            )
        else:
            data = encode(dumps(self.body))
        given = {name.lower() for name in self.headers}
        default = () if "content-type" in given else (("content-type", kind),)
        head = Answer(self.status, (*default, *self.headers.items()), data)
        await reply(exchange.request, head, send)


@attrs.frozen
class Duplicate(Fault):
    """Send a batch twice: every SSE frame pair, or a page again that ends where the read starts.

    Its offset shows it for what it is: `Duplicate()`.
    """

    def applies(self, request: Request) -> bool:
        return request.reads_events

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        exchange.duplicate = True
        await handle(send)


@attrs.frozen
class EmptyPoll(Fault):
    """Answer a long-poll at once with no news, whatever there is: `EmptyPoll()`."""

    def applies(self, request: Request) -> bool:
        return request.live == "long-poll"

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        exchange.empty_poll = True
        await handle(send)


@attrs.frozen
class DropStream(Fault):
    """Lose what is read before this read, but for the first few: `DropStream(keep=2)`.

    What a client with a saved offset sees after a server has lost its store: of a run, its events;
    of a conversation, its batches, of which the first few are another stream's then.
    """

    keep: int = attrs.field(default=0, validator=whole(0))

    def applies(self, request: Request) -> bool:
        return request.reads_events

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        run_id, target = exchange.request.run_id, exchange.request.target
        if target is not None:
            exchange.server.conversations.lose((target.agent, target.conversation), self.keep)
        elif run_id is not None and exchange.server.runs.find(run_id) is not None:
            exchange.server.drop_stream(run_id, keep=self.keep)
        await handle(send)


@attrs.frozen
class ChangeToken(Fault):
    """Require another token from this request on: `ChangeToken("tomorrow's")`."""

    token: str | None = attrs.field(validator=TEXT.or_none())

    async def strike(self, exchange: Exchange, send: Send, handle: Handle) -> None:
        exchange.server.token = self.token
        await handle(send)
