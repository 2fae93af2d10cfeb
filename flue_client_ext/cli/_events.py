"""How events of a run and updates of a conversation are shown: as JSON, or on a view for people."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO

from ._options import Format
from ._out import print_json

if TYPE_CHECKING:
    from ._view import Followed


class Item(Protocol):
    """An event or an update."""

    def to_dict(self) -> dict[str, Any]: ...


class Show(Protocol):
    def show(self, item: Item) -> None: ...

    def follows(self, stream: Followed) -> None: ...

    def gap(self) -> None: ...


class JsonLines:
    """Prints what is shown to it as it was received, one object a line."""

    def show(self, item: Item) -> None:
        print_json(item.to_dict(), lines=True)

    def follows(self, stream: Followed) -> None:
        """Nothing is shown of the stream itself."""

    def gap(self) -> None:
        """Nothing is shown of what is left out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class Nothing(JsonLines):
    """Prints nothing."""

    def show(self, item: Item) -> None:
        pass


class Only:
    """Shows what is of certain types."""

    def __init__(self, types: frozenset[str], show: Show) -> None:
        self._types = types
        self._show = show

    def follows(self, stream: Followed) -> None:
        self._show.follows(stream)

    def show(self, item: Item) -> None:
        kind = item.to_dict().get("type")
        if isinstance(kind, str) and kind in self._types:
            self._show.show(item)
        else:
            self._show.gap()

    def gap(self) -> None:
        self._show.gap()


def event_view(
    format: Format, *, live: bool, stream: TextIO | None = None, quiet: bool = False
) -> AbstractContextManager[Show]:
    """Return what shows a run's events: lines of JSON on stdout, or a view on `stream` (stdout)
    that moves if it is `live` and a terminal."""
    if format == "ndjson":
        return JsonLines()
    if quiet:
        return Nothing()
    from ._run_view import RunView

    return RunView(stream or sys.stdout, live)


def of_types(types: frozenset[str] | None, show: Show) -> Show:
    return show if types is None else Only(types, show)
