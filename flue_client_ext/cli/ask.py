"""`flue-client ask`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._stream.arguments import UNSET
from ._going_on import going_on
from ._options import (
    Format,
    Server,
    format_option,
    json_value,
    live_of,
    live_option,
    quiet_option,
    server_options,
)
from ._out import print_json
from ._replies import reply_json

if TYPE_CHECKING:
    from ..reply_stream import ReplyStream
    from ._reply_view import ReplyView


@click.command()
@click.argument("agent", metavar="AGENT")
@click.argument("id", metavar="ID")
@click.argument("message", metavar="MESSAGE|-")
@click.option(
    "--attach",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Send a file along; repeatable.",
)
@click.option(
    "--initial-data",
    metavar="JSON|@FILE|-",
    callback=json_value,
    help="What a new conversation begins with.",
)
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="Finish the send that had this key, and read its reply.",
)
@live_option
@quiet_option
@format_option
@server_options
def command(
    server: Server,
    agent: str,
    id: str,
    message: str,
    files: Sequence[Path],
    initial_data: Any,
    idempotency_key: str | None,
    live: str,
    quiet: bool,
    format: Format,
) -> None:
    """Send MESSAGE to the conversation ID of an AGENT and print the reply as it comes.

    The exit code is 2 if the agent has failed or was aborted.
    """
    from ..attachments import Attachment

    text = sys.stdin.read() if message == "-" else message
    with server.client() as client, _view(format, quiet) as view:
        stream = client.agents.conversation(agent, id).ask_stream(
            text,
            attachments=[Attachment.from_path(path) for path in files],
            initial_data=initial_data,
            idempotency_key=UNSET if idempotency_key is None else idempotency_key,
            live=live_of(live),
            timeout=server.timeout,
        )
        with stream, going_on(lambda: _words(stream, server, agent, id, message)):
            for change in stream:
                if view is not None:
                    view.change(change)
    if format == "ndjson":
        print_json(reply_json(stream.reply))


def _view(format: Format, quiet: bool) -> AbstractContextManager[ReplyView | None]:
    """The reply for people is the result itself; beside one in JSON, it is shown on stderr."""
    if quiet and format == "ndjson":
        return nullcontext()
    from ._reply_view import ReplyView

    return ReplyView(sys.stdout if format == "pretty" else sys.stderr, moving=not quiet)


def _words(stream: ReplyStream, server: Server, agent: str, id: str, message: str) -> str:
    sent = stream.admission
    if sent is None:
        what = "Whether the message has arrived is not known."
    else:
        what = f"Submission {sent.submission_id} goes on at the server."
    key = stream.idempotency_key
    if key is None:
        return f"{what} To see it: {server.command('watch', agent, id)}"
    again = server.command("ask", agent, id, message, f"--idempotency-key={key}")
    return f"{what} To go on, without sending it twice: {again}"
