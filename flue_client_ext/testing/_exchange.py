"""One request on its way through the server, and the parts of which its answer is made.

Faults stand between the application and the socket: they see parts, and may use the wire itself
where there is one. In-process transports have none, so faults that need it say so.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ._json import encode
from ._protocol import Answer

if TYPE_CHECKING:
    from ._local import LocalFlue


class Hangup(Exception):
    """The connection is gone, by a fault's doing; nothing more is to be sent."""


class Wire(Protocol):
    """The connection under an exchange."""

    async def raw(self, data: bytes) -> None:
        """Write bytes past all framing."""
        ...

    def close(self) -> None:
        """End the connection in order (FIN) after what was written."""
        ...

    def reset(self) -> None:
        """Tear the connection down (RST)."""
        ...


@attrs.frozen
class Request:
    """A request as it arrived: `path` below the mount prefix, header names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    raw_path: str

    def param(self, name: str) -> str | None:
        """Return the first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    def json(self) -> Any:
        """Return the body as JSON; `ValueError` when it is none."""
        return json.loads(self.body)

    @property
    def run_id(self) -> str | None:
        """The run that is read, for `/runs/{runId}`."""
        return self._segment("/runs/")

    @property
    def workflow(self) -> str | None:
        """The workflow that is invoked, for `/workflows/{name}`."""
        return self._segment("/workflows/")

    @property
    def reads_events(self) -> bool:
        """Whether it reads a run's events, and not its record or its head."""
        return self.method == "GET" and self.run_id is not None and self.param("meta") is None

    @property
    def live(self) -> str | None:
        """How a read of events waits for news, `"sse"` or `"long-poll"`, if it does."""
        return self.param("live") if self.reads_events else None

    def _segment(self, start: str) -> str | None:
        rest = self.path.removeprefix(start)
        return rest if rest != self.path and rest and "/" not in rest else None


@attrs.frozen
class Start:
    """The head of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]


@attrs.frozen
class Body:
    """A stretch of an answer's body; `texts` are the events in it, `lead` the bytes before them."""

    data: bytes
    last: bool = False
    texts: Sequence[str] = ()
    lead: int = 0

    def ends(self) -> list[int]:
        """The position in `data` just behind each event."""
        ends: list[int] = []
        at = self.lead - 1
        for text in self.texts:
            at += 1 + len(encode(text))
            ends.append(at)
        return ends


Part = Start | Body
Send = Callable[[Part], Awaitable[None]]


@attrs.define
class Exchange:
    """A request, where its answer goes, and the wishes of faults about how it is read."""

    request: Request
    server: LocalFlue
    wire: Wire | None
    duplicate: bool = False
    empty_poll: bool = False

    def socket(self) -> Wire:
        """Return the wire, or say what is missing."""
        if self.wire is None:
            raise RuntimeError("this fault needs a socket: use `with server.run() as url`")
        return self.wire


async def reply(request: Request, answer: Answer, send: Send) -> None:
    """Send a complete answer in parts; a bodiless one has no length either."""
    bodiless = request.method == "HEAD" or answer.status in (204, 304)
    length = () if bodiless else (("Content-Length", str(len(answer.body))),)
    await send(Start(answer.status, answer.headers + length))
    await send(Body(answer.body, True, answer.texts, 1))
