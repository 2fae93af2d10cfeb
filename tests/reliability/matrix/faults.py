"""What a fault is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from .pace import Lowered
from .strikes import Strike

Channel = Literal["own", "httpx", "own TLS", "httpx TLS"]
"""Whose connections: the client's own or those of a user's httpx client; and what they speak."""
When = Literal["passing", "lasting", "midway", "closing"]
RESUMED = "resumed"
NONE = "-"


@attrs.frozen
class Fault:
    """A row of the table.

    `when` it strikes: every second request for a while (passing), each (lasting), once a part of
    what is there has come (midway), or each connection (closing). `outcomes` are those of calls by
    the name of their column, with the mode behind it where modes differ, or `*` for all; what is
    not there is resumed. `why` tells what may surprise. `lowered`:
    which limits of the client are lowered, see `pace`. `is_of_tls`: only TLS has it; `over_httpx`:
    the outcomes over a user's httpx client, if they are others.
    """

    name: str
    what: Strike
    when: When = "passing"
    outcomes: Mapping[str, str] = attrs.field(factory=dict[str, str])
    why: str = ""
    lowered: Lowered = ""
    retries: int = 40
    server: Literal["raw", "kept", "lost"] = "raw"
    is_of_tls: bool = False
    over_httpx: Mapping[str, str] | None = None

    @property
    def waits(self) -> bool:
        """Whether its cells wait for limits of time, which are lowered."""
        return self.lowered in ("times", "answers", "life")

    def outcome(self, column: str, mode: str, channel: Channel) -> str:
        """What is declared of a call: `resumed`, the name of an error, or `-` for none at all."""
        is_other = self.over_httpx is not None and "httpx" in channel
        outcomes = self.over_httpx if is_other and self.over_httpx is not None else self.outcomes
        for name in (f"{column}, {mode}", column, "*"):
            if name in outcomes:
                return outcomes[name]
        return RESUMED
