# Made from async_conversation.py by `make generate`: edit that one.
"""One conversation with an agent, for blocking code."""

from __future__ import annotations

from flue_client.models import ConversationPage, ConversationSnapshot, FilePart

from ._drivers.sync_aside import aside
from ._stream.arguments import UNSET, Unset
from ._stream.backoff import BackoffOptions
from .attachments import Path
from .conversation_streams import ConversationStreams
from .signals import AbortSignal


class Conversation(ConversationStreams):
    """A conversation at its `url`. It holds nothing open; the server creates it with the first
    message.

    Messages are sent with a fresh idempotency key each, so that a send whose answer was lost is
    repeated safely. Pass a key of your own to finish a send from another process; `None` turns keys
    off: then a send is one POST, and raises `InvokeOutcomeUnknownError` where nobody knows whether
    it arrived. `timeout` in seconds is the deadline of a whole call: the client's default for
    single requests, none for calls that wait for the agent.

    Calls raise `FlueApiError` for an answer that is not the one asked for, `FlueConnectionError`,
    `FlueTimeoutError`, `FlueProtocolError`, `FlueAbortError`, and
    `UnsupportedByServerError` for what a beta does not have. Errors that leave a submission open
    carry its `submission_id` and `idempotency_key` as far as they are known. Bad arguments are a
    `ValueError` or a `TypeError` before any I/O."""

    def history(
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
        return self._run(call, signal, self._limit(timeout))

    def history_before(
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
        return self._run(call, signal, self._limit(timeout))

    def attachment(
        self,
        attachment: str | FilePart,
        *,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> bytes:
        """Return the bytes of an attachment, which its id or a message's file part names."""
        call = self._calls.attachment(attachment, backoff_options)
        return self._run(call, signal, self._limit(timeout))

    def save_attachment(
        self,
        attachment: str | FilePart,
        path: Path,
        *,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> None:
        """Write an attachment to the file `path` as it arrives, replacing what was there.

        Atomic: until it is whole and on the disk, the file is the old one. Raises
        `FlueProtocolError` for more than 256 MiB.
        """
        call = self._calls.save_attachment(attachment, path, backoff_options, aside)
        self._run(call, signal, self._limit(timeout))

    def attachment_url(self, attachment: str | FilePart) -> str:
        """Return the URL of an attachment, without credentials: whoever opens it needs his own."""
        return self._calls.attachment_url(attachment)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"
