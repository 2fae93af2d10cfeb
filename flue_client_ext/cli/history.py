"""`flue-client history`."""

from __future__ import annotations

import sys

import click

from ._options import Format, Server, format_option, server_options
from ._out import print_json


@click.command()
@click.argument("agent", metavar="AGENT")
@click.argument("id", metavar="ID")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Only the newest N messages.")
@format_option
@server_options
def command(server: Server, agent: str, id: str, limit: int | None, format: Format) -> None:
    """Print the messages of the conversation ID of an AGENT."""
    with server.client() as client:
        conversation = client.agents.conversation(agent, id)
        messages = conversation.history(limit=limit).to_dict()["messages"]
    shown = messages[-limit:] if limit else messages  # servers before 2.2 send all
    if format == "ndjson":
        for message in shown:
            print_json(message, lines=True)
        return
    from ._conversation_view import ConversationView

    with ConversationView(sys.stdout, moving=False) as view:
        view.messages(shown)
