"""One message to each of many conversations: all of it checked before the first is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from attrs import frozen

from ._conversation_calls import ConversationCalls, Follow
from ._conversation_messages import user_message
from ._flue.api import Api
from ._flue.conversation_results import Reply, ReplyOutcome
from ._flue.many import Job
from ._stream.arguments import UNSET
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
    initial_data: Any,
    follow: Follow,
) -> list[AskJob]:
    """Return a question for each message. `url_of`: where the conversation of an id is."""
    outgoing = [
        user_message(message, (), initial_data, UNSET, UNSET)
        for message in several(messages, "messages")
    ]
    jobs: list[AskJob] = []
    for index, (id, each) in enumerate(zip(_ids(ids, len(outgoing)), outgoing, strict=True)):
        call = ConversationCalls(api, url_of(id)).ask(each, follow)
        jobs.append(AskJob(index, call.identifiers, call.flow, id))
    return jobs


def _ids(given: Iterable[str] | None, wanted: int) -> list[str]:
    if given is None:
        return [str(uuid4()) for _ in range(wanted)]
    ids = several(given, "ids")
    if len(ids) != wanted:
        raise ValueError(f"ids must be as many as messages, {wanted}, not {len(ids)}")
    if len(set(map(str, ids))) != wanted:
        raise ValueError("ids must differ: messages to one conversation may join each other")
    return ids
