"""`flue-client events`."""

from __future__ import annotations

from pathlib import Path

import click

from ._events import event_view, of_types
from ._following import follow_run, start_of
from ._options import (
    Format,
    Server,
    format_option,
    resume_option,
    server_options,
    start_options,
)
from ._types import types_option


@click.command()
@click.argument("run", metavar="RUN")
@start_options
@types_option
@resume_option
@format_option
@server_options
def command(
    server: Server,
    run: str,
    offset: str | None,
    tail: int | None,
    types: frozenset[str] | None,
    resume: Path | None,
    format: Format,
) -> None:
    """Print the events of a run up to now."""
    start = start_of(offset, tail, resume)
    with server.client() as client, event_view(format, live=False) as view:
        stream = client.runs.stream(run, live=False, timeout=server.timeout, **start)
        follow_run(stream, of_types(types, view), server, resume)
