"""What differs between the generations of the agents' protocol: one dialect for each.

All other code asks a dialect, and never compares versions (PROTOCOL, generations)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from ..errors import UnsupportedByServerError
from .generations import Generation

Json = dict[str, Any]

_EVENTS = "follow the agent's events with client.agents.stream(name, id)"
_CHUNKS = "use client.agents.updates(name, id) or client.agents.observe(name, id)"
_OF_2 = {
    "idempotency_key": "leave it out, since the server would ignore it: a send is one POST there",
    "initial_data": "put it into the message, or into the agent itself",
    "uid": "leave it out; a conversation id of your own choice begins a new conversation",
    "send_signal": "use client.agents.send(name, id, message)",
    "history_before": "read the whole with client.agents.history(name, id)",
}
"""What came with 2.0, and what to do on the betas."""
_OF_BETA_8 = {
    "abort": "wait until the submission settles; nothing stops it",
    "history": _EVENTS,
    "history_before": _EVENTS,
    "updates": _EVENTS,
    "observe": _EVENTS,
    "ask_stream": _EVENTS,
    "on_update": _EVENTS,
    "attachment": "keep the bytes yourself; the server does not return them",
}
"""What came with beta.8, and what to do before it."""


@frozen
class Dialect:
    """How the servers of one generation are talked to. `versions` names them to users."""

    generation: Generation
    versions: str
    missing: Mapping[str, str] = field(repr=False)
    """The calls and options that they do not have, each with what to do instead."""
    has_kinds: bool = False
    """A message says of which kind it is: the bodies of 2.x."""
    has_waits: bool = False
    """A send can wait for the reply, in one request."""
    has_events: bool = False
    """A conversation is read as a stream of events; otherwise as a snapshot and its updates."""

    def check(self, *needs: str) -> None:
        """Raise `UnsupportedByServerError` for the first of `needs` that is missing."""
        for what in needs:
            if what in self.missing:
                raise self.unsupported(what)

    def unsupported(self, what: str) -> UnsupportedByServerError:
        return UnsupportedByServerError(
            what, versions=self.versions, generation=self.generation, instead=self.missing[what]
        )

    def body(self, message: Json) -> Json:
        """Return the body of a send. `message` is the body of 2.x."""
        if self.has_kinds:
            return message
        images = message.get("attachments")
        return {"message": message["body"], **({"images": images} if images else {})}


TWO = Dialect("2", "2.x", {"stream": _CHUNKS}, has_kinds=True)
BETA_8 = Dialect("beta.8", "1.0.0-beta.8 to beta.9", {"stream": _CHUNKS, **_OF_2}, has_waits=True)
BETA_3 = Dialect(
    "beta.3",
    "1.0.0-beta.3 to beta.7",
    {**_OF_2, **_OF_BETA_8},
    has_waits=True,
    has_events=True,
)
_ALL: Mapping[Generation, Dialect] = {each.generation: each for each in (TWO, BETA_8, BETA_3)}


def dialect_of(generation: Generation) -> Dialect:
    return _ALL[generation]


def no_events() -> UnsupportedByServerError:
    """The error where it is known only that a server has no events of agents."""
    return UnsupportedByServerError(
        "stream", versions="1.0.0-beta.8 and later", generation=None, instead=_CHUNKS
    )


@frozen
class Outgoing:
    """A message to be sent: its body as 2.x has it, and what it needs that not every generation
    has."""

    body: Json = field(repr=False)
    needs: tuple[str, ...] = ()

    def needing(self, *more: str) -> Outgoing:
        return Outgoing(self.body, (*self.needs, *more))
