"""One message to each of many conversations: all of it checked before the first is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any
from uuid import uuid4

from attrs import frozen

from ._conversation_calls import ConversationCalls, Follow
from ._conversation_messages import user_message
from ._flue.api import Api
from ._flue.conversation_results import Reply, ReplyOutcome
from ._flue.many import Job
from ._stream.arguments import UNSET, Unset
from ._values.checks import several


@frozen
class AskJob(Job[Reply, ReplyOutcome]):
    """One message whose reply is waited for, in the conversation `id`."""

    id: str

    def succeeded(self, result: Reply) -> ReplyOutcome:
        return ReplyOutcome(self.index, self.id, result.submission_id, result)

    def failed(self, error: Exception) -> ReplyOutcome:
        return ReplyOutcome(self.index, self.id, self.identifiers.submission_id, error=error)


def all_asking(
    api: Api,
    url_of: Callable[[str], str],
    messages: Iterable[str],
    ids: Iterable[str] | None,
    keys: Iterable[str] | None,
    initial_data: Any,
    follow: Follow,
) -> list[AskJob]:
    """Return a question for each message. `url_of`: where the conversation of an id is."""
    texts = several(messages, "messages")
    if keys is not None and ids is None:
        raise ValueError("idempotency_keys need ids: a key names a send within its conversation")
    outgoing = [
        user_message(message, (), initial_data, UNSET, key)
        for message, key in zip(texts, _keys(keys, len(texts)), strict=True)
    ]
    jobs: list[AskJob] = []
    for index, (id, each) in enumerate(zip(_ids(ids, len(outgoing)), outgoing, strict=True)):
        call = ConversationCalls(api, url_of(id)).ask(each, follow)
        jobs.append(AskJob(index, call.identifiers, call.flow, id))
    return jobs


def _ids(given: Iterable[str] | None, wanted: int) -> list[str]:
    if given is None:
        return [str(uuid4()) for _ in range(wanted)]
    ids = _as_many(given, "ids", wanted)
    if len(set(map(str, ids))) != wanted:
        raise ValueError("ids must differ: messages to one conversation may join each other")
    return ids


def _keys(given: Iterable[str] | None, wanted: int) -> Iterable[str | Unset]:
    return repeat(UNSET, wanted) if given is None else _as_many(given, "idempotency_keys", wanted)


def _as_many(given: Iterable[str], what: str, wanted: int) -> list[str]:
    values = several(given, what)
    if len(values) != wanted:
        raise ValueError(f"{what} must be as many as messages, {wanted}, not {len(values)}")
    return values
