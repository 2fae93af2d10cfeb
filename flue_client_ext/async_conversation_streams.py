"""The streams of one conversation with an agent, for async code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._conversation_messages import user_message
from ._lazy import LazyModule
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from .async_submissions import AsyncSubmissions
from .attachments import Attachment
from .checkpoint import AgentCheckpoint, UpdateCheckpoint
from .signals import AbortSignal

if TYPE_CHECKING:
    from . import _conversation_streams as streams
    from . import async_event_stream, async_reply_stream, async_update_stream
else:
    streams = LazyModule("flue_client_ext._conversation_streams")
    async_event_stream = LazyModule.of_same_world(__name__, "event_stream")
    async_reply_stream = LazyModule.of_same_world(__name__, "reply_stream")
    async_update_stream = LazyModule.of_same_world(__name__, "update_stream")


class AsyncConversationStreams(AsyncSubmissions):
    """What a conversation is followed with."""

    def updates(
        self,
        *,
        offset: str | Unset = UNSET,
        live: LiveOption = True,
        resume: UpdateCheckpoint | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> async_update_stream.AsyncUpdateStream:
        """Return a stream of the conversation's updates, each exactly once: iterate over it.

        `offset`: `"-1"` (the default) from the start, `"now"` from here on, or a saved offset.
        `live=False` ends at the tail; otherwise the stream never ends. `resume`: an
        `UpdateCheckpoint` in place of `offset`. `timeout` in seconds bounds the whole stream.

        Raises `StreamResetError` where the server has lost or replaced what the offset belongs to,
        and what `runs.stream` raises.
        """
        options = streams.UpdateOptions(offset, live, resume, backoff_options)
        opened = self._streams.updates(options)
        return self._session.stream(async_update_stream.AsyncUpdateStream, opened, signal, timeout)

    def observe(
        self,
        *,
        live: LiveOption = "auto",
        wait_for_it: bool = False,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> async_update_stream.AsyncStateStream:
        """Return a stream of the conversation's states: as it stands, then each time it has
        changed. Who reads slowly skips states.

        The history is read once, and again only where the server has lost what was read. A
        conversation that does not exist is a state of the phase `absent`, after which the stream
        ends, or goes on to look for it with `wait_for_it`.
        """
        opened = self._streams.observe(live, wait_for_it, backoff_options)
        return self._session.stream(async_update_stream.AsyncStateStream, opened, signal, timeout)

    def ask_stream(
        self,
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
        """Return a stream that sends a message and yields the reply as it comes.

        Its `text` is what a screen should show, its `reply` the whole one after the end. Raises
        what `ask` raises, `FlueExecutionError` at the end of the iteration.
        """
        outgoing = user_message(message, attachments, initial_data, uid, idempotency_key)
        opened = self._streams.ask_stream(outgoing, live, backoff_options)
        return self._session.stream(async_reply_stream.AsyncReplyStream, opened, signal, timeout)

    def stream(
        self,
        *,
        offset: str | Unset = UNSET,
        tail: int | None = None,
        live: LiveOption = True,
        resume: AgentCheckpoint | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> async_event_stream.AsyncAgentEventStream:
        """Return a stream of the agent's events, each exactly once (Flue 1.0.0-beta.3 to beta.7).

        `offset`: `"-1"` (the default) from the start, `"now"` from here on, or a saved offset.
        `tail`: from the start, only so many of the latest events. `live=False` ends at the tail;
        otherwise the stream never ends. `resume`: an `AgentCheckpoint` in place of `offset`.
        `timeout` in seconds bounds the whole stream.

        Raises what `runs.stream` raises, and `UnsupportedByServerError` for a later server, whose
        conversations have `updates` and `observe`.
        """
        opened = self._streams.stream(
            streams.EventOptions(offset, tail, live, resume, backoff_options)
        )
        kind = async_event_stream.AsyncAgentEventStream
        return self._session.stream(kind, opened, signal, timeout)

    @property
    def _streams(self) -> streams.ConversationStreams:
        return streams.ConversationStreams(self._session.api, self.url)
