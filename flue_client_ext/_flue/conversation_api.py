"""The operations of one conversation as flows: each returns a value, or raises the error that says
best what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flue_client.models import (
    AgentAbortResult,
    AgentAdmission,
    ConversationPage,
    ConversationSnapshot,
)

from .._stream.backoff import BackoffOptions, Retry
from .._stream.call import ReadBody, call
from .._stream.credentials import Credentials
from .._stream.follow import follow
from .._stream.options import Live, ReadOptions
from .._stream.stats import Counters
from .._values.http import Request, Response
from .._values.limits import LIMITS
from .._values.steps import Clock, Flow
from ..errors import FlueProtocolError, Identifiers
from .api import Api
from .conversation_errors import api_error
from .conversation_requests import ConversationRequests
from .conversation_resource import ConversationResource
from .conversation_results import Admission
from .download import Download
from .responses import view_of

_SENDING = BackoffOptions()
"""How a send is repeated that the server knows again."""


class ConversationApi:
    """What one call does with a conversation. Its errors have the `identifiers`, which it
    completes."""

    def __init__(
        self,
        requests: ConversationRequests,
        credentials: Credentials,
        clock: Clock,
        identifiers: Identifiers,
        backoff: BackoffOptions | None,
    ) -> None:
        self.identifiers = identifiers
        self._requests = requests
        self._credentials = credentials
        self._clock = clock
        self._backoff = backoff

    def send(self, body: dict[str, Any], *, deadline: bool) -> Flow[Admission]:
        """Send a message. `deadline`: the call has one, so that waiting for the answer to a send
        that must not be repeated needs no limit of its own."""
        request = self._requests.send(body)
        key = self.identifiers.idempotency_key = body.get("idempotencyKey")
        options = self._backoff or (_SENDING if request.idempotent else None)
        limit = LIMITS.read if request.idempotent or not deadline else None
        response = yield from call(
            request, self._credentials, self._clock, options=options, limit=limit
        )
        self._check(request, response, 202)
        admitted = view_of(AgentAdmission, response, request, "submissionId", "offset")
        self.identifiers.submission_id = admitted.submission_id
        return Admission(
            submission_id=admitted.submission_id,
            offset=admitted.offset,
            uid=admitted.uid,
            deduplicated=admitted.deduplicated is True,
            idempotency_key=key,
        )

    def history(self, limit: int | None = None) -> Flow[ConversationSnapshot]:
        """Read the conversation as it stands."""
        request = self._requests.history(limit)
        response = yield from self._read(request)
        return view_of(ConversationSnapshot, response, request, "offset")

    def history_before(self, cursor: str, limit: int | None = None) -> Flow[ConversationPage]:
        """Read the messages before a cursor. A server that knows no cursors answers with the whole
        conversation, which has no `before`."""
        request = self._requests.history_before(cursor, limit)
        response = yield from self._read(request)
        page = view_of(ConversationPage, response, request, "conversationId")
        if "before" not in page.to_dict():
            words = "the answer is the whole conversation: this server has no pages of it (2.2 has)"
            raise FlueProtocolError(words, url=request.shown_url)
        return page

    def abort(self) -> Flow[bool]:
        """Stop what runs and what waits behind it; say whether there was anything."""
        request = self._requests.abort()
        response = yield from self._read(request)
        return view_of(AgentAbortResult, response, request, "aborted", kind=bool).aborted

    def attachment(self, id: str) -> Flow[bytes]:
        """Read an attachment whole."""
        response = yield from self._read(self._requests.attachment(id))
        return response.body

    def save_attachment(self, id: str, download: Download) -> Flow[None]:
        """Write an attachment to a file as it comes."""
        return download.run(self._save_attachment(self._requests.attachment(id), download.body))

    def _save_attachment(self, request: Request, read: ReadBody) -> Flow[None]:
        response = yield from call(
            request,
            self._credentials,
            self._clock,
            options=self._backoff,
            limit=LIMITS.read,
            read=read,
        )
        self._check(request, response, 200)

    def tail(self) -> Flow[str]:
        """Return the offset where the updates end now. A `HEAD` tells it; where that is refused,
        the conversation does, or says why: an answer to a `HEAD` has no body."""
        request = self._requests.tail()
        response = yield from self._call(request)
        offset = response.headers.get("stream-next-offset")
        if response.status == 200 and offset:
            return offset
        return (yield from self.history()).offset

    def updates(
        self,
        *,
        incarnation: str | None = None,
        exists: bool = True,
        ends: Callable[[list[Any]], bool] = lambda items: False,
    ) -> ConversationResource:
        """The conversation's updates as a stream, until a batch of which `ends` is true."""
        return ConversationResource(
            self._requests, self.identifiers, incarnation=incarnation, exists=exists, ends=ends
        )

    def follow(
        self, updates: ConversationResource, offset: str, live: Live, counters: Counters
    ) -> Flow[None]:
        """Read the updates since `offset`, batch by batch."""
        backoff = self._backoff or BackoffOptions()
        options = ReadOptions(self._credentials, offset, live, backoff)
        return follow(updates, options, self._clock, counters)

    def retry(self, options: BackoffOptions | None = None) -> Retry:
        """The retries of something that one of these calls is a part of."""
        return Retry(options or self._backoff or BackoffOptions(), self._clock.jitter)

    def attachment_url(self, id: str) -> str:
        return self._requests.attachment(id).url

    def _read(self, request: Request) -> Flow[Response]:
        response = yield from self._call(request)
        self._check(request, response, 200)
        return response

    def _call(self, request: Request) -> Flow[Response]:
        return call(
            request, self._credentials, self._clock, options=self._backoff, limit=LIMITS.read
        )

    def _check(self, request: Request, response: Response, wanted: int) -> None:
        if response.status != wanted:
            url = self._requests.url
            raise api_error(response, retryable=request.idempotent, url=url)


def conversation_api(
    api: Api, url: str, identifiers: Identifiers, backoff: BackoffOptions | None
) -> ConversationApi:
    """Return the operations of the conversation at `url`, of a server, for one call."""
    requests = ConversationRequests(url, api.user_agent)
    return ConversationApi(requests, api.credentials, api.clock, identifiers, backoff)
