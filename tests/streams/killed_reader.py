"""A consumer of a run that is killed again and again, and starts each time from what it had saved.

    python -m tests.streams.killed_reader BASE_URL RUN_ID LIVE WORLD KEPT FOLDER SEED

Each life is a child process. It appends every event to `events` and then saves where it stands
(`KEPT`: the whole checkpoint, or the bare offset); the parent kills it (SIGKILL) after a random
number of events, whatever it is doing then. Prints the number of lives; `events` has an empty line
between two of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

from flue_client_ext import AsyncFlueClient, BackoffOptions, Checkpoint, FlueClient
from tests.killing import is_killed

_QUICK = BackoffOptions(initial_delay=0.005, max_delay=0.05)


class Life:
    """One process: from the saved position to the end of the run or of the process."""

    def __init__(self, folder: Path, run_id: str, live: str, kept: str, handled: int) -> None:
        self.saved = folder / "saved"
        self.scratch = folder / "saved.new"
        self.log = os.open(folder / "events", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.run_id, self.live, self.kept, self.handled = run_id, live, kept, handled

    def start(self) -> dict[str, Any]:
        options: dict[str, Any] = {"live": self.live, "backoff_options": _QUICK}
        if not self.saved.exists():
            return options
        saved = self.saved.read_text()
        if self.kept == "offset":
            return {**options, "offset": saved}
        return {**options, "resume": Checkpoint.from_json(saved)}

    def take(self, stream: Any, event: Any) -> None:
        os.write(self.log, json.dumps(event.to_dict()).encode() + b"\n")
        os.write(self.handled, b".")
        point = stream.offset if self.kept == "offset" else stream.checkpoint.to_json()
        self.scratch.write_text(point)
        self.scratch.replace(self.saved)

    def sync(self, base_url: str) -> None:
        with FlueClient(base_url, token=None) as client:
            stream = client.runs.stream(self.run_id, **self.start())
            for event in stream:
                self.take(stream, event)

    async def asyncio(self, base_url: str) -> None:
        async with AsyncFlueClient(base_url, token=None) as client:
            stream = client.runs.stream(self.run_id, **self.start())
            async for event in stream:
                self.take(stream, event)


def live_once(life: Life, base_url: str, world: str) -> None:
    if world == "sync":
        life.sync(base_url)
    else:
        asyncio.run(life.asyncio(base_url))


def main() -> None:
    base_url, run_id, live, world, kept, folder, seed = sys.argv[1:]
    chance = random.Random(int(seed))
    lives = 0
    while True:
        lives += 1
        told, tell = os.pipe()
        child = os.fork()
        if not child:
            os.close(told)
            live_once(Life(Path(folder), run_id, live, kept, tell), base_url, world)
            os._exit(0)
        os.close(tell)
        # A bare offset moves by whole batches of up to 100 events: shorter lives get nowhere.
        wanted = chance.randint(0, 30 if kept == "checkpoint" else 150)
        if not is_killed(child, told, chance, wanted, 2000):
            print(lives)
            return
        with (Path(folder) / "events").open("ab") as log:
            log.write(b"\n")


if __name__ == "__main__":
    main()
