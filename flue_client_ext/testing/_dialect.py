"""The dialects of Flue's generations of servers: all in which the routes of their agents differ.

What is asked, by `generation`, is never compared: whoever needs to know asks the dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from uuid import uuid4

import attrs

from . import _beta_errors as beta_refusals
from . import _conversation_errors as refusals
from . import _entries as entries
from . import _errors as errors
from ._beta_delivery import parse_prompt, parse_unread
from ._conversation_log import ConversationLog
from ._delivery import Delivery, parse_delivery
from ._errors import Problem
from ._event_fold import fold
from ._event_response import EventResponse
from ._ids import ulid
from ._response import Response
from ._step_response import StepResponse, aborted_unheard, opened
from ._stream_format import StreamFormat
from ._transcript import Chunk

Generation = Literal["2", "beta.8", "beta.3"]
#: The routes behind a conversation's id, and the methods of each.
Routes = Mapping[str, tuple[str, ...]]
_SELF = {"": ("GET", "HEAD", "POST")}
_VIEWS: Routes = {**_SELF, "abort": ("POST",), "attachments": ("GET",)}


def _aborted(submission_id: str, moment: str) -> Sequence[Chunk]:
    notice = entries.aborted(submission_id)
    return notice, entries.settled(submission_id, entries.abort_error(), None)


@attrs.frozen(kw_only=True)
class Dialect:
    """How one generation of servers talks about agents.

    `mounted` says that an application mounts its agents where it likes; else they are at
    `agents/{name}/{id}`. `conditions` are a send's: the instance, initial data, idempotency keys.
    `waits` says that a send may wait for its result, `joins` that messages join a running response,
    `events` that a conversation is read as a run is. `aborted` is what is written of a submission
    that is aborted while it waits. An offset behind the head is refused as `gone`, but under SSE
    where `gone_breaks` such a read: it begins and breaks. `internal_error` may name an entry of the
    server's log.
    """

    routes: Routes = _VIEWS
    mounted: bool = False
    conditions: bool = False
    waits: bool = True
    joins: bool = False
    events: bool = False
    stream: StreamFormat
    response: Callable[[ConversationLog, str, str], Response]
    parse: Callable[[Any], Delivery] = parse_prompt
    submission_id: Callable[[float], str] = lambda now: str(uuid4())
    aborted: Callable[[str, str], Sequence[Chunk]] = aborted_unheard
    blank_id: Callable[[], Problem] = beta_refusals.blank_id
    stream_not_found: Callable[[str], Problem] = beta_refusals.stream_not_found
    gone: Callable[[str, str, str], Problem] = beta_refusals.stream_store_failure
    gone_breaks: bool = True
    internal_error: Callable[[float], Problem] = lambda now: errors.internal_error()

    def owns(self, path: str) -> bool:
        """Whether a path is an agent's or nobody's."""
        return not self.mounted and path.startswith("/agents/")


_DATED = frozenset(
    {"message-started", "message-completed", "submission-settled"}
    | {"tool-input", "tool-output", "tool-output-error"}
)
DIALECTS: Mapping[Generation, Dialect] = {
    "2": Dialect(
        mounted=True,
        conditions=True,
        waits=False,
        joins=True,
        stream=StreamFormat(dated=_DATED, eager=True, incarnations=True),
        response=Response,
        parse=parse_delivery,
        submission_id=lambda now: ulid("sub", now),
        aborted=_aborted,
        blank_id=refusals.blank_id,
        stream_not_found=refusals.stream_not_found,
        gone=refusals.stream_offset_gone,
        gone_breaks=False,
        internal_error=lambda now: errors.internal_error(ulid("err", now)),
    ),
    "beta.8": Dialect(
        stream=StreamFormat(dated=frozenset({"message-started"}), opening=opened),
        response=StepResponse,
    ),
    "beta.3": Dialect(
        routes=_SELF,
        events=True,
        stream=StreamFormat(chunks=False, reset_first=False, hold=0.0, opening=opened, fold=fold),
        response=EventResponse,
        parse=parse_unread,
    ),
}
