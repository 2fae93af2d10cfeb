"""`flue-client get`."""

from __future__ import annotations

import click

from ._options import Server, server_options
from ._out import print_json


@click.command()
@click.argument("run", metavar="RUN")
@server_options
def command(server: Server, run: str) -> None:
    """Print the record of a run: its status, its times, its input, its result."""
    with server.client() as client:
        print_json(client.runs.get(run).to_dict())
