"""The requests of one conversation, built by the generated request builders from the spec."""

# The generator calls its pure request builders `_get_kwargs`:
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any

from flue_client.api.agents import (
    abort_conversation,
    get_attachment,
    get_conversation,
    head_conversation,
    read_earlier_messages,
    send_message,
)
from flue_client.models import AgentSignal, AgentUserMessage
from flue_client.types import UNSET as GENERATED_UNSET

from .._values.http import Request
from .requests import built

_PLACE = ("agent", "conversation")
_CONVENTION = "/agents/agent/conversation"
"""The path that the builders give to that place; apps mount their agents where they like."""


class ConversationRequests:
    """The requests to the conversation at `url`, without credentials."""

    def __init__(self, url: str, user_agent: str) -> None:
        self.url = url
        self.user_agent = user_agent

    def send(self, body: dict[str, Any], *, repeatable: bool, wait: bool = False) -> Request:
        """`repeatable`: it may be sent twice, since the server knows it again by its key. `wait`:
        for the reply (before 2.0)."""
        model = AgentSignal if body.get("kind") == "signal" else AgentUserMessage
        kwargs = send_message._get_kwargs(*_PLACE, body=model.from_dict(body))
        if wait:
            kwargs["params"] = {"wait": "result"}
        return self._built(kwargs, repeatable=repeatable)

    def history(self, limit: int | None) -> Request:
        return self._built(get_conversation._get_kwargs(*_PLACE, limit=_or_unset(limit)))

    def history_before(self, cursor: str, limit: int | None) -> Request:
        kwargs = read_earlier_messages._get_kwargs(*_PLACE, before=cursor, limit=_or_unset(limit))
        return self._built(kwargs)

    def tail(self) -> Request:
        return self._built(head_conversation._get_kwargs(*_PLACE))

    def abort(self) -> Request:
        """It may be repeated: to stop twice is to stop."""
        return self._built(abort_conversation._get_kwargs(*_PLACE), repeatable=True)

    def get_abort(self) -> Request:
        """It aborts nothing: it shows whether there is such a route."""
        kwargs = abort_conversation._get_kwargs(*_PLACE)
        return self._built({**kwargs, "method": "get"})

    def attachment(self, id: str) -> Request:
        return self._built(get_attachment._get_kwargs(*_PLACE, id))

    def _built(self, kwargs: dict[str, Any], *, repeatable: bool = False) -> Request:
        url = self.url + str(kwargs["url"]).removeprefix(_CONVENTION)
        return built(kwargs, url, self.user_agent, repeatable=repeatable)


def _or_unset(value: int | None) -> Any:
    return GENERATED_UNSET if value is None else value
