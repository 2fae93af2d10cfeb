"""Playing the calls of a conversation by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flue_client_ext._flue.asking import Waiting
from flue_client_ext._flue.conversation_api import ConversationApi
from flue_client_ext._flue.conversation_requests import ConversationRequests
from flue_client_ext._flue.conversation_results import Admission
from flue_client_ext._flue.generations import Generations
from flue_client_ext._stream.backoff import BackoffOptions
from flue_client_ext._stream.credentials import Credentials
from flue_client_ext._stream.failures import identified
from flue_client_ext._stream.stats import Counters
from flue_client_ext._values.steps import Flow
from flue_client_ext.errors import Identifiers

from .play import ManualClock, Play

URL = "http://server.test/agents/support/t1"
ID = "sub_1"
ADMISSION = Admission(ID, "o1", "uid_1", idempotency_key="key-1")
REPLAYED = Admission(ID, "-1", "uid_1", deduplicated=True, idempotency_key="key-1")

Json = dict[str, Any]


class ConversationPlay(Play):
    """A call of a conversation under way."""

    @property
    def asked(self) -> tuple[str, str, Json]:
        """The open request: method, the path behind the conversation's, and the query."""
        url = urlsplit(self.request.url)
        path = url.path.removeprefix(urlsplit(URL).path)
        return self.request.method, path, dict(parse_qsl(url.query))

    def updates(self, *chunks: Any, offset: str = "o2", at_tail: bool = True) -> Any:
        """Answer with a page of updates behind the checkpoint of incarnation `i1`."""
        return self.page([checkpoint("i1"), *chunks], offset, at_tail)

    def page(self, items: list[Any], offset: str, at_tail: bool = True) -> Any:
        headers = {"stream_next_offset": offset, "content_type": "application/json"}
        if at_tail:
            headers["stream_up_to_date"] = "true"
        return self.answer(200, json.dumps(items).encode(), **headers)

    def json(self, status: int, value: Any) -> Any:
        return self.answer(status, json.dumps(value).encode(), content_type="application/json")

    def error(self, status: int, type: str, **meta: Any) -> Any:
        return self.json(status, {"error": {"type": type, "message": "m", "meta": meta}})


def checkpoint(incarnation: str) -> Json:
    return {"type": "stream-checkpoint", "incarnation": incarnation}


def settled(id: str = ID, outcome: str = "completed", **more: Any) -> Json:
    return {
        "type": "submission-settled",
        "conversationId": "c1",
        "position": {"batch": 9, "index": 0},
        "submissionId": id,
        "outcome": outcome,
        **more,
    }


def reset(snapshot: Json) -> Json:
    return {"type": "conversation-reset", "conversationId": "c1", "snapshot": snapshot}


def message(id: str, role: str, *texts: str, **more: Any) -> Json:
    parts = [{"type": "text", "text": text, "state": "done"} for text in texts]
    return {"id": f"{role}_{id}", "role": role, "submissionId": id, "parts": parts, **more}


def snapshot(*content: Json, offset: str = "o5", incarnation: str = "i1") -> Json:
    """A conversation with these messages and settlements (`settled` chunks)."""
    own = ("submissionId", "outcome", "error", "answeredBySubmissionId")
    settlements = [
        {name: value for name, value in each.items() if name in own}
        for each in content
        if "outcome" in each
    ]
    return {
        "v": 1,
        "conversationId": "c1",
        "offset": offset,
        "messages": [each for each in content if "outcome" not in each],
        "settlements": settlements,
        "incarnation": incarnation,
    }


def operation(
    make: Callable[[ConversationApi], Flow[Any]],
    backoff: BackoffOptions | None = None,
    credentials: Credentials | None = None,
    awaited: Any = None,
    play: type[ConversationPlay] | None = None,
    generations: Generations | None = None,
    timeout: float | None = None,
) -> ConversationPlay:
    """Begin an operation of the conversation, as the surface does."""
    clock = ManualClock()
    identifiers = Identifiers(conversation_url=URL)
    if awaited is not None:
        identifiers.submission_id = ID
        identifiers.idempotency_key = getattr(awaited, "idempotency_key", None)
    requests = ConversationRequests(URL, "test-agent")
    api = ConversationApi(
        requests, credentials or Credentials(), clock.clock, identifiers, backoff, generations
    )
    flow = identified(make(api), identifiers)
    return (play or ConversationPlay)(flow, clock, timeout=timeout)


def waiting(
    make: Callable[[Waiting], Flow[Any]],
    live: Any = "long-poll",
    on_update: Callable[[Any], Any] | None = None,
    backoff: BackoffOptions | None = None,
    awaited: Any = None,
    generations: Generations | None = None,
) -> ConversationPlay:
    """Begin a call that waits for the agent."""

    def begin(api: ConversationApi) -> Flow[Any]:
        return make(Waiting(api, Counters(lambda: 0.0), live, on_update))

    return operation(begin, backoff, awaited=awaited, generations=generations)


def settling(awaited: Any = ADMISSION, **options: Any) -> ConversationPlay:
    return waiting(lambda waiting: waiting.settlement(awaited), awaited=awaited, **options)


def replying(awaited: Any = ADMISSION, **options: Any) -> ConversationPlay:
    return waiting(lambda waiting: waiting.reply(awaited), awaited=awaited, **options)
