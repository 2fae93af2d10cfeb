"""What a client's `close()` ends beside idle connections: the streams that somebody still holds."""

from __future__ import annotations

import weakref
from typing import Protocol

from ._stream.aborting import client_closed


class Closable(Protocol):
    def client_closed(self) -> None:
        """Close the connection; whoever reads, now or later, gets a `RuntimeError`."""


class OpenStreams:
    """The streams, and iterators over many runs, of a client and of its `with_options` children.

    It knows them weakly and has no lock, which a forked child could find held for ever: each
    operation is one of a dict."""

    def __init__(self) -> None:
        self._open: dict[int, weakref.ref[Closable]] = {}
        self.closed = False

    def add(self, reading: Closable) -> None:
        key, known = id(reading), self._open
        known[key] = weakref.ref(reading, lambda _: known.pop(key, None))
        if self.closed:
            reading.client_closed()

    def check(self) -> None:
        if self.closed:
            raise client_closed()

    def close(self) -> None:
        self.closed = True
        for reference in list(self._open.values()):
            if (reading := reference()) is not None:
                reading.client_closed()
