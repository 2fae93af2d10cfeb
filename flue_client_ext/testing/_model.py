"""What a scripted model is: its name, the tools that it calls, the tokens that it spends. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs

from ._json import dumps

_COUNTS: tuple[str, ...] = ("input", "output", "cacheRead", "cacheWrite")
#: The model of a script that names none.
SCRIPTED = "local/scripted"


@attrs.frozen
class ToolCall:
    """A tool that the model calls in a turn, and what came of it."""

    name: str
    args: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    result: Any = None
    is_error: bool = False


def checked(calls: Sequence[ToolCall]) -> Sequence[ToolCall]:
    """Refuse what is no call to be scripted, as is the `ToolCall` of a reply, which is read."""
    for call in cast(Sequence[object], calls):
        if not isinstance(call, ToolCall):
            wanted = (
                f"{ToolCall.__name__} of {__package__}: {ToolCall.__name__}(name, args, result)"
            )
            kind = type(call)
            raise TypeError(f"a call must be a {wanted}, not {kind.__module__}.{kind.__name__}")
    return calls


#: A call under its id.
NamedCall = tuple[str, ToolCall]


def shown(call: ToolCall) -> str:
    """Return a call's result as a model is shown it: as JSON, but an error in its own words."""
    words = call.is_error and isinstance(call.result, str)
    return str(call.result) if words else dumps(call.result)


@attrs.frozen
class Model:
    """A model by its provider's name and its own, written `provider/name`."""

    provider: str
    name: str

    @classmethod
    def of(cls, model: str) -> Model:
        """Read a model's name."""
        provider, _, name = model.partition("/")
        return cls(provider, name)

    @property
    def wire(self) -> dict[str, str]:
        """The model as results and messages name it."""
        return {"provider": self.provider, "id": self.name}


def usage(counts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return token counts in full, with the total and a cost of nothing."""
    known = {name: (counts or {}).get(name, 0) for name in _COUNTS}
    return {
        **known,
        "totalTokens": sum(known.values()),
        "cost": {**dict.fromkeys(_COUNTS, 0), "total": 0},
    }


@attrs.define
class Spent:
    """The tokens of several turns."""

    counts: dict[str, int] = attrs.field(factory=lambda: dict.fromkeys(_COUNTS, 0))

    def add(self, counts: Mapping[str, int] | None, deltas: int) -> Mapping[str, int]:
        """Count a turn of so many deltas, and return its counts, made up if none are given."""
        known = counts or {"input": 10, "output": deltas + 1}
        for name in _COUNTS:
            self.counts[name] += known.get(name, 0)
        return known
