"""The conversations of `client.agents`, asked and followed, for async code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from flue_client.models import ConversationChunk

from ._async_session import AsyncSession
from ._conversation_urls import conversation_url
from ._flue.conversation_results import Reply
from ._lazy import LazyModule
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from ._values.uncopied import Uncopied
from .async_conversation import AsyncConversation
from .attachments import Attachment
from .checkpoint import AgentCheckpoint, UpdateCheckpoint
from .signals import AbortSignal

if TYPE_CHECKING:
    from . import async_event_stream, async_reply_stream, async_update_stream
else:
    async_event_stream = LazyModule.of_same_world(__name__, "event_stream")
    async_reply_stream = LazyModule.of_same_world(__name__, "reply_stream")
    async_update_stream = LazyModule.of_same_world(__name__, "update_stream")


class AsyncAgentStreams(Uncopied):
    """What `client.agents` finds conversations by, and asks and follows them with."""

    _instead = "they belong to their client"

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    @overload
    def conversation(self, name: str, id: str) -> AsyncConversation: ...
    @overload
    def conversation(self, *, path: str) -> AsyncConversation: ...
    @overload
    def conversation(self, *, url: str) -> AsyncConversation: ...
    def conversation(
        self,
        name: str | None = None,
        id: str | None = None,
        *,
        path: str | None = None,
        url: str | None = None,
    ) -> AsyncConversation:
        """Return a conversation, without I/O: by an agent's name and an id of your choice, by the
        `path` under the base URL where the app has mounted the agent, or by its whole `url`.

        The url must be of the client's own origin, since it gets the credentials.
        """
        address = self._session.settings.address
        return AsyncConversation(self._session, conversation_url(address, name, id, path, url))

    def updates(
        self,
        name: str,
        id: str,
        *,
        offset: str | Unset = UNSET,
        live: LiveOption = True,
        resume: UpdateCheckpoint | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> async_update_stream.AsyncUpdateStream:
        """Return a stream of a conversation's updates: `conversation(name, id).updates`."""
        return self.conversation(name, id).updates(
            offset=offset,
            live=live,
            resume=resume,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )

    def observe(
        self,
        name: str,
        id: str,
        *,
        live: LiveOption = "auto",
        wait_for_it: bool = False,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> async_update_stream.AsyncStateStream:
        """Return a stream of a conversation's states: `conversation(name, id).observe`."""
        return self.conversation(name, id).observe(
            live=live,
            wait_for_it=wait_for_it,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )

    def stream(
        self,
        name: str,
        id: str,
        *,
        offset: str | Unset = UNSET,
        tail: int | None = None,
        live: LiveOption = True,
        resume: AgentCheckpoint | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> async_event_stream.AsyncAgentEventStream:
        """Return a stream of an agent's events: `conversation(name, id).stream`."""
        return self.conversation(name, id).stream(
            offset=offset,
            tail=tail,
            live=live,
            resume=resume,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )

    async def ask(
        self,
        name: str,
        id: str,
        message: str,
        *,
        attachments: Iterable[Attachment] = (),
        initial_data: Any = UNSET,
        uid: str | None | Unset = UNSET,
        idempotency_key: str | None | Unset = UNSET,
        on_update: Callable[[ConversationChunk], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> Reply:
        """Send a message and return the reply: `conversation(name, id).ask`.

        It waits with `live=False`, too.
        """
        return await self.conversation(name, id).ask(
            message,
            attachments=attachments,
            initial_data=initial_data,
            uid=uid,
            idempotency_key=idempotency_key,
            on_update=on_update,
            live=live,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )

    def ask_stream(
        self,
        name: str,
        id: str,
        message: str,
        *,
        attachments: Iterable[Attachment] = (),
        initial_data: Any = UNSET,
        uid: str | None | Unset = UNSET,
        idempotency_key: str | None | Unset = UNSET,
        live: LiveOption = "auto",
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> async_reply_stream.AsyncReplyStream:
        """Return a stream of the reply to a message: `conversation(name, id).ask_stream`."""
        return self.conversation(name, id).ask_stream(
            message,
            attachments=attachments,
            initial_data=initial_data,
            uid=uid,
            idempotency_key=idempotency_key,
            live=live,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )
