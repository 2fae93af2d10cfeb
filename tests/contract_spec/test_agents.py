"""The operations of agents: their requests and answers are those that were recorded."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from flue_client import Client
from flue_client.api.agents import (
    abort_conversation,
    get_attachment,
    get_conversation,
    head_conversation,
    read_agent_events,
    read_conversation_updates,
    read_earlier_messages,
    send_message,
)
from flue_client.models import (
    AgentAbortResult,
    AgentAdmission,
    AgentSignal,
    AgentUserMessage,
    ConversationPage,
    ConversationSnapshot,
    ErrorEnvelope,
    StreamCheckpointChunk,
)
from tests.contract_spec import exchanges
from tests.contract_spec.calling import LOCAL, Call
from tests.contract_spec.document import document
from tests.contract_spec.exchanges import Exchange, exchange
from tests.contract_spec.samples import Sample
from tests.contract_spec.test_endpoints import SEGMENTS
from tests.servers.raw import Connection, RawServer, Request

MODULES: dict[tuple[str, str], ModuleType] = {
    ("POST", "/agents/{name}/{id}"): send_message,
    ("GET", "/agents/{name}/{id}"): get_conversation,
    ("HEAD", "/agents/{name}/{id}"): head_conversation,
    ("GET", "/agents/{name}/{id}#before"): read_earlier_messages,
    ("GET", "/agents/{name}/{id}#events"): read_agent_events,
    ("GET", "/agents/{name}/{id}#updates"): read_conversation_updates,
    ("POST", "/agents/{name}/{id}/abort"): abort_conversation,
    ("GET", "/agents/{name}/{id}/attachments/{attachmentId}"): get_attachment,
}
ANSWERED = [
    one.answer.name
    for one in map(exchange, exchanges.NAMES)
    if one.method != "HEAD" and (one.method, one.answer.path) in MODULES
]
START = "0000000000000000_0000000000000000"
ATTACHMENT = "att_direct_sub_01M8A1S6R3F3B890FSFB010KAF_0"

REQUESTS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "send-202": (["chat", "w1"], {}),
    "send-attachment": (["chat", "att1"], {}),
    "send-blank-id-400": (["chat", " "], {}),
    "send-idempotency-first": (["chat", "k1"], {}),
    "send-initialdata-ok": (["chat", "w-seed"], {}),
    "send-signal": (["chat", "s1"], {}),
    "send-uid-match": (["chat", "w1"], {}),
    "send-uid-null-create": (["chat", "w-fresh"], {}),
    "history-200": (["chat", "w1"], {}),
    "history-explicit-view-200": (["chat", "w1"], {"view": "history"}),
    "head-200": (["chat", "w1"], {}),
    "updates-from-start": (["chat", "w1"], {"offset": "-1"}),
    "updates-longpoll-data": (["chat", "w1"], {"offset": START, "live": "long-poll"}),
    "live-sse-during-answer": (["chat", "L1"], {"offset": START, "live": "sse"}),
    "abort-200-true": (["chat", "A1"], {}),
    "attachment-200": (["chat", "att1", ATTACHMENT], {}),
}


def message(one: Exchange) -> dict[str, Any]:
    """The argument `body` of a recorded send."""
    if not one.body:
        return {}
    cls = AgentSignal if one.json()["kind"] == "signal" else AgentUserMessage
    return {"body": cls.from_dict(one.json())}


def module_of(one: Exchange) -> ModuleType:
    return MODULES[one.method, one.answer.path]


def parsed(one: Sample, module: ModuleType) -> Any:
    """What the module makes of an answer that was recorded."""
    response = httpx.Response(one.status, headers=one.headers, content=one.body)
    return module._build_response(response).parsed


@pytest.mark.parametrize("name", REQUESTS)
def test_a_recorded_request_follows_from_the_arguments_alone(name: str) -> None:
    one = exchange(name)
    segments, options = REQUESTS[name]
    made = module_of(one)._get_kwargs(*segments, **options, **message(one))
    query = urlencode(made.pop("params", {}))
    assert made.pop("method").upper() == one.method
    assert made.pop("url") + (f"?{query}" if query else "") == one.target
    headers = {name.lower(): value for name, value in made.pop("headers", {}).items()}
    assert headers == one.headers
    assert made.pop("content", b"") == one.body
    assert made == {}


def test_there_is_one_module_for_each_operation() -> None:
    described = {
        (method.upper(), path): operation["operationId"]
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
        if operation["tags"] == ["agents"]
    }
    assert described == {key: module.__name__.rpartition(".")[2] for key, module in MODULES.items()}


def test_a_trace_and_the_parameters_of_2_2_are_sent_as_given() -> None:
    trace: Any = {"traceparent": "00-1-2-01", "tracestate": "a=1"}
    body = AgentUserMessage({"kind": "user", "body": "é"})
    sent = send_message._get_kwargs("a", "c", body=body, **trace)
    assert sent["headers"] == {**trace, "Content-Type": "application/json"}
    page = read_earlier_messages._get_kwargs("a", "c", before="cur", limit=20)
    assert page["params"] == {"before": "cur", "limit": 20}
    cut = get_conversation._get_kwargs("a", "c", from_="cur", limit=20)
    assert cut["params"] == {"from": "cur", "limit": 20}
    updates = read_conversation_updates._get_kwargs("a", "c", offset="-1", from_="cur")
    assert updates["params"] == {"view": "updates", "offset": "-1", "from": "cur"}


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_path_segment_is_quoted_whole(segment: str) -> None:
    quoted = SEGMENTS[segment]
    assert get_conversation._get_kwargs(segment, segment)["url"] == f"/agents/{quoted}/{quoted}"
    url = get_attachment._get_kwargs("a", segment, segment)["url"]
    assert url == f"/agents/a/{quoted}/attachments/{quoted}"


@pytest.mark.parametrize("name", ANSWERED)
def test_every_recorded_answer_is_parsed_by_its_status(name: str) -> None:
    one = exchange(name)
    value = parsed(one.answer, module_of(one))
    content_type = one.answer.headers.get("content-type", "")
    if one.answer.status >= 400:
        own = one.answer.status != 401 and content_type == "application/json"
        assert (type(value) is ErrorEnvelope) == own
    elif content_type == "text/event-stream":
        assert value is None
    elif one.answer.path.endswith("#updates"):
        assert isinstance(value[0], StreamCheckpointChunk)
        assert [chunk.to_dict() for chunk in value] == one.answer.json()
    elif module_of(one) is get_attachment:
        assert value == one.answer.body
    else:
        expected = {
            send_message: AgentAdmission,
            get_conversation: ConversationSnapshot,
            abort_conversation: AgentAbortResult,
        }
        assert type(value) is expected[module_of(one)]
        assert value.to_dict() == one.answer.json()


def test_earlier_messages_are_a_page() -> None:
    body = b'{"v":1,"conversationId":"conv_1","messages":[],"before":null}'
    one = Sample("", "GET", "", 200, {"content-type": "application/json"}, body)
    page = parsed(one, read_earlier_messages)
    assert isinstance(page, ConversationPage)
    assert (page.messages, page.before) == ([], None)


def replay(request: Request, connection: Connection) -> None:
    """Answer as the genuine server has answered the same request."""
    for one in map(exchange, REQUESTS):
        if (one.method, one.target, one.body) == (request.method, request.target, request.body):
            framing = ("content-length", "transfer-encoding", "connection", "keep-alive")
            headers = one.answer.headers.items()
            kept = [(name, value) for name, value in headers if name.lower() not in framing]
            connection.answer(one.answer.status, one.answer.body, kept)
            return
    connection.answer(500, b"not recorded: " + request.target.encode())


@pytest.mark.parametrize("name", REQUESTS)
def test_the_operations_work_against_a_server(name: str, call: Call) -> None:
    one = exchange(name)
    segments, options = REQUESTS[name]
    with RawServer(replay) as server:
        client = Client(server.url, httpx_args=LOCAL)
        told = call(client, module_of(one), *segments, **options, **message(one), detailed=True)
    assert (told.status_code, told.content) == (one.answer.status, one.answer.body)
    assert told.parsed == parsed(one.answer, module_of(one))
