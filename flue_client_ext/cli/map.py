"""`flue-client map`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import FlueError
from ._batch import Batch
from ._batching import batch_options, perform
from ._items import Item
from ._options import Server, quiet_option, server_options
from ._results import Record

if TYPE_CHECKING:
    from ..async_client import AsyncFlueClient


class _Runs(Batch):
    """A run for each item. Its id is kept as soon as it is known, so that the next process waits
    for the run instead of starting another."""

    kind = "workflow"

    async def perform(self, client: AsyncFlueClient, item: Item) -> Record:
        begun = self.goes_on(item)
        run = begun["runId"] if begun else await self._start(client, item)
        done = await client.runs.wait(run, live=self.live, timeout=self.timeout)
        return {"runId": run, "result": done.result}

    def is_over(self, error: dict[str, Any]) -> bool:
        """A run that the server does not know (any more) is over, too."""
        return super().is_over(error) or error.get("status") == 404

    async def _start(self, client: AsyncFlueClient, item: Item) -> str:
        """Start a run. A first Ctrl-C waits for the answer: a run whose id is lost would be started
        again by the next process."""
        starting = asyncio.create_task(self._invoke(client, item))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with suppress(FlueError):
                await starting
            raise

    async def _invoke(self, client: AsyncFlueClient, item: Item) -> str:
        run = (await client.workflows.invoke(self.name, input=item.value)).run_id
        self.begun.add({"key": item.key, "runId": run})
        return run


@click.command()
@click.argument("name", metavar="NAME")
@batch_options
@quiet_option
@partial(server_options, timeout="Deadline of each run.")
def command(
    server: Server,
    name: str,
    file: Path,
    output: Path | None,
    concurrency: int,
    keep_failed: bool,
    live: str,
    quiet: bool,
) -> int:
    """Run the workflow NAME once for each line of FILE.jsonl, an input in JSON.

    The results go to a file, one JSON object a line, in the end in the order of the inputs; stdout
    has their numbers. Run again, the command does only what is missing or has failed.
    """
    make = partial(_Runs, name, server.timeout, live)
    return perform(server, make, file, output, concurrency, keep_failed, quiet)
