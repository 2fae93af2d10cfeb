"""`flue-client follow`."""

from __future__ import annotations

from pathlib import Path

import click

from ._events import event_view, of_types
from ._following import follow_run, start_of
from ._options import (
    Format,
    Server,
    format_option,
    live_of,
    live_option,
    resume_option,
    server_options,
    start_options,
)
from ._retrying import telling
from ._types import types_option


@click.command()
@click.argument("run", metavar="RUN")
@start_options
@types_option
@resume_option
@live_option
@format_option
@server_options
def command(
    server: Server,
    run: str,
    offset: str | None,
    tail: int | None,
    types: frozenset[str] | None,
    resume: Path | None,
    live: str,
    format: Format,
) -> None:
    """Print the events of a run as they come, until it ends.

    The exit code is 2 if the run has failed.
    """
    start = start_of(offset, tail, resume)
    with server.client() as client:
        with event_view(format, live=True) as view:
            stream = client.runs.stream(
                run,
                live=live_of(live),
                timeout=server.timeout,
                backoff_options=telling(lambda: getattr(view, "moving", False)),
                **start,
            )
            follow_run(stream, of_types(types, view), server, resume)
        client.runs.wait(run, timeout=server.remaining())  # raises the failure of the run
