"""The calls of a conversation, before they meet a driver: options checked, flows made."""

from __future__ import annotations

from os import fsdecode
from typing import Generic, NamedTuple, TypeVar

from flue_client.models import (
    ConversationPage,
    ConversationSettlement,
    ConversationSnapshot,
    FilePart,
)

from ._calls import followed
from ._files import Replacement
from ._flue import arguments
from ._flue.api import Api
from ._flue.asking import Waiting
from ._flue.conversation_api import ConversationApi, conversation_api
from ._flue.conversation_results import Admission, Reply
from ._flue.detection import supported
from ._flue.dialects import Outgoing
from ._flue.download import Aside, Download
from ._flue.sending import send
from ._flue.settling import OnUpdate
from ._options import new_counters
from ._stream.arguments import UNSET, LiveOption, Unset, backoff_options
from ._stream.backoff import BackoffOptions
from ._stream.failures import identified
from ._values.checks import function, text, whole, wrong_type
from ._values.steps import Flow
from .attachments import Path
from .errors import Identifiers

T = TypeVar("T")


class Call(NamedTuple, Generic[T]):
    """A flow to be run, and what its errors name, an abort's too."""

    flow: Flow[T]
    identifiers: Identifiers


class Follow(NamedTuple):
    """How a submission is followed until it has settled, as it was given."""

    live: LiveOption = True
    backoff: BackoffOptions | None = None
    on_update: OnUpdate | None = None


class ConversationCalls:
    """The calls of the conversation at `url`. Each checks its arguments when it is made."""

    def __init__(self, api: Api, url: str) -> None:
        self.url = url
        self._api = api

    def send(
        self, outgoing: Outgoing, backoff: BackoffOptions | None, deadline: bool
    ) -> Call[Admission]:
        api = self._conversation(backoff)
        return _call(api, send(api, outgoing, deadline=deadline))

    def wait(self, awaited: Admission | str, follow: Follow) -> Call[ConversationSettlement]:
        api = self._conversation(follow.backoff, awaited)
        return _call(api, _waiting(api, follow).settlement(awaited))

    def read(self, awaited: Admission | str, follow: Follow) -> Call[Reply]:
        api = self._conversation(follow.backoff, awaited)
        return _call(api, _waiting(api, follow).reply(awaited))

    def ask(self, outgoing: Outgoing, follow: Follow) -> Call[Reply]:
        api = self._conversation(follow.backoff)
        if follow.on_update is not None:
            outgoing = outgoing.needing("on_update")
        return _call(api, _waiting(api, follow).ask(outgoing))

    def prompt(self, outgoing: Outgoing) -> Call[Reply]:
        api = self._conversation(None)
        return _call(api, _waiting(api, Follow()).prompt(outgoing))

    def abort(self, backoff: BackoffOptions | None) -> Call[bool]:
        api = self._conversation(backoff)
        return _call(api, supported(api, "abort", api.abort()))

    def history(
        self, limit: int | None, backoff: BackoffOptions | None
    ) -> Call[ConversationSnapshot]:
        api = self._conversation(backoff)
        return _call(api, api.history(_limit(limit)))

    def history_before(
        self, cursor: str, limit: int | None, backoff: BackoffOptions | None
    ) -> Call[ConversationPage]:
        api = self._conversation(backoff)
        return _call(api, api.history_before(_named(cursor, "cursor"), _limit(limit)))

    def attachment(self, attachment: str | FilePart, backoff: BackoffOptions | None) -> Call[bytes]:
        api = self._conversation(backoff)
        read = api.attachment(_attachment_id(attachment))
        return _call(api, supported(api, "attachment", read))

    def save_attachment(
        self,
        attachment: str | FilePart,
        path: Path,
        backoff: BackoffOptions | None,
        aside: Aside,
    ) -> Call[None]:
        api = self._conversation(backoff)
        download = Download(Replacement(fsdecode(path)), aside)
        saving = api.save_attachment(_attachment_id(attachment), download)
        return _call(api, supported(api, "attachment", saving))

    def attachment_url(self, attachment: str | FilePart) -> str:
        api, id = self._conversation(None), _attachment_id(attachment)
        api.need("attachment")
        return api.requests.attachment(id).url

    def _conversation(
        self, backoff: BackoffOptions | None, awaited: object = UNSET
    ) -> ConversationApi:
        identifiers = Identifiers(conversation_url=self.url)
        if not isinstance(awaited, Unset):
            identifiers.submission_id, identifiers.idempotency_key = _awaited(awaited)
        return conversation_api(self._api, self.url, identifiers, backoff_options(backoff))


def _call(api: ConversationApi, flow: Flow[T]) -> Call[T]:
    return Call(identified(flow, api.identifiers), api.identifiers)


def _waiting(api: ConversationApi, follow: Follow) -> Waiting:
    on_update: OnUpdate | None = function(follow.on_update, "on_update")
    return Waiting(api, new_counters(), followed(follow.live), on_update)


def _awaited(value: object) -> tuple[str, str | None]:
    """The submission's id, and the key of its send where that is known."""
    if isinstance(value, Admission):
        return value.submission_id, value.idempotency_key
    if not isinstance(value, str):
        raise wrong_type("submission", "an Admission or a submission's id", value)
    return _named(value, "submission"), None


def _attachment_id(value: object) -> str:
    if isinstance(value, FilePart):
        if value.id is None:
            raise ValueError("this file part has no id: the server does not keep its bytes")
        value = value.id
    return arguments.segment(value, "attachment")


def _limit(value: object) -> int | None:
    return None if value is None else whole(value, "limit", 1)


def _named(value: object, what: str) -> str:
    given = text(value, what)
    if not given:
        raise ValueError(f"{what} must not be empty")
    return given
