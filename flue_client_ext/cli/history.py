"""`flue-client history`."""

from __future__ import annotations

import sys

import click

from ._options import Format, Server, format_option, server_options
from ._out import print_json


@click.command()
@click.argument("agent", metavar="AGENT")
@click.argument("id", metavar="ID")
@click.option(
    "--tail",
    "--limit",
    "newest",
    metavar="N",
    type=click.IntRange(1),
    help="Only the newest N messages.",
)
@format_option
@server_options
def command(server: Server, agent: str, id: str, newest: int | None, format: Format) -> None:
    """Print the messages of the conversation ID of an AGENT."""
    from ..errors import UnsupportedByServerError

    with server.client() as client:
        conversation = client.agents.conversation(agent, id)
        try:
            messages = conversation.history(limit=newest).to_dict()["messages"]
        except UnsupportedByServerError as error:
            again = server.command("watch", agent, id, "--once")
            error.add_note(f"The agent's events are shown by: {again}")
            raise
    shown = messages[-newest:] if newest else messages  # servers before 2.2 send all
    if format == "ndjson":
        for message in shown:
            print_json(message, lines=True)
        return
    from ._conversation_view import ConversationView

    with ConversationView(sys.stdout, moving=False) as view:
        view.messages(shown)
