"""The operations of one conversation as flows: each returns a value, or raises the error that says
best what happened. `sending` has the sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flue_client.models import AgentAbortResult, ConversationPage, ConversationSnapshot

from .._stream.arguments import UNSET, Unset
from .._stream.backoff import BackoffOptions, Retry
from .._stream.call import ReadBody, call, read_body
from .._stream.credentials import Credentials
from .._stream.follow import follow
from .._stream.options import Live, ReadOptions
from .._stream.resource import Resource
from .._stream.stats import Counters
from .._values.http import Request, Response
from .._values.limits import LIMITS
from .._values.steps import Clock, Flow
from ..errors import FlueApiError, FlueProtocolError, Identifiers
from .api import Api
from .conversation_errors import api_error, decides
from .conversation_requests import ConversationRequests
from .conversation_resource import ConversationResource
from .dialects import BETA_3, Dialect, dialect_of
from .download import Download
from .generations import Generations
from .recognition import holds_events
from .responses import view_of


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
        generations: Generations | None = None,
    ) -> None:
        self.identifiers = identifiers
        self.requests = requests
        self._credentials = credentials
        self.clock = clock
        self._backoff = backoff
        self.generations = generations or Generations()

    @property
    def dialect(self) -> Dialect | None:
        """The dialect of the server, as far as it is known."""
        generation = self.generations.of(self.requests.url)
        return None if generation is None else dialect_of(generation)

    @property
    def is_stated(self) -> bool:
        """Whether the user has stated the dialect."""
        return self.generations.stated is not None

    def found(self, dialect: Dialect) -> None:
        """Keep the dialect that an answer has told."""
        self.generations.remember(self.requests.url, dialect.generation)

    def forgets(self, error: FlueApiError) -> bool:
        """Drop the dialect that was found out if `error` shows that it is no longer spoken: a read
        of events is refused for its form by the servers that have none."""
        refused = (error.status, error.type) == (400, "invalid_request")
        if not refused or self.is_stated or self.dialect is None:
            return False
        self.forget()
        return True

    def forget(self) -> None:
        """Drop the dialect that was found out."""
        self.generations.forget(self.requests.url)

    def need(self, *what: str) -> None:
        """Raise `UnsupportedByServerError` where the server is known not to have it."""
        if self.dialect is not None:
            self.dialect.check(*what)

    def history(
        self, limit: int | None = None, *, what: str = "history"
    ) -> Flow[ConversationSnapshot]:
        """Read the conversation as it stands. `what`: the call that wants it."""
        self.need(what)
        request = self.requests.history(limit)
        response = yield from self.read(request)
        if holds_events(response):
            self.found(BETA_3)
            raise BETA_3.unsupported(what)
        return view_of(ConversationSnapshot, response, request, "offset")

    def history_before(self, cursor: str, limit: int | None = None) -> Flow[ConversationPage]:
        """Read the messages before a cursor. A server that knows no cursors answers with the whole
        conversation, which has no `before`."""
        self.need("history_before")
        request = self.requests.history_before(cursor, limit)
        response = yield from self.read(request)
        page = view_of(ConversationPage, response, request, "conversationId")
        if "before" not in page.to_dict():
            words = "the answer is the whole conversation: this server has no pages of it (2.2 has)"
            raise FlueProtocolError(words, url=request.shown_url)
        return page

    def abort(self) -> Flow[bool]:
        """Stop what runs and what waits behind it; say whether there was anything."""
        request = self.requests.abort()
        response = yield from self.read(request)
        return view_of(AgentAbortResult, response, request, "aborted", kind=bool).aborted

    def attachment(self, id: str) -> Flow[bytes]:
        """Read an attachment whole."""
        response = yield from self.read(self.requests.attachment(id))
        return response.body

    def save_attachment(self, id: str, download: Download) -> Flow[None]:
        """Write an attachment to a file as it comes."""
        return download.run(self._save_attachment(self.requests.attachment(id), download.body))

    def _save_attachment(self, request: Request, read: ReadBody) -> Flow[None]:
        response = yield from self.call(request, read=read)
        self.check(request, response, 200)

    def updates(
        self,
        *,
        incarnation: str | None = None,
        exists: bool = True,
        ends: Callable[[list[Any]], bool] = lambda items: False,
    ) -> ConversationResource:
        """The conversation's updates as a stream, until a batch of which `ends` is true."""
        return ConversationResource(
            self.requests,
            self.identifiers,
            incarnation=incarnation,
            exists=exists,
            ends=ends,
            found=self.found,
        )

    def follow(self, stream: Resource, offset: str, live: Live, counters: Counters) -> Flow[None]:
        """Read a stream since `offset`, batch by batch."""
        backoff = self._backoff or BackoffOptions()
        options = ReadOptions(self._credentials, offset, live, backoff)
        return follow(stream, options, self.clock, counters)

    def retry(self, options: BackoffOptions | None = None) -> Retry:
        """The retries of something that one of these calls is a part of."""
        options = options or self._backoff or BackoffOptions()
        return Retry(options, self.clock.jitter, self.requests.url)

    def read(self, request: Request) -> Flow[Response]:
        response = yield from self.call(request)
        self.check(request, response, 200)
        return response

    def call(
        self,
        request: Request,
        limit: float | None | Unset = UNSET,
        options: BackoffOptions | None = None,
        read: ReadBody = read_body,
    ) -> Flow[Response]:
        """Perform one request, whatever its answer. `options`: the retries, where the user has not
        chosen them."""
        return call(
            request,
            self._credentials,
            self.clock,
            options=self._backoff or options,
            limit=LIMITS.read if isinstance(limit, Unset) else limit,
            read=read,
            decides=decides,
        )

    def check(self, request: Request, response: Response, wanted: int) -> None:
        if response.status != wanted:
            raise self.error(request, response)

    def error(self, request: Request, response: Response) -> FlueApiError:
        return api_error(response, retryable=request.idempotent, url=self.requests.url)


def conversation_api(
    api: Api, url: str, identifiers: Identifiers, backoff: BackoffOptions | None
) -> ConversationApi:
    """Return the operations of the conversation at `url`, of a server, for one call."""
    requests = ConversationRequests(url, api.user_agent)
    return ConversationApi(
        requests, api.credentials, api.clock, identifiers, backoff or api.backoff, api.generations
    )
