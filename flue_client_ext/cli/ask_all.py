"""`flue-client ask-all`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from .._flue.arguments import segment
from .._values.jsoncodec import as_object
from ._batch import Batch
from ._batching import batch_options, perform
from ._items import Item
from ._options import Server, quiet_option, server_options
from ._replies import reply_json
from ._results import Record

if TYPE_CHECKING:
    from ..async_client import AsyncFlueClient


class _Questions(Batch):
    """A message for each item, in a conversation of its own. The conversation's id and the key of
    the send are kept before it is sent, so that the next process finishes the same send."""

    kind = "agent"

    def __init__(
        self, name: str, timeout: float | None, items: list[Item], output: Path, retry: bool
    ) -> None:
        super().__init__(name, timeout, items, output, retry)
        ids = [id for _, id in map(_message, items) if id is not None]
        if len(set(ids)) != len(ids):
            raise ValueError("ids must differ: messages to one conversation may join each other")

    async def perform(self, client: AsyncFlueClient, item: Item) -> Record:
        text, given = _message(item)
        begun = self.goes_on(item)
        if begun is None:
            id = given or str(uuid4())
            begun = {"key": item.key, "id": id, "idempotencyKey": str(uuid4())}
            self.begun.add(begun)
        conversation = client.agents.conversation(self.name, begun["id"])
        key = begun["idempotencyKey"]
        reply = await conversation.ask(text, idempotency_key=key, live="auto", timeout=self.timeout)
        return {"id": begun["id"], **reply_json(reply)}


def _message(item: Item) -> tuple[str, str | None]:
    """The message of an item and, where it is given, the id of its conversation."""
    value = item.value
    text, id = (value, None) if isinstance(value, str) else _fields(as_object(value))
    if not isinstance(text, str) or not isinstance(id, str | None):
        raise ValueError(
            f'item {item.index + 1} must be a string or {{"message": "...", "id": "..."}}'
        )
    return text, None if id is None else segment(id, f"the id of item {item.index + 1}")


def _fields(value: dict[str, object]) -> tuple[object, object]:
    return value.get("message"), value.get("id")


@click.command()
@click.argument("agent", metavar="AGENT")
@batch_options
@quiet_option
@server_options
def command(
    server: Server,
    agent: str,
    file: Path,
    output: Path | None,
    concurrency: int,
    keep_failed: bool,
    quiet: bool,
) -> int:
    """Send each line of FILE.jsonl to an AGENT, in a conversation of its own.

    A line is a string, or an object with `message` and, to choose the conversation, `id`. The
    replies go to a file, one JSON object a line, in the end in the order of the lines; stdout has
    their numbers. Run again, the command does only what is missing or has failed, and sends
    nothing twice. --timeout is for each message.
    """
    make = partial(_Questions, agent, server.timeout)
    return perform(server, make, file, output, concurrency, keep_failed, quiet)
