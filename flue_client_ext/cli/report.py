"""`flue-client report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._options import Server, server_options
from ._out import note

if TYPE_CHECKING:
    from ..client import FlueClient


@click.command()
@click.argument("target", metavar="RUN|AGENT")
@click.argument("id", metavar="[ID]", required=False)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="Where the page is written; - for stdout.",
)
@server_options
def command(server: Server, target: str, id: str | None, output: Path) -> None:
    """Write a page about RUN, or about the conversation of AGENT that ID names.

    The page is one HTML file without scripts; it loads nothing.
    """
    with server.client() as client:
        page = (
            _run(client, server, target)
            if id is None
            else _conversation(client, server, target, id)
        )
    if str(output) == "-":
        sys.stdout.buffer.write(page.encode())
        return
    output.write_text(page, encoding="utf-8", newline="\n")
    note(f"wrote {output}")


def _run(client: FlueClient, server: Server, run: str) -> str:
    from ..report import run_report

    record = client.runs.get(run)
    return run_report(record, client.runs.stream(run, live=False, timeout=server.remaining()))


def _conversation(client: FlueClient, server: Server, agent: str, id: str) -> str:
    from ..errors import UnsupportedByServerError
    from ..report import conversation_report, run_report

    conversation, title = client.agents.conversation(agent, id), f"{agent} / {id}"
    try:
        snapshot = conversation.history()
    except UnsupportedByServerError:  # before 1.0.0-beta.8, where there are events
        events = conversation.stream(live=False, timeout=server.remaining())
        return run_report(None, events, title=title)
    updates = conversation.updates(live=False, timeout=server.remaining())
    return conversation_report(snapshot, updates=updates, title=title)
