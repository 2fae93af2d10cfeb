"""The error for what a server's generation of Flue does not have."""

from __future__ import annotations

from typing import Unpack

from ._base import Names, ResourceError, fact


class UnsupportedByServerError(ResourceError):
    """The server is of a generation of Flue that has no such thing; nothing was executed.

    Raised before anything is sent where the generation is known: from an earlier call, or from
    the client's `generation`. `what` names the call or the option.
    """

    what: str = fact("The call or the option, such as `history` or `idempotency_key`.")
    generation: str | None = fact("`2`, `beta.8` or `beta.3`; `None`: `2` or `beta.8`.", None)
    instead: str = fact("What to do instead, in words.")

    def __init__(
        self,
        what: str,
        *,
        versions: str,
        generation: str | None,
        instead: str,
        **names: Unpack[Names],
    ) -> None:
        super().__init__(f"Flue {versions} has no {what}: {instead}", **names)
        self.what = what
        self.generation = generation
        self.instead = instead
