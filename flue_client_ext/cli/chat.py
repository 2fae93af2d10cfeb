"""`flue-client chat`."""

from __future__ import annotations

import click

from ._going_on import going_on
from ._options import Server, live_of, live_option, server_options


@click.command()
@click.argument("agent", metavar="AGENT")
@click.argument("id", metavar="ID")
@live_option
@server_options
def command(server: Server, agent: str, id: str, live: str) -> int:
    """Talk to an AGENT in the conversation ID.

    Ctrl-C stops the answer, not the program. /abort, /attach FILE, /history, /help and /quit are
    commands; a message that begins with a slash is written with two. --timeout is for each answer.
    Lines that are piped in are messages, answered one after another.
    """
    from ._chat import Chat

    again = server.command("chat", agent, id)
    with server.client() as client, going_on(lambda: f"To go on: {again}", KeyboardInterrupt):
        chat = Chat(client.agents.conversation(agent, id), agent, live_of(live), server.timeout)
        return chat.run()
