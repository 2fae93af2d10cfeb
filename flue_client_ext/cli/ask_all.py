"""`flue-client ask-all`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from .._flue.arguments import segment
from .._values.jsoncodec import as_object
from ..errors import UnsupportedByServerError
from ._batch import Batch
from ._batching import batch_options, perform
from ._items import Item
from ._options import Server, quiet_option, server_options
from ._replies import reply_json
from ._results import Record

if TYPE_CHECKING:
    from .._flue.conversation_results import Reply
    from ..async_client import AsyncFlueClient
    from ..async_conversation import AsyncConversation


class _Questions(Batch):
    """A message for each item, in a conversation of its own. The conversation's id and the key of
    the send are kept before it is sent, so that the next process finishes the same send."""

    kind = "agent"

    def __init__(
        self,
        name: str,
        timeout: float | None,
        live: str,
        items: list[Item],
        output: Path,
        retry: bool,
    ) -> None:
        super().__init__(name, timeout, live, items, output, retry)
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
        reply = await self._ask(conversation, text, begun)
        return {"id": begun["id"], **reply_json(reply)}

    def is_over(self, error: dict[str, Any]) -> bool:
        """A message that the server has lost is over, too."""
        lost = error.get("type") == "StreamResetError" or error.get("status") == 404
        return super().is_over(error) or lost

    async def _ask(self, conversation: AsyncConversation, text: str, begun: Record) -> Reply:
        following: dict[str, Any] = {"live": self.live, "timeout": self.timeout}
        if "submissionId" in begun:
            return await conversation.read(begun["submissionId"], **following)
        try:
            key = begun["idempotencyKey"]
            return await conversation.ask(text, idempotency_key=key, **following)
        except UnsupportedByServerError as error:
            if error.what != "idempotency_key":
                raise
        # Before 2.0 there are no keys: what tells the next process of the message is its answer.
        sent = await conversation.send(text)
        self.begun.add({**begun, "submissionId": sent.submission_id})
        return await conversation.read(sent, **following)


def _message(item: Item) -> tuple[str, str | None]:
    """The message of an item and, where it is given, the id of its conversation."""
    value = item.value
    text, id = (value, None) if isinstance(value, str) else _fields(as_object(value))
    if not isinstance(text, str) or not isinstance(id, str | None):
        raise ValueError(f'line {item.line} must be a string or {{"message": "...", "id": "..."}}')
    return text, None if id is None else segment(id, f"the id of line {item.line}")


def _fields(value: dict[str, object]) -> tuple[object, object]:
    return value.get("message"), value.get("id")


@click.command()
@click.argument("agent", metavar="AGENT")
@batch_options
@quiet_option
@partial(server_options, timeout="Deadline of each message.")
def command(
    server: Server,
    agent: str,
    file: Path,
    output: Path | None,
    concurrency: int,
    keep_failed: bool,
    live: str,
    quiet: bool,
) -> int:
    """Send each line of FILE.jsonl to an AGENT, in a conversation of its own.

    A line is a string, or an object with `message` and, to choose the conversation, `id`. The
    replies go to a file, one JSON object a line, in the end in the order of the lines; stdout has
    their numbers. Run again, the command does only what is missing or has failed, and sends
    nothing twice.
    """
    make = partial(_Questions, agent, server.timeout, live)
    return perform(server, make, file, output, concurrency, keep_failed, quiet)
