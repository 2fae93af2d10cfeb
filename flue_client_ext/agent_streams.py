# Made from async_agent_streams.py by `make generate`: edit that one.
"""The conversations of `client.agents`, asked and followed, for blocking code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

from flue_client.models import ConversationChunk

from ._conversation_urls import conversation_url
from ._flue.conversation_results import Reply
from ._lazy import LazyModule
from ._session import Session
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from ._values.uncopied import Uncopied
from .attachments import Attachment
from .checkpoint import AgentCheckpoint, UpdateCheckpoint
from .conversation import Conversation
from .signals import AbortSignal

if TYPE_CHECKING:
    from . import event_stream, reply_stream, update_stream
else:
    event_stream = LazyModule.of_same_world(__name__, "event_stream")
    reply_stream = LazyModule.of_same_world(__name__, "reply_stream")
    update_stream = LazyModule.of_same_world(__name__, "update_stream")


class AgentStreams(Uncopied):
    """What `client.agents` finds conversations by, and asks and follows them with."""

    _instead = "they belong to their client"

    def __init__(self, session: Session) -> None:
        self._session = session

    @overload
    def conversation(self, name: str, id: str) -> Conversation: ...
    @overload
    def conversation(self, *, path: str) -> Conversation: ...
    @overload
    def conversation(self, *, url: str) -> Conversation: ...
    def conversation(
        self,
        name: str | None = None,
        id: str | None = None,
        *,
        path: str | None = None,
        url: str | None = None,
    ) -> Conversation:
        """Return a conversation, without I/O: by an agent's name and an id of your choice, by the
        `path` under the base URL where the app has mounted the agent, or by its whole `url`.

        The url must be of the client's own origin, since it gets the credentials.
        """
        address = self._session.settings.address
        return Conversation(self._session, conversation_url(address, name, id, path, url))

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
    ) -> update_stream.UpdateStream:
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
    ) -> update_stream.StateStream:
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
    ) -> event_stream.AgentEventStream:
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

    def ask(
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
        return self.conversation(name, id).ask(
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
    ) -> reply_stream.ReplyStream:
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
