"""`flue-client chat`."""

from __future__ import annotations

from functools import partial

import click

from ._going_on import going_on
from ._options import Server, live_option, server_options


@click.command()
@click.argument("agent", metavar="AGENT")
@click.argument("id", metavar="ID")
@click.option("--tail", metavar="N", type=click.IntRange(0), help="Begin with the latest N [4].")
@live_option
@partial(server_options, timeout="Deadline of each answer.")
def command(server: Server, agent: str, id: str, tail: int | None, live: str) -> int:
    """Talk to an AGENT in the conversation ID.

    Ctrl-C stops the answer, not the program. /abort, /attach FILE, /history, /help and /quit are
    commands; a message that begins with a slash is written with two. Lines that are
    piped in are messages, answered one after another.
    """
    from ._chat import SHOWN_AT_FIRST, Chat

    newest = SHOWN_AT_FIRST if tail is None else tail
    again = server.command("chat", agent, id)
    with server.client() as client, going_on(lambda _: f"To go on: {again}", KeyboardInterrupt):
        conversation = client.agents.conversation(agent, id)
        return Chat(conversation, agent, live, server.timeout, newest).run()
