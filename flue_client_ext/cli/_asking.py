"""One message and its reply, shown as it comes; and the key of a message in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from .._files import replace_file
from .._stream.arguments import UNSET
from .._values.jsoncodec import as_object
from ..errors import (
    FlueAbortError,
    FlueConnectionError,
    InvokeOutcomeUnknownError,
    UnsupportedByServerError,
)
from ..signals import AbortController
from ._options import live_of
from ._retrying import telling

if TYPE_CHECKING:
    from .._flue.conversation_results import Admission, Reply
    from ..attachments import Attachment
    from ..conversation import Conversation
    from ..reply_stream import ReplyStream
    from ._reply_view import ReplyView


class Asking:
    """Sends a message when it is shown. `stream` is known from the beginning."""

    def __init__(
        self,
        conversation: Conversation,
        message: str,
        files: Sequence[Attachment],
        *,
        initial_data: Any = UNSET,
        key: str | None = None,
        live: str,
        timeout: float | None,
    ) -> None:
        self._conversation = conversation
        self._message = message
        self._options: dict[str, Any] = {
            "attachments": files,
            "initial_data": initial_data,
            "idempotency_key": UNSET if key is None else key,
            "live": live_of(live),
            "timeout": timeout,
            "backoff_options": telling(self._attempt_failed),
        }
        self._view: ReplyView | None = None
        self._controller = AbortController()
        self.stream: ReplyStream | None = None
        """`None` where the server has no replies in pieces."""
        with _whole_replies():
            self.stream = conversation.ask_stream(message, **self._options)

    @property
    def admission(self) -> Admission | None:
        """The accepted message, as far as it is known."""
        return None if self.stream is None else self.stream.admission

    @property
    def key(self) -> str | None:
        """What the message is sent with once; `None` where the server has no keys."""
        return None if self.stream is None else self.stream.idempotency_key

    def unsent(self, error: BaseException) -> bool:
        """Whether `show` has sent nothing of the message, as far as `error` tells. Where the server
        has no keys, it does not."""
        lost = isinstance(error, FlueConnectionError)
        unknown = isinstance(error, InvokeOutcomeUnknownError)
        return lost and not unknown and self.key is not None and self.admission is None

    def stop(self) -> None:
        """End `show`, from a signal handler too."""
        if self.stream is not None:
            self.stream.cancel()
        self._controller.abort()

    def show(self, view: ReplyView | None) -> Reply | None:
        """Show the reply as it comes, and return it; `None` where it was stopped.

        Servers before 1.0.0-beta.8 tell it when it is whole.
        """
        self._view = view
        if self.stream is not None:
            with _whole_replies():
                return self._streamed(self.stream, view)
        try:
            signal = self._controller.signal
            reply = self._conversation.ask(self._message, signal=signal, **self._options)
        except FlueAbortError:
            return None
        if view is not None:
            view.whole(reply)
        return reply

    def _attempt_failed(self) -> bool:
        """Whether nobody is to be told: a view shows it, or nothing is to be shown."""
        return self._view is None or self._view.attempt_failed()

    def _streamed(self, stream: ReplyStream, view: ReplyView | None) -> Reply | None:
        if view is not None:
            view.asks(stream)
        with stream:
            for change in stream:
                if view is not None:
                    view.change(change)
        try:
            return stream.reply
        except RuntimeError:  # cancelled
            return None


@contextmanager
def _whole_replies() -> Generator[None]:
    """End silently where the server has replies as a whole only."""
    try:
        yield
    except UnsupportedByServerError as error:
        if error.what != "ask_stream":
            raise


def key_in(file: Path, agent: str, id: str) -> tuple[str, bool]:
    """Return the key in a file, and whether it is new. Raises `ValueError` for a file of something
    else than a message to this conversation."""
    named = {"agent": agent, "id": id}
    try:
        known = as_object(json.loads(file.read_bytes()))
    except FileNotFoundError:
        key = str(uuid4())
        replace_file(os.fspath(file), json.dumps({**named, "idempotencyKey": key}).encode())
        return key, True
    except ValueError:
        known = {}
    kept = known.get("idempotencyKey")
    if not isinstance(kept, str) or {**known, **named} != known:
        raise ValueError(f"{file} holds no key of a message to {agent} {id}: give another file")
    return kept, False
