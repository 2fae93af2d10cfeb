"""The SQLite worker, killed again and again, and started each time on the same file.

    python -m tests.examples.killed_worker BASE_URL DATABASE SEED KIND NAME...

Each life is a child process that tells its parent of every statement before SQLite executes it. The
parent kills it (SIGKILL) after a random number of them. Prints how many were killed.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
from typing import Any

from tests.killing import is_killed, pipe_of_dots

from .support import load


def live_once(worker: Any, tell: int, arguments: list[str]) -> None:
    connect: Any = sqlite3.connect

    def told(*options: Any, **named: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*options, **named)
        database.set_trace_callback(lambda statement: os.write(tell, b".") and None)
        return database

    sqlite3.connect = told  # type: ignore[assignment]
    os._exit(worker.main(arguments))


def main() -> None:
    base_url, database, seed, *source = sys.argv[1:]
    os.environ["FLUE_BASE_URL"] = base_url
    chance = random.Random(int(seed))
    worker = load("sqlite_worker")
    killed = 0
    while True:
        told, tell = pipe_of_dots()
        child = os.fork()
        if not child:
            os.close(told)
            live_once(worker, tell, [database, *source])
        os.close(tell)
        # The first ones are those of the schema; each batch has four or more.
        if not is_killed(child, told, chance, chance.randint(0, 30), 5000):
            print(killed)
            return
        killed += 1


if __name__ == "__main__":
    main()
