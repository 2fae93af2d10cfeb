"""`client.agents`, for async code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flue_client.models import ConversationChunk, ConversationSettlement, ConversationSnapshot

from ._asking_many import all_asking
from ._calls import ManyOptions
from ._conversation_calls import Follow
from ._drivers.async_many import AsyncRunOutcomes
from ._flue.conversation_results import Admission, Reply, ReplyOutcome
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from .async_agent_streams import AsyncAgentStreams
from .attachments import Attachment
from .signals import AbortSignal


class AsyncAgents(AsyncAgentStreams):
    """`client.agents`: talk to the agents of a Flue server, of 2.x or of 1.0.0-beta.3 and later.

    `conversation` is the natural way; the calls that take an agent's name and a conversation's id
    are the same ones, flat, under the same names and with the same options."""

    async def prompt(
        self,
        name: str,
        id: str,
        message: str,
        *,
        images: Iterable[Attachment] = (),
        signal: AbortSignal | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Send a message and return the reply: `conversation(name, id).prompt`."""
        return await self.conversation(name, id).prompt(
            message, images=images, signal=signal, timeout=timeout
        )

    async def send(
        self,
        name: str,
        id: str,
        message: str,
        *,
        attachments: Iterable[Attachment] = (),
        initial_data: Any = UNSET,
        uid: str | None | Unset = UNSET,
        idempotency_key: str | None | Unset = UNSET,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> Admission:
        """Send a message: `conversation(name, id).send`."""
        return await self.conversation(name, id).send(
            message,
            attachments=attachments,
            initial_data=initial_data,
            uid=uid,
            idempotency_key=idempotency_key,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )

    async def wait(
        self,
        name: str,
        id: str,
        submission: Admission | str,
        *,
        on_update: Callable[[ConversationChunk], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> ConversationSettlement:
        """Wait until a submission has settled: `conversation(name, id).wait`.

        It waits with `live=False`, too.
        """
        return await self.conversation(name, id).wait(
            submission,
            on_update=on_update,
            live=live,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )

    async def read(
        self,
        name: str,
        id: str,
        submission: Admission | str,
        *,
        on_update: Callable[[ConversationChunk], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> Reply:
        """Wait for the reply to a submission: `conversation(name, id).read`.

        It waits with `live=False`, too.
        """
        return await self.conversation(name, id).read(
            submission,
            on_update=on_update,
            live=live,
            signal=signal,
            timeout=timeout,
            backoff_options=backoff_options,
        )

    async def abort(
        self,
        name: str,
        id: str,
        *,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> bool:
        """Stop the work of a conversation: `conversation(name, id).abort`."""
        return await self.conversation(name, id).abort(
            signal=signal, timeout=timeout, backoff_options=backoff_options
        )

    async def history(
        self,
        name: str,
        id: str,
        *,
        limit: int | None = None,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> ConversationSnapshot:
        """Return a conversation as it stands: `conversation(name, id).history`."""
        return await self.conversation(name, id).history(
            limit=limit, signal=signal, timeout=timeout, backoff_options=backoff_options
        )

    def map(
        self,
        name: str,
        messages: Iterable[str],
        *,
        ids: Iterable[str] | None = None,
        idempotency_keys: Iterable[str] | None = None,
        concurrency: int = 8,
        ordered: bool = True,
        return_errors: bool = False,
        on_progress: Callable[[int, int], object] | None = None,
        initial_data: Any = UNSET,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> AsyncRunOutcomes[ReplyOutcome]:
        """Ask each message in a conversation of its own, at most `concurrency` at a time.

        The conversations have fresh ids unless `ids` are given, one for each message. With
        `idempotency_keys`, which need `ids`, another process may do the same again: what it finds
        sent is not sent twice, and its reply is read (servers from 2.0 on). All is
        checked before the first message is sent. Yields `ReplyOutcome`s in the order of the
        messages, or as they complete with `ordered=False`. The first failure is raised and ends the
        rest, unless `return_errors`: then it is the outcome's `error`. `on_progress(done, total)`,
        async or not, is called after each. `timeout` in seconds is for each message. Leaving the
        iterator early aborts what is under way (the agents themselves go on at the server)."""
        jobs = all_asking(
            self._session.api,
            lambda id: self.conversation(name, id).url,
            messages,
            ids,
            idempotency_keys,
            initial_data,
            Follow(live, backoff_options),
        )
        options = ManyOptions(
            concurrency=concurrency,
            return_errors=return_errors,
            on_progress=on_progress,
            signal=signal,
            timeout=timeout,
        )
        return self._session.many(jobs, ordered, options)
