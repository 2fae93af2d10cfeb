"""One conversation with an agent, for async code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flue_client.models import ConversationPage, ConversationSnapshot, FilePart

from ._conversation_calls import message_body
from ._drivers.async_aside import aside
from ._lazy import LazyModule
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from .async_submissions import AsyncSubmissions
from .attachments import Attachment, Path
from .checkpoint import UpdateCheckpoint
from .signals import AbortSignal

if TYPE_CHECKING:
    from . import _conversation_streams as streams
    from . import async_reply_stream, async_update_stream
else:
    streams = LazyModule("flue_client_ext._conversation_streams")
    async_reply_stream = LazyModule.of_same_world(__name__, "reply_stream")
    async_update_stream = LazyModule.of_same_world(__name__, "update_stream")


class AsyncConversation(AsyncSubmissions):
    """A conversation at its `url`. It holds nothing open; the server creates it with the first
    message.

    Messages are sent with a fresh idempotency key each, so that a send whose answer was lost is
    repeated safely. Pass a key of your own to finish a send from another process; `None` turns keys
    off: then a send is one POST, and raises `InvokeOutcomeUnknownError` where nobody knows whether
    it arrived. `timeout` in seconds is the deadline of a whole call: the client's default for
    single requests, none for calls that wait for the agent.

    Calls raise `FlueApiError` for an answer that is not the one asked for, `FlueConnectionError`,
    `FlueTimeoutError`, `FlueProtocolError`, `FlueAbortError`; errors that leave a submission open
    carry its `submission_id` and `idempotency_key` as far as they are known. Bad arguments are a
    `ValueError` or a `TypeError` before any I/O."""

    async def history(
        self,
        *,
        limit: int | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> ConversationSnapshot:
        """Return the conversation as it stands.

        `limit`: of the messages only so many of the newest; a server before 2.2 returns all, and no
        `before`, the cursor of the earlier ones.
        """
        call = self._calls.history(limit, backoff_options)
        return await self._run(call, signal, self._limit(timeout))

    async def history_before(
        self,
        cursor: str,
        *,
        limit: int | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> ConversationPage:
        """Return the messages before a cursor, the newest of them (servers from 2.2 on).

        Raises `FlueProtocolError` for a server that has no pages of history.
        """
        call = self._calls.history_before(cursor, limit, backoff_options)
        return await self._run(call, signal, self._limit(timeout))

    async def attachment(
        self,
        attachment: str | FilePart,
        *,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> bytes:
        """Return the bytes of an attachment, which its id or a message's file part names."""
        call = self._calls.attachment(attachment, backoff_options)
        return await self._run(call, signal, self._limit(timeout))

    async def save_attachment(
        self,
        attachment: str | FilePart,
        path: Path,
        *,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> None:
        """Write an attachment to the file `path` as it arrives, replacing what was there.

        Atomic: until it is whole and on the disk, the file is the old one.
        """
        call = self._calls.save_attachment(attachment, path, backoff_options, aside)
        await self._run(call, signal, self._limit(timeout))

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
        body = message_body(message, attachments, initial_data, uid, idempotency_key)
        opened = self._streams.ask_stream(body, live, backoff_options)
        return self._session.stream(async_reply_stream.AsyncReplyStream, opened, signal, timeout)

    def attachment_url(self, attachment: str | FilePart) -> str:
        """Return the URL of an attachment, without credentials: whoever opens it needs his own."""
        return self._calls.attachment_url(attachment)

    @property
    def _streams(self) -> streams.ConversationStreams:
        return streams.ConversationStreams(self._session.api, self.url)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"
