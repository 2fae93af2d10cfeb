"""A conversation as it stands, shown to users: typed views over what its fold holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from attrs import field, frozen

from flue_client.models import ConversationMessage, ConversationSettlement

from .fold import Fold

Phase: TypeAlias = Literal["live", "absent"]
T = TypeVar("T")


def _size(values: tuple[Any, ...]) -> str:
    return f"<{len(values)}>"


@frozen
class ConversationState:
    """A conversation as it stands at `offset`. It never changes: the next state is another one, in
    which the messages that did not change are the same objects.

    `phase` is `live`, or `absent` where the server knows no such conversation: then all else is
    empty. `pending` are the submissions that have a message and have not settled.
    """

    messages: tuple[ConversationMessage, ...] = field(default=(), repr=_size)
    settlements: tuple[ConversationSettlement, ...] = field(default=(), repr=_size)
    offset: str | None = None
    phase: Phase = "absent"
    pending: tuple[str, ...] = ()

    @property
    def busy(self) -> bool:
        """Whether the agent has work to do: told by unsettled submissions, not by open text."""
        return bool(self.pending)


class States:
    """Makes the states of one conversation, one after another."""

    def __init__(self) -> None:
        self._messages = _Views(ConversationMessage.from_dict)
        self._settlements = _Views(ConversationSettlement.from_dict)

    def of(self, fold: Fold) -> ConversationState:
        snapshot = fold.snapshot()
        return ConversationState(
            self._messages.of(snapshot["messages"]),
            self._settlements.of(snapshot["settlements"]),
            fold.offset,
            "live",
            fold.pending,
        )


class _Views(Generic[T]):
    """Views over JSON objects; the one of an object that did not change is kept."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._objects: list[Any] = []
        self._views: tuple[T, ...] = ()

    def of(self, objects: list[Any]) -> tuple[T, ...]:
        nothing: Iterable[tuple[Any, Any]] = repeat((None, None))
        known = chain(zip(self._objects, self._views, strict=True), nothing)
        make = self._make
        self._views = tuple(
            view if before is now else make(now)
            for now, (before, view) in zip(objects, known, strict=False)
        )
        self._objects = objects
        return self._views
