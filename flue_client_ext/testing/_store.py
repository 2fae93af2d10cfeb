"""Where runs are kept: one record and one append-only event log each. Knows no HTTP and no clock.

The database is in memory or in a file, so that a server with a memory and a durable one are the
same code. Texts go in and out already serialised. A sequence number is an event's place in its log;
what the wire calls an offset is made of it elsewhere. Any thread may call any method.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ._database import Database, blob, text

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, workflow TEXT, record BLOB, ended_at REAL, closed INTEGER,
    size INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS events (
    run_id TEXT, seq INTEGER, data BLOB, PRIMARY KEY (run_id, seq)) WITHOUT ROWID;
"""


@attrs.frozen
class Run:
    """A run as it is stored: its record as JSON text, and how its log stands."""

    run_id: str
    workflow: str
    record: str
    ended_at: float | None
    closed: bool
    size: int


@attrs.frozen
class Page:
    """One read of a log: the texts, the last sequence number read, and how the log stands."""

    texts: list[str]
    last: int
    up_to_date: bool
    closed: bool


class Store:
    """The runs of one server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._db = database.connection
        self._lock = database.lock
        self._db.executescript(_SCHEMA)

    def create(self, run_id: str, workflow: str, record: str) -> None:
        """Begin a run with an empty, open log."""
        sql = "INSERT INTO runs (run_id, workflow, record, closed) VALUES (?, ?, ?, 0)"
        with self._lock:
            self._db.execute(sql, (run_id, workflow, blob(record)))

    def end(self, run_id: str, record: str, ended_at: float) -> None:
        """Keep a run's final record."""
        sql = "UPDATE runs SET record = ?, ended_at = ? WHERE run_id = ?"
        with self._lock:
            if not self._database.open:
                return
            self._db.execute(sql, (blob(record), ended_at, run_id))

    def get(self, run_id: str) -> Run | None:
        """Return a run, if there is one."""
        sql = "SELECT workflow, record, ended_at, closed, size FROM runs WHERE run_id = ?"
        with self._lock:
            if not self._database.open:
                return None
            row = self._db.execute(sql, (run_id,)).fetchone()
        if row is None:
            return None
        workflow, record, ended_at, closed, size = row
        return Run(run_id, workflow, text(record), ended_at, bool(closed), size)

    def run_ids(self) -> list[str]:
        """Return all runs, oldest first."""
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT run_id FROM runs ORDER BY rowid")]

    def append(
        self,
        run_id: str,
        texts: Sequence[str],
        *,
        close: bool = False,
        final: tuple[str, float] | None = None,
    ) -> None:
        """Append to a run's log, close it for good, and keep the run's final record with the time
        of its end, as one step."""
        with self._lock:
            run = self.get(run_id)
            if run is None:
                return  # forgotten meanwhile, or the store has been closed
            rows = [(run_id, run.size + i, blob(event)) for i, event in enumerate(texts)]
            with self._db:
                self._db.execute("BEGIN")
                self._db.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
                sql = "UPDATE runs SET size = size + ?, closed = closed OR ? WHERE run_id = ?"
                self._db.execute(sql, (len(rows), close, run_id))
                if final is not None:
                    self.end(run_id, *final)

    def read(self, run_id: str, after: int, limit: int) -> Page:
        """Read at most `limit` events after a sequence number; past the head, it comes back."""
        sql = "SELECT data FROM events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?"
        with self._lock:
            run = self.get(run_id)
            if run is None:
                return Page([], after, up_to_date=True, closed=True)
            found = self._db.execute(sql, (run_id, min(after, 2**62), limit)).fetchall()
        texts = [text(row[0]) for row in found]
        last = after + len(texts)
        return Page(texts, last, last >= run.size - 1, run.closed)

    def truncate(self, run_id: str, keep: int) -> None:
        """Lose all but the first events of a log."""
        with self._lock, self._db:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM events WHERE run_id = ? AND seq >= ?", (run_id, keep))
            sql = "UPDATE runs SET size = MIN(size, ?) WHERE run_id = ?"
            self._db.execute(sql, (keep, run_id))

    def forget(self, run_id: str) -> None:
        """Lose a run altogether."""
        self.truncate(run_id, 0)
        with self._lock:
            self._db.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))

    def close(self) -> None:
        """Close the database; what runs that are still going write from now on is lost."""
        self._database.close()
