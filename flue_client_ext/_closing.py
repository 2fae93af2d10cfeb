"""What a client's `close()` ends beside idle connections: the streams that are still in use."""

from __future__ import annotations

import weakref
from typing import Protocol

from ._stream.aborting import client_closed


class Closable(Protocol):
    def client_closed(self) -> None:
        """Close the connection; reading, now or later, raises `RuntimeError`."""


class OpenStreams:
    """The streams, and iterators over many runs, of a client and of its `with_options` children.

    The references are weak, so that dropping a stream ends it. There is no lock, since a child that
    is forked while another thread holds one never gets it; each operation is one of a dict."""

    def __init__(self) -> None:
        self._open: dict[int, weakref.ref[Closable]] = {}
        self.closed = False

    def add(self, reading: Closable) -> None:
        key, known = id(reading), self._open
        known[key] = weakref.ref(reading, lambda _: known.pop(key, None))
        if self.closed:  # after adding: a `close` in another thread sees the stream, or is seen
            reading.client_closed()

    def check(self) -> None:
        if self.closed:
            raise client_closed()

    def close(self) -> None:
        self.closed = True
        for reference in list(self._open.values()):
            if (reading := reference()) is not None:
                reading.client_closed()
