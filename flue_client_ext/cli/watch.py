"""`flue-client watch`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .._stream.arguments import UNSET
from ._events import JsonLines, of_types
from ._going_on import going_on
from ._options import (
    Format,
    Server,
    format_option,
    live_of,
    live_option,
    resume_option,
    server_options,
    start_options,
    types_option,
)

if TYPE_CHECKING:
    from ..conversation import Conversation


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

    pretty: its messages (--tail: with the latest N). ndjson: its updates (--offset, --types,
    --resume), each once.
    """
    with server.client() as client:
        conversation = client.agents.conversation(agent, id)
        if format == "pretty":
            if offset or types or resume:
                raise click.UsageError("--offset, --types and --resume are for --format ndjson")
            again = server.command("watch", agent, id)
            with going_on(lambda: f"To go on: {again}"):
                _view(conversation, server, tail, live, once)
            return
        if tail is not None:
            raise click.UsageError("--tail is for --format pretty")
        _print(conversation, server, (agent, id), offset, types, resume, live, once)


def _view(
    conversation: Conversation, server: Server, tail: int | None, live: str, once: bool
) -> None:
    from ._conversation_view import ConversationView

    states = conversation.observe(live=live_of(live), wait_for_it=not once, timeout=server.timeout)
    with ConversationView(sys.stdout, newest=tail) as view, states:
        for state in states:
            view.state(state)
            if once:
                break


def _print(
    conversation: Conversation,
    server: Server,
    names: tuple[str, str],
    offset: str | None,
    types: frozenset[str] | None,
    resume: Path | None,
    live: str,
    once: bool,
) -> None:
    from ..checkpoint import UpdateCheckpoint
    from ._following import follow_updates

    saved = None if resume is None else UpdateCheckpoint.load(resume)
    stream = conversation.updates(
        offset=UNSET if offset is None or saved is not None else offset,
        live=False if once else live_of(live),
        resume=saved,
        timeout=server.timeout,
    )
    follow_updates(stream, of_types(types, JsonLines()), server, names, resume)
