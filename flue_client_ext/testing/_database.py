"""One SQLite database, in memory or in a file, that every thread of the server may use."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from pathlib import Path


def blob(text: str) -> bytes:
    """Encode text for a column; SQLite's own TEXT refuses lone surrogates."""
    return text.encode("utf-8", "surrogatepass")


def text(blob: bytes) -> str:
    """Decode what `blob` has encoded."""
    return blob.decode("utf-8", "surrogatepass")


def _close(connection: sqlite3.Connection, lock: threading.RLock) -> None:
    with lock:  # SQLite does not survive a connection that is closed under a running statement
        connection.close()


class Database:
    """A connection and the lock under which it is used."""

    def __init__(self, path: str | Path | None = None) -> None:
        self.connection = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.lock = threading.RLock()
        # Also when the process exits, which work that is still going does not survive.
        self._closing = weakref.finalize(self, _close, self.connection, self.lock)

    @property
    def open(self) -> bool:
        """Whether it can still be used; what is written after its end is lost."""
        return self._closing.alive

    def close(self) -> None:
        """Close the database."""
        self._closing()
