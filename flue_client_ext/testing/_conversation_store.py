"""Where conversations are kept: their batches of chunks, submissions and attachments.

Knows no HTTP and no clock. A batch is what the server has written at once: any number of chunks,
none included, under one sequence number. Any thread may call any method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ._database import Database, blob, text
from ._store import Page

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    agent TEXT, id TEXT, uid TEXT, conversation_id TEXT, incarnation TEXT, seed BLOB,
    PRIMARY KEY (agent, id));
CREATE TABLE IF NOT EXISTS batches (
    incarnation TEXT, seq INTEGER, chunks BLOB, PRIMARY KEY (incarnation, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS submissions (
    submission_id TEXT PRIMARY KEY, agent TEXT, id TEXT, payload BLOB, state TEXT);
CREATE TABLE IF NOT EXISTS attachments (
    agent TEXT, id TEXT, attachment_id TEXT, mime_type TEXT, data BLOB,
    PRIMARY KEY (agent, id, attachment_id));
"""
Key = tuple[str, str]


@attrs.frozen
class Row:
    """A conversation as it is stored; `seed` is its initial data as JSON, if it has any."""

    agent: str
    id: str
    uid: str
    conversation_id: str
    incarnation: str
    seed: str | None

    @property
    def key(self) -> Key:
        return self.agent, self.id


@attrs.frozen
class Submission:
    """A submission as it is stored: its payload as JSON, and `queued`, `running`, a host's id or
    `settled`."""

    id: str
    agent: str
    conversation: str
    payload: str
    state: str


class ConversationStore:
    """The conversations of one server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._db = database.connection
        self._lock = database.lock
        self._db.executescript(_SCHEMA)

    def _run(self, sql: str, *values: object) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall() if self._database.open else []

    def create(self, row: Row) -> None:
        """Begin a conversation without a batch and without initial data."""
        names = (*map(blob, row.key), row.uid, row.conversation_id, row.incarnation)
        self._run("INSERT INTO conversations VALUES (?, ?, ?, ?, ?, NULL)", *names)

    def plant(self, row: Row) -> None:
        """Keep a conversation's initial data."""
        seed = None if row.seed is None else blob(row.seed)
        self._run("UPDATE conversations SET seed = ? WHERE incarnation = ?", seed, row.incarnation)

    def get(self, key: Key) -> Row | None:
        """Return a conversation, if there is one."""
        return next(iter(self._rows("WHERE agent = ? AND id = ?", *map(blob, key))), None)

    def rows(self) -> list[Row]:
        """Return all conversations, oldest first."""
        return self._rows("ORDER BY rowid")

    def _rows(self, where: str, *values: object) -> list[Row]:
        found = self._run(f"SELECT * FROM conversations {where}", *values)
        return [Row(*(_text(value) for value in row)) for row in found]

    def append(self, incarnation: str, seq: int, chunks: Sequence[str]) -> None:
        """Write a batch."""
        data = blob("\n".join(chunks))
        self._run("INSERT INTO batches VALUES (?, ?, ?)", incarnation, seq, data)

    def size(self, incarnation: str) -> int:
        """Return how many batches there are."""
        found = self._run("SELECT MAX(seq) FROM batches WHERE incarnation = ?", incarnation)
        return found[0][0] + 1 if found and found[0][0] is not None else 0

    def read(self, incarnation: str, after: int, limit: int) -> Page:
        """Read the chunks of at most `limit` batches after a sequence number."""
        sql = "SELECT chunks FROM batches WHERE incarnation = ? AND seq > ? ORDER BY seq LIMIT ?"
        found = self._run(sql, incarnation, after, limit)
        texts = [chunk for (data,) in found for chunk in text(data).split("\n") if chunk]
        last = after + len(found)
        return Page(texts, last, last >= self.size(incarnation) - 1, closed=False)

    def truncate(self, row: Row, incarnation: str, keep: int) -> None:
        """Lose all but the first batches, and be another stream from then on."""
        with self._lock:
            self._run(
                "DELETE FROM batches WHERE incarnation = ? AND seq >= ?", row.incarnation, keep
            )
            for table in ("batches", "conversations"):
                sql = f"UPDATE {table} SET incarnation = ? WHERE incarnation = ?"
                self._run(sql, incarnation, row.incarnation)

    def forget(self, row: Row) -> None:
        """Lose a conversation altogether."""
        with self._lock:
            self._run("DELETE FROM batches WHERE incarnation = ?", row.incarnation)
            for table in ("conversations", "submissions", "attachments"):
                sql = f"DELETE FROM {table} WHERE agent = ? AND id = ?"
                self._run(sql, *map(blob, row.key))

    def submit(self, submission: Submission) -> None:
        """Keep a new submission."""
        names = (blob(submission.agent), blob(submission.conversation), blob(submission.payload))
        sql = "INSERT INTO submissions VALUES (?, ?, ?, ?, ?)"
        self._run(sql, submission.id, *names, submission.state)

    def move(self, submission_id: str, state: str) -> None:
        """Keep a submission's new state."""
        sql = "UPDATE submissions SET state = ? WHERE submission_id = ?"
        self._run(sql, state, submission_id)

    def submission(self, submission_id: str) -> Submission | None:
        """Return a submission, if there is one."""
        found = self._submissions("WHERE submission_id = ?", submission_id)
        return found[0] if found else None

    def submissions(self, key: Key) -> list[Submission]:
        """Return a conversation's submissions, oldest first."""
        return self._submissions("WHERE agent = ? AND id = ? ORDER BY rowid", *map(blob, key))

    def _submissions(self, where: str, *values: object) -> list[Submission]:
        rows = self._run(f"SELECT * FROM submissions {where}", *values)
        return [Submission(*(_text(value) for value in row)) for row in rows]

    def attach(self, key: Key, attachment_id: str, mime_type: str, data: bytes) -> None:
        """Keep an attachment."""
        values = (*map(blob, key), attachment_id, blob(mime_type), data)
        self._run("INSERT OR REPLACE INTO attachments VALUES (?, ?, ?, ?, ?)", *values)

    def attachment(self, key: Key, attachment_id: str) -> tuple[str, bytes] | None:
        """Return an attachment's media type and bytes, if it is there."""
        where = "agent = ? AND id = ? AND attachment_id = ?"
        sql = f"SELECT mime_type, data FROM attachments WHERE {where}"
        found = self._run(sql, *map(blob, key), attachment_id)
        return (text(found[0][0]), found[0][1]) if found else None


def _text(value: Any) -> Any:
    return text(value) if isinstance(value, bytes) else value
