"""What a fault is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from .pace import Lowered
from .strikes import Strike

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
    which limits of the client are lowered, see `pace`.
    """

    name: str
    what: Strike
    when: When = "passing"
    outcomes: Mapping[str, str] = attrs.field(factory=dict[str, str])
    why: str = ""
    lowered: Lowered = ""
    retries: int = 40
    server: Literal["raw", "kept", "lost"] = "raw"

    def outcome(self, column: str, mode: str) -> str:
        """What is declared of a call: `resumed`, the name of an error, or `-` for none at all."""
        for name in (f"{column}, {mode}", column, "*"):
            if name in self.outcomes:
                return self.outcomes[name]
        return RESUMED
