"""`flue-client watch`."""

from __future__ import annotations

from pathlib import Path

import click

from ._options import (
    Format,
    Server,
    format_option,
    live_option,
    resume_option,
    server_options,
    start_options,
)
from ._types import types_option


@click.command()
@click.argument("agent", metavar="AGENT")
@click.argument("id", metavar="ID")
@start_options
@types_option
@resume_option
@click.option("--once", is_flag=True, help="End when all that is there was printed.")
@live_option
@format_option
@server_options
def command(
    server: Server,
    agent: str,
    id: str,
    offset: str | None,
    tail: int | None,
    types: frozenset[str] | None,
    resume: Path | None,
    once: bool,
    live: str,
    format: Format,
) -> None:
    """Show the conversation ID of an AGENT as it goes on, until Ctrl-C.

    pretty: its messages (--tail: with the latest N); with --offset, --types or --resume, what its
    updates say. ndjson: its updates, each once. Before Flue 1.0.0-beta.8: the agent's events.
    """
    from ..errors import UnsupportedByServerError
    from ._watching import Watching

    with server.client() as client:
        watching = Watching(client, server, (agent, id), offset, tail, types, resume, once, live)
        try:
            if format == "pretty" and not (offset or types or resume):
                watching.messages()
            else:
                watching.updates(format)
        except UnsupportedByServerError as error:
            if error.generation != "beta.3":
                raise
            watching.events(format)
