"""What `map` and `ask-all` have in common: options, the run of a batch, its summary."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..errors import FlueError
from ._batch import Batch
from ._codes import EXECUTION_FAILED, FAILED
from ._diagnosis import DOCTOR
from ._items import Item, read_items, results_of
from ._options import Body, Server, live_option
from ._out import note, print_json

MakeBatch = Callable[[list[Item], Path, bool], Batch]


def batch_options(body: Body) -> Body:
    """Add `FILE.jsonl`, `--output`, `--concurrency`, `--keep-failed` and `--live`."""
    file = click.argument(
        "file", metavar="FILE.jsonl", type=click.Path(dir_okay=False, path_type=Path)
    )
    output = click.option(
        "--output",
        "-o",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Where the results go and are found again [FILE.results.jsonl].",
    )
    concurrency = click.option(
        "--concurrency",
        metavar="N",
        type=click.IntRange(1),
        default=10,
        show_default=True,
        help="How many at a time.",
    )
    keep = click.option("--keep-failed", is_flag=True, help="Do not try again what has failed.")
    return file(output(concurrency(keep(live_option(body)))))


def perform(
    server: Server,
    make: MakeBatch,
    file: Path,
    output: Path | None,
    concurrency: int,
    keep_failed: bool,
    quiet: bool,
) -> int:
    """Do what is missing of a batch, print the summary, and return the exit code."""
    from ._batch_view import BatchView

    if output is None and str(file) == "-":
        raise click.UsageError("--output is needed for items from stdin")
    output = output or results_of(file)
    batch = make(read_items(file), output, not keep_failed)
    try:
        with batch:
            total, missing = len(batch.items), len(batch.missing())
            if missing < total and not quiet:
                note(f"{total - missing} of {total} are done already: {output}")
            with BatchView(sys.stderr, total, total - missing, quiet=quiet) as view:
                asyncio.run(_run(server, batch, concurrency, view))
    except (KeyboardInterrupt, FlueError) as error:
        error.add_note(f"What is done is in {output}: to go on, give the same command.")
        raise
    batch.finish()
    code = _summary(batch, output)
    if batch.in_the_way and not quiet:
        note(DOCTOR)
    return code


async def _run(server: Server, batch: Batch, concurrency: int, view: Any) -> None:
    try:
        async with server.async_client() as client:
            await batch.run(client, concurrency, view)
    except ExceptionGroup as group:  # what is no outcome of an item, such as a full disk
        raise group.exceptions[0] from None


def _summary(batch: Batch, output: Path) -> int:
    failures = [record["error"] for record in batch.failures()]
    total = len(batch.items)
    counts = {"total": total, "succeeded": total - len(failures), "failed": len(failures)}
    print_json({**counts, "results": str(output)})
    if not failures:
        return 0
    return EXECUTION_FAILED if all("failure" in error for error in failures) else FAILED
