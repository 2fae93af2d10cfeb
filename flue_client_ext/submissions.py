# Made from async_submissions.py by `make generate`: edit that one.
"""Messages to one conversation and what the agent makes of them, for blocking code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flue_client.models import ConversationChunk, ConversationSettlement

from ._conversation_calls import Call, ConversationCalls, Follow, T
from ._conversation_messages import signal_message, user_message
from ._flue.conversation_results import Admission, Reply
from ._flue.dialects import Outgoing
from ._session import Session
from ._stream import arguments
from ._stream.arguments import UNSET, LiveOption, Unset
from ._stream.backoff import BackoffOptions
from ._values.uncopied import Uncopied
from .attachments import Attachment
from .signals import AbortSignal


class Submissions(Uncopied):
    """What a conversation does with messages: it sends them and waits for their replies."""

    _instead = "make another from the client by its url"

    def __init__(self, session: Session, url: str) -> None:
        self._session = session
        self._calls = ConversationCalls(session.api, url)

    @property
    def url(self) -> str:
        """Where the conversation is, without credentials."""
        return self._calls.url

    def send(
        self,
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
        """Send a message and return when the server has accepted it, not yet answered.

        `initial_data` is what a new conversation begins with. `uid` continues only the conversation
        of that uid; `None` only creates one.
        """
        outgoing = user_message(message, attachments, initial_data, uid, idempotency_key)
        return self._send(outgoing, signal, timeout, backoff_options)

    def send_signal(
        self,
        type: str,
        body: str,
        *,
        attributes: Mapping[str, str] | None = None,
        tag_name: str | None = None,
        initial_data: Any = UNSET,
        uid: str | None | Unset = UNSET,
        idempotency_key: str | None | Unset = UNSET,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> Admission:
        """Send what no user says, such as the event of a webhook, as `send` sends a message."""
        outgoing = signal_message(
            type, body, attributes, tag_name, initial_data, uid, idempotency_key
        )
        return self._send(outgoing, signal, timeout, backoff_options)

    def wait(
        self,
        submission: Admission | str,
        *,
        on_update: Callable[[ConversationChunk], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> ConversationSettlement:
        """Wait until a submission has settled, through whatever a stream survives.

        A bare submission id is looked up in the conversation first; one that is not there may wait
        behind others. `on_update` sees each update from the admission on, in order; what it raises
        ends the call. `live` is how it waits; `live=False` waits as `True` does.

        Raises `FlueExecutionError` when the submission failed or was aborted, and
        `StreamResetError` when the server has lost it, or never had it. Where a longer conversation
        has taken the place of the lost one before the call, this shows after one to two minutes in
        which nothing is pending there (PROTOCOL, lost conversations)."""
        call = self._calls.wait(submission, Follow(live, backoff_options, on_update))
        return self._run(call, signal, arguments.timeout(timeout))

    def read(
        self,
        submission: Admission | str,
        *,
        on_update: Callable[[ConversationChunk], object] | None = None,
        live: LiveOption = True,
        signal: AbortSignal | None = None,
        timeout: float | None = None,
        backoff_options: BackoffOptions | None = None,
    ) -> Reply:
        """Wait as `wait` does and return the agent's reply.

        A message that joined the one before it has that one's reply.
        """
        call = self._calls.read(submission, Follow(live, backoff_options, on_update))
        return self._run(call, signal, arguments.timeout(timeout))

    def ask(
        self,
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
        """Send a message and return the agent's reply: `send` and `read` in one.

        With `live=False`, too, it waits for the reply.
        """
        outgoing = user_message(message, attachments, initial_data, uid, idempotency_key)
        call = self._calls.ask(outgoing, Follow(live, backoff_options, on_update))
        return self._run(call, signal, arguments.timeout(timeout))

    def prompt(
        self,
        message: str,
        *,
        images: Iterable[Attachment] = (),
        signal: AbortSignal | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Send a message and return the agent's reply: in one request that is held until then, on a
        server before 2.0; as `ask` does, from 2.0 on.

        The held request is never repeated: a cut one raises `InvokeOutcomeUnknownError`, and the
        reply is in the conversation all the same. So long work is better asked for with `ask`,
        which survives what streams survive. Raises `FlueExecutionError` when the submission failed
        or was aborted; the servers before 2.0 do not say which one it was.
        """
        outgoing = user_message(message, images, UNSET, UNSET, UNSET)
        call = self._calls.prompt(outgoing)
        return self._run(call, signal, arguments.timeout(timeout))

    def abort(
        self,
        *,
        signal: AbortSignal | None = None,
        timeout: float | None | Unset = UNSET,
        backoff_options: BackoffOptions | None = None,
    ) -> bool:
        """Stop what runs and what waits behind it; return whether there was anything to stop.

        What was stopped settles as aborted a little later. A call whose answer is lost is repeated:
        it stops what was sent in the meantime, too, and returns `False` if the first had stopped
        everything.
        """
        return self._run(self._calls.abort(backoff_options), signal, self._limit(timeout))

    def _send(
        self,
        outgoing: Outgoing,
        signal: AbortSignal | None,
        timeout: float | None | Unset,
        backoff: BackoffOptions | None,
    ) -> Admission:
        limit = self._limit(timeout)
        call = self._calls.send(outgoing, backoff, limit is not None)
        return self._run(call, signal, limit)

    def _run(self, call: Call[T], signal: AbortSignal | None, limit: float | None) -> T:
        return self._session.run(call.flow, signal, limit, call.identifiers)

    def _limit(self, timeout: float | None | Unset) -> float | None:
        """The deadline of a call that does not wait for the agent."""
        return arguments.call_timeout(timeout, self._session.settings.timeout)
