"""`flue-client run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import click

from ._events import event_view, of_types
from ._following import follow_run
from ._going_on import going_on
from ._options import (
    Format,
    Server,
    input_option,
    live_of,
    live_option,
    quiet_option,
    resume_option,
    server_options,
)
from ._out import note, print_json
from ._types import types_option


@click.command()
@click.argument("name", metavar="NAME")
@input_option
@types_option
@resume_option
@live_option
@quiet_option
@click.option(
    "--format",
    type=click.Choice(["pretty", "ndjson"]),
    default="pretty",
    show_default=True,
    help="pretty: show the events on stderr, print the result; ndjson: print the events.",
)
@server_options
def command(
    server: Server,
    name: str,
    value: Any,
    types: frozenset[str] | None,
    resume: Path | None,
    live: str,
    quiet: bool,
    format: str,
) -> None:
    """Start a run of the workflow NAME, show what it does, and print its result.

    The exit code is 2 if the run has failed. With --resume, the position is kept in FILE from the
    start of the run: while it exists, the command goes on with that run and starts no other.
    """
    from ..checkpoint import Checkpoint

    saved = None if resume is None else Checkpoint.load(resume)
    with server.client() as client:
        if saved is None:
            with going_on(lambda _: "Whether a run was started is not known.", KeyboardInterrupt):
                run = client.workflows.invoke(name, input=value).run_id
        else:
            run = saved.run_id
            if not quiet:
                note(f"Going on with run {run}")
        with event_view(cast(Format, format), live=True, stream=sys.stderr, quiet=quiet) as view:
            stream = client.runs.stream(
                run, live=live_of(live), timeout=server.remaining(), resume=saved
            )
            if resume is not None:  # at once: a process that is killed must not start another run
                stream.checkpoint.save(resume)
            follow_run(stream, of_types(types, view), server, resume, started=True)
        done = client.runs.wait(run, timeout=server.remaining())
    if format == "pretty":
        print_json({"runId": done.run_id, "result": done.result})
