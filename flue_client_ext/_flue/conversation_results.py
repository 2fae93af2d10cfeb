"""What the calls of conversations return, beside the views that are generated from the spec."""

from __future__ import annotations

from typing import Any, cast

from attrs import field, frozen

from flue_client.models import ConversationMessage


@frozen
class Admission:
    """A message that the server has accepted and not yet answered: `submission_id` names it.

    Plain data: another process can wait for it. `offset` is where the conversation's updates stood
    before it, `uid` names this conversation among those that had or will have its id.
    `deduplicated`: an earlier send with the same `idempotency_key` had been accepted.
    """

    submission_id: str
    offset: str
    uid: str | None = None
    deduplicated: bool = False
    idempotency_key: str | None = None


@frozen
class Reply:
    """What an agent has answered: the `text` of its message, its `data` parts (a list of values by
    name), its author's `metadata`, and the `message` itself with all parts.

    `message` is `None`, and `text` empty, where a submission has completed without an answer.
    Servers before 2.0 say which `model` has answered (`provider` and `id`) and the tokens of its
    `usage`; those before beta.8 have no `message`. `prompt` returns none from any of these.
    """

    text: str
    data: dict[str, list[Any]] = field(repr=False)
    metadata: dict[str, Any] | None = field(repr=False)
    message: ConversationMessage | None = field(repr=False)
    submission_id: str
    uid: str | None = None
    usage: dict[str, Any] | None = field(default=None, repr=False)
    model: dict[str, Any] | None = field(default=None, repr=False)


@frozen
class ReplyOutcome:
    """How one of many messages was answered: a reply, or the error that a single call would have
    raised.

    `index` is the message's place in what was passed in, `id` the conversation's.
    `submission_id` is `None` when the message was not accepted.
    """

    index: int
    id: str
    submission_id: str | None
    reply: Reply | None = None
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a reply."""
        return self.error is None

    def unwrap(self) -> Reply:
        """Return the reply, or raise the `error`, as a single call would have."""
        if self.error is not None:
            raise self.error
        return cast(Reply, self.reply)
