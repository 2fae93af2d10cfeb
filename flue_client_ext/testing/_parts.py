"""The parts of which an answer is made, and the connection that carries them.

Faults stand between the application and the socket: they see parts, and may use the wire itself
where there is one. In-process transports have none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import attrs

from ._json import encode


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
