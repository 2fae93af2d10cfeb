"""`flue-client ask`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._going_on import going_on
from ._options import (
    Format,
    Server,
    format_option,
    json_value,
    live_option,
    quiet_option,
    server_options,
)
from ._out import note, print_json
from ._replies import reply_json

if TYPE_CHECKING:
    from ._asking import Asking
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
@click.option(
    "--resume",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the key in FILE; while it exists, finish that send and send no other.",
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
    resume: Path | None,
    live: str,
    quiet: bool,
    format: Format,
) -> None:
    """Send MESSAGE to the conversation ID of an AGENT and print the reply as it comes.

    The exit code is 2 if the agent has failed or was aborted.
    """
    from ..attachments import Attachment
    from ._asking import Asking, key_in

    text = _from_stdin() if message == "-" else message
    is_new = idempotency_key is None
    if resume is not None:
        if idempotency_key is not None:
            raise click.UsageError("--resume keeps a key of its own: leave --idempotency-key out")
        idempotency_key, is_new = key_in(resume, agent, id)
        if not (is_new or quiet):
            note(f"Going on with the message whose key is in {resume}")
    with server.client() as client, _view(format, quiet) as view:
        asking = Asking(
            client.agents.conversation(agent, id),
            text,
            [Attachment.from_path(path) for path in files],
            initial_data=initial_data,
            key=idempotency_key,
            live=live,
            timeout=server.timeout,
        )

        def words(error: BaseException) -> str:
            if is_new and asking.unsent(error):
                return "The message was not sent."
            return _words(asking, server, agent, id, message, resume)

        with going_on(words):
            reply = asking.show(view)
    if format == "ndjson" and reply is not None:
        print_json(reply_json(reply))


def _from_stdin() -> str:
    text = sys.stdin.read()
    if not text.strip():
        raise click.UsageError("MESSAGE is -, and stdin is empty: there is nothing to send")
    return text


def _view(format: Format, quiet: bool) -> AbstractContextManager[ReplyView | None]:
    """The reply for people is the result itself; beside one in JSON, it is shown on stderr."""
    if quiet and format == "ndjson":
        return nullcontext()
    from ._reply_view import ReplyView

    return ReplyView(sys.stdout if format == "pretty" else sys.stderr, moving=not quiet)


def _words(
    asking: Asking, server: Server, agent: str, id: str, message: str, saved: Path | None
) -> str:
    sent = asking.admission
    if sent is None:
        what = "Whether the message has arrived is not known."
    else:
        what = f"Submission {sent.submission_id} goes on at the server."
    if saved is not None:
        return f"{what} To go on, give the same command: the key of the message is in {saved}"
    key = asking.key
    if key is None:
        return f"{what} To see it: {server.command('watch', agent, id)}"
    again = server.command("ask", agent, id, message, f"--idempotency-key={key}")
    return f"{what} To go on, without sending it twice: {again}"
