"""Copy what happens in a conversation or in a run into SQLite, each update exactly once.

    pip install .                                     # in a checkout
    export FLUE_BASE_URL=http://127.0.0.1:3583
    python examples/sqlite_worker.py copy.db conversation assistant ticket-42
    python examples/sqlite_worker.py copy.db run run_01J...
    python examples/sqlite_worker.py --once copy.db conversation assistant ticket-42

The worker writes its rows and its checkpoint in one transaction. Whatever kills it, and whenever,
the file has both or neither, and the next start goes on behind the last row. `--once` ends at
what is there now. Without it the worker waits for more: a run has an end, a conversation has none.

Only what is in the transaction happens exactly once: a mail sent from the loop may be sent twice.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from flue_client_ext import Checkpoint, FlueClient, StreamResetError, UpdateCheckpoint

SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
    number INTEGER PRIMARY KEY, source TEXT NOT NULL, type TEXT NOT NULL, json TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS checkpoint (source TEXT PRIMARY KEY, json TEXT NOT NULL);
"""


class Copy:
    """The copy of one source: its rows, and the checkpoint of what they hold."""

    def __init__(self, database: sqlite3.Connection, source: str) -> None:
        self.database = database
        self.source = source
        database.executescript(SCHEMA)

    def checkpoint(self) -> str | None:
        query = "SELECT json FROM checkpoint WHERE source = ?"
        row = self.database.execute(query, (self.source,)).fetchone()
        saved: str | None = None if row is None else row[0]
        return saved

    def commit(self, items: Iterable[Mapping[str, Any]], checkpoint: str) -> None:
        """Write the rows and the checkpoint, or neither."""
        rows = [(self.source, str(item.get("type")), json.dumps(item)) for item in items]
        with self.database:  # BEGIN ... COMMIT, or ROLLBACK
            insert = "INSERT INTO item (source, type, json) VALUES (?, ?, ?)"
            self.database.executemany(insert, rows)
            replace = "INSERT OR REPLACE INTO checkpoint VALUES (?, ?)"
            self.database.execute(replace, (self.source, checkpoint))


def follow_conversation(client: FlueClient, copy: Copy, agent: str, id: str, live: bool) -> None:
    saved = copy.checkpoint()
    resume = None if saved is None else UpdateCheckpoint.from_json(saved)
    with client.agents.conversation(agent, id).updates(resume=resume, live=live) as stream:
        for updates, _ in stream.batches():
            copy.commit([each.to_dict() for each in updates], stream.checkpoint.to_json())


def follow_run(client: FlueClient, copy: Copy, run_id: str, live: bool) -> None:
    saved = copy.checkpoint()
    resume = None if saved is None else Checkpoint.from_json(saved)
    with client.runs.stream(run_id, resume=resume, live=live) as stream:
        for events, _ in stream.batches():
            copy.commit([each.to_dict() for each in events], stream.checkpoint.to_json())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("database")
    parser.add_argument("--once", action="store_true", help="end at what is there now")
    kinds = parser.add_subparsers(dest="kind", required=True)
    conversation = kinds.add_parser("conversation")
    conversation.add_argument("agent")
    conversation.add_argument("id")
    kinds.add_parser("run").add_argument("run_id")
    options = parser.parse_args(arguments)
    is_run, live = options.kind == "run", not options.once
    source = options.run_id if is_run else f"{options.agent}/{options.id}"
    with closing(sqlite3.connect(options.database, timeout=30)) as database, FlueClient() as client:
        copy = Copy(database, source)
        try:
            if is_run:
                follow_run(client, copy, options.run_id, live)
            else:
                follow_conversation(client, copy, options.agent, options.id, live)
        except StreamResetError as error:  # the server's store was lost; the copy holds what was
            print(f"{error}; to copy anew, delete the rows of {source!r}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
